package dbinit

import (
	"context"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

func found(hosts ...string) Found {
	f := Found{}
	for _, h := range hosts {
		if anonymous, is := strings.CutPrefix(h, "@"); is {
			f.Shadows = append(f.Shadows, anonymous)
			continue
		}
		f.Accounts = append(f.Accounts, Account{User: "appm", Host: h})
	}
	return f
}

func TestALoginIsTriedOnlyWhereItCanBeTakenForNoOther(t *testing.T) {
	for _, c := range []struct {
		hosts   string // the first is asked about; @ is an anonymous one
		address string
		want    bool
	}{
		{"10.0.0.1", "10.0.0.1", true},
		{"10.0.0.1", "10.0.0.2", false},
		{"10.0.0.1 % @%", "10.0.0.1", true}, // the address goes before patterns
		{"10.0.0.1 node1", "10.0.0.1", false},
		{"10.0.0.1 localhost", "10.0.0.1", true},
		{"10.0.0.%", "10.0.0.7", true},
		{"10.0.0.%", "10.0.1.7", false},
		{"10.0.0.% 10.0.0.7", "10.0.0.7", false}, // the address's own account goes first
		{"10.0.0.% 10.0.0.7", "10.0.0.8", true},
		{"10.0.0.% 10.%", "10.0.0.8", false},
		{"10.0.0.% @10.0.0.8", "10.0.0.8", false},
		{"10.0.0.% @localhost", "10.0.0.8", true},
		{"10.0.0.0/255.255.255.0", "10.0.0.8", true},
		{"10.0.0.0/255.255.255.0", "10.0.1.8", false},
		{"10.0.0.0/24", "10.0.0.8", true},
		{"10.0.0.0/24", "10.0.1.8", false},
		{"10.0.0.0/x", "10.0.0.8", false},
		{"fe80::1", "fe80::1", true},
		{"node1", "10.0.0.1", false},
		{"%", "10.0.0.1", true},
	} {
		f := found(strings.Fields(c.hosts)...)
		if got := f.Reaches(f.Accounts[0], c.address); got != c.want {
			t.Errorf("%s from %s: %v, want %v", c.hosts, c.address, got, c.want)
		}
	}
}

// What a login says of an account, on every server: right, wrong, and not told
// where something else than the password is in the way.
func TestALoginTells(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		root := s.open(t)
		dropUser(t, root, "appm9")
		t.Cleanup(func() { dropUser(t, root, "appm9") })
		exec(t, root, "CREATE USER appm9@'127.0.0.1' IDENTIFIED BY 'x'")
		account := func() Account {
			f, err := Inspect(t.Context(), root, Query{User: "appm9"})
			if err != nil || len(f.Accounts) != 1 {
				t.Fatalf("%+v, %v", f.Accounts, err)
			}
			return f.Accounts[0]
		}
		try := func(password string, want Answer, why string) {
			t.Helper()
			got := TryLogin(t.Context(), s.open(t, as("appm9", password)), account())
			if got.Answer != want || !strings.Contains(got.Why, why) {
				t.Errorf("password %s: %+v, want answer %d and %q", password, got, want, why)
			}
			if strings.Contains(got.Why, "geheim") {
				t.Errorf("the answer shows the password: %s", got.Why)
			}
		}
		try("x", LetIn, "")
		try("geheim", TurnedAway, "")
		other := account()
		other.Host = "10.%"
		if got := TryLogin(t.Context(), s.open(t, as("appm9", "x")), other); got.Answer != NotTold || !strings.Contains(got.Why, "taken for appm9@127.0.0.1") {
			t.Errorf("as another: %+v", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got := TryLogin(ctx, s.open(t, as("appm9", "geheim")), account()); got.Answer != NotTold {
			t.Errorf("cancelled: %+v", got)
		}
		gone := s.open(t, as("appm9", "geheim"), func(c *mysql.Config) { c.Addr = "127.0.0.1:1" })
		if got := TryLogin(t.Context(), gone, account()); got.Answer != NotTold || got.Why == "" {
			t.Errorf("nobody there: %+v", got)
		}
		exec(t, root, map[bool]string{true: "ALTER USER appm9@'127.0.0.1' REQUIRE SSL", false: "GRANT USAGE ON *.* TO appm9@'127.0.0.1' REQUIRE SSL"}[s.name != "mysql-5.6"])
		try("x", NotTold, "wants TLS")
	})
}

// A locked account is seen to be, and unlocked; where its password is wrong too,
// both at once.
func TestALockedAccountIsUnlocked(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		if s.name == "mysql-5.6" {
			t.Skip("NOT TESTED on mysql-5.6: it has no locks")
		}
		root := s.open(t)
		schema, o := names(t, root)
		exec(t, root, "CREATE DATABASE "+ident(schema))
		dropUser(t, root, "appm10")
		t.Cleanup(func() { dropUser(t, root, "appm10") })
		w := Want{User: "appm10", Hosts: []string{"127.0.0.1"}, Password: "x", Schemas: []string{schema}}
		settle(t, root, w.Schemas, w, o)
		for _, how := range []string{"ACCOUNT LOCK", "IDENTIFIED BY 'y' ACCOUNT LOCK"} {
			exec(t, root, "ALTER USER appm10@'127.0.0.1' "+how)
			if err := s.open(t, as("appm10", "x")).Ping(); err == nil {
				t.Fatal("a locked account lets in")
			}
			list, f := accountsOf(t, root, w.Schemas, w, o)
			if !f.Accounts[0].Locked || len(list) != 2 || !strings.HasSuffix(list[1].SQL, "ACCOUNT UNLOCK") {
				t.Errorf("%s: %+v, %q", how, f.Accounts, list)
			}
			settle(t, root, w.Schemas, w, o)
			if err := s.open(t, as("appm10", "x")).Ping(); err != nil {
				t.Error(err)
			}
		}
	})
}

// Plugins that MariaDB's package brings: one that is compared, one that a login
// cannot tell because the driver does not know it.
func TestPluginsOfMariaDB(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		if s.name != "mariadb" {
			t.Skip("NOT TESTED on " + s.name + ": its plugins are not here")
		}
		root := s.open(t)
		dropUser(t, root, "appm11")
		for _, plugin := range []string{"auth_ed25519", "auth_pam"} {
			exec(t, root, "INSTALL SONAME '"+plugin+"'")
			t.Cleanup(func() { exec(t, root, "UNINSTALL SONAME '"+plugin+"'") })
		}
		t.Cleanup(func() { dropUser(t, root, "appm11") })
		exec(t, root, "CREATE USER appm11@'127.0.0.1' IDENTIFIED VIA ed25519 USING PASSWORD('x')")
		try := func(password string) (a Account, l Login) {
			f, err := Inspect(t.Context(), root, Query{User: "appm11"})
			if err != nil {
				t.Fatal(err)
			}
			return f.Accounts[0], TryLogin(t.Context(), s.open(t, as("appm11", password)), f.Accounts[0])
		}
		for password, want := range map[string]Answer{"x": LetIn, "y": TurnedAway} {
			a, got := try(password)
			if match, known := PasswordIs(a, password); got.Answer != want || !known || match != (want == LetIn) {
				t.Errorf("%s: a login says %+v, the hash %v, %v", password, got, match, known)
			}
		}
		exec(t, root, "ALTER USER appm11@'127.0.0.1' IDENTIFIED VIA pam USING 'mariadb'")
		a, got := try("x")
		if _, known := PasswordIs(a, "x"); known || got.Answer != NotTold || !strings.Contains(got.Why, "not supported") {
			t.Errorf("pam: %+v, known %v", got, known)
		}
	})
}
