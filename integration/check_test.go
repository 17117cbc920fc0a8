package integration_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// unready is a situation that check must show, and that apply must not start
// in.
type unready struct {
	name        string
	real        bool   // needs real hosts
	host, check string // whose cell says so
	code        int
	want        []string
	make        func(t *testing.T, w *world) (inventory string)
}

var unreadies = []unready{
	{name: "two hosts unreachable", host: "pub1", check: "REACH", code: 10, want: []string{"refused"}, make: unreachable},
	{name: "a wrong host key", host: "gw1", check: "KEY", code: 12, want: []string{"ssh-keygen -R"}, make: wrongHostKey},
	{name: "a key that nobody accepts", host: "idp1", check: "AUTH", code: 11, make: wrongKey},
	{name: "no sudo", real: true, host: "pub1", check: "SUDO", code: 13, want: []string{"sudo"}, make: noSudo},
	{name: "a missing home", host: "pub1", check: "HOME", code: 14, want: []string{"correct the home"}, make: missingHome},
	{name: "another version", host: "store1", check: "HOME", code: 15, want: []string{"1.1.0"}, make: otherVersion},
	{name: "a file that is not well-formed", host: "store1", check: "FILES", code: 15, want: []string{"registry.xml"}, make: brokenXML},
	{name: "files that do not fit together", host: "pub1", check: "FILES", code: 15, want: []string{"identity.xml: line ", "jdbc/NOWHERE, which master-datasources.xml does not define"}, make: undefinedDatasource},
	{name: "no Java", host: "gw1", check: "JAVA", code: 14, want: []string{"java_home"}, make: noJava},
	{name: "a wrong Java", host: "idp1", check: "JAVA", code: 15, want: []string{"9.0.4", "7 and 8 only"}, make: wrongJava},
	{name: "no program for digests", real: true, host: "gw1", check: "TOOLS", code: 14, want: []string{"lacks sha256sum or shasum"}, make: hidden("/usr/bin/sha256sum", "/usr/bin/shasum")},
	{name: "no tail", real: true, host: "gw1", check: "TOOLS", code: 14, want: []string{"lacks tail, which"}, make: hidden("/usr/bin/tail")},
	{name: "a full disk", real: true, host: "pub1", check: "SPACE", code: 14, want: []string{"components/lib", "make room"}, make: fullLib},
	{name: "a folder that its home's owner may not write", real: true, host: "pub1", check: "SPACE", code: 14, want: []string{"repository/conf", "the owner of /opt/wso2/wso2appm may not write"}, make: closedFolder},
	{name: "a port that a stranger holds", host: "gw1", check: "PORTS", code: 15, want: []string{"(https) is held by process "}, make: strangersPort},
	{name: "a name that leads elsewhere", host: "pub1", check: "NAMES", code: 15, want: []string{"10.9.9.9"}, make: foreignHostsLine},
	{name: "no database there", host: "database", check: "DATABASE", code: 16, make: noDatabase},
	{name: "a database that does not listen for the nodes", host: "gw1", check: "DATABASE", code: 16, want: []string{"the server runs, but does not listen on", "bind-address"}, make: closedDatabase},
	{name: "no way from a node to the database", real: true, host: "pub1", check: "DATABASE", code: 16, want: []string{"no route leads there from the host"}, make: noRoute("db1")},
	{name: "no way from a node to its peer", real: true, host: "pub1", check: "PEERS", code: 10, want: []string{"store1's cluster port", "open that port between the two"}, make: noRoute("store1")},
}

// TestCheck is the life of the table: before a deployment, in each situation
// that would break a run, and after.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, d := range []deployment{{name: "embedded"}, {name: "OpenSSH and MariaDB", real: true, kind: mysqld.MariaDB}} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if why := d.left(); why != "" {
				fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s over %s: %s ***\n\n", t.Name(), d.name, why)
				t.Skip(why)
			}
			w := up(t, d)
			t.Run("fresh hosts are ready", func(t *testing.T) { freshCheck(t, w) })
			before := w.look(t)
			if d.real {
				t.Run("a name that only a file knows", func(t *testing.T) { nameOfAFile(t, w) })
			}
			for _, u := range unreadies {
				if !u.real || d.real {
					t.Run(u.name, func(t *testing.T) { notReady(t, w, u) })
				}
			}
			t.Run("a plan is shown for a host that is not ready", func(t *testing.T) { planOfUnready(t, w) })
			w.same(t, before, "refused runs") // what a case spoils it puts right again
			w.want(t, 0, "apply", "--yes")
			t.Run("a deployment that is as it should be", func(t *testing.T) { settledCheck(t, w) })
			t.Run("a node that its database refuses", func(t *testing.T) { refusedCheck(t, w) })
			if d.real {
				t.Run("a host that is not ready, with nothing to do there", func(t *testing.T) { idleUnready(t, w) })
				t.Run("a hosts file that nobody asks", func(t *testing.T) { notReady(t, w, unasked) })
			}
			t.Run("an sshd that forbids tunnels", func(t *testing.T) { noTunnels(t, w) })
		})
	}
}

