// Package integration_test runs the tool itself against whole deployments:
// in-process SSH servers anywhere, and as root on Linux real OpenSSH hosts with
// MariaDB and MySQL 5.6.
package integration_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/mysqld"
	"github.com/appm-provision/appm-provision/integration/product"
)

// tool and java are built once.
var tool, java string

// Worlds are side by side, more of them than there are processors: most of their
// time is waiting. -parallel says otherwise.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "appm-tool-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	tool, java = filepath.Join(dir, "appm-provision"), filepath.Join(dir, "java")
	os.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state")) // worlds have their own; nothing is to reach the real one
	build := exec.Command("go", "build", "-o", tool, "../cmd/appm-provision")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	if err := lab.BuildJava(context.Background(), java); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// deployment is one form of the lab that the suites run over.
type deployment struct {
	name  string
	real  bool
	kind  mysqld.Kind
	stock bool           // on the stock configuration files, where they are at hand
	bound string         // the host whose /etc/hosts cannot be renamed over
	sudo  string         // the password that sudo asks for; "" is none
	under string         // the folder that the lab is made in; "" is the usual one
	hosts []lab.HostSpec // nil: a node of each role, on hosts of their own
	pack  bool           // the hosts have no homes, and the operator has the pack
}

var deployments = []deployment{
	{name: "embedded"},
	{name: "OpenSSH and MariaDB", real: true, kind: mysqld.MariaDB, bound: "gw1"},
	{name: "OpenSSH and MySQL 5.6", real: true, kind: mysqld.MySQL56, stock: true},
}

// left says why a deployment cannot be built here; empty when it can.
func (d deployment) left() string {
	switch {
	case !d.real:
		return ""
	case runtime.GOOS != "linux":
		return "real hosts are made of Linux namespaces"
	case os.Getuid() != 0:
		return "real hosts need root"
	case d.kind == mysqld.MySQL56 && runtime.GOARCH != "amd64":
		return "MySQL 5.6 comes as a program for amd64"
	}
	return ""
}

// each runs a suite over every form of the lab. One that cannot be built here
// is left out loudly.
func each(t *testing.T, suite func(*testing.T, *world)) { over(t, deployments, suite) }

func over(t *testing.T, list []deployment, suite func(*testing.T, *world)) {
	for _, d := range list {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if why := d.left(); why != "" {
				fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s over %s: %s ***\n\n", t.Name(), d.name, why)
				t.Skip(why)
			}
			suite(t, up(t, d))
		})
	}
}

// world is a lab and the tool's way to it. Worlds are side by side: each has
// an environment of its own.
type world struct {
	*lab.Lab
	inventory string
	tool      string
	state     string   // XDG_STATE_HOME: where the records of its runs are
	env       []string // more of what the tool finds in its environment
}

// environ is what the tool finds in its environment.
func (w *world) environ() []string {
	return append(append(os.Environ(), "SSH_AUTH_SOCK=", "XDG_STATE_HOME="+w.state), w.env...)
}

