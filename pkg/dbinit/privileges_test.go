package dbinit

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
)

// bosses may do what docs/databases.md asks for, but for one thing. Each is
// found before anything is done, and is what the server would have refused.
func bosses(schema, ledger string) []struct {
	name   string
	grants []string
	lacks  string // "" nothing
} {
	on := func(s string) string { return "`" + strings.ReplaceAll(s, "_", `\_`) + "`.*" }
	all := []string{
		"GRANT ALL ON " + on(schema) + " TO %s WITH GRANT OPTION", "GRANT ALL ON " + on(ledger) + " TO %s",
		"GRANT CREATE USER ON *.* TO %s", "GRANT SELECT ON mysql.* TO %s",
	}
	but := func(i int, instead ...string) []string {
		return append(append(append([]string{}, all[:i]...), instead...), all[i+1:]...)
	}
	return []struct {
		name   string
		grants []string
		lacks  string
	}{
		{"all", all, ""},
		{"all, by patterns", but(0, "GRANT ALL ON `T\\_%%`.* TO %s WITH GRANT OPTION"), ""},
		{"no CREATE", but(0, "GRANT SELECT, INSERT, UPDATE, DELETE, ALTER, INDEX, DROP ON "+on(schema)+" TO %s WITH GRANT OPTION"), "CREATE, "},
		{"no INDEX", but(0, "GRANT SELECT, INSERT, UPDATE, DELETE, ALTER, CREATE, REFERENCES, DROP ON "+on(schema)+" TO %s WITH GRANT OPTION"), "INDEX, "},
		{"no GRANT OPTION", but(0, "GRANT ALL ON "+on(schema)+" TO %s"), "GRANT OPTION ON " + on(schema)},
		{"no ledger", but(1), "CREATE, SELECT, INSERT, UPDATE, DELETE ON " + on(ledger)},
		{"no CREATE USER", but(2), "CREATE USER ON *.*"},
	}
}

func TestAPrivilegeThatTheAdminLacksIsFoundBeforehand(t *testing.T) {
	list := script(t, "identity.sql")
	onEach(t, func(t *testing.T, s testServer) {
		root := s.open(t)
		schema, o := names(t, root)
		for _, c := range bosses(schema, o.Ledger) {
			t.Run(c.name, func(t *testing.T) {
				dropUser(t, root, "boss")
				dropUser(t, root, "appm8")
				t.Cleanup(func() {
					dropUser(t, root, "boss")
					dropUser(t, root, "appm8")
					exec(t, root, "DROP DATABASE IF EXISTS "+ident(schema), "DROP DATABASE IF EXISTS "+ident(o.Ledger))
				})
				exec(t, root, "CREATE USER boss@'127.0.0.1' IDENTIFIED BY 'x'")
				for _, g := range c.grants {
					exec(t, root, strings.ReplaceAll(strings.Replace(g, "%s", "boss@'127.0.0.1'", 1), "%%", "%"))
				}
				boss := s.open(t, as("boss", "x"))
				w := Want{User: "appm8", Hosts: []string{"h"}, Password: "x", Schemas: []string{schema}}
				statements, f := accountsOf(t, boss, []string{schema}, w, o)
				l := planned(t, boss, schema, o, list)
				lacks := strings.Join(f.Server.Lacks(Job{Load: map[string][]Statement{schema: list}, Account: statements, Options: o}), "; ")
				if !strings.Contains(lacks, c.lacks) || c.lacks == "" && lacks != "" {
					t.Errorf("%s lacks %q, want %q", f.Server.Admin, lacks, c.lacks)
				}
				t.Log(lacks)
				err := Run(t.Context(), boss, l, nil)
				if err == nil {
					err = ExecAccounts(t.Context(), boss, o, statements)
				}
				var denied *Denied
				if c.lacks == "" && err != nil || c.lacks != "" && !errors.As(err, &denied) {
					t.Errorf("done all the same: %v (%T)", err, err)
				}
				if c.lacks == "" {
					anotherPassword(t, s, root, boss, w, o)
					return
				}
				exec(t, root, "GRANT ALL ON *.* TO boss@'127.0.0.1' WITH GRANT OPTION")
				boss = s.open(t, as("boss", "x"))
				if _, err := load(t.Context(), t, boss, schema, o, list); err != nil {
					t.Errorf("with the privilege: %v", err)
				}
				settle(t, boss, []string{schema}, w, o)
			})
		}
	})
}