// table reads what check prints: host → column → cell.
func cellsOf(t *testing.T, out string) map[string]map[string]string {
	t.Helper()
	text, _, _ := strings.Cut(out, "\n\n")
	rows := strings.Split(strings.TrimSpace(text), "\n")
	columns := strings.Fields(rows[0])
	cells := map[string]map[string]string{}
	for _, r := range rows[1:] {
		words := strings.Fields(r)
		if len(words) != len(columns) {
			t.Fatalf("this is no row of the table: %q\n%s", r, out)
		}
		cells[words[0]] = map[string]string{}
		for i, c := range columns {
			cells[words[0]][c] = words[i]
		}
	}
	return cells
}

func freshCheck(t *testing.T, w *world) {
	before := w.look(t)
	counts := map[string]lab.Stats{}
	for _, h := range w.Hosts {
		counts[h.Name] = stats(t, h)
	}
	r := w.want(t, 0, "check")
	cells := cellsOf(t, r.out)
	for _, h := range w.Hosts {
		for column, cell := range cells[h.Name] {
			if cell == "FAIL" || cell == "warn" {
				t.Errorf("%s: %s is %s:\n%s", h.Name, column, cell, r.out)
			}
		}
		if len(h.Nodes) > 0 {
			costs(t, h, stats(t, h).Sub(counts[h.Name]))
		}
	}
	want := map[string]string{"REACH": "ok", "TOOLS": "ok", "HOME": "ok", "JAVA": "ok", "SPACE": "ok", "CLOCK": "ok", "PORTS": "ok", "DATABASE": "planned", "PEERS": "ok"}
	if w.Form == "real" {
		want["SUDO"], want["NAMES"] = "ok", "planned"
	}
	for column, cell := range want {
		if got := cells["pub1"][column]; got != cell {
			t.Errorf("pub1: %s is %s, want %s:\n%s", column, got, cell, r.out)
		}
	}
	if got := cells["database"]["DATABASE"]; got != "planned" {
		t.Errorf("the databases are %s, want planned", got)
	}
	w.same(t, before, "a check")
}

// costs checks what a check may cost a host: one connection, one exec, and one
// tunnel for the database and one for each peer.
func costs(t *testing.T, h *lab.Host, s lab.Stats) {
	t.Helper()
	tunnels := 1
	if h.Nodes[0].ClusterPort != 0 {
		tunnels++
	}
	if s.Connections != 1 || s.Sessions > 2 || s.Forwards > tunnels {
		t.Errorf("%s: a check took %+v, want one connection, at most two sessions and %d tunnels", h.Name, s, tunnels)
	}
}

func notReady(t *testing.T, w *world, u unready) {
	inventory := u.make(t, w)
	servers := w.servers(t)
	r := w.runOn(t, inventory, "check")
	if r.code != u.code {
		t.Errorf("check ended with %d, want %d", r.code, u.code)
	}
	cell := cellsOf(t, r.out)[u.host][u.check]
	if want := "FAIL"; cell != want {
		t.Errorf("%s of %s is %q, want %s", u.check, u.host, cell, want)
	}
	for _, text := range u.want {
		if !strings.Contains(r.out, text) {
			t.Errorf("check does not say %q", text)
		}
	}
	if t.Failed() {
		t.Logf("%s%s", r.out, r.err)
	} else {
		_, said, _ := strings.Cut(r.out, "\n\n")
		t.Logf("exit code %d: %s", r.code, said)
	}
	applied := w.runOn(t, inventory, "apply", "--yes")
	if applied.code != u.code {
		t.Errorf("apply ended with %d, want %d: %s", applied.code, u.code, applied.err)
	}
	for _, text := range u.want {
		if !strings.Contains(applied.err, text) {
			t.Errorf("apply does not say %q: %s", text, applied.err)
		}
	}
	if now := w.servers(t); now != servers {
		t.Errorf("the servers were %s and are %s", servers, now)
	}
}

