package dbinit

import (
	"context"
	"database/sql"
	"fmt"
)

// Prove runs the query on each schema as whoever the pool logs in as, on one
// connection: what a data source does before it lends a connection. The error
// is that of the first schema it fails on.
func Prove(ctx context.Context, db *sql.DB, schemas []string, query string) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return proofOf("login", err)
	}
	defer discard(conn) // its default schema must not reach the pool
	for _, schema := range schemas {
		if _, err := conn.ExecContext(ctx, "USE "+ident(schema)); err != nil {
			return proofOf("schema "+schema, err)
		}
		rows, err := conn.QueryContext(ctx, query)
		if err != nil {
			return proofOf("schema "+schema+": "+query, err)
		}
		for rows.Next() {
		}
		if err := rows.Close(); err != nil {
			return proofOf("schema "+schema+": "+query, err)
		}
	}
	return nil
}

// wayOut says what to do about a login that a plan takes for right.
var wayOut = map[uint16]string{
	1044: "the account has no grant there; plan again without a limit",
	1045: "password or account are not what the plan sees, or the account requires TLS; look at SHOW CREATE USER",
	1049: "plan again without a limit",
	1129: "the server has blocked the host after failed connections; run FLUSH HOSTS",
	1130: "no account lets this host in; plan again without a limit",
	1203: "the account's connections are used up",
	1040: "the server's connections are used up; raise max_connections",
	1862: "the account's password has expired",
	3118: "the account is locked; run ALTER USER … ACCOUNT UNLOCK",
	4151: "the account is locked; run ALTER USER … ACCOUNT UNLOCK",
}

func proofOf(what string, err error) error {
	if way := wayOut[uint16(number(err))]; way != "" {
		return fmt.Errorf("%s: %w; %s", what, err, way)
	}
	return fmt.Errorf("%s: %w", what, err)
}
