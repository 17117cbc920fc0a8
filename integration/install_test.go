package integration_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/product"
)

// TestInstall is the life of a database server that the tool installs, by the
// host's own apt from a source of packages of the lab's own.
func TestInstall(t *testing.T) {
	t.Parallel()
	why := deployment{real: true}.left()
	if _, err := exec.LookPath("apt-get"); err != nil && why == "" {
		why = "this is no Debian, and the lab's hosts are made of the machine"
	}
	if why != "" {
		fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s: %s ***\n\n", t.Name(), why)
		t.Skip(why)
	}
	machine := ofMachine(t)
	w := upBare(t)
	t.Cleanup(func() {
		if now := ofMachine(t); now != machine {
			t.Errorf("this machine itself had %q and has %q", machine, now)
		}
	})
	for _, s := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"without package lists the plan says so, and changes nothing", unknownPackage},
		{"what apt refuses is told in its words", noSource},
		{"a plan shows package, file, start and account, and changes nothing", installPlan},
		{"the tool is killed while packages are set up, and the next run goes on", installKilled},
		{"apply installs, loads, connects", installApply},
		{"a file that is gone is written again, and nothing restarts", lostFile},
		{"a server that listens where no node comes is shown and restarted", loopbackOnly},
		{"of a stopped server that was used nothing is guessed", stoppedDatabase},
		{"without a service of its own the server's guard starts it", withoutService},
		{"an admin with another password is left alone", foreignAdmin},
		{"an installation that a power cut ended is finished, and another admin made", halfInstalled},
	} {
		if !t.Run(s.name, func(t *testing.T) { s.run(t, w) }) {
			t.Fatal("the rest builds on this")
		}
	}
}

const (
	dropIn  = "/etc/mysql/mariadb.conf.d/zz-appm-provision.cnf"
	nowhere = "deb [trusted=yes] file:/srv/nowhere ./\n"
)

// ofMachine tells what the machine itself has of what is installed and removed
// on the host, which is a layer over it.
func ofMachine(t *testing.T) string {
	t.Helper()
	var there []string
	for _, path := range []string{dropIn, "/etc/mysql/mariadb.conf.d/50-server.cnf", "/usr/sbin/mariadbd", "/etc/init.d/mariadb", "/srv/packages"} {
		if _, err := os.Stat(path); err == nil {
			there = append(there, path)
		}
	}
	return strings.Join(there, " ")
}

// upBare is a lab of one node, and a database host with nothing on it.
func upBare(t *testing.T) *world {
	t.Helper()
	return upPartial(t, lab.Options{Layout: []lab.HostSpec{{Name: "idp1", Nodes: []lab.NodeSpec{{Role: "idp"}}}}, Packages: []string{"mariadb-server"}}, "")
}

