package dbinit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// strict is what MySQL 5.7 and later default to, near enough: the scripts
// cannot be loaded under it.
const strict = "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE"

func TestAStatementTheServerRefusesIsNamedAndTheNextRunGoesOn(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		list := script(t, "app.sql", "identity.sql")
		mustLoad(t, db, schema, o, list)
		want := dump(t, db, schema)
		exec(t, db, "DROP DATABASE "+ident(schema))

		l := planned(t, db, schema, o, list)
		l.SQLMode = strict
		err := Run(t.Context(), db, l, nil)
		e := wantError[*Failed](t, err, "schema "+schema+": app.sql:9: CREATE TABLE IF NOT EXISTS SUBSCRIPTION ( SUBSCRIPTION_ID IN…: Error 1067", "sql_mode")
		if e.Statement.Line != 9 || number(err) != 1067 {
			t.Errorf("line %d, number %d; want 9 and 1067", e.Statement.Line, number(err))
		}
		v, err := load(t.Context(), t, db, schema, o, list)
		if err != nil || v.State != Unfinished || v.Resume != 1 {
			t.Fatalf("the next run: %s, resume %d, %v", v.State, v.Resume, err)
		}
		if got := dump(t, db, schema); got != want {
			t.Error(difference(got, want))
		}
	})
}

func TestARunRefusesWhatThePlanDidNotSee(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		list := script(t, "identity.sql")
		l := planned(t, db, schema, o, list)
		exec(t, db, "CREATE DATABASE "+ident(schema))
		e := wantError[*Moved](t, Run(t.Context(), db, l, nil), "it was absent when the plan was made and is empty now")
		if e.Saw.State != Absent || e.Now.State != Empty {
			t.Errorf("%+v", e)
		}
		exec(t, db, "CREATE TABLE "+ident(schema)+".BASE_INFO (x INT)")
		wantError[*Refused](t, Run(t.Context(), db, l, nil), "missing CONSUMER_APPS", "Two ways out")
		l = planned(t, db, schema, o, list)
		wantError[*Refused](t, Run(t.Context(), db, l, nil), "partial: 1 of 5 tables")
		exec(t, db, "DROP TABLE "+ident(schema)+".BASE_INFO", "CREATE TABLE "+ident(schema)+".theirs (x INT)")
		wantError[*Refused](t, Run(t.Context(), db, planned(t, db, schema, o, list), nil), "foreign: 0 of 5", "theirs")
		if got := column(t, db, 0, "SHOW TABLES FROM "+ident(schema)); !slices.Equal(got, []string{"theirs"}) {
			t.Errorf("tables %q: a refusal changed something", got)
		}
		if f := look(t, db, o.Ledger, o); f.Exists {
			t.Error("a refusal made the ledger")
		}
	})
}

func TestACompleteSchemaThatLostATableIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		list := script(t, "identity.sql")
		mustLoad(t, db, schema, o, list)
		l := planned(t, db, schema, o, list)
		exec(t, db, "DROP TABLE "+ident(schema)+".ACCESS_TOKEN")
		wantError[*Refused](t, Run(t.Context(), db, l, nil), "missing ACCESS_TOKEN")
	})
}

func TestAnotherSessionsLockIsWaitedForAndThenNamed(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		list := script(t, "storage.sql")
		l := planned(t, db, schema, o, list)
		l.Wait = time.Second
		conn, err := connect(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		defer discard(conn)
		var id int64
		if err := conn.QueryRowContext(t.Context(), "SELECT CONNECTION_ID() FROM (SELECT GET_LOCK("+text(lockName(schema))+", 0)) x").Scan(&id); err != nil {
			t.Fatal(err)
		}
		e := wantError[*Locked](t, Run(t.Context(), db, l, nil), "schema "+schema, "SHOW PROCESSLIST")
		if e.Holder != id {
			t.Errorf("holder %d, want %d", e.Holder, id)
		}
		if now := look(t, db, schema, o); now.Loading != id || now.Exists {
			t.Errorf("%+v, want it loading by %d and absent", now, id)
		}
		time.AfterFunc(300*time.Millisecond, func() { discard(conn) })
		l.Wait = 10 * time.Second
		if err := Run(t.Context(), db, l, nil); err != nil {
			t.Errorf("after the lock was let go: %v", err)
		}
	})
}

