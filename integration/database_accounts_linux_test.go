package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// appm is the account that every node of an embedded lab logs in with.
const appm = "'appm'@'127.0.0.1'"

func locked(t *testing.T, d databaseWorld) {
	d.exec(t, "ALTER USER "+appm+" ACCOUNT LOCK")
	d.says(t, d.inventory, 0, plans, "ALTER USER "+appm+" ACCOUNT UNLOCK", "1 to change")
	d.says(t, d.inventory, 0, applies, "Applied and verified")
	d.says(t, d.inventory, 0, plans, "No changes.")
}

// hasPlugin: not every package of the server carries all of them.
func (d databaseWorld) hasPlugin(t *testing.T, name string) bool {
	t.Helper()
	var dir string
	if err := d.root.QueryRow("SELECT @@plugin_dir").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	_, err := os.Stat(filepath.Join(dir, name+".so"))
	if err != nil {
		fmt.Fprintf(os.Stderr, "\n*** NOT TESTED: %s: this server comes without %s ***\n\n", t.Name(), name)
	}
	return err == nil
}

// incomparable has an admin who may not see the hashes: one login through a
// host tells, as long as its sshd lets a tunnel through.
func incomparable(t *testing.T, d databaseWorld) {
	if d.Options.Kind == mysqld.MariaDB && d.hasPlugin(t, "auth_ed25519") {
		d.exec(t, "INSTALL SONAME 'auth_ed25519'", "ALTER USER "+appm+" IDENTIFIED VIA ed25519 USING PASSWORD('"+d.Database.App.Password+"')")
		d.says(t, d.inventory, 0, plans, "No changes.") // it can be compared, for who may
	}
	blind := d.boss(t, append(without("SELECT ON mysql.*"), "SELECT (User, Host, plugin) ON mysql.user", "SELECT ON mysql.db", "UPDATE ON mysql.*")...)
	idp := d.Host("idp1")
	before, was := d.look(t), stats(t, idp)
	d.says(t, blind, 0, plans, "its password cannot be compared (", "; a login from idp1 shows that it is right", "No changes.")
	if n := stats(t, idp).Forwards - was.Forwards; n != 1 {
		t.Errorf("%d tunnels, want 1", n)
	}
	d.same(t, before, "a plan")
	was = stats(t, idp)
	d.says(t, d.inventory, 0, plans, "No changes.")
	if n := stats(t, idp).Forwards - was.Forwards; n != 0 {
		t.Errorf("%d tunnels where the hash can be compared, want none", n)
	}
	d.exec(t, "ALTER USER "+appm+" IDENTIFIED BY 'another'")
	d.says(t, blind, 0, plans, "; a login from idp1 was turned away, so it is set", "ALTER USER "+appm+d.identified())
	d.says(t, blind, 0, applies, "Applied and verified")
	d.says(t, blind, 0, plans, "; a login from idp1 shows that it is right", "No changes.")
	d.pattern(t, blind)
	idp.Forbid("forward")
	d.exec(t, "ALTER USER "+appm+" IDENTIFIED BY 'another'")
	r := d.says(t, blind, 0, plans, "a login from idp1 did not tell", "does not allow a tunnel", "so it is left as it is", "No changes.")
	t.Log(strings.SplitN(r.out, "\n", 2)[0])
}

// pattern has an account at a pattern alone: a host that it covers tells, until
// that host has an account of its own.
func (d databaseWorld) pattern(t *testing.T, blind string) {
	src, err := os.ReadFile(blind)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "inventory.toml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(src), "user = \"appm\"", "account_hosts = [\"127.%\"]\nuser = \"appm\"", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	d.exec(t, "RENAME USER "+appm+" TO 'appm'@'127.%'")
	d.says(t, file, 0, plans, "account appm@127.%: its password cannot be compared (", "; a login from idp1 shows that it is right", "CREATE USER "+appm)
	d.exec(t, "ALTER USER 'appm'@'127.%' IDENTIFIED BY 'another'")
	d.says(t, file, 0, plans, "; a login from idp1 was turned away, so it is set", "ALTER USER 'appm'@'127.%'"+d.identified())
	d.says(t, file, 0, applies, "Applied and verified")
	d.says(t, file, 0, plans, "account appm@127.%: its password cannot be compared (", "nor tried (no host of this run comes to the server as this account and no other), so it is left as it is", "No changes.")
	d.exec(t, "DROP USER 'appm'@'127.%'")
}

// identified is how a plan shows the password: MariaDB is given its hash.
func (d databaseWorld) identified() string {
	if d.Options.Kind == mysqld.MariaDB {
		return " IDENTIFIED BY PASSWORD (secret)"
	}
	return " IDENTIFIED BY (secret)"
}