// planOfUnready: a plan is true on a host that a run could not start on, and it
// says that it is one.
func planOfUnready(t *testing.T, w *world) {
	r := w.runOn(t, strangersPort(t, w), "plan")
	if want := "note: gw1: apply will refuse: ports: port "; r.code != 0 || !strings.Contains(r.out, want) || !strings.Contains(r.out, "Plan: ") {
		t.Errorf("plan ended with %d and does not say %q: %s%s", r.code, want, r.out, r.err)
	}
}

// idleUnready: where there is nothing to do there is nothing to refuse.
func idleUnready(t *testing.T, w *world) {
	h := w.Host("gw1")
	on(t, h, []string{"mount", "--bind", "/dev/null", "/usr/bin/tail"}, []string{"umount", "/usr/bin/tail"})
	if r := w.want(t, 14, "check"); cellsOf(t, r.out)["gw1"]["TOOLS"] != "FAIL" {
		t.Errorf("got %s", r.out)
	}
	if r := w.want(t, 0, "apply", "--yes"); !strings.Contains(r.out, "No changes.") || !strings.Contains(r.out, "apply will refuse: tools: ") {
		t.Errorf("got %s", r.out)
	}
}

// nameOfAFile is in a datasource that nobody uses: the host is asked about it, and
// the table warns.
func nameOfAFile(t *testing.T, w *world) {
	h, n := w.node(t, "publisher")
	file := n.Home + "/" + conf + "datasources/master-datasources.xml"
	keep(t, h.Path(file))
	replace(t, h, file, "jdbc:h2:repository/database/WSO2SOCIAL_DB;DB_CLOSE_ON_EXIT=FALSE", "jdbc:mysql://social.invalid:3306,localhost/SOCIAL")
	r := w.want(t, 0, "check")
	if want := "warn    pub1: names: " + n.Home + "/" + conf + "datasources/master-datasources.xml: line "; !strings.Contains(r.out, want) || !strings.Contains(r.out, " names social.invalid, which does not resolve on the host") {
		t.Errorf("check does not say %q: %s", want, r.out)
	}
}

// servers are the processes of all hosts' servers.
func (w *world) servers(t *testing.T) string {
	t.Helper()
	all := ""
	for _, h := range w.Hosts {
		list, err := h.Servers()
		if err != nil {
			t.Fatal(err)
		}
		all += fmt.Sprint(h.Name, list, " ")
	}
	return all
}

func settledCheck(t *testing.T, w *world) {
	before := w.look(t)
	r := w.want(t, 0, "check", "-v")
	cells := cellsOf(t, r.out)
	for _, h := range w.Hosts {
		if len(h.Nodes) > 0 && cells[h.Name]["DATABASE"] != "ok" {
			t.Errorf("%s does not use its database:\n%s", h.Name, r.out)
		}
	}
	if strings.Contains(r.out, "FAIL") || strings.Contains(r.out, "warn") || strings.Contains(r.out, "planned") {
		t.Errorf("not all is well:\n%s", r.out)
	}
	if want := "pub1: database: uses AM_DB, UM_DB, REG_DB, ES_STORAGE_DB\n"; !strings.Contains(r.out, want) {
		t.Errorf("check -v does not say %q:\n%s", want, r.out)
	}
	if got := cellsOf(t, w.want(t, 0, "check", "--limit", "pub1").out); len(got) != 1 || got["pub1"]["DATABASE"] != "ok" {
		t.Errorf("a limit is not kept: %v", got)
	}
	w.same(t, before, "a check")
}

func refusedCheck(t *testing.T, w *world) {
	h, _ := w.node(t, "publisher")
	who := "'" + w.Database.App.User + "'@'" + h.Address + "'"
	w.sql(t, "GRANT USAGE ON *.* TO "+who+" REQUIRE SSL")
	defer w.sql(t, "GRANT USAGE ON *.* TO "+who+" REQUIRE NONE")
	r := w.want(t, 16, "check")
	if cell := cellsOf(t, r.out)["pub1"]["DATABASE"]; cell != "FAIL" || !strings.Contains(r.out, "pub1: database: it cannot use the database at") || !strings.Contains(r.out, "login: Error 1045") {
		t.Errorf("the cell is %q:\n%s", cell, r.out)
	}
}

