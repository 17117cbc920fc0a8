package dbinit

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// DropAccounts are the statements that remove the user's accounts at these
// hosts, as far as there are any; accounts of the name elsewhere are not ours.
func DropAccounts(have []Account, user string, hosts []string) []Statement {
	var list []Statement
	for _, a := range have {
		if slices.Contains(hosts, a.Host) {
			d := dialect{want: Want{User: user}}
			list = append(list, Statement{SQL: "DROP USER " + d.name(a.Host), Account: a.Name()})
		}
	}
	return list
}

// Gone says that a schema that was to be dropped is not what the plan saw.
type Gone struct{ Schema string }

func (e *Gone) Error() string {
	return fmt.Sprintf("schema %s: it has other tables than when the plan was made, and was left alone; plan again", e.Schema)
}

// Drop removes a schema with all that is in it, and what the ledger says of it.
// It takes the schema's lock, looks again, and does nothing but *Gone where its
// tables are not those that the plan saw.
func Drop(ctx context.Context, db *sql.DB, saw Schema, o Options) error {
	conn, err := connect(ctx, db)
	if err != nil {
		return fmt.Errorf("schema %s: %w", saw.Name, err)
	}
	defer discard(conn) // the lock goes with the session
	r := loader{Load: Load{Schema: saw.Name, SQLMode: DefaultSQLMode, Options: o}, conn: conn}
	now, err := r.lockAndLook(ctx)
	switch {
	case err != nil:
		return err
	case !now.Exists:
		return nil
	case !slices.Equal(now.Tables, saw.Tables):
		return &Gone{saw.Name}
	}
	if _, err := conn.ExecContext(ctx, "DROP DATABASE "+ident(saw.Name)); err != nil {
		return explain(ctx, "schema "+saw.Name+": DROP DATABASE", err)
	}
	// Where this is cut, the row says that a schema is complete which is not there.
	// That misleads nobody: what is there decides, and the next load replaces it.
	there, err := o.ledger().is(ctx, conn)
	if err == nil && there {
		_, err = conn.ExecContext(ctx, fmt.Sprintf("DELETE FROM %s WHERE name = %s", o.ledger().loads(), text(saw.Name)))
	}
	if number(err) == 1146 { // a ledger of locks alone
		return nil
	}
	return explain(ctx, "the ledger in "+ident(o.ledger().schema), err)
}
