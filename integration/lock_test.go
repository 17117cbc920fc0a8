package integration_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/wire"
	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/run"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// background is a call of the tool that goes on while a test does other things.
type background struct {
	*exec.Cmd
	id   string // of its run, once it said so
	mu   sync.Mutex
	said strings.Builder
	news chan struct{}
	over chan struct{}
}

// begin calls the tool, and returns when it has said a text.
func (w *world) begin(t *testing.T, until string, wrap ...string) *background {
	t.Helper()
	argv := append(wrap, w.tool, "apply", "--yes", "-i", w.inventory)
	b := &background{Cmd: exec.Command(argv[0], argv[1:]...), news: make(chan struct{}, 1), over: make(chan struct{})}
	b.Env = w.environ()
	out, err := b.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.Process.Kill() // it may have ended
		<-b.over
	})
	go b.follow(out)
	b.says(t, until)
	return b
}

func (b *background) follow(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		b.mu.Lock()
		fmt.Fprintln(&b.said, lines.Text())
		if id, is := strings.CutPrefix(unstamped(lines.Text()), "run       "); is {
			b.id = id
		}
		b.mu.Unlock()
		select {
		case b.news <- struct{}{}:
		default:
		}
	}
	_ = b.Wait() // its exit code says how it went
	close(b.over)
}

func (b *background) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said.String()
}

// says waits until it has said a text.
func (b *background) says(t *testing.T, text string) {
	t.Helper()
	limit := time.After(patience)
	for !strings.Contains(b.text(), text) {
		select {
		case <-b.news:
		case <-b.over:
			if !strings.Contains(b.text(), text) {
				t.Fatalf("it ended with %d and never said %q:\n%s", b.ProcessState.ExitCode(), text, b.text())
			}
		case <-limit:
			t.Fatalf("it never said %q:\n%s", text, b.text())
		}
	}
}

// ends waits for its end.
func (b *background) ends(t *testing.T) (code int) {
	t.Helper()
	select {
	case <-b.over:
		return b.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("it does not end:\n%s", b.text())
		return 0
	}
}