func TestWhatAnAccountMayNotDoIsSaid(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		dropUser(t, db, "weak")
		t.Cleanup(func() { dropUser(t, db, "weak") })
		exec(t, db, "CREATE USER weak@'127.0.0.1' IDENTIFIED BY 'x'")
		list := script(t, "storage.sql")
		weak := s.open(t, as("weak", "x"))
		wantError[*Denied](t, Run(t.Context(), weak, planned(t, weak, schema, o, list), nil), "the ledger in `"+o.Ledger+"`", "1044", "needs ALL PRIVILEGES")
		_, err := Inspect(t.Context(), weak, Query{User: "appm", Options: o})
		wantError[*Denied](t, err, "inspect the database: read users", "SELECT ON mysql.user")
		_, err = Inspect(t.Context(), s.open(t, as("weak", "wrong-one")), Query{Options: o})
		wantError[*Denied](t, err, "connect to the database", "1045", "the password that the inventory gives")
		if strings.Contains(err.Error(), "wrong-one") {
			t.Errorf("the error shows the password: %v", err)
		}
	})
}

// Without the hashes' columns the accounts are still found.
func TestHashesThatMayNotBeReadAreSaidToBe(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		dropUser(t, db, "weak2")
		t.Cleanup(func() { dropUser(t, db, "weak2") })
		exec(t, db, "CREATE USER weak2@'127.0.0.1' IDENTIFIED BY 'x'", "GRANT SELECT (User, Host, plugin) ON mysql.user TO weak2@'127.0.0.1'", "GRANT SELECT ON mysql.db TO weak2@'127.0.0.1'")
		f, err := Inspect(t.Context(), s.open(t, as("weak2", "x")), Query{User: "weak2"})
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Accounts) != 1 || f.Accounts[0].HashReadable {
			t.Errorf("accounts %+v, want one without a readable hash", f.Accounts)
		}
	})
}

func TestAPoolWithoutConfigureIsTold(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		connector, err := mysql.NewConnector(s.config.Clone())
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(connector)
		defer db.Close()
		if _, err := Inspect(t.Context(), db, Query{Schemas: []string{"X"}}); s.config.MultiStatements == (err != nil) {
			t.Errorf("MultiStatements %v, error %v", s.config.MultiStatements, err)
		} else if err != nil && !strings.Contains(err.Error(), "dbinit.Configure") {
			t.Errorf("error %v, want it to name dbinit.Configure", err)
		}
	})
}

// killLoad ends the server's session that holds the schema's lock.
func killLoad(t *testing.T, db *sql.DB, schema string) {
	var id sql.NullInt64
	if err := db.QueryRow("SELECT IS_USED_LOCK(" + text(lockName(schema)) + ")").Scan(&id); err != nil {
		t.Error(err)
		return
	}
	if !id.Valid {
		return // the last packet has ended
	}
	if _, err := db.Exec(fmt.Sprintf("KILL CONNECTION %d", id.Int64)); err != nil && number(err) != 1094 {
		t.Error(err)
	}
}

// A session killed, a context cancelled, a connection cut: an error that says
// so, and the next run, at once, finishes, though the server may still be
// executing the packet.
func TestALoadInterruptedIsFinishedByTheNextRunAtOnce(t *testing.T) {
	list := script(t, allScripts...)
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		mustLoad(t, db, schema, o, list)
		want := dump(t, db, schema)
		for _, at := range []int{3, 11, 19, 30} {
			for _, how := range []string{"kill", "cancel", "cut"} {
				exec(t, db, "DROP DATABASE "+ident(schema))
				ctx, cancel := context.WithCancelCause(t.Context())
				line := &cable{}
				mine := s.open(t, line.dial)
				err := Run(ctx, mine, planned(t, mine, schema, o, list), func(done, _ int) {
					if done != at {
						return
					}
					switch how {
					case "kill":
						killLoad(t, db, schema)
					case "cancel":
						cancel(errors.New("enough"))
					case "cut":
						line.cut()
					}
				})
				var lost *Lost
				switch {
				case err == nil: // all answers were there already
				case how == "cancel" && !strings.Contains(err.Error(), "enough"):
					t.Errorf("%s at %d: %v", how, at, err)
				case how != "cancel" && !errors.As(err, &lost):
					t.Errorf("%s at %d: %v (%T), want a *Lost", how, at, err, err)
				case !strings.HasPrefix(err.Error(), "schema "+schema+": "):
					t.Errorf("%s at %d: %v, want it to say where", how, at, err)
				}
				cancel(nil)
				if _, err := load(t.Context(), t, db, schema, o, list); err != nil {
					t.Fatalf("%s at %d: the next run: %v", how, at, err)
				}
				if got := dump(t, db, schema); got != want {
					t.Fatalf("%s at %d: %s", how, at, difference(got, want))
				}
			}
		}
	})
}

