package dbinit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

var (
	mysql56  = Server{Flavor: MySQL, Numeric: Version{5, 6, 24}}
	mysql57  = Server{Flavor: MySQL, Numeric: Version{5, 7, 44}}
	mysql8   = Server{Flavor: MySQL, Numeric: Version{8, 0, 36}}
	maria100 = Server{Flavor: MariaDB, Numeric: Version{10, 0, 38}}
	maria10  = Server{Flavor: MariaDB, Numeric: Version{10, 11, 6}}
)

const trickyPassword = `pa'ss"wo\rd ; -- #`

func sqlOf(list []Statement) (out []string) {
	for _, s := range list {
		out = append(out, s.SQL)
	}
	return out
}

func TestAccountStatementsSpeakEachServersDialect(t *testing.T) {
	const oldSession = "SET SESSION sql_mode = 'NO_AUTO_CREATE_USER', old_passwords = 0"
	const newSession = "SET SESSION sql_mode = ''"
	const grant = "GRANT ALL PRIVILEGES ON `AM\\_DB`.* TO 'appm'@'10.0.0.1'"
	const create = "CREATE USER 'appm'@'10.0.0.1' IDENTIFIED BY 'x\\\\y''z'"
	const hash = "'*B1ED8F940790244CFBC50F965C15625CA677823C'"
	stale := []Account{{User: "appm", Host: "10.0.0.1", Plugin: "mysql_native_password", Hash: "*" + strings.Repeat("0", 40), HashReadable: true, All: []string{"AM_DB"}}}
	revokes := mysql8
	revokes.PartialRevokes = true
	judging := parseServer(map[string]string{"version": "10.11.6-MariaDB", "strict_password_validation": "ON", "simple_password_check_minimal_length": "8"})
	for _, c := range []struct {
		name   string
		server Server
		have   []Account
		want   []string
	}{
		{"5.6 new", mysql56, nil, []string{oldSession, create, grant}},
		{"5.6 password", mysql56, stale, []string{oldSession, "SET PASSWORD FOR 'appm'@'10.0.0.1' = PASSWORD('x\\\\y''z')"}},
		{"5.7 password", mysql57, stale, []string{oldSession, "ALTER USER 'appm'@'10.0.0.1' IDENTIFIED BY 'x\\\\y''z'"}},
		{"8 new", mysql8, nil, []string{newSession, create, grant}},
		{"8 password", mysql8, stale, []string{newSession, "ALTER USER 'appm'@'10.0.0.1' IDENTIFIED BY 'x\\\\y''z'"}},
		{"8 partial revokes", revokes, nil, []string{newSession, create, "GRANT ALL PRIVILEGES ON `AM_DB`.* TO 'appm'@'10.0.0.1'"}},
		{"MariaDB 10.0 password", maria100, stale, []string{oldSession, "SET PASSWORD FOR 'appm'@'10.0.0.1' = " + hash}},
		{"MariaDB new", maria10, nil, []string{oldSession, "CREATE USER 'appm'@'10.0.0.1' IDENTIFIED BY PASSWORD " + hash, grant}},
		{"MariaDB password", maria10, stale, []string{oldSession, "ALTER USER 'appm'@'10.0.0.1' IDENTIFIED BY PASSWORD " + hash}},
		{"MariaDB that judges passwords", judging, nil, []string{oldSession, create, grant}},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := AccountStatements(c.server, c.have, Want{User: "appm", Hosts: []string{"10.0.0.1"}, Password: `x\y'z`, Schemas: []string{"AM_DB"}})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := strings.Join(sqlOf(list), "\n"), strings.Join(c.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			for _, s := range list {
				if shown := fmt.Sprintf("%v %+v %#v %s %d", s, s, s, []Statement{s}, &s); strings.Contains(shown, "x\\") || strings.Contains(shown, "y''z") {
					t.Errorf("printed, the statement shows its secret: %s", shown)
				}
			}
		})
	}
}

