package lab

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// DumpDatabases writes out every schema, table, row and account of the
// database server as text: two dumps are the same when nothing has changed.
func (l *Lab) DumpDatabases(ctx context.Context) (string, error) {
	db, err := l.OpenDatabase()
	if err != nil {
		return "", err
	}
	defer db.Close()
	d := dump{ctx: ctx, db: db}
	for _, schema := range d.column("SHOW DATABASES") {
		if !slices.Contains([]string{"information_schema", "performance_schema", "mysql", "sys"}, strings.ToLower(schema)) {
			d.schema(schema)
		}
	}
	d.accounts()
	return d.out.String(), d.err
}

// dump keeps the first error, after which nothing is asked any more.
type dump struct {
	ctx context.Context
	db  *sql.DB
	out strings.Builder
	err error
}

func (d *dump) schema(name string) {
	d.rows("SHOW CREATE DATABASE " + ident(name))
	for _, table := range d.column("SHOW TABLES FROM " + ident(name)) {
		full := ident(name) + "." + ident(table)
		d.rows("SHOW CREATE TABLE " + full)
		d.rows("SELECT * FROM " + full)
	}
}

// accounts: MariaDB and MySQL both keep them where these statements look.
func (d *dump) accounts() {
	for _, who := range d.column("SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user ORDER BY 1") {
		d.rows("SHOW GRANTS FOR " + who)
	}
}

func ident(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// column is the first column of the answer.
func (d *dump) column(query string) []string {
	var all []string
	for _, row := range d.query(query) {
		all = append(all, row[0].String)
	}
	return all
}

// rows writes the answer, sorted: a table has no order of its own.
func (d *dump) rows(query string) {
	var lines []string
	for _, row := range d.query(query) {
		lines = append(lines, line(row))
	}
	slices.Sort(lines)
	fmt.Fprintf(&d.out, "-- %s\n%s\n", query, strings.Join(lines, "\n"))
}

func (d *dump) query(query string) [][]sql.NullString {
	if d.err != nil {
		return nil
	}
	rows, err := d.db.QueryContext(d.ctx, query)
	if err != nil {
		d.err = fmt.Errorf("lab: %s: %w", query, err)
		return nil
	}
	defer rows.Close()
	all, err := scan(rows)
	if err != nil {
		d.err = fmt.Errorf("lab: %s: %w", query, err)
	}
	return all
}

func scan(rows *sql.Rows) ([][]sql.NullString, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all [][]sql.NullString
	for rows.Next() {
		row, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

func line(row []sql.NullString) string {
	cells := make([]string, len(row))
	for i, v := range row {
		cells[i] = "NULL"
		if v.Valid {
			cells[i] = fmt.Sprintf("%q", v.String)
		}
	}
	return strings.Join(cells, "\t")
}