// cable is a pool's connections, counted and cut.
type cable struct {
	mu     sync.Mutex
	conns  []*countedConn
	writes atomic.Int64
}

type countedConn struct {
	net.Conn
	w      *cable
	writes atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.w.writes.Add(1)
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// trips are the round trips of each connection, in the order they were made,
// the connecting itself included.
func (w *cable) trips() (out []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		out = append(out, 1+int(c.writes.Load()))
	}
	return out
}

func (w *cable) dial(c *mysql.Config) {
	c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		counted := &countedConn{Conn: conn, w: w}
		w.conns = append(w.conns, counted)
		return counted, nil
	}
}

func (w *cable) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
}

// A round trip is a write of the client's that an answer follows.
func TestRoundTrips(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		line := &cable{}
		db := s.open(t, line.dial, func(c *mysql.Config) { c.CheckConnLiveness = false })
		schema, o := names(t, s.open(t))
		list := script(t, allScripts...)
		if err := db.Ping(); err != nil {
			t.Fatal(err)
		}
		count := func(what string, want int64, do func()) {
			t.Helper()
			before := line.writes.Load()
			do()
			if got := line.writes.Load() - before; got != want {
				t.Errorf("%s: %d round trips, want %d", what, got, want)
			}
		}
		var found Found
		count("Inspect", 1, func() {
			var err error
			if found, err = Inspect(t.Context(), db, Query{Schemas: []string{schema}, User: "appm", Options: o}); err != nil {
				t.Fatal(err)
			}
		})
		l := Load{Schema: schema, Charset: DefaultCharset, SQLMode: DefaultSQLMode, Statements: list, Saw: Judge(found.Schemas[0], list), Options: o}
		count("Run, with the goodbye", 3, func() {
			if err := Run(t.Context(), db, l, nil); err != nil {
				t.Fatal(err)
			}
		})
	})
}

func TestProgressCountsUpToAll(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		list := script(t, allScripts...)
		last, calls := -1, 0
		err := Run(t.Context(), db, planned(t, db, schema, o, list), func(done, total int) {
			if done < last || total != len(list) {
				t.Errorf("%d of %d after %d", done, total, last)
			}
			last = done
			calls++
		})
		if err != nil || last != len(list) || calls < len(list) {
			t.Errorf("ended at %d of %d after %d calls: %v", last, len(list), calls, err)
		}
	})
}

// The four databases of a deployment at once, on one pool, twice over: as two
// operators would.
func TestParallelLoadsAndTwoOperators(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		_, o := names(t, db)
		var wg sync.WaitGroup
		var check []func()
		for i, files := range [][]string{{"identity.sql", "app.sql"}, {"registry.sql"}, {"registry.sql"}, {"storage.sql"}} {
			schema, _ := names(t, db)
			list := script(t, files...)
			l := planned(t, db, schema, o, list)
			for operator := range 2 {
				wg.Go(func() {
					if err := Run(t.Context(), db, l, nil); err != nil {
						t.Errorf("database %d, operator %d: %v", i, operator, err)
					}
				})
			}
			check = append(check, func() {
				if v := Judge(look(t, db, schema, o), list); v.State != Complete {
					t.Errorf("database %d: %s", i, v)
				}
			})
		}
		wg.Wait()
		for _, c := range check {
			c()
		}
	})
}