func TestAStatementInARecordHoldsNoSecret(t *testing.T) {
	s := Statement{SQL: "CREATE USER a IDENTIFIED BY 'x'", Hidden: []Span{{28, 31}}}
	got, err := json.Marshal(map[string]any{"one": s, "list": []Statement{s}})
	if want := `{"list":["CREATE USER a IDENTIFIED BY (secret)"],"one":"CREATE USER a IDENTIFIED BY (secret)"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	for _, wrong := range [][]Span{{{40, 50}}, {{5, 3}}, {{3, 5}, {4, 6}}, {{-1, 2}}} {
		s.Hidden = wrong
		if got := s.Masked(); got != "(secret)" {
			t.Errorf("spans %v: %q, want all of it hidden", wrong, got)
		}
	}
}

func TestAccountStatementsRefuseWhatCannotBe(t *testing.T) {
	for _, c := range []struct {
		server Server
		want   Want
		text   string
	}{
		{mysql8, Want{Password: "x"}, "no user"},
		{mysql8, Want{User: "appm"}, "empty password"},
		{mysql8, Want{User: "appm", Password: "a\nb"}, "line end"},
	} {
		if list, err := AccountStatements(c.server, nil, c.want); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v, %v; want an error with %q", list, err, c.text)
		}
	}
}

// accountsOf is what a caller does: inspect, compute, execute.
func accountsOf(t *testing.T, db *sql.DB, schemas []string, w Want, o Options) ([]Statement, Found) {
	t.Helper()
	f, err := Inspect(t.Context(), db, Query{Schemas: schemas, User: w.User, Options: o})
	if err != nil {
		t.Fatal(err)
	}
	list, err := AccountStatements(f.Server, f.Accounts, w)
	if err != nil {
		t.Fatal(err)
	}
	return list, f
}

func settle(t *testing.T, db *sql.DB, schemas []string, w Want, o Options) {
	t.Helper()
	list, _ := accountsOf(t, db, schemas, w, o)
	if err := ExecAccounts(t.Context(), db, o, list); err != nil {
		t.Fatal(err)
	}
	if list, f := accountsOf(t, db, schemas, w, o); len(list) != 0 {
		t.Fatalf("after it: %q remain to be done; found %+v", list, f.Accounts)
	}
}

// dropUser: 5.6 has no DROP USER IF EXISTS.
func dropUser(t *testing.T, db *sql.DB, user string) {
	t.Helper()
	for _, host := range column(t, db, 0, "SELECT Host FROM mysql.user WHERE User = "+text(user)) {
		exec(t, db, "DROP USER "+text(user)+"@"+text(host))
	}
}

func TestAccountsConvergeAndLetIn(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		other := strings.Replace(schema, "_", "x", 1) // what an unescaped "_" would open too
		exec(t, db, "CREATE DATABASE "+ident(schema), "CREATE DATABASE "+ident(other))
		t.Cleanup(func() { exec(t, db, "DROP DATABASE "+ident(other)) })
		dropUser(t, db, "appm")
		t.Cleanup(func() { dropUser(t, db, "appm") })
		for _, password := range []string{trickyPassword, "another", trickyPassword} {
			w := Want{User: "appm", Hosts: []string{"127.0.0.1", "10.%"}, Password: password, Schemas: []string{schema}}
			settle(t, db, []string{schema}, w, o)
			mine := s.open(t, as("appm", password))
			exec(t, mine, "USE "+ident(schema), "CREATE TABLE IF NOT EXISTS "+ident(schema)+".a (x INT)")
			if _, err := mine.Exec("CREATE TABLE " + ident(other) + ".a (x INT)"); number(err) != 1142 && number(err) != 1044 {
				t.Errorf("the account in %s: %v, want access denied", other, err)
			}
		}
		_, f := accountsOf(t, db, []string{schema}, Want{User: "appm", Password: "x"}, o)
		if len(f.Accounts) != 2 {
			t.Fatalf("accounts %+v, want two", f.Accounts)
		}
		for _, a := range f.Accounts {
			if a.Changed <= 0 || a.Changed.Minutes() > 5 {
				t.Errorf("%s: changed %s ago, want a moment", a.Name(), a.Changed)
			}
		}
	})
}

// A session's sql_mode, whatever the server's, does not change what a password means.
func TestPasswordsSurviveEverySQLMode(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t, func(c *mysql.Config) { c.Params = map[string]string{"sql_mode": "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'"} })
		schema, o := names(t, db)
		exec(t, db, "CREATE DATABASE "+ident(schema))
		dropUser(t, db, "appm2")
		t.Cleanup(func() { dropUser(t, db, "appm2") })
		settle(t, db, []string{schema}, Want{User: "appm2", Hosts: []string{"127.0.0.1"}, Password: trickyPassword, Schemas: []string{schema}}, o)
		if err := s.open(t, as("appm2", trickyPassword)).Ping(); err != nil {
			t.Error(err)
		}
	})
}

func TestALegacyGrantWithItsWildcardBareIsEnough(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		exec(t, db, "CREATE DATABASE "+ident(schema))
		dropUser(t, db, "appm3")
		t.Cleanup(func() { dropUser(t, db, "appm3") })
		exec(t, db, "CREATE USER 'appm3'@'h' IDENTIFIED BY 'x'", "GRANT ALL ON "+ident(schema)+".* TO 'appm3'@'h'", "CREATE USER 'appm3'@'some' IDENTIFIED BY 'x'", "GRANT SELECT ON "+ident(schema)+".* TO 'appm3'@'some'")
		list, _ := accountsOf(t, db, []string{schema}, Want{User: "appm3", Hosts: []string{"h"}, Password: "x", Schemas: []string{schema}}, o)
		if len(list) != 0 {
			t.Errorf("%q for an account that has everything", list)
		}
		list, _ = accountsOf(t, db, []string{schema}, Want{User: "appm3", Hosts: []string{"some"}, Password: "x", Schemas: []string{schema}}, o)
		if len(list) != 2 || !strings.HasPrefix(list[1].SQL, "GRANT ALL") {
			t.Errorf("%q for an account that may only SELECT, want a grant", list)
		}
	})
}

// On 5.6 a GRANT to an account that went away meanwhile would create one
// without a password.
func TestAGrantNeverCreatesAnAccount(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		exec(t, db, "CREATE DATABASE "+ident(schema))
		dropUser(t, db, "appm4")
		exec(t, db, "CREATE USER 'appm4'@'h' IDENTIFIED BY 'x'")
		list, _ := accountsOf(t, db, []string{schema}, Want{User: "appm4", Hosts: []string{"h"}, Password: "x", Schemas: []string{schema}}, o)
		dropUser(t, db, "appm4")
		err := ExecAccounts(t.Context(), db, o, list)
		wantError[*Failed](t, err, "account appm4@h: GRANT ALL PRIVILEGES", "the account came or went since the plan was made")
		if n := column(t, db, 0, "SELECT COUNT(*) FROM mysql.user WHERE User = 'appm4'")[0]; n != "0" {
			t.Errorf("%s accounts of that name, want none", n)
		}
	})
}

// Errors of the server quote statements; ours must not quote a password.
func TestAnAccountErrorHoldsNoPassword(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		_, o := names(t, db)
		const password = "geheim-geheim"
		for _, sql := range []string{"CREATE USRE 'a'@'b' IDENTIFIED BY '%s'", "CREATE USER 'a'@'b' IDENTIFIED BY '%s' NONSENSE", "CREATE USER root@localhost IDENTIFIED BY '%s'"} {
			at := strings.Index(sql, "'%s'")
			list := []Statement{{SQL: fmt.Sprintf(sql, password), Hidden: []Span{{at, at + len(password) + 2}}, Account: "a@b"}}
			err := ExecAccounts(t.Context(), db, o, list)
			e := wantError[*Failed](t, err, "account a@b: CREATE US")
			for _, shown := range []string{err.Error(), fmt.Sprintf("%+v %#v", e, e), fmt.Sprintf("%v", e.Err)} {
				if strings.Contains(shown, "geheim") {
					t.Errorf("the error shows the password: %s", shown)
				}
			}
		}
	})
}

// A cut between two statements leaves what the next run completes, and the
// ledger knows that the account changed.
func TestAccountsCutAnywhereConverge(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		exec(t, db, "CREATE DATABASE "+ident(schema))
		t.Cleanup(func() { dropUser(t, db, "appm5") })
		w := Want{User: "appm5", Hosts: []string{"127.0.0.1", "h"}, Password: "x", Schemas: []string{schema}}
		for n := 1; ; n++ {
			dropUser(t, db, "appm5")
			list, _ := accountsOf(t, db, []string{schema}, w, o)
			batch := accountBatch(o.ledger(), list)
			if n >= len(batch) {
				return
			}
			conn, err := connect(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := packet(context.Background(), conn, batch[:n], func(sent) {}); err != nil {
				t.Fatal(err)
			}
			discard(conn)
			_, f := accountsOf(t, db, []string{schema}, w, o)
			for _, a := range f.Accounts {
				if none, known := PasswordIs(a, ""); none || !known {
					t.Errorf("after text %d: %s has no password (known: %v)", n, a.Name(), known)
				}
				if a.Changed == 0 {
					t.Errorf("after text %d: the ledger does not know that %s changed", n, a.Name())
				}
			}
			settle(t, db, []string{schema}, w, o)
		}
	})
}

func TestAnAccountThatShadowsOursIsNamed(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		dropUser(t, db, "")
		dropUser(t, db, "appm6")
		exec(t, db, "CREATE USER ''@'node1'", "CREATE USER 'appm6'@'node2'")
		t.Cleanup(func() { dropUser(t, db, ""); dropUser(t, db, "appm6") })
		f, err := Inspect(t.Context(), db, Query{User: "appm6"})
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Accounts) != 1 || f.Accounts[0].Host != "node2" || fmt.Sprint(f.Shadows) != "[node1]" {
			t.Fatalf("accounts %+v, anonymous at %q", f.Accounts, f.Shadows)
		}
		for _, c := range []struct {
			hosts []string
			want  int
		}{{[]string{"%"}, 2}, {[]string{"node_"}, 2}, {[]string{"%", "node2"}, 1}, {[]string{"10.%"}, 0}, {[]string{"node1", "node2"}, 0}, {[]string{"%2"}, 1}} {
			if notes := f.ShadowNotes(Want{User: "appm6", Hosts: c.hosts}); len(notes) != c.want {
				t.Errorf("hosts %q: %q, want %d notes", c.hosts, notes, c.want)
			}
		}
	})
}