// standin sets what the stand-in servers of a role do from now on.
func (w *world) standin(t *testing.T, role, text string) {
	t.Helper()
	h, n := w.node(t, role)
	if err := os.WriteFile(h.Path(n.Home+"/"+conf+"standin.properties"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// drift changes a file of a role's node, so that it is written and its server
// restarted.
func (w *world) drift(t *testing.T, role string) {
	t.Helper()
	h, n := w.node(t, role)
	replace(t, h, n.Home+"/"+conf+"user-mgt.xml", ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<")
}

const (
	quick = "start_ms=100\nstop_ms=50\n"
	slow  = "start_ms=600000\nstop_ms=50\n" // longer than any of these tests
)

// TestOneRunAtATime: of two runs one works. The other is told who does, and gets
// through when that one is killed.
func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	for _, d := range deployments[:2] {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if why := d.left(); why != "" {
				t.Skip("LEFT OUT: " + why)
			}
			w := up(t, d)
			w.want(t, 0, "apply", "--yes")
			h, _ := w.node(t, "gateway")
			w.drift(t, "gateway")
			w.standin(t, "gateway", slow)
			first := w.begin(t, "starting with JAVA_HOME")

			w.drift(t, "gateway")
			second := w.want(t, 22, "apply", "--yes")
			for _, part := range []string{h.Name + ": another run is at work here: run " + first.id + " of ", "deployment lab, since 20", " now; ", "nothing was changed"} {
				if !strings.Contains(second.err, part) {
					t.Errorf("the second run does not say %q:\n%s", part, second.err)
				}
			}
			if out := w.want(t, 3, "unlock").out; !strings.Contains(out, first.id) || !strings.Contains(out, "it lives") {
				t.Errorf("unlock without a terminal says %q", out)
			}
			w.drift(t, "idp") // another host, on which nobody works
			if r := w.run(t, "apply", "--yes", "--limit", "idp"); r.code != 0 {
				t.Errorf("a run on another host ended with %d: %s", r.code, r.err)
			}
			if err := first.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			first.ends(t)
			w.standin(t, "gateway", quick)
			third := w.want(t, 0, "apply", "--yes")
			if want := "lock      " + h.Name + ": the lock is taken over from run " + first.id; !strings.Contains(third.err, want) || !strings.Contains(third.err, "ended without letting go") {
				t.Errorf("the third run does not say %q:\n%s", want, third.err)
			}
			if out := w.want(t, 0, "unlock", "--yes").out; out != "Nothing is locked.\n" {
				t.Errorf("at the end unlock says %q", out)
			}
			if left := w.held(t); left != "" {
				t.Errorf("processes stay on the hosts:\n%s", left)
			}
		})
	}
}

// TestUnlockStopsARun: whose lock is removed stops, and says so.
func TestUnlockStopsARun(t *testing.T) {
	t.Parallel()
	w := up(t, deployments[0])
	w.want(t, 0, "apply", "--yes")
	w.drift(t, "gateway")
	w.drift(t, "store")
	w.standin(t, "gateway", "start_ms=30000\n") // three signs of life, at which it finds out
	first := w.begin(t, "starting with JAVA_HOME")
	if out := w.want(t, 0, "unlock", "--yes").out; strings.Count(out, "unlocked\n") != 2 {
		t.Errorf("unlock says %q", out)
	}
	if code := first.ends(t); code != 22 || !strings.Contains(first.text(), "its lock was removed by somebody") {
		t.Errorf("the run ended with %d:\n%s", code, first.text())
	}
	w.standin(t, "gateway", quick)
	w.want(t, 0, "apply", "--yes") // the store's restart, which did not begin
}

// TestTheDatabaseIsLocked: by a run of another machine, whose hosts are others.
func TestTheDatabaseIsLocked(t *testing.T) {
	t.Parallel()
	w := up(t, deployments[0])
	w.want(t, 0, "apply", "--yes")
	db, err := w.OpenDatabase()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	other, err := dbinit.Hold(t.Context(), db, dbinit.Options{}, dbinit.Owner{Run: older, Operator: "anna@elsewhere"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Release(context.Background())
	const fresh = "Another-Password-81"
	if err := os.WriteFile(w.Database.App.PasswordFile, []byte(fresh+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Database.App.Password = fresh
	before := w.look(t)
	if r := w.want(t, 22, "apply", "--yes"); !strings.Contains(r.err, "database: another run is at work on it: run "+older+" of anna@elsewhere from ") {
		t.Errorf("it says %s", r.err)
	}
	w.same(t, before, "a run that was refused")
	if out := w.want(t, 0, "unlock", "--yes").out; !strings.Contains(out, "database: run "+older+" of anna@elsewhere, connection ") || !strings.Contains(out, "database: unlocked\n") {
		t.Errorf("unlock says %s", out)
	}
	if err := other.Beat(t.Context()); err == nil {
		t.Error("the lock is still there")
	}
	if r := w.want(t, 0, "apply", "--yes"); !strings.Contains(r.err, "lock      database: the lock is taken over from run "+older+" of anna@elsewhere") {
		t.Errorf("it says %s", r.err)
	}
}

// held are the processes of scripts of ours that run on hosts.
func (w *world) held(t *testing.T) string {
	t.Helper()
	const list = `for d in /proc/[0-9]*; do { tr '\000' ' ' <"$d/cmdline" | grep -aq "[N]=appm-\|state/[a]ppm-provision"; } 2>/dev/null && echo "${d#/proc/}"; done; true`
	var left strings.Builder
	for _, h := range w.Hosts {
		if w.Form != "real" {
			continue // the processes of all hosts, and of other labs, are this machine's
		}
		for began := time.Now(); ; { // a process that was told to end takes a moment
			out, err := h.Exec(context.Background(), "sh", "-c", list) // tests ask when they end, too
			if err != nil {
				t.Fatal(err)
			}
			if out == "" || time.Since(began) > patience {
				left.WriteString(out)
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return left.String()
}

// keeper is a run that does nothing but to hold the lock of one host.
type keeper struct {
	conn  *sshexec.Conn
	locks *converge.Locks
	held  context.Context
	said  chan string
}

// connect logs in as the tool would, where address is another way to the host.
func (w *world) connect(t *testing.T, h *lab.Host, way lab.Endpoint) *sshexec.Conn {
	t.Helper()
	cfg := sshexec.Config{Host: h.Name, Address: way.Host, Port: way.Port, User: w.User, KeyFiles: []string{w.KeyFile}, KnownHosts: []string{w.KnownHosts}}
	if w.Form == "real" {
		cfg.Become = "sudo"
	}
	conn, err := sshexec.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// lock takes a host's lock with a beat every second.
func (w *world) lock(t *testing.T, h *lab.Host, conn *sshexec.Conn, id, store string) (*keeper, error) {
	t.Helper()
	k := &keeper{conn: conn, said: make(chan string, 20)}
	var err error
	k.held, k.locks, err = converge.Lock(t.Context(), converge.Claim{
		Run: id, Operator: "somebody@" + id, Deployment: "lab", Every: time.Second,
		Hosts: map[string]converge.Lockable{h.Name: {Keeper: conn, Store: store}},
	}, func(e run.Event) { k.said <- e.Text })
	if err == nil {
		t.Cleanup(k.locks.Release)
	}
	return k, err
}

// ends waits for the loss of the lock, and tells why.
func (k *keeper) ends(t *testing.T) error {
	t.Helper()
	select {
	case <-k.held.Done():
		return context.Cause(k.held)
	case <-time.After(patience):
		t.Fatal("the lock was not lost")
		return nil
	}
}

const (
	older = "20261122T201530Z-000001"
	newer = "20261122T201530Z-000002"
)

// TestLocksOfTheDead: a lock does not outlive its run for long, whatever the run
// died of and whatever becomes of clocks; and it does not end before.
func TestLocksOfTheDead(t *testing.T) {
	t.Parallel()
	d := deployment{name: "OpenSSH", real: true}
	if why := d.left(); why != "" {
		fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s: %s ***\n\n", t.Name(), why)
		t.Skip(why)
	}
	w := up(t, d)
	h := w.Hosts[0]
	for _, test := range []struct {
		name string
		run  func(*testing.T, *world, *lab.Host, string)
	}{
		{"another is refused, and gets it after the end", refusedThenHad},
		{"a clock that is set deceives nobody", clockSet},
		{"a host that was switched off keeps no lock", otherBoot},
		{"a lock that cannot be read belongs to nobody", damaged},
		{"who stops without a word is taken over", stoppedHolder},
		{"a line that is dead ends what runs over it", deadLine},
		{"of many at once one has it", manyAtOnce},
		{"two that have half of the hosts each", halfEach},
		{"a folder that cannot be had", noFolder},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Cleanup(func() { // after all connections are closed
				if left := w.held(t); left != "" {
					t.Errorf("processes stay on the host: %s", left)
				}
			})
			test.run(t, w, h, "/var/tmp/a store of "+strings.ReplaceAll(t.Name(), "/", " "))
		})
	}
}

func (w *world) mustLock(t *testing.T, h *lab.Host, id, store string) *keeper {
	t.Helper()
	k, err := w.lock(t, h, w.connect(t, h, h.SSH), id, store)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// refused insists that the lock is somebody's.
func (w *world) refused(t *testing.T, h *lab.Host, store, owner string) {
	t.Helper()
	k, err := w.lock(t, h, w.connect(t, h, h.SSH), newer, store)
	var e *converge.Error
	if err == nil {
		k.locks.Release()
	}
	if !errors.As(err, &e) || e.Cause != converge.Locked || e.Target != h.Name || !strings.Contains(err.Error(), "run "+owner+" of somebody@"+owner+" for deployment lab, since 20") {
		t.Errorf("the second run gets: %v", err)
	}
}

func refusedThenHad(t *testing.T, w *world, h *lab.Host, store string) {
	first := w.mustLock(t, h, older, store)
	w.refused(t, h, store, older)
	if out := onMachine(t, h, "stat -c '%a %U' "+word(store)+" "+word(store+"/lock")+" "+word(store+"/lock/owner")); out != "700 root\n700 root\n600 root\n" {
		t.Errorf("the lock is\n%s", out)
	}
	first.locks.Release()
	if out := onMachine(t, h, "ls -d "+word(store)+" 2>&1 || :"); !strings.Contains(out, "No such file") {
		t.Errorf("after its end the lock has left: %s", out)
	}
	second := w.mustLock(t, h, newer, store)
	if len(second.said) != 0 {
		t.Errorf("a lock that was let go of is taken with %q", <-second.said)
	}
}

// clockSet sets the time of the last beat, as a clock that is set forth or back
// does to all times before it.
func clockSet(t *testing.T, w *world, h *lab.Host, store string) {
	first := w.mustLock(t, h, older, store)
	for _, jump := range []string{"-2 hours", "+2 hours"} {
		onMachine(t, h, "touch -d '"+jump+"' "+word(store+"/lock/beat"))
		w.refused(t, h, store, older)
	}
	if first.held.Err() != nil {
		t.Errorf("the first run has lost its lock: %v", context.Cause(first.held))
	}
}

func otherBoot(t *testing.T, w *world, h *lab.Host, store string) {
	writeOwner(t, h, store, "1", "5", "f00df00d-0000-0000-0000-000000000000")
	takesOver(t, w, h, store, "ended without letting go of it")
}

func damaged(t *testing.T, w *world, h *lab.Host, store string) {
	onMachine(t, h, "mkdir -p "+word(store+"/lock")+" && : >"+word(store+"/lock/owner"))
	if k := w.mustLock(t, h, newer, store); len(k.said) != 1 {
		t.Error("nothing is said of a lock that cannot be read")
	}
}

// writeOwner is what a run leaves behind that nobody has ended.
func writeOwner(t *testing.T, h *lab.Host, store, pid, start, boot string) {
	t.Helper()
	onMachine(t, h, "mkdir -p "+word(store+"/lock")+" && printf '%s\\n' sometoken "+older+" somebody@"+older+" lab 1795378530 "+pid+" "+start+" "+boot+" >"+word(store+"/lock/owner"))
}

func takesOver(t *testing.T, w *world, h *lab.Host, store, how string) {
	t.Helper()
	k := w.mustLock(t, h, newer, store)
	var last string
	for len(k.said) > 0 {
		last = <-k.said
	}
	if !strings.Contains(last, "run "+older+" of somebody@"+older) || !strings.Contains(last, how) {
		t.Errorf("it is taken over with %q", last)
	}
	w.refused(t, h, store, newer)
}

// stoppedHolder stops the script on the host; when it goes on, it finds that the
// lock is another's, and ends its connection.
func stoppedHolder(t *testing.T, w *world, h *lab.Host, store string) {
	first := w.mustLock(t, h, older, store)
	pid := strings.TrimSpace(onMachine(t, h, "sed -n 6p "+word(store+"/lock/owner")))
	onMachine(t, h, "kill -STOP "+pid)
	onMachine(t, h, "touch -d '-1 minute' "+word(store+"/lock/beat"))
	takesOver(t, w, h, store, "gives no sign of life")
	onMachine(t, h, "kill -CONT "+pid)
	if err := first.ends(t); err == nil {
		t.Error("the first run does not know that its lock is another's")
	}
}

// deadLine: nothing comes through any more, and nobody tells sshd.
func deadLine(t *testing.T, w *world, h *lab.Host, store string) {
	p, err := wire.Listen(wire.Options{Target: h.SSH.String()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := h.ReachThrough(p.Address); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.ReachThrough(h.Address + ":22"); err != nil {
			t.Error(err)
		}
	}()
	conn := w.connect(t, h, h.SSH)
	if _, err := w.lock(t, h, conn, older, store); err != nil {
		t.Fatal(err)
	}
	running := make(chan string, 1)
	go func() {
		_, _, _ = conn.Run(context.Background(), "", "echo it runs; sleep 1000; : N=appm-", nil, nil, func(l string) { running <- l })
	}()
	<-running
	if err := p.Set(wire.Blackhole); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); w.held(t) != ""; time.Sleep(time.Second) {
		if time.Since(began) > patience {
			t.Fatalf("after that long without a sign of life these run:\n%s", w.held(t))
		}
	}
	if err := h.ReachThrough(h.Address + ":22"); err != nil {
		t.Fatal(err)
	}
	takesOver(t, w, h, store, "ended without letting go of it")
}

// manyAtOnce: all want what a dead run has left.
func manyAtOnce(t *testing.T, w *world, h *lab.Host, store string) {
	writeOwner(t, h, store, "1", "5", "f00df00d-0000-0000-0000-000000000000")
	const many = 12
	conns, had := make([]*sshexec.Conn, many), make([]error, many)
	for i := range conns {
		conns[i] = w.connect(t, h, h.SSH)
	}
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() { _, had[i] = w.lock(t, h, conns[i], fmt.Sprintf("20261122T201530Z-0000%02d", i), store) })
	}
	wg.Wait()
	n := 0
	for _, err := range had {
		if err == nil {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of %d runs have the lock: %v", n, many, had)
	}
}

// halfEach: the younger run has a host that the older one wants, and lets go of
// it because it does not get another.
func halfEach(t *testing.T, w *world, h *lab.Host, store string) {
	young := w.mustLock(t, h, newer, store)
	done := make(chan error, 1)
	conn := w.connect(t, h, h.SSH)
	go func() {
		_, err := w.lock(t, h, conn, older, store)
		done <- err
	}()
	for onMachine(t, h, "ls "+word(store+"/lock")+" | grep -c new || :") == "0\n" { // until it asks
		time.Sleep(20 * time.Millisecond)
	}
	young.locks.Release()
	if err := <-done; err != nil {
		t.Errorf("the older run does not wait for the younger: %v", err)
	}
}

func noFolder(t *testing.T, w *world, h *lab.Host, store string) {
	onMachine(t, h, ": >"+word(store))
	_, err := w.lock(t, h, w.connect(t, h, h.SSH), older, store)
	if err == nil || !strings.Contains(err.Error(), h.Name+": its lock cannot be taken: mkdir") {
		t.Errorf("the error is %v", err)
	}
}

func word(text string) string { return "'" + text + "'" }

func onMachine(t *testing.T, h *lab.Host, script string) string {
	t.Helper()
	out, err := h.Exec(t.Context(), "sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
