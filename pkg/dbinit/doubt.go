package dbinit

import (
	"context"
	"fmt"
	"strings"
)

// markOf is a query for one string that changes exactly when the statement
// takes effect: whether the table or the other object is there, the number of
// its rows, or a checksum over columns, indexes and constraints. It tells
// statements without names (ADD UNIQUE (a)) as well as those with, and it
// needs no knowledge of what a statement would have made.
func (r *loader) markOf(w work) string {
	of := func(table, prefix string) string {
		return fmt.Sprintf("FROM information_schema.%s WHERE %s_SCHEMA = %s AND %s_NAME = %s", table, prefix, text(r.name(r.Schema)), prefix, text(r.name(w.name)))
	}
	switch {
	case w.effect == makesTable:
		return "SELECT COUNT(*) " + of("TABLES", "TABLE")
	case w.effect == changesRows:
		return "SELECT COUNT(*) FROM " + ident(w.name)
	case w.effect == changesTable:
		// The version is in it: another one may describe the same table otherwise.
		return "SELECT CONCAT_WS('/', VERSION(), " +
			checksum("COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE, COALESCE(COLUMN_DEFAULT, '-'), EXTRA", of("COLUMNS", "TABLE")) + ", " +
			checksum("INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE, COALESCE(SUB_PART, '-')", of("STATISTICS", "TABLE")) + ", " +
			checksum("CONSTRAINT_NAME, CONSTRAINT_TYPE", of("TABLE_CONSTRAINTS", "TABLE")) + ")"
	case w.object == "VIEW":
		return "SELECT COUNT(*) " + of("VIEWS", "TABLE")
	case w.object == "TRIGGER":
		return "SELECT COUNT(*) " + of("TRIGGERS", "TRIGGER")
	case w.object == "EVENT":
		return "SELECT COUNT(*) " + of("EVENTS", "EVENT")
	case w.object == "PROCEDURE" || w.object == "FUNCTION":
		return "SELECT COUNT(*) " + of("ROUTINES", "ROUTINE")
	}
	return "SELECT NULL"
}

// checksum is the number of rows and a sum over them that no order changes.
func checksum(columns, from string) string {
	return "(SELECT CONCAT(COUNT(*), '.', COALESCE(SUM(CRC32(CONCAT_WS('|', " + columns + "))), 0)) " + from + ")"
}

// name is a table's or schema's name as the server stores it.
func (r *loader) name(s string) string {
	if r.server.LowerCaseTableNames == 1 {
		return strings.ToLower(s)
	}
	return s
}

// ran decides the one statement in doubt. Without a mark its intent was never
// written, so it has not run.
func (r *loader) ran(ctx context.Context, n int, e *Entry) (bool, error) {
	if e == nil || e.mark == "" || e.Next != n {
		return false, nil
	}
	w := r.work[n]
	if w.effect == setsSession || w.effect == bracket {
		return false, nil
	}
	now, err := r.ask(ctx, w)
	if err != nil {
		return false, explain(ctx, where(r.Schema, w.Statement), err)
	}
	if w.effect == changesTable && !strings.HasPrefix(e.mark, versionOf(now)) {
		return false, &Refused{Schema: r.Schema, Verdict: Judge(Schema{Exists: true}, r.Statements), Why: fmt.Sprintf(
			"a load was cut at %s (%s) on a server of another version than this one's, %s, so whether that statement took effect cannot be told", w.Where(), w.start(), r.server.Version)}
	}
	return now != e.mark, nil
}

// rewinding: rows that were inserted and rolled back leave the table's counter
// where they took it, so that the same rows would get other numbers now. 1
// stands for the largest number in use, plus one.
func (r *loader) rewinding(ctx context.Context, n int, e *Entry) (string, error) {
	if n >= len(r.work) || r.work[n].effect != changesRows || e.mark == "" {
		return "", nil
	}
	w := r.work[n]
	var counters int
	err := r.conn.QueryRowContext(ctx, fmt.Sprintf(
		"SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND EXTRA LIKE '%%auto_increment%%'",
		text(r.name(r.Schema)), text(r.name(w.name)))).Scan(&counters)
	if err != nil {
		return "", explain(ctx, where(r.Schema, w.Statement), err)
	}
	if counters == 0 {
		return "", nil
	}
	return "ALTER TABLE " + ident(w.name) + " AUTO_INCREMENT = 1", nil
}

func versionOf(mark string) string {
	v, _, _ := strings.Cut(mark, "/")
	return v + "/"
}

func (r *loader) ask(ctx context.Context, w work) (string, error) {
	var now string
	q := r.markOf(w)
	if w.effect == changesRows {
		q = "SELECT COUNT(*) FROM " + ident(r.Schema) + "." + ident(w.name)
	}
	err := r.conn.QueryRowContext(ctx, q).Scan(&now)
	return now, err
}
