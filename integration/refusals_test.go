package integration_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/appm-provision/appm-provision/integration/lab"
)

// refusal is a situation in which the tool must stop before it changes
// anything: one clear error, an exit code of its own.
type refusal struct {
	name string
	real bool // needs real hosts
	code int
	want []string // texts of the error
	not  []string
	make func(t *testing.T, w *world) (inventory string)
}

var refusals = []refusal{
	{name: "two hosts unreachable", code: 10, want: []string{"gw1: ", "pub1: ", "refused"}, make: unreachable},
	{name: "a wrong host key", code: 12, want: []string{"gw1: ", "SHA256:", "ssh-keygen -R"}, make: wrongHostKey},
	{name: "an unknown host", code: 12, want: []string{"idp1: ", "SHA256:"}, make: unknownHost},
	{name: "a key that nobody accepts", code: 11, want: []string{"idp1: ", "store1: "}, make: wrongKey},
	{name: "no sudo", real: true, code: 13, want: []string{"pub1: ", "sudo"}, not: []string{"gw1: "}, make: noSudo},
	{name: "a missing home", code: 14, want: []string{"pub1: ", "no such directory", "correct the home"}, not: []string{"carbon.xml"}, make: missingHome},
	{name: "a missing script", code: 14, want: []string{"idp1: ", "dbscripts/appmgt/mysql.sql"}, make: missingScript},
	{name: "another version", code: 15, want: []string{"store1: ", "1.1.0", "1.2.0"}, make: otherVersion},
	{name: "a database that refuses the admin", code: 16, want: []string{"database: ", "root"}, make: wrongAdmin},
	{name: "no database there", code: 16, want: []string{"database: "}, make: noDatabase},
	{name: "a database that is half there", code: 15, want: []string{"AM_DB", "1 of", "IDN_BASE_TABLE", "DROP DATABASE"}, make: halfDatabase},
	{name: "a foreign hosts line", code: 15, want: []string{"pub1: ", "store.appm-wso2.com", "10.9.9.9"}, make: foreignHostsLine},
	{name: "a file that is not well-formed", code: 15, want: []string{"store1: ", "registry.xml"}, make: brokenXML},
	{name: "two nodes with one home", code: 3, want: []string{": host pub1: node 2: home ", "want a home for each node"}, make: oneHome},
	{name: "two nodes with one port", code: 3, want: []string{": host pub1: node 2: port ", "(https) is the https port of the node in line ", "choose another offset"}, make: onePort},
	{name: "files that do not fit together", code: 15, want: []string{"pub1: ", "identity.xml: line ", "jdbc/NOWHERE", "define it there"}, make: undefinedDatasource},
	{name: "no Java", code: 14, want: []string{"java_home"}, make: noJava},
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, r := range refusals {
			if r.real && w.Form != "real" {
				continue
			}
			t.Run(r.name, func(t *testing.T) { refused(t, w, r) })
		}
	})
}

func refused(t *testing.T, w *world, r refusal) {
	inventory := r.make(t, w)
	before := w.look(t)
	for _, args := range [][]string{{"plan"}, {"apply", "--yes"}} {
		got := w.runOn(t, inventory, args...)
		if got.code != r.code {
			t.Errorf("%v ended with %d, want %d: %s", args, got.code, r.code, got.err)
		}
		for _, text := range r.want {
			if !strings.Contains(got.err, text) {
				t.Errorf("%v does not say %q: %s", args, text, got.err)
			}
		}
		for _, text := range r.not {
			if strings.Contains(got.err, text) {
				t.Errorf("%v says %q: %s", args, text, got.err)
			}
		}
		if got.out != "" {
			t.Errorf("%v prints a plan: %s", args, got.out)
		}
		if args[0] == "plan" {
			t.Logf("exit code %d: %s", got.code, got.err)
		}
	}
	w.same(t, before, "a refused run")
	for _, h := range w.Hosts {
		if list, err := h.Servers(); err != nil || len(list) > 0 {
			t.Errorf("%s: servers %v were started (%v)", h.Name, list, err)
		}
	}
}

// endpoint is how the inventory spells where a host's sshd listens.
func endpoint(h *lab.Host) string {
	return fmt.Sprintf("ssh = { host = %q, port = %d }", h.SSH.Host, h.SSH.Port)
}

func unreachable(t *testing.T, w *world) string {
	var pairs []string
	for _, name := range []string{"gw1", "pub1"} {
		pairs = append(pairs, endpoint(w.Host(name)), fmt.Sprintf("ssh = { host = \"127.0.0.1\", port = %d }", closedPort(t)))
	}
	return w.vary(t, pairs...)
}

// closedPort is one where nobody listens; several calls give several ports.
func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

// newKey writes a key that no host knows and returns its public half.
func newKey(t *testing.T) (file string, public ssh.PublicKey) {
	t.Helper()
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	if public, err = ssh.NewPublicKey(pub); err != nil {
		t.Fatal(err)
	}
	return file, public
}

