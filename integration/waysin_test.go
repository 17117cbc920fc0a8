package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// socketOnHost is where the database host itself sees its server's socket.
const socketOnHost = "/var/lib/mysql/s.sock"

// TestWaysIn plans over real hosts: the tool comes to the server's unix socket
// through the SSH connection of its host.
func TestWaysIn(t *testing.T) {
	t.Parallel()
	d := deployment{name: "OpenSSH and MariaDB", real: true, kind: mysqld.MariaDB}
	if why := d.left(); why != "" {
		t.Skip("LEFT OUT: " + why)
	}
	w := up(t, d)
	db, err := w.OpenDatabase()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// The server's root comes over TCP from here; what the host's own accounts are is ours to set.
	for _, q := range []string{
		"CREATE USER deploy@localhost IDENTIFIED VIA unix_socket", "GRANT ALL ON *.* TO deploy@localhost WITH GRANT OPTION",
		"CREATE USER wso2@localhost IDENTIFIED VIA unix_socket", "GRANT ALL ON *.* TO wso2@localhost WITH GRANT OPTION",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	wanted := w.want(t, 0, "plan").out
	before := w.look(t)
	t.Run("with a password", func(t *testing.T) {
		w.waysIn(t, 0, wanted, w.admin("root", true))
	})
	t.Run("as who logs in over SSH, without a password", func(t *testing.T) {
		w.waysIn(t, 0, wanted, w.admin("deploy", false))
	})
	t.Run("as another, whom the server does not see", func(t *testing.T) {
		w.waysIn(t, 16, "", w.admin("wso2", false), "the system's user deploy", "log in over SSH as wso2")
	})
	t.Run("a socket that is not there", func(t *testing.T) {
		w.waysIn(t, 16, "", strings.Replace(w.admin("root", true), socketOnHost, "/run/none.sock", 1), "db1: ", "/run/none.sock")
	})
	w.same(t, before, "a plan")
	if _, err := db.Exec("ALTER USER root@localhost IDENTIFIED VIA unix_socket"); err != nil {
		t.Fatal(err)
	}
	t.Run("as root by sudo, without a password", func(t *testing.T) {
		host := w.Host(lab.DatabaseHost)
		was := stats(t, host)
		w.waysIn(t, 0, wanted, w.admin("root", false))
		if now := stats(t, host); now.Connections-was.Connections != 1 || now.Sessions-was.Sessions > 2 {
			t.Errorf("the plan took %d connections and %d session channels", now.Connections-was.Connections, now.Sessions-was.Sessions)
		}
		applied := w.runOn(t, w.withSocket(t, w.admin("root", false)), "apply", "--yes")
		if applied.code != 0 {
			t.Fatalf("apply ended with %d: %s%s", applied.code, applied.out, applied.err)
		}
		left := w.runOn(t, w.withSocket(t, w.admin("root", false)), "plan", "--detailed-exitcode")
		if left.code != 0 {
			t.Errorf("after the apply a plan ends with %d:\n%s%s", left.code, left.out, left.err)
		}
	})
}

// admin is the lines of an inventory that comes in by the socket.
func (w *world) admin(user string, password bool) string {
	if password {
		return fmt.Sprintf("socket = %q\nadmin = { user = %q, password = { file = %q } }", socketOnHost, user, w.Database.Admin.PasswordFile)
	}
	return fmt.Sprintf("socket = %q\nadmin = { user = %q }", socketOnHost, user)
}

// withSocket is the lab's inventory with these lines in place of its admin.
func (w *world) withSocket(t *testing.T, lines string) string {
	t.Helper()
	a := w.Database.Admin
	return w.vary(t, fmt.Sprintf("admin = { user = %q, password = { file = %q } }", a.User, a.PasswordFile), lines)
}

// waysIn plans with these lines, and wants that plan, or an error that says each
// of the texts.
func (w *world) waysIn(t *testing.T, code int, plan, lines string, says ...string) {
	t.Helper()
	r := w.runOn(t, w.withSocket(t, lines), "plan")
	if r.code != code || r.out != plan {
		t.Errorf("the plan ended with %d, want %d:\n%s%s", r.code, code, r.out, r.err)
	}
	for _, text := range says {
		if !strings.Contains(r.err, text) {
			t.Errorf("it does not say %q: %s", text, r.err)
		}
	}
	if code != 0 {
		t.Log(r.err)
	}
}
