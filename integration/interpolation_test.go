package integration_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// payloads make a file where a shell reads them; the first is all in one.
var payloads = []string{"a;>pwned;$(>pwned)`>pwned`'>pwned'\">pwned\"|>pwned&", "a;>pwned;", "$(>pwned)", "`>pwned`", "';>pwned;'", "\";>pwned;\"", "|>pwned"}

// TestNoValueReachesAShell puts shell commands into every value of an inventory.
// Most are refused; those that are not go to the hosts, and are values there.
func TestNoValueReachesAShell(t *testing.T) {
	t.Parallel()
	w := up(t, deployment{name: "embedded"})
	h, n := w.node(t, "gateway")
	sent := 0
	for _, v := range []struct{ name, from, to string }{
		{"deployment", `name = "lab"`, `name = %s`},
		{"home", fmt.Sprintf("home = %q", n.Home), `home = %s`},
		{"java_home", fmt.Sprintf("java_home = %q", w.JavaHome), `java_home = %s`},
		{"service_user", "[product]\n", "[product]\nservice_user = %s\n"},
		{"hosts_file", fmt.Sprintf("hosts_file = %q", h.HostsFile), `hosts_file = %s`},
		{"host", fmt.Sprintf("[[host]]\nname = %q", h.Name), "[[host]]\nname = %s"},
		{"node", fmt.Sprintf("{ role = %q, home = %q", n.Role, n.Home), fmt.Sprintf("{ name = %%s, role = %q, home = %q", n.Role, n.Home)},
		{"database user", fmt.Sprintf("\nuser = %q\npassword", w.Database.App.User), "\nuser = %s\npassword"},
		{"database name", fmt.Sprintf("name = %q", w.Database.Name), "name = %s"},
		{"options", "[database]\n", "[database]\noptions = %s\n"},
		{"ledger", "[database]\n", "[database]\nledger = %s\n"},
		{"charset", "[database]\n", "[database]\ncharset = %s\n"},
		{"sql_mode", "[database]\n", "[database]\nsql_mode = %s\n"},
		{"schema", "[cluster]\n", "[database.schemas]\nam = %s\n\n[cluster]\n"},
		{"query", "[cluster]\n", "[database.pool]\nvalidation_query = %s\n\n[cluster]\n"},
		{"domain", `domain = "wso2.pub.store.domain"`, "domain = %s"},
		{"store", "[cluster]\n", "[store]\nname = %s\n\n[cluster]\n"},
		{"driver class", "[driver]\n", "[driver]\nclass = %s\n"},
	} {
		if w.send(t, v.from, v.to) {
			sent++
		}
		if owned(t, w) {
			t.Fatalf("a shell has read the value of %s", v.name)
		}
	}
	if sent < 3 {
		t.Errorf("only %d values were taken: the test no longer tests", sent)
	}
	w.hostileRun(t)
}

// send plans with the first payload that the inventory takes in this place.
func (w *world) send(t *testing.T, from, to string) bool {
	t.Helper()
	for _, p := range payloads {
		for _, text := range []string{p, "/" + p} {
			inventory := w.vary(t, from, fmt.Sprintf(to, fmt.Sprintf("%q", text)))
			if w.runOn(t, inventory, "validate").code == 0 {
				w.runOn(t, inventory, "plan") // how it ends is not the question
				return true
			}
		}
	}
	return false
}

// hostileRun makes a whole run over a hosts file whose name is a payload, with a
// password that is one. No home can be called so: the product's own scripts
// would run it.
func (w *world) hostileRun(t *testing.T) {
	t.Helper()
	h, n := w.node(t, "gateway")
	for _, p := range payloads {
		home := w.vary(t, fmt.Sprintf("home = %q", n.Home), fmt.Sprintf("home = %q", n.Home+p))
		if r := w.runOn(t, home, "validate"); r.code != 3 || !strings.Contains(r.err, "start script may not survive") {
			t.Errorf("a home ending in %s: %d %s", p, r.code, r.err)
		}
	}
	file := h.HostsFile + payloads[0]
	inventory := w.vary(t, fmt.Sprintf("hosts_file = %q", h.HostsFile), fmt.Sprintf("hosts_file = %q", file))
	if err := os.Rename(h.HostsFile, file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, h.HostsFile); err != nil { // the server looks there
		t.Fatal(err)
	}
	if err := os.WriteFile(w.Database.App.PasswordFile, []byte(payloads[0]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := w.runOn(t, inventory, "apply", "--yes"); r.code != 0 {
		t.Errorf("it ended with %d\n%s", r.code, r.err)
	}
	if data, err := os.ReadFile(file); err != nil || !strings.Contains(string(data), "appm-provision lab: begin") {
		t.Errorf("the hosts file is %q, %v", data, err)
	}
	if owned(t, w) {
		t.Error("a shell has read the name of a file or the password")
	}
}

// owned tells whether a payload was run.
func owned(t *testing.T, w *world) bool {
	t.Helper()
	found := false
	for _, root := range []string{w.Dir, "."} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			found = found || err == nil && d.Type().IsRegular() && strings.HasPrefix(d.Name(), "pwned")
			return nil // what goes away meanwhile was not ours
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}