func up(t *testing.T, d deployment) *world {
	t.Helper()
	o := lab.Options{Kind: d.kind, Java: java, BoundHosts: d.bound, SudoPassword: d.sudo, Layout: d.hosts, Pack: d.pack, Product: product.Home{Standin: map[string]string{"start_ms": "100", "stop_ms": "50"}}}
	if stock := os.Getenv("APPM_STOCK_CONF"); d.stock {
		if stock == "" {
			t.Log("APPM_STOCK_CONF does not name the stock configuration files: the homes are the project's own fixtures")
		}
		o.Product.Stock = stock
	}
	dir, err := os.MkdirTemp(d.under, "appm-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	begin := lab.Embedded
	if d.real {
		begin = lab.Real
	}
	l, err := begin(t.Context(), filepath.Join(dir, "lab"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{Lab: l, tool: tool, state: filepath.Join(dir, "state")}
	w.inventory, err = l.WriteInventory()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// patience is how long a test waits for what must come: a busy machine takes its
// time, and nothing fails that comes late.
const patience = 5 * time.Minute

// unstamped is a line of progress without its time.
func unstamped(line string) string {
	at, text, found := strings.Cut(line, " ")
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", at); !found || err != nil {
		return line
	}
	return text
}

// result is what one call of the tool gave.
type result struct {
	out, err string
	code     int
}

// run calls the tool on the lab's inventory.
func (w *world) run(t *testing.T, args ...string) result {
	t.Helper()
	return w.runOn(t, w.inventory, args...)
}

func (w *world) runOn(t *testing.T, inventory string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.tool, append(args, "-i", inventory)...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	cmd.Env = w.environ()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := result{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	for _, secret := range []string{w.Database.Admin.Password, w.Database.App.Password} {
		if strings.Contains(r.out+r.err, secret) {
			t.Errorf("%v prints a password", args)
		}
	}
	if strings.Contains(r.err, "goroutine ") {
		t.Errorf("%v panics:\n%s", args, r.err)
	}
	return r
}

// want calls the tool and insists on its exit code.
func (w *world) want(t *testing.T, code int, args ...string) result {
	t.Helper()
	r := w.run(t, args...)
	if r.code != code {
		w.logs(t)
		t.Fatalf("%v ended with %d, want %d\n%s%s", args, r.code, code, r.out, r.err)
	}
	return r
}

// vary writes the inventory with one text in place of another.
func (w *world) vary(t *testing.T, pairs ...string) string {
	t.Helper()
	src, err := os.ReadFile(w.inventory)
	if err != nil {
		t.Fatal(err)
	}
	text := string(src)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the inventory holds no %q:\n%s", pairs[i], text)
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	file := filepath.Join(t.TempDir(), "inventory.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// sight is everything that a run could have changed: every file of every host
// and every row of the databases.
type sight struct {
	trees map[string]lab.Tree
	dump  string
}

func (w *world) look(t *testing.T) sight {
	t.Helper()
	s := sight{trees: map[string]lab.Tree{}}
	for _, h := range w.Hosts {
		tree, err := h.HashTree(lab.Volatile...)
		if err != nil {
			t.Fatal(err)
		}
		if len(h.Nodes) > 0 && len(tree) < 20 {
			t.Fatalf("%s: only %d files were looked at", h.Name, len(tree))
		}
		s.trees[h.Name] = tree
	}
	var err error
	if s.dump, err = w.DumpDatabases(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// same fails where anything differs from an earlier sight.
func (w *world) same(t *testing.T, before sight, what string) {
	t.Helper()
	w.equal(t, before, w.look(t), what)
}

func (w *world) equal(t *testing.T, before, now sight, what string) {
	t.Helper()
	for _, h := range w.Hosts {
		if d := before.trees[h.Name].Diff(now.trees[h.Name]); len(d) > 0 {
			t.Errorf("%s changed files on %s:\n%s", what, h.Name, strings.Join(d, "\n"))
		}
	}
	if before.dump != now.dump {
		t.Errorf("%s changed the databases: %s", what, firstDifference(before.dump, now.dump))
	}
}

// node finds the host and node of a role.
func (w *world) node(t *testing.T, role string) (*lab.Host, lab.Node) {
	t.Helper()
	hosts, nodes := w.NodesOf(role)
	if len(nodes) == 0 {
		t.Fatalf("no %s", role)
	}
	return hosts[0], nodes[0]
}

// server is the pid of a host's only server.
func (w *world) server(t *testing.T, h *lab.Host) int {
	t.Helper()
	list, err := h.Servers()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 {
		t.Fatalf("%s: %d servers run, want 1: %v\n%s", h.Name, len(list), list, h.ServerLog(h.Nodes[0]))
	}
	return list[0].PID
}

// logs shows the end of every server's log, for a failure.
func (w *world) logs(t *testing.T) {
	t.Helper()
	for _, h := range w.Hosts {
		list, err := h.Servers()
		t.Logf("%s runs %v %v", h.Name, list, err)
		for _, n := range h.Nodes {
			log := h.ServerLog(n)
			t.Logf("%s: …%s", h.Name, log[max(0, len(log)-600):])
		}
	}
}

// withoutLedger leaves out when the tool did what: healing happens later than
// what it heals.
func (s sight) withoutLedger() sight {
	const ledger, next = "-- SHOW CREATE DATABASE `appm_provision`", "-- SHOW CREATE DATABASE "
	if from := strings.Index(s.dump, ledger); from >= 0 {
		rest := s.dump[from+len(ledger):]
		to := strings.Index(rest, next)
		if grants := strings.Index(rest, "-- SHOW GRANTS"); to < 0 || grants >= 0 && grants < to {
			to = grants
		}
		s.dump = s.dump[:from] + rest[max(to, 0):]
	}
	return s
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return fmt.Sprintf("%q became %q", x[i], strings.Join(y[min(i, len(y)):min(i+1, len(y))], ""))
		}
	}
	return "lines were added"
}
