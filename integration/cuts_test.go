package integration_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/wire"
)

// TestCuts cuts a full apply, the load of the databases and the start of all
// servers with it, at each of its wire operations, and kills the tool at each.
// A wire operation is what one read of the proxy between the tool and a host
// takes. APPM_CUTS=all takes all of them, a number that many; without it a few
// are drawn. APPM_SEED repeats a draw.
func TestCuts(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: the processes of the hosts are found in /proc")
	}
	sum := &toll{exits: map[int]int{}}
	c := cutting(t, sum)
	points := c.draw(t, 7)
	sideBySide(t, len(points), func(t *testing.T, first bool, take func() (int, bool)) {
		w := c
		if !first {
			w = cutting(t, sum)
		}
		for i, more := take(); more; i, more = take() {
			if !t.Run(points[i].String(), func(t *testing.T) { w.at(t, points[i]) }) {
				sum.add(&sum.failures)
			}
			if sum.failed() {
				t.Fatal("enough is enough")
			}
			if testing.Verbose() && (i+1)%20 == 0 {
				fmt.Fprintf(os.Stderr, "    %d of %d: %s\n", i+1, len(points), sum)
			}
		}
	})
	fmt.Fprintf(os.Stderr, "%s: %s\n", t.Name(), sum)
	if done := sum.cuts + sum.past; done != len(points) && !t.Failed() {
		t.Errorf("%d of %d points were tried", done, len(points))
	}
}

// sideBySide shares n pieces of work among worlds, most of whose time is
// waiting. Each takes the next piece when it is done with one.
func sideBySide(t *testing.T, n int, work func(t *testing.T, first bool, take func() (int, bool))) {
	t.Helper()
	var next atomic.Int64
	take := func() (int, bool) {
		i := int(next.Add(1)) - 1
		return i, i < n
	}
	var all sync.WaitGroup
	for k := range min(8, 1+n/20) {
		all.Go(func() {
			t.Run(fmt.Sprintf("world %d", k+1), func(t *testing.T) { work(t, k == 0, take) })
		})
	}
	all.Wait()
}

// point is where a run is broken.
type point struct {
	host string
	at   int  // which operation on the host's line
	kill bool // the tool, instead of the connection
}

func (p point) String() string {
	what := "cut"
	if p.kill {
		what = "kill -9"
	}
	return fmt.Sprintf("%s at operation %d of %s", what, p.at, p.host)
}

// toll counts what happened, in all worlds.
type toll struct {
	mu                                  sync.Mutex
	cuts, kills, past, torn, lost, open int
	kept                                int // files that were replaced, and are in the store
	exits                               map[int]int
	failures                            int
}

func (t *toll) add(count *int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*count++
}

// broke counts a run that was broken.
func (t *toll) broke(p point, exit int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cuts++
	if p.kill {
		t.kills++
	}
	t.exits[exit]++
}

// failed tells whether so much went wrong that more of it tells nothing.
func (t *toll) failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failures > 10
}

func (t *toll) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("cuts %d (of them kill -9 %d), torn %d, lost %d, not converged %d; replaced and kept %d; points that the run did not reach %d; exit codes of the broken runs %v",
		t.cuts, t.kills, t.torn, t.lost, t.open, t.kept, t.past, t.exits)
}

// broken is a world whose runs are broken, and what it is compared with.
type broken struct {
	*world
	lines         map[string]*wire.Proxy
	pristine      string // a copy of the hosts' files
	before, after map[string]lab.Tree
	dump          string // of the databases, after the unbroken run
	count         map[string]int
	toll          *toll
}