// knownHosts writes a known_hosts file from the lab's, each line mapped.
func knownHosts(t *testing.T, w *world, line func(hosts, key string) string) string {
	t.Helper()
	data, err := os.ReadFile(w.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for l := range strings.Lines(string(data)) {
		hosts, key, _ := strings.Cut(strings.TrimSpace(l), " ")
		out.WriteString(line(hosts, key))
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return w.vary(t, w.KnownHosts, file)
}

// ofHost tells whether a known_hosts line is about the host.
func ofHost(hosts string, h *lab.Host) bool {
	return strings.Contains(hosts, fmt.Sprintf("[%s]:%d", h.SSH.Host, h.SSH.Port)) || h.SSH.Port == 22 && strings.Contains(hosts, h.SSH.Host)
}

func wrongHostKey(t *testing.T, w *world) string {
	_, other := newKey(t)
	return knownHosts(t, w, func(hosts, key string) string {
		if ofHost(hosts, w.Host("gw1")) {
			key = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(other)))
		}
		return hosts + " " + key + "\n"
	})
}

func unknownHost(t *testing.T, w *world) string {
	return knownHosts(t, w, func(hosts, key string) string {
		if ofHost(hosts, w.Host("idp1")) {
			return ""
		}
		return hosts + " " + key + "\n"
	})
}

func wrongKey(t *testing.T, w *world) string {
	file, _ := newKey(t)
	return w.vary(t, w.KeyFile, file)
}

// keep puts a file back as it was when the test ends.
func keep(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(file, data, info.Mode().Perm()); err != nil {
			t.Error(err)
		}
	})
	return data
}

func noSudo(t *testing.T, w *world) string {
	h := w.Host("pub1")
	rules, err := filepath.Glob(h.Path("/etc/sudoers.d/") + "/*")
	if err != nil {
		t.Fatal(err)
	}
	emptied := 0
	for _, file := range rules {
		data := keep(t, file)
		if strings.Contains(string(data), "deploy") {
			emptied++
			if err := os.WriteFile(file, []byte("# nothing\n"), 0o440); err != nil {
				t.Fatal(err)
			}
		}
	}
	if emptied == 0 {
		t.Fatalf("no rule for deploy in %v", rules)
	}
	return w.inventory
}

func missingHome(t *testing.T, w *world) string {
	_, n := w.node(t, "publisher")
	at := fmt.Sprintf("{ role = \"publisher\", home = %q", n.Home)
	return w.vary(t, at, strings.Replace(at, n.Home, n.Home+"-elsewhere", 1))
}

func missingScript(t *testing.T, w *world) string {
	h, n := w.node(t, "idp")
	file := h.Path(n.Home + "/dbscripts/appmgt/mysql.sql")
	keep(t, file)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	return w.inventory
}

func otherVersion(t *testing.T, w *world) string {
	h, n := w.node(t, "store")
	keep(t, h.Path(n.Home+"/"+conf+"carbon.xml"))
	replace(t, h, n.Home+"/"+conf+"carbon.xml", "<Version>1.2.0</Version>", "<Version>1.1.0</Version>")
	return w.inventory
}

func wrongAdmin(t *testing.T, w *world) string {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("wrong-password"), 0o600); err != nil {
		t.Fatal(err)
	}
	return w.vary(t, w.Database.Admin.PasswordFile, file)
}

func noDatabase(t *testing.T, w *world) string {
	at := fmt.Sprintf("port = %d\nadmin", w.Database.Port)
	if w.Form == "real" {
		at = fmt.Sprintf("port = %d\nvia", w.Database.Port)
	}
	return w.vary(t, at, strings.Replace(at, fmt.Sprint(w.Database.Port), fmt.Sprint(closedPort(t)), 1))
}

func halfDatabase(t *testing.T, w *world) string {
	db, err := w.OpenDatabase()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP DATABASE AM_DB"); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	for _, sql := range []string{"CREATE DATABASE AM_DB CHARACTER SET latin1", "CREATE TABLE AM_DB.IDN_BASE_TABLE (PRODUCT_NAME VARCHAR(20))"} {
		if _, err := db.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	return w.inventory
}

func foreignHostsLine(t *testing.T, w *world) string {
	h := w.Host("pub1")
	file := h.Path(h.HostsFile)
	data := keep(t, file)
	if err := os.WriteFile(file, append(data, "10.9.9.9 store.appm-wso2.com\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	return w.inventory
}

func brokenXML(t *testing.T, w *world) string {
	h, n := w.node(t, "store")
	keep(t, h.Path(n.Home+"/"+conf+"registry.xml"))
	replace(t, h, n.Home+"/"+conf+"registry.xml", "</wso2registry>", "")
	return w.inventory
}

func oneHome(t *testing.T, w *world) string { return second(t, w, "", 50) }

func onePort(t *testing.T, w *world) string { return second(t, w, "-2", 0) }

// second adds a Gateway to the Publisher's host: its home and offset are the
// Publisher's, with that much more.
func second(t *testing.T, w *world, home string, offset int) string {
	_, n := w.node(t, "publisher")
	first := fmt.Sprintf("\t{ role = \"publisher\", home = %q", n.Home)
	return w.vary(t, first, fmt.Sprintf("\t{ role = \"gateway\", name = \"gw9\", home = %q, offset = %d },\n", n.Home+home, n.Offset+offset)+first)
}

// undefinedDatasource is in a file that no step writes.
func undefinedDatasource(t *testing.T, w *world) string {
	h, n := w.node(t, "publisher")
	file := n.Home + "/" + conf + "identity/identity.xml"
	keep(t, h.Path(file))
	replace(t, h, file, "<Name>jdbc/WSO2AM_DB</Name>", "<Name>jdbc/NOWHERE</Name>")
	return w.inventory
}

func noJava(t *testing.T, w *world) string {
	return w.vary(t, w.JavaHome, w.JavaHome+"-elsewhere")
}
