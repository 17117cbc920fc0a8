package dbinit

import (
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// inState brings a schema into each state that Judge tells apart.
var inState = []struct {
	state State
	make  func(t *testing.T, db *sql.DB, schema string, o Options, list []Statement)
}{
	{Absent, func(*testing.T, *sql.DB, string, Options, []Statement) {}},
	{Empty, func(t *testing.T, db *sql.DB, schema string, _ Options, _ []Statement) {
		exec(t, db, "CREATE DATABASE "+ident(schema))
	}},
	{Foreign, func(t *testing.T, db *sql.DB, schema string, _ Options, _ []Statement) {
		exec(t, db, "CREATE DATABASE "+ident(schema), "CREATE TABLE "+ident(schema)+".theirs (x INT)", "INSERT INTO "+ident(schema)+".theirs VALUES (1)")
	}},
	{Partial, func(t *testing.T, db *sql.DB, schema string, _ Options, _ []Statement) {
		exec(t, db, "CREATE DATABASE "+ident(schema), "CREATE TABLE "+ident(schema)+".BASE_INFO (x INT)", "INSERT INTO "+ident(schema)+".BASE_INFO VALUES (1)")
	}},
	{Unfinished, func(t *testing.T, db *sql.DB, schema string, o Options, list []Statement) {
		l := planned(t, db, schema, o, list)
		cutAfter(t, db, l, cutAfter(t, db, l, 0)/2)
	}},
	{Complete, mustLoad},
}

// A dry-run against each state of each server changes nothing: what the
// server's own log shows of it is reads, and everything is as it was.
func TestADryRunOnlyReads(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		for _, c := range inState {
			t.Run(c.state.String(), func(t *testing.T) {
				db := s.open(t)
				schema, o := names(t, db)
				list := script(t, "identity.sql")
				c.make(t, db, schema, o, list)
				before := everything(t, db, schema, o)
				var found Found
				said := logged(t, db, func() {
					var err error
					if found, err = Inspect(t.Context(), s.open(t), Query{Schemas: []string{schema}, User: "appm", Options: o}); err != nil {
						t.Error(err)
					}
				})
				if t.Failed() {
					return
				}
				if v := Judge(found.Schemas[0], list); v.State != c.state {
					t.Errorf("%s, want %s", v, c.state)
				}
				for _, q := range said {
					if !reads(q) {
						t.Errorf("%q is no read", q)
					}
				}
				if len(said) < 7 {
					t.Errorf("the log shows %d statements, want all of them: %q", len(said), said)
				}
				if after := everything(t, db, schema, o); after != before {
					t.Error(difference(after, before))
				}
			})
		}
	})
}

// What writes may hide in a SELECT: files, locks that outlive it, variables.
var writes = regexp.MustCompile(`(?i)\bGET_LOCK\b|\bINTO\b|\bFOR\s+UPDATE\b|\bLOCK\s+IN\b|:=|\bNEXTVAL\b`)

// The driver says SET NAMES, of its own session, when it connects.
func reads(q string) bool {
	q = strings.TrimSpace(q)
	return strings.HasPrefix(q, "SET NAMES ") || (strings.HasPrefix(q, "SELECT ") || strings.HasPrefix(q, "SHOW ")) && !writes.MatchString(q)
}

func TestWhatCountsAsARead(t *testing.T) {
	for q, want := range map[string]bool{
		"SELECT 1": true, "SHOW VARIABLES": true, "SET NAMES utf8mb4": true,
		"SET GLOBAL x = 1": false, "CREATE DATABASE x": false, "SELECT GET_LOCK('x', 1)": false, "SELECT 1 INTO OUTFILE 'x'": false,
		"SELECT 1 FOR UPDATE": false, "INSERT INTO x SELECT 1": false, "SELECT @x := 1": false, "": false,
	} {
		if got := reads(q); got != want {
			t.Errorf("%q: %v, want %v", q, got, want)
		}
	}
}

// logged gives what the server's general log shows of do.
func logged(t *testing.T, db *sql.DB, do func()) (said []string) {
	t.Helper()
	exec(t, db, "SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log", "SET GLOBAL general_log = 1")
	do()
	exec(t, db, "SET GLOBAL general_log = 0")
	for _, r := range cells(t, db, "SELECT command_type, CONVERT(argument USING utf8mb4) FROM mysql.general_log") {
		switch r[0] {
		case "Connect", "Quit":
			continue
		case "Query":
		default:
			t.Errorf("a %s in the log: %q", r[0], r[1])
		}
		if r[1] == "SET GLOBAL general_log = 0" {
			continue
		}
		said = slices.AppendSeq(said, strings.SplitSeq(r[1], ";\n")) // MariaDB logs a packet as one
	}
	return said
}

// everything is what a dry-run could change: the schema, the ledger, the names
// of all schemas and the accounts.
func everything(t *testing.T, db *sql.DB, schema string, o Options) string {
	t.Helper()
	schemas := column(t, db, 0, "SHOW DATABASES")
	out := fmt.Sprintf("%q\n%q\n", schemas, cells(t, db, "SELECT User, Host FROM mysql.user ORDER BY 1, 2"))
	for _, name := range []string{schema, o.Ledger} {
		if slices.Contains(schemas, name) {
			out += name + "\n" + dump(t, db, name)
		}
	}
	return out
}