// noTunnels: what cannot be proven is a warning. It comes last: an embedded
// host's sshd does not change its mind.
func noTunnels(t *testing.T, w *world) {
	h := w.Host("pub1")
	if w.Form == "embedded" {
		h.Forbid("forward")
	} else {
		keys := h.Path("/home/deploy/.ssh/authorized_keys")
		data := keep(t, keys)
		if err := os.WriteFile(keys, append([]byte("no-port-forwarding "), data...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := w.want(t, 0, "check")
	cells := cellsOf(t, r.out)["pub1"]
	if cells["DATABASE"] != "warn" || cells["PEERS"] != "warn" || !strings.Contains(r.out, "AllowTcpForwarding") {
		t.Errorf("got %v:\n%s", cells, r.out)
	}
	replace(t, h, h.Nodes[0].Home+"/"+conf+"axis2/axis2.xml", "wso2.pub.store.domain", "wso2.other.domain")
	applied := w.want(t, 0, "apply", "--yes")
	if !strings.Contains(applied.err, "warning: pub1: peers: cannot be proven from here") {
		t.Errorf("apply does not warn: %s", applied.err)
	}
}

// on runs a command on a real host now, and another when the test ends.
func on(t *testing.T, h *lab.Host, now, later []string) {
	t.Helper()
	if _, err := h.Exec(t.Context(), now...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := h.Exec(context.Background(), later...); err != nil { // the test's own has ended
			t.Error(err)
		}
	})
}

// hidden takes programs out of gw1's PATH.
func hidden(programs ...string) func(*testing.T, *world) string {
	return func(t *testing.T, w *world) string {
		for _, p := range programs {
			if _, err := os.Stat(p); err == nil {
				on(t, w.Host("gw1"), []string{"mount", "--bind", "/dev/null", p}, []string{"umount", p})
			}
		}
		return w.inventory
	}
}

func fullLib(t *testing.T, w *world) string {
	h, n := w.node(t, "publisher")
	lib := n.Home + "/repository/components/lib"
	on(t, h, []string{"mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", lib}, []string{"umount", lib})
	return w.inventory
}

func closedFolder(t *testing.T, w *world) string {
	h, n := w.node(t, "publisher")
	folder := n.Home + "/repository/conf"
	on(t, h, []string{"chown", "root:root", folder}, []string{"chown", "wso2:wso2", folder})
	return w.inventory
}

func noRoute(to string) func(*testing.T, *world) string {
	return func(t *testing.T, w *world) string {
		address := w.Host(to).Address
		on(t, w.Host("pub1"), []string{"ip", "route", "add", "unreachable", address}, []string{"ip", "route", "del", "unreachable", address})
		return w.vary(t, "[ssh]\n", "[ssh]\nconnect_timeout = \"4s\"\n") // the way back is barred too, and that is silent
	}
}

func wrongJava(t *testing.T, w *world) string {
	home := w.JavaHome + "-9"
	for _, h := range w.Hosts {
		for file, text := range map[string]string{"bin/java": "#!/bin/sh\nexit 1\n", "release": "JAVA_VERSION=\"9.0.4\"\n"} {
			path := filepath.Join(h.Path(home), file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { os.RemoveAll(h.Path(home)) })
	}
	return w.vary(t, fmt.Sprintf("java_home = %q", w.JavaHome), fmt.Sprintf("java_home = %q", home))
}

// strangersPort has a process listen where the Gateway's server is to.
func strangersPort(t *testing.T, w *world) string {
	h, n := w.node(t, "gateway")
	port := 9443 + n.Offset
	if w.Form == "embedded" {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return w.inventory
	}
	on(t, h, []string{"/usr/sbin/sshd", "-p", fmt.Sprint(port), "-o", "PidFile=/run/stranger.pid"}, []string{"sh", "-c", "kill $(cat /run/stranger.pid)"})
	return w.inventory
}

// closedDatabase: the tool comes in at one port, the nodes are to at another,
// as with a server that listens on loopback only.
func closedDatabase(t *testing.T, w *world) string {
	at := fmt.Sprintf("port = %d\n", w.Database.Port)
	return w.vary(t, at, fmt.Sprintf("port = %d\nadmin_port = %d\n", closedPort(t), w.Database.Port))
}

// unasked: the hosts file is right, and the host does not look into it.
var unasked = unready{host: "pub1", check: "NAMES", code: 15, want: []string{"does not resolve, although /etc/hosts maps it", "/etc/nsswitch.conf"}, make: func(t *testing.T, w *world) string {
	h, n := w.node(t, "publisher")
	file := h.Path("/etc/nsswitch.conf")
	data := keep(t, file)
	if err := os.WriteFile(file, []byte(strings.Replace(string(data), "hosts: files", "hosts: dns", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	// Something is to be done, or apply would have nothing to refuse.
	axis2 := h.Path(n.Home + "/" + conf + "axis2/axis2.xml")
	keep(t, axis2)
	replace(t, h, n.Home+"/"+conf+"axis2/axis2.xml", "wso2.pub.store.domain", "wso2.other.domain")
	return w.inventory
}}