func cutting(t *testing.T, sum *toll) *broken {
	t.Helper()
	c := &broken{world: up(t, deployment{name: "embedded"}), lines: map[string]*wire.Proxy{}, count: map[string]int{}, toll: sum}
	c.pristine = filepath.Join(t.TempDir(), "hosts")
	copied(t, filepath.Join(c.Dir, "hosts"), c.pristine)
	for _, h := range c.Hosts {
		c.lines[h.Name] = c.through(t, h)
	}
	text := c.Lab.Inventory(lab.InventoryOptions{Via: c.Hosts[0].Name})
	if err := os.WriteFile(c.inventory, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c.before = c.trees(t)
	c.unbroken(t)
	return c
}

// through puts a line between the tool and a host.
func (w *world) through(t *testing.T, h *lab.Host) *wire.Proxy {
	t.Helper()
	p, err := wire.Listen(wire.Options{Target: h.SSH.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if err := h.ReachThrough(p.Address); err != nil {
		t.Fatal(err)
	}
	return p
}

// unbroken applies twice from the beginning: what both give is what a broken
// run and its rerun have to give.
func (c *broken) unbroken(t *testing.T) {
	t.Helper()
	for range 2 {
		c.reset(t)
		begun := c.counts()
		c.want(t, 0, "apply", "--yes")
		for name, n := range c.counts() {
			c.count[name] = n - begun[name]
		}
		after, dump := c.trees(t), c.state(t)
		if c.after != nil {
			c.alike(t, after, dump, "a second unbroken run")
		}
		c.after, c.dump = after, dump
	}
	if t.Failed() {
		t.FailNow()
	}
}

func (c *broken) counts() map[string]int {
	n := map[string]int{}
	for name, l := range c.lines {
		n[name] = l.Count().Changes
	}
	return n
}

// draw chooses the points, and says by which seed.
func (c *broken) draw(t *testing.T, few int) []point {
	t.Helper()
	var all []point
	for _, name := range slices.Sorted(maps.Keys(c.count)) {
		for at := 1; at <= c.count[name]; at++ {
			all = append(all, point{name, at, false}, point{name, at, true})
		}
	}
	total := len(all)
	wish, seed := os.Getenv("APPM_CUTS"), seedOf(t)
	if wish == "all" {
		return all
	}
	if wish != "" {
		n, err := strconv.Atoi(wish)
		if err != nil {
			t.Fatalf("APPM_CUTS is %q, want all or a number", wish)
		}
		few = n
	}
	random := rand.New(rand.NewPCG(seed, 0))
	random.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	all = all[:min(few, len(all))]
	fmt.Fprintf(os.Stderr, "%s: %d of %d points (%v operations, each cut and killed at); APPM_SEED=%d\n", t.Name(), len(all), total, c.count, seed)
	return all
}

// seedOf is APPM_SEED, or another one each time.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("APPM_SEED")
	if text == "" {
		return rand.Uint64()
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("APPM_SEED: %v", err)
	}
	return seed
}

// at breaks one run and makes it good again.
func (c *broken) at(t *testing.T, p point) {
	t.Helper()
	c.reset(t)
	r := c.breakAt(t, p)
	if !r.hit {
		c.toll.add(&c.toll.past)
		return
	}
	c.toll.broke(p, r.code)
	if !p.kill && (r.code < 0 || r.code == 1 || r.code == 130 || r.code != 0 && strings.TrimSpace(r.err) == "") {
		t.Errorf("%s: ended with %d: %s", p, r.code, r.err)
	}
	c.whole(t, p)
	c.quiet(t)
	c.whole(t, p)
	c.kept(t, p)
	again := c.run(t, "apply", "--yes")
	ok := again.code == 0
	if !ok {
		t.Errorf("%s: the rerun ended with %d\n%s\nafter\n%s", p, again.code, again.err, r.err)
	} else {
		ok = c.alike(t, c.trees(t), c.state(t), p.String()+", and the rerun") && c.serves(t, p)
	}
	if !ok {
		c.toll.add(&c.toll.open)
	}
}

type breakage struct {
	result
	hit bool
}

// breakAt applies, and cuts or kills at the point.
func (c *broken) breakAt(t *testing.T, p point) breakage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.tool, "apply", "--yes", "-i", c.inventory)
	cmd.Env = c.environ()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	started, hit := make(chan struct{}), make(chan struct{}, 1)
	line := c.lines[p.host]
	line.SetCut(wire.Cut{Of: wire.Changes, At: p.at, Do: func() {
		<-started
		hit <- struct{}{}
		if p.kill {
			_ = cmd.Process.Kill() // that it has ended already is fine
		} else {
			line.Drop()
		}
	}})
	defer line.SetCut(wire.Cut{})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if strings.Contains(stderr.String(), "goroutine ") {
		t.Errorf("%s: the tool panics:\n%s", p, stderr.String())
	}
	return breakage{result{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}, len(hit) == 1}
}

// ours are the files that the tool keeps for itself on a host: its store, and
// what it is about to put in place.
var (
	stored = regexp.MustCompile(`^/var(/lib(/appm-provision(/.*)?)?)?$`)
	ofTool = regexp.MustCompile(`/\.[^/]*\.appm-[^/]*$|/\.appm-provision(/[^/]*)?$`)
)

// whole checks that each file is as it was before the run, or as it is after.
func (c *broken) whole(t *testing.T, p point) {
	t.Helper()
	for host, now := range c.trees(t) {
		for path := range now {
			_, was := c.before[host][path]
			if _, will := c.after[host][path]; !was && !will && !ofTool.MatchString(path) {
				c.toll.add(&c.toll.torn)
				t.Errorf("%s: %s: %s was never to be there", p, host, path)
			}
		}
		for path := range joined(c.before[host], c.after[host]) {
			was, will, is := c.before[host][path], c.after[host][path], now[path]
			switch {
			case is == was || is == will:
			case is == "":
				c.toll.add(&c.toll.lost)
				t.Errorf("%s: %s: %s is lost", p, host, path)
			default:
				c.toll.add(&c.toll.torn)
				t.Errorf("%s: %s: %s is torn: %s, was %s, shall be %s", p, host, path, is, was, will)
			}
		}
	}
}