// upPartial is a lab of real hosts that lacks roles; more is more of that
// section of its inventory.
func upPartial(t *testing.T, o lab.Options, more string) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "appm-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o.Java, o.Product = java, product.Home{Standin: map[string]string{"start_ms": "100", "stop_ms": "50"}}
	l, err := lab.Real(t.Context(), filepath.Join(dir, "lab"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{Lab: l, tool: tool, inventory: filepath.Join(l.Dir, "inventory.toml"), state: filepath.Join(t.TempDir(), "state")}
	text := "partial = true\n" + strings.Replace(l.Inventory(lab.InventoryOptions{}), "[product]\n", "[product]\n"+more, 1)
	if err := os.WriteFile(w.inventory, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// files are all files of the hosts; of the database host those that differ
// from the machine's.
func (w *world) files(t *testing.T) map[string]lab.Tree {
	t.Helper()
	trees := map[string]lab.Tree{}
	for _, h := range w.Hosts {
		tree, err := h.HashTree(lab.Volatile...)
		if err != nil {
			t.Fatal(err)
		}
		if len(tree) < 20 {
			t.Fatalf("%s: only %d files were looked at", h.Name, len(tree))
		}
		trees[h.Name] = tree
	}
	return trees
}

func (w *world) sameFiles(t *testing.T, before map[string]lab.Tree, what string) {
	t.Helper()
	now := w.files(t)
	for _, h := range w.Hosts {
		if d := before[h.Name].Diff(now[h.Name]); len(d) > 0 {
			t.Errorf("%s changed files on %s:\n%s", what, h.Name, strings.Join(d, "\n"))
		}
	}
}

// on runs a command on the database host.
func (w *world) on(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := w.Host(lab.DatabaseHost).Exec(t.Context(), argv...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) says(t *testing.T, text string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

func unknownPackage(t *testing.T, w *world) {
	before := w.files(t)
	plan := w.want(t, 2, "plan", "--detailed-exitcode").out
	w.says(t, plan, "note: db1: package mariadb-server: apt does not know it yet", "+ package mariadb-server, by apt", "ALTER USER 'root'@'localhost'")
	w.sameFiles(t, before, "a plan")
}

// noSource fails before the first package, and names what apt said.
func noSource(t *testing.T, w *world) {
	if err := w.Host(lab.DatabaseHost).WritePackageSources(nowhere); err != nil {
		t.Fatal(err)
	}
	r := w.want(t, 21, "apply", "--yes")
	w.says(t, r.err, "db1: package mariadb-server was not installed: apt ended with 100", "/srv/nowhere", "idp1: not started")
	if err := w.Host(lab.DatabaseHost).WritePackageSources(""); err != nil {
		t.Fatal(err)
	}
	w.on(t, "apt-get", "-q", "update")
}

func installPlan(t *testing.T, w *world) {
	before := w.files(t)
	plan := w.want(t, 2, "plan", "--detailed-exitcode").out
	candidate := regexp.MustCompile(`Candidate: (\S+)`).FindStringSubmatch(w.on(t, "apt-cache", "policy", "mariadb-server"))
	if candidate == nil {
		t.Fatal("apt knows no candidate")
	}
	w.says(t, plan, "+ package mariadb-server "+candidate[1]+", by apt: there is no database server",
		"+ "+dropIn, "+ bind-address = 0.0.0.0", "+ port = 3306", "> start database server",
		"~ account root", "ALTER USER 'root'@'localhost' IDENTIFIED VIA mysql_native_password USING (secret) OR unix_socket;",
		"mariadb-server-core "+candidate[1], "create, load 2 scripts", "CREATE USER 'appm'@'"+w.Host("idp1").Address+"' IDENTIFIED BY PASSWORD (secret);", "> start idp1")
	again := w.want(t, 0, "apply", "--dry-run").out
	if again != plan || w.planAgain(t) != plan {
		t.Errorf("apply --dry-run prints another plan:\n%s", again)
	}
	w.sameFiles(t, before, "a plan")
}

// installKilled kills the tool when the first package is set up. What installs
// goes on to its end, so the next plan begins with the package's file.
func installKilled(t *testing.T, w *world) {
	cmd := exec.Command(w.tool, "apply", "--yes", "-i", w.inventory)
	cmd.Env = w.environ()
	progress, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(progress)
	for lines.Scan() && !strings.Contains(lines.Text(), ": Setting up ") {
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(lines.Text(), ": Setting up ") {
		t.Fatalf("the tool ended (%v) before a package was set up: %s", err, lines.Text())
	}
	for i := 0; !strings.Contains(w.on(t, "sh", "-c", "dpkg-query -W -f '${db:Status-Status}' mariadb-server || :"), "installed"); i++ {
		if i == 3000 {
			t.Fatal("the installation did not go on to its end")
		}
		time.Sleep(100 * time.Millisecond)
	}
	for i := 0; strings.Contains(w.on(t, "ps", "-eo", "args"), "apt-get"); i++ {
		if i == 3000 {
			t.Fatal("apt-get does not end")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func installApply(t *testing.T, w *world) {
	plan := w.want(t, 0, "plan").out
	if got := headlines(plan); len(got) < 3 || !strings.HasPrefix(got[0], "~ account root") || strings.Contains(plan, "package mariadb-server") {
		t.Errorf("the plan is\n%s\nwant all but the package", plan)
	}
	r := w.want(t, 0, "apply", "--yes")
	t.Log(r.err)
	if !strings.HasPrefix(r.out, plan) {
		t.Error("apply does not begin with the plan that plan printed")
	}
	w.says(t, r.err, "install   db1: "+dropIn, "verify    idp1: uses AM_DB, UM_DB")
	if got := w.on(t, "mariadb", "-N", "-e", "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema IN ('AM_DB','UM_DB','REG_DB','ES_STORAGE_DB')"); strings.TrimSpace(got) == "0" {
		t.Error("no tables were loaded")
	}
	for _, secret := range []string{w.Database.Admin.Password, w.Database.App.Password} {
		if where := w.on(t, "sh", "-c", `grep -rlF -e "$1" /run/layer /run/mysqld /tmp /home || :`, "sh", secret); where != "" {
			t.Errorf("a password stands on the database host in %s", where)
		}
	}
	w.converged(t)
}

func (w *world) converged(t *testing.T) {
	t.Helper()
	before, was := w.files(t), stats(t, w.Host(lab.DatabaseHost))
	w.says(t, w.want(t, 0, "plan", "--detailed-exitcode").out, "No changes.")
	if took := stats(t, w.Host(lab.DatabaseHost)).Sub(was); took.Connections != 1 || took.Sessions > 1 {
		t.Errorf("the plan took %d connections to the database host and %d session channels, want 1 and 1", took.Connections, took.Sessions)
	}
	w.sameFiles(t, before, "a plan of what is as it should be")
}

// databasePID is the server's process as its host sees it.
func (w *world) databasePID(t *testing.T) string {
	t.Helper()
	return w.on(t, "cat", "/run/mysqld/mysqld.pid")
}

// planned wants exactly these changes.
func (w *world) planned(t *testing.T, want ...string) {
	t.Helper()
	plan := w.want(t, 2, "plan", "--detailed-exitcode").out
	got := headlines(plan)
	matches := func(line, start string) bool { return strings.HasPrefix(line, start) }
	if !slices.EqualFunc(got, want, matches) {
		t.Errorf("the plan is\n%s\nwant only %q", plan, want)
	}
}

func lostFile(t *testing.T, w *world) {
	good, pid := w.files(t), w.databasePID(t)
	w.on(t, "rm", dropIn)
	w.planned(t, "+ "+dropIn)
	w.want(t, 0, "apply", "--yes")
	w.sameFiles(t, good, "healing")
	if w.databasePID(t) != pid {
		t.Error("the database server was restarted, and listened where it should")
	}
}

func loopbackOnly(t *testing.T, w *world) {
	node := w.server(t, w.Host("idp1"))
	w.on(t, "sed", "-i", "s/^bind-address.*/bind-address = 127.0.0.1/", dropIn)
	w.on(t, "service", "mariadb", "restart")
	w.planned(t, "~ "+dropIn, "> restart database server: it listens at 127.0.0.1 only")
	w.want(t, 0, "apply", "--yes")
	w.converged(t)
	if w.server(t, w.Host("idp1")) != node {
		t.Error("the node was restarted too")
	}
}

// stoppedDatabase holds what only the server can tell, so nothing is guessed.
func stoppedDatabase(t *testing.T, w *world) {
	w.on(t, "service", "mariadb", "stop")
	r := w.want(t, 15, "plan")
	w.says(t, r.err, "db1: database server: it does not run", "start it on the host")
	w.on(t, "service", "mariadb", "start")
	w.converged(t)
}

func foreignAdmin(t *testing.T, w *world) {
	w.on(t, "mariadb", "-e", "ALTER USER root@localhost IDENTIFIED VIA mysql_native_password USING PASSWORD('somebody else') OR unix_socket")
	r := w.want(t, 15, "plan")
	w.says(t, r.err, "account root", "another password", "left alone")
}

// withoutService takes the package's script away, as where a server came
// without one, and runs what the tool would run on the host.
func withoutService(t *testing.T, w *world) {
	script, err := os.ReadFile("../pkg/converge/service.sh")
	if err != nil {
		t.Fatal(err)
	}
	const service, aside = "/etc/init.d/mariadb", "/root/mariadb"
	start := func() string {
		return w.on(t, "sh", "-c", string(script)+"\n:", "sh", "MariaDB", "3306", "", "30")
	}
	w.on(t, "service", "mariadb", "stop")
	w.on(t, "mv", service, aside)
	w.says(t, start(), "says /usr/bin/m", "\nup\n")
	out, err := w.Host(lab.DatabaseHost).Exec(t.Context(), "sh", "-c", string(script), "sh", "MariaDB", "3306", "", "30")
	if err == nil || !strings.Contains(out, "was not started by a service of this host") {
		t.Errorf("a server without a service is restarted: %v, %s", err, out)
	}
	w.on(t, "mv", aside, service)
	w.on(t, "service", "mariadb", "stop")
	w.on(t, "service", "mariadb", "start")
}

// halfInstalled begins anew, on a host where packages were unpacked and nothing
// was set up.
func halfInstalled(t *testing.T, w *world) {
	w.on(t, "service", "mariadb", "stop")
	if err := w.Host(lab.DatabaseHost).Bare(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.on(t, "sh", "-c", "DEBIAN_FRONTEND=noninteractive dpkg --unpack /srv/packages/*.deb")
	w.inventory = w.vary(t, "user = \"root\"", "user = \"ops\"")
	r := w.want(t, 0, "apply", "--yes")
	w.says(t, r.out, "+ package mariadb-server, by apt: its installation was cut off (unpacked)", "+ account ops", "CREATE USER 'ops'@'localhost' IDENTIFIED BY PASSWORD (secret);", "GRANT ALL PRIVILEGES ON *.* TO 'ops'@'localhost' WITH GRANT OPTION;")
	w.converged(t)
}