// anotherPassword changes it, for which servers without ALTER USER want more.
func anotherPassword(t *testing.T, s testServer, root, boss *sql.DB, w Want, o Options) {
	t.Helper()
	w.Password = "another"
	statements, f := accountsOf(t, boss, w.Schemas, w, o)
	lacks := strings.Join(f.Server.Lacks(Job{Account: statements, Options: o}), "; ")
	if s.name == "mysql-5.6" {
		if want := "UPDATE ON `mysql`.*"; lacks != want {
			t.Errorf("to change a password %s lacks %q, want %q", f.Server.Admin, lacks, want)
		}
		wantError[*Denied](t, ExecAccounts(t.Context(), boss, o, statements))
		exec(t, root, "GRANT UPDATE ON mysql.* TO boss@'127.0.0.1'")
		boss = s.open(t, as("boss", "x"))
	} else if lacks != "" {
		t.Errorf("to change a password %s lacks %q", f.Server.Admin, lacks)
	}
	settle(t, boss, w.Schemas, w, o)
}

// A plan reads two tables of the server's own; which of them is closed is said.
func TestATableThatTheAdminMayNotReadIsNamed(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		root := s.open(t)
		t.Cleanup(func() { dropUser(t, root, "boss2") })
		for grant, want := range map[string]string{
			"GRANT CREATE USER ON *.* TO boss2@'127.0.0.1'":          "needs SELECT ON mysql.user",
			"GRANT SELECT ON mysql.user TO boss2@'127.0.0.1'":        "needs SELECT ON mysql.db",
			"GRANT ALL ON `T_1_DB`.* TO boss2@'127.0.0.1'":           "needs SELECT ON mysql.user",
			"GRANT SELECT (Host) ON mysql.user TO boss2@'127.0.0.1'": "needs SELECT ON mysql.user",
		} {
			dropUser(t, root, "boss2")
			exec(t, root, "CREATE USER boss2@'127.0.0.1' IDENTIFIED BY 'x'", grant)
			_, err := Inspect(t.Context(), s.open(t, as("boss2", "x")), Query{User: "appm"})
			wantError[*Denied](t, err, "inspect the database: ", want)
		}
	})
}

func TestPrivilegesAsServersWriteThem(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		lacks string
	}{
		{"root of MariaDB", []string{"GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` IDENTIFIED BY PASSWORD '*X' WITH GRANT OPTION", "GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION"}, ""},
		{"root of 5.6", []string{"GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' IDENTIFIED BY PASSWORD '*X'"}, "GRANT OPTION ON `A\\_B`.*"},
		{"nothing", []string{"GRANT USAGE ON *.* TO `a`@`%`"}, "ALL PRIVILEGES, GRANT OPTION ON `A\\_B`.*; CREATE, SELECT, INSERT, UPDATE, DELETE ON `appm\\_provision`.*"},
		{"another's", []string{"GRANT ALL PRIVILEGES ON `A\\_C`.* TO `a`@`%` WITH GRANT OPTION", "GRANT ALL PRIVILEGES ON *.* TO `a`@`%`"}, "GRANT OPTION ON `A\\_B`.*"},
		{"a pattern's", []string{"GRANT ALL PRIVILEGES ON `A_%`.* TO `a`@`%` WITH GRANT OPTION", "GRANT ALL PRIVILEGES ON `appm%`.* TO `a`@`%`"}, ""},
		{"a role, which may hold anything", []string{"GRANT USAGE ON *.* TO `a`@`%`", "GRANT `boss`@`%` TO `a`@`%`"}, ""},
		{"a partial revoke", []string{"GRANT SELECT ON *.* TO `a`@`%`", "REVOKE SELECT ON `mysql`.* FROM `a`@`%`"}, ""},
		{"nothing read", nil, ""},
	} {
		got := answers{}
		for _, l := range c.lines {
			got["privileges"] = append(got["privileges"], textRow(l))
		}
		server := Server{Admin: got.admin()}
		job := Job{Load: map[string][]Statement{"A_B": {{SQL: "CREATE TABLE x (y INT)"}}}, Account: []Statement{{Account: "a@b", Opens: "A_B"}}}
		if lacks := strings.Join(server.Lacks(job), "; "); lacks != c.lacks {
			t.Errorf("%s: got %q, want %q", c.name, lacks, c.lacks)
		}
	}
}

func textRow(s string) row { return row{cells: []sql.NullString{{String: s, Valid: true}}} }