func joined(a, b lab.Tree) lab.Tree {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// alike compares with the unbroken run.
func (c *broken) alike(t *testing.T, trees map[string]lab.Tree, dump, what string) bool {
	t.Helper()
	same := dump == c.dump
	if !same {
		t.Errorf("%s: the databases differ: %s", what, firstDifference(c.dump, dump))
	}
	for host, tree := range trees {
		if d := c.after[host].Diff(tree); len(d) > 0 {
			t.Errorf("%s: %s differs:\n%s", what, host, strings.Join(d, "\n"))
			same = false
		}
	}
	return same
}

// serves checks that each node runs once.
func (c *broken) serves(t *testing.T, p point) bool {
	t.Helper()
	good := true
	for _, h := range c.Hosts {
		list, err := h.Servers()
		if err != nil || len(list) != len(h.Nodes) {
			t.Errorf("%s: %s runs %v (%v), want %d servers", p, h.Name, list, err, len(h.Nodes))
			good = false
		}
	}
	return good
}

// trees are the hosts' files, without what servers change by themselves and
// what a host keeps of runs.
func (c *broken) trees(t *testing.T) map[string]lab.Tree {
	t.Helper()
	all := map[string]lab.Tree{}
	for _, h := range c.Hosts {
		tree, err := h.HashTree("*/repository/logs", "*/repository/components/dropins", "*/wso2carbon.pid", "/opt/*/tmp", "/tmp")
		if err != nil {
			t.Fatal(err)
		}
		maps.DeleteFunc(tree, func(path, _ string) bool { return stored.MatchString(path) })
		all[h.Name] = tree
	}
	return all
}

// kept checks that what was replaced is in its host's store, whole.
func (c *broken) kept(t *testing.T, p point) {
	t.Helper()
	for _, h := range c.Hosts {
		tree, err := h.HashTree()
		if err != nil {
			t.Fatal(err)
		}
		store := map[string]bool{}
		for path, line := range tree {
			if stored.MatchString(path) {
				store[digestIn(line)] = true
			}
		}
		for path, was := range c.before[h.Name] {
			will := c.after[h.Name][path]
			switch {
			case was == will || tree[path] != will || strings.HasPrefix(was, "d"):
			case store[digestIn(was)]:
				c.toll.add(&c.toll.kept)
			default:
				c.toll.add(&c.toll.lost)
				t.Errorf("%s: %s: %s was replaced, and what it was is not in the store", p, h.Name, path)
			}
		}
	}
}

// digestIn is the sha256 in a line of a tree.
func digestIn(line string) string { return line[strings.LastIndexByte(line, ' ')+1:] }

// What the server numbers and dates as it likes.
var counted = regexp.MustCompile(` AUTO_INCREMENT=\d+|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z| \+0000 UTC)?`)

// state is the databases and accounts, but for the tool's ledger.
func (c *broken) state(t *testing.T) string {
	t.Helper()
	dump, err := c.DumpDatabases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return counted.ReplaceAllString(sight{dump: dump}.withoutLedger().dump, "")
}

// reset makes everything as it was before the first run.
func (c *broken) reset(t *testing.T) {
	t.Helper()
	c.quiet(t)
	for _, h := range c.Hosts {
		if err := h.KillServers(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c.quiet(t)
	c.dropAll(t)
	for _, h := range c.Hosts {
		if err := os.RemoveAll(filepath.Join(h.Root, "var")); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{"etc", "home", "opt", "tmp"} {
			path := filepath.Join(h.Root, dir)
			if err := emptied(path); err != nil {
				t.Fatal(err)
			}
			copied(t, filepath.Join(c.pristine, h.Name, dir)+"/.", path)
		}
	}
	if c.before != nil {
		for host, tree := range c.trees(t) {
			if d := c.before[host].Diff(tree); len(d) > 0 {
				t.Fatalf("%s: the reset does not work:\n%s", host, strings.Join(d, "\n"))
			}
		}
	}
}

func emptied(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// dropAll drops the databases and the application's accounts.
func (w *world) dropAll(t *testing.T) {
	t.Helper()
	db, err := w.OpenDatabase()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var drops []string
	for _, q := range []string{
		"SELECT CONCAT('DROP DATABASE `', schema_name, '`') FROM information_schema.schemata WHERE schema_name NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')",
		"SELECT CONCAT('DROP USER ', QUOTE(user), '@', QUOTE(host)) FROM mysql.user WHERE user = " + "'" + w.Database.App.User + "'",
	} {
		rows, err := db.Query(q)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var drop string
			if err := rows.Scan(&drop); err != nil {
				t.Fatal(err)
			}
			drops = append(drops, drop)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	w.sql(t, drops...)
}

// quiet waits until nothing runs on the hosts but servers: a broken run leaves
// no process behind.
func (c *broken) quiet(t *testing.T) {
	t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		left := c.working(t)
		if len(left) == 0 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("these stay behind on the hosts:\n%s", strings.Join(left, "\n"))
		}
	}
}

// working are the processes of the hosts that are no servers of the product.
func (w *world) working(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(env, []byte("CARBON_HOSTS_FILE="+w.Dir)) {
			continue // ended, or another's
		}
		line, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if err == nil && !bytes.Contains(line, []byte("carbon.home=")) && !bytes.Contains(line, []byte("wso2server.sh")) {
			left = append(left, filepath.Base(filepath.Dir(file))+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return left
}
