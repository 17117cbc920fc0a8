package dbinit

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Query is what Inspect is asked about.
type Query struct {
	Schemas []string
	User    string // whose accounts to read; "" reads none
	Options
}

// Found is what a server holds of it.
type Found struct {
	Server   Server
	Schemas  []Schema // in the query's order
	Accounts []Account
	Shadows  []string // hosts of anonymous accounts, which can shadow ours
}

// Schema is one schema as found.
type Schema struct {
	Name      string
	Exists    bool
	Charset   string
	Tables    []string // and views, sorted
	FoldNames bool     // the server compares names without regard to case
	Ledger    *Entry   // nil: the ledger knows nothing of it
	Loading   int64    // connection that is loading it right now, 0 for none
}

// Schema is the one of that name, as absent when it was not asked for.
func (f Found) Schema(name string) Schema {
	for _, s := range f.Schemas {
		if s.Name == name {
			return s
		}
	}
	return Schema{Name: name}
}

// Inspect reads what the query names. It reads only: everything is one packet
// of SELECTs on one connection, one round trip.
func Inspect(ctx context.Context, db *sql.DB, q Query) (Found, error) {
	conn, err := connect(ctx, db)
	if err != nil {
		return Found{}, err
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool; an error would be that it is gone
	return inspect(ctx, conn, q)
}

// connect says of a failure that nothing was reached, not that it was lost.
func connect(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	conn, err := db.Conn(ctx)
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("connect to the database: %w", context.Cause(ctx))
	case privilege(err) != "":
		return nil, &Denied{"connect to the database", privilege(err), err}
	}
	return nil, fmt.Errorf("connect to the database: %w", err)
}

func inspect(ctx context.Context, conn *sql.Conn, q Query) (Found, error) {
	var got answers
	var err error
	for _, of := range userReadings {
		got, err = q.readings(of).run(ctx, conn, q.ledger())
		if n := number(err); q.User == "" || n != 1142 && n != 1143 {
			break
		}
	}
	if err != nil {
		return Found{}, explain(ctx, "inspect the database", err)
	}
	return q.found(got), nil
}

func (q Query) found(got answers) Found {
	vars := map[string]string{}
	for _, r := range got["variables"] {
		vars[r.text(0)] = r.text(1)
	}
	f := Found{Server: parseServer(vars)}
	for _, name := range q.Schemas {
		f.Schemas = append(f.Schemas, got.schema(name, f.Server.LowerCaseTableNames != 0))
	}
	f.Accounts = got.accounts(q)
	f.Server.Admin = got.admin()
	for _, r := range got["users"] {
		if r.named["user"].String == "" && r.named["is_role"].String != "Y" {
			f.Shadows = append(f.Shadows, r.named["host"].String)
		}
	}
	slices.Sort(f.Shadows)
	return f
}

func (a answers) schema(name string, fold bool) Schema {
	s := Schema{Name: name, FoldNames: fold}
	same := func(other string) bool { return name == other || fold && strings.EqualFold(name, other) }
	for _, r := range a["schemas"] {
		if same(r.text(0)) {
			s.Exists, s.Charset = true, r.text(1)
		}
	}
	for _, r := range a["tables"] {
		if same(r.text(0)) {
			s.Tables = append(s.Tables, r.text(1))
		}
	}
	for _, r := range a["locks"] {
		if r.text(0) == name {
			s.Loading = int64(r.int(1))
		}
	}
	for _, r := range a["loads"] {
		if r.text(0) == name {
			s.Ledger = &Entry{
				Digest: r.text(1), Statements: r.int(2), Next: r.int(3), mark: r.text(4),
				Finished: r.int(5) != 0, Age: r.age(6),
			}
		}
	}
	slices.Sort(s.Tables)
	return s
}
