package dbinit

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reading is one SELECT of Inspect's packet.
type reading struct {
	name string
	sql  string
	// table of the ledger that may not be there yet. An error ends the packet,
	// so these come last, and loads first: where it is, accounts is too.
	table string
	needs string // the privilege to make it, where a refusal is of that one
}

type readings []reading

// userReadings read mysql.user, the first as much as there is: MariaDB from
// 10.4.2 on keeps the lock elsewhere. An admin who may not read that, or
// nothing but some columns, gets the next.
var userReadings = []string{
	"u.* /*M!100402 , JSON_VALUE(g.Priv, '$.account_locked') AS account_locked */ FROM mysql.user u /*M!100402 LEFT JOIN mysql.global_priv g ON g.User = u.User AND g.Host = u.Host */",
	"u.* FROM mysql.user u",
	"u.User, u.Host, u.plugin FROM mysql.user u",
}

func (q Query) readings(users string) readings {
	l := q.ledger()
	names := texts(slices.Concat(q.Schemas, []string{l.schema}))
	var rs readings
	// Locks come first: where none is held, nothing moves while the rest is read.
	for _, s := range q.Schemas {
		rs = append(rs, reading{name: "locks", sql: "SELECT " + text(s) + ", IS_USED_LOCK(" + text(lockName(s)) + ")"})
	}
	rs = append(rs, readings{
		{name: "variables", sql: "SHOW VARIABLES WHERE Variable_name IN (" + texts(variables) + ")"},
		{name: "schemas", sql: "SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN (" + names + ")"},
		{name: "tables", sql: "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (" + names + ") ORDER BY TABLE_SCHEMA, TABLE_NAME"},
	}...)
	if q.User != "" {
		rs = append(rs,
			reading{name: "admin", sql: "SELECT CURRENT_USER()"},
			reading{name: "privileges", sql: "SHOW GRANTS FOR CURRENT_USER()"},
			reading{name: "users", sql: "SELECT " + users + " WHERE u.User IN (" + texts([]string{q.User, ""}) + ")", needs: "SELECT ON mysql.user"},
			reading{name: "grants", sql: "SELECT * FROM mysql.db WHERE User = " + text(q.User), needs: "SELECT ON mysql.db"})
	}
	if len(q.Schemas) > 0 {
		rs = append(rs, reading{name: "loads", sql: l.readLoads(q.Schemas), table: "loads"})
	}
	if q.User != "" {
		rs = append(rs, reading{name: "changed", sql: l.readAccounts(q.User), table: "accounts"})
	}
	return rs
}

// answers are the rows by the reading's name.
type answers map[string][]row

// row is one row, by position and by lower-case column name.
type row struct {
	cells []sql.NullString
	named map[string]sql.NullString
}

func (r row) text(i int) string { return r.cells[i].String }

func (r row) int(i int) int {
	n, _ := strconv.Atoi(r.cells[i].String)
	return n
}

// age reads microseconds; one at least, since zero stands for never.
func (r row) age(i int) time.Duration {
	return max(time.Duration(r.int(i))*time.Microsecond, time.Microsecond)
}

// run sends all as one packet.
func (rs readings) run(ctx context.Context, conn *sql.Conn, ledger ledger) (answers, error) {
	list := make([]string, len(rs))
	for i, r := range rs {
		list[i] = r.sql
	}
	got := answers{}
	rows, err := conn.QueryContext(ctx, strings.Join(list, ";\n"))
	at := 0
	if err == nil {
		defer rows.Close()
		at, err = rs.collect(rows, got)
	}
	switch {
	case at >= len(rs):
		return got, err
	case err == nil:
		return nil, fmt.Errorf("%d answers to %d questions", at, len(rs))
	case number(err) == 1064 && at == 0 && len(rs) > 1:
		return nil, fmt.Errorf("the connection was opened without dbinit.Configure: %w", err)
	case rs[at].table != "" && isAbsence(err) && !got.holds(ledger.schema, rs[at].table):
		return got, nil // no ledger yet
	}
	if err = fmt.Errorf("read %s: %w", rs[at].name, err); rs[at].needs != "" && privilege(err) != "" {
		return nil, &Denied{"", rs[at].needs, err}
	}
	return nil, err
}

// collect reads one result after another; at is the reading it got to.
func (rs readings) collect(rows *sql.Rows, got answers) (at int, err error) {
	for {
		list, err := scan(rows)
		if err != nil {
			return at, err
		}
		got[rs[at].name] = append(got[rs[at].name], list...)
		at++
		if !rows.NextResultSet() {
			return at, rows.Err()
		}
		if at == len(rs) {
			return at, fmt.Errorf("more answers than questions")
		}
	}
}

func scan(rows *sql.Rows) ([]row, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []row
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		r := row{cells, make(map[string]sql.NullString, len(columns))}
		for i, c := range columns {
			r.named[strings.ToLower(c)] = cells[i]
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// isAbsence: what a server says of a table or schema that is not there. To
// an account that has no right to it, it says that instead.
func isAbsence(err error) bool {
	switch number(err) {
	case 1146, 1049, 1142, 1044:
		return true
	}
	return false
}

func (a answers) holds(schema, table string) bool {
	return slices.ContainsFunc(a["tables"], func(r row) bool {
		return strings.EqualFold(r.text(0), schema) && strings.EqualFold(r.text(1), table)
	})
}
