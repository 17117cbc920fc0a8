package dbinit

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// A testServer is a server of our own, or one that APPM_TEST_DSN names.
type testServer struct {
	name   string
	config *mysql.Config
	own    *mysqld.Server // nil for one of APPM_TEST_DSN
}

var (
	started sync.Once
	fleet   []testServer
	absent  map[mysqld.Kind]string // what is not here, and why
	scratch string
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	for _, s := range fleet {
		if s.own != nil {
			if err := s.own.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
	}
	if scratch != "" {
		if err := os.RemoveAll(scratch); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// unsynced spares a server all waiting for the disk. It is only for servers
// that no test kills: MySQL 5.6 with it, killed in the middle of a load, came
// back with tables in pieces in 7 of 12 runs of twelve kills, and with fsync in
// none of 8. Whether it loses data or only moves the moment of the kill was not
// found out.
const unsynced = "--innodb-flush-method=nosync"

// startFleet starts what is installed of mysqld.Tested, all at once. Further
// servers are named by APPM_TEST_DSN, separated by spaces:
// root:password@tcp(127.0.0.1:3306)/
func startFleet() {
	var err error
	if scratch, err = os.MkdirTemp("", "dbinit"); err != nil {
		panic(err)
	}
	absent = map[mysqld.Kind]string{}
	servers := make([]*mysqld.Server, len(mysqld.Tested))
	errs := make([]error, len(mysqld.Tested))
	var wg sync.WaitGroup
	for i, kind := range mysqld.Tested {
		wg.Go(func() {
			servers[i], errs[i] = mysqld.Start(context.Background(), mysqld.Options{
				Kind: kind, Dir: filepath.Join(scratch, string(kind)), Args: []string{"--innodb-flush-log-at-trx-commit=2", unsynced}})
		})
	}
	wg.Wait()
	for i, kind := range mysqld.Tested {
		if errs[i] != nil {
			absent[kind] = errs[i].Error()
			continue
		}
		fleet = append(fleet, testServer{name: string(kind), config: servers[i].Config(""), own: servers[i]})
	}
	named()
}

// named adds the servers of APPM_TEST_DSN.
func named() {
	for _, dsn := range strings.Fields(os.Getenv("APPM_TEST_DSN")) {
		c, err := mysql.ParseDSN(dsn)
		if err != nil {
			panic("APPM_TEST_DSN: " + err.Error())
		}
		fleet = append(fleet, testServer{name: c.Addr, config: c})
	}
}

// onEach runs the test on every server there is. Of mysqld.Tested all that can
// run on this machine must be there when APPM_REQUIRE_SERVERS is set; servers
// of APPM_TEST_DSN are extra.
func onEach(t *testing.T, test func(t *testing.T, s testServer)) {
	t.Helper()
	if testing.Short() {
		t.Skip("NOT TESTED with -short: it needs database servers")
	}
	started.Do(startFleet)
	for _, s := range fleet {
		t.Run(s.name, func(t *testing.T) { test(t, s) })
	}
	for _, kind := range mysqld.Tested {
		if why, gone := absent[kind]; gone {
			t.Run(string(kind), func(t *testing.T) { leftOut(t, kind, why) })
		}
	}
}

func leftOut(t *testing.T, kind mysqld.Kind, why string) {
	t.Helper()
	if unfit := mysqld.Unfit(kind); unfit != "" {
		t.Skipf("NOT TESTED on %s: %s", kind, unfit)
	}
	if os.Getenv("APPM_REQUIRE_SERVERS") != "" {
		t.Fatalf("APPM_REQUIRE_SERVERS is set, and: %s", why)
	}
	t.Skipf("NOT TESTED on %s: %s", kind, why)
}

// open gives a pool as a caller would, closed with the test.
func (s testServer) open(t testing.TB, change ...func(*mysql.Config)) *sql.DB {
	t.Helper()
	c := s.config.Clone()
	Configure(c)
	for _, f := range change {
		f(c)
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func as(user, password string) func(*mysql.Config) {
	return func(c *mysql.Config) { c.User, c.Passwd = user, password }
}

var counter struct {
	sync.Mutex
	n int
}

// names gives a schema and a ledger of this test's own, dropped afterwards.
func names(t testing.TB, db *sql.DB) (schema string, o Options) {
	t.Helper()
	counter.Lock()
	counter.n++
	n := counter.n
	counter.Unlock()
	schema, o = fmt.Sprintf("T_%d_DB", n), Options{Ledger: fmt.Sprintf("ledger_%d", n)}
	drop := func() {
		exec(t, db, "DROP DATABASE IF EXISTS "+ident(schema), "DROP DATABASE IF EXISTS "+ident(o.Ledger))
	}
	drop()
	t.Cleanup(drop)
	return schema, o
}

func exec(t testing.TB, db *sql.DB, list ...string) {
	t.Helper()
	for _, s := range list {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// script reads and splits files of testdata.
func script(t testing.TB, files ...string) (list []Statement) {
	t.Helper()
	for _, f := range files {
		data, err := os.ReadFile("testdata/" + f)
		if err != nil {
			t.Fatal(err)
		}
		part, err := Split(f, data)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, part...)
	}
	return list
}

func look(t *testing.T, db *sql.DB, schema string, o Options) Schema {
	t.Helper()
	f, err := Inspect(t.Context(), db, Query{Schemas: []string{schema}, Options: o})
	if err != nil {
		t.Fatal(err)
	}
	return f.Schemas[0]
}

// load is what a caller does: look, judge, run.
func load(ctx context.Context, t *testing.T, db *sql.DB, schema string, o Options, list []Statement) (Verdict, error) {
	t.Helper()
	v := Judge(look(t, db, schema, o), list)
	return v, Run(ctx, db, Load{
		Schema: schema, Charset: DefaultCharset, SQLMode: DefaultSQLMode,
		Statements: list, Saw: v, Options: o, Wait: 20 * time.Second,
	}, nil)
}

func mustLoad(t *testing.T, db *sql.DB, schema string, o Options, list []Statement) {
	t.Helper()
	if _, err := load(t.Context(), t, db, schema, o, list); err != nil {
		t.Fatal(err)
	}
}

// dump is a schema's definitions and rows as text, to compare two loads.
func dump(t *testing.T, db *sql.DB, schema string) string {
	t.Helper()
	var b strings.Builder
	for _, table := range column(t, db, 0, "SHOW TABLES FROM "+ident(schema)) {
		name := ident(schema) + "." + ident(table)
		fmt.Fprintln(&b, strings.Join(column(t, db, 1, "SHOW CREATE TABLE "+name), "\n"))
		for _, row := range cells(t, db, "SELECT * FROM "+name) {
			fmt.Fprintf(&b, "  %q\n", row)
		}
	}
	return b.String()
}

func cells(t *testing.T, db *sql.DB, q string) (out [][]string) {
	t.Helper()
	rows, err := db.Query(q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	got, err := scan(rows)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	for _, r := range got {
		var line []string
		for _, c := range r.cells {
			line = append(line, c.String)
		}
		out = append(out, line)
	}
	return out
}

func column(t *testing.T, db *sql.DB, i int, q string) (out []string) {
	t.Helper()
	for _, r := range cells(t, db, q) {
		out = append(out, r[i])
	}
	return out
}

func wantError[E error](t *testing.T, err error, parts ...string) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want a %T", err, err, e)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q, want it to hold %q", err, p)
		}
	}
	return e
}
