package integration_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/wire"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// TestInterrupts: what is under way is finished, nothing new begins, the record
// is closed, and nothing of the run stays behind on a host.
func TestInterrupts(t *testing.T) {
	t.Parallel()
	for _, d := range deployments[:2] {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if why := d.left(); why != "" {
				t.Skip("LEFT OUT: " + why)
			}
			w := up(t, d)
			w.want(t, 0, "apply", "--yes")
			for _, s := range []struct {
				name string
				host bool // it is about what is on a host, too
				run  func(*testing.T, *world)
			}{
				{"Ctrl-C lets a restart end", true, interruptedBy(os.Interrupt)},
				{"SIGTERM lets a restart end", false, interruptedBy(syscall.SIGTERM)},
				{"a terminal that closes lets a restart end", false, terminalCloses},
				{"Ctrl-C twice ends at once, and a server that starts goes on", true, interruptedTwice},
				{"nobody reads what it says", false, unread},
				{"nohup", false, underNohup},
				{"a connection that is dead", true, deadConnection},
			} {
				if d.real && !s.host {
					continue
				}
				if !t.Run(s.name, func(t *testing.T) { s.run(t, w) }) {
					t.Fatal("the rest builds on this")
				}
				w.standin(t, "gateway", quick)
				w.want(t, 0, "apply", "--yes")
				if left := w.held(t); left != "" {
					t.Errorf("%s: processes stay on the hosts: %s", s.name, left)
				}
			}
		})
	}
}

// amidRestart applies what restarts the gateway and then the store, and returns
// when the gateway starts.
func (w *world) amidRestart(t *testing.T, standin string, wrap ...string) *background {
	t.Helper()
	w.drift(t, "gateway")
	w.drift(t, "store")
	w.standin(t, "gateway", standin)
	return w.begin(t, "starting with JAVA_HOME", wrap...)
}

// waiting is a server that starts until it may be up: quick.
const waiting = "start_ms=100\nstop_ms=50\nfail=wait\n"

func interruptedBy(s os.Signal) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		store, _ := w.node(t, "store")
		before := w.server(t, store)
		b := w.amidRestart(t, waiting)
		signal(t, b, s)
		w.finished(t, b, before)
	}
}

func signal(t *testing.T, b *background, s os.Signal) {
	t.Helper()
	if err := b.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// finished checks that an interrupted run has ended the gateway's restart and not
// begun the store's, whose server is before.
func (w *world) finished(t *testing.T, b *background, before int) {
	t.Helper()
	b.says(t, "what is under way is finished")
	w.standin(t, "gateway", quick)
	code := b.ends(t)
	if text := b.text(); code != 130 || !strings.Contains(text, "what is under way is finished") ||
		!strings.Contains(text, "3 of 4 changes were made; the same command goes on from there") || !strings.Contains(text, "up, process ") {
		t.Errorf("it ended with %d:\n%s", code, text)
	}
	w.server(t, first(w.node(t, "gateway")))
	if now := w.server(t, first(w.node(t, "store"))); now != before {
		t.Error("the store was restarted after the interrupt")
	}
	if p := w.lastRecord(t); p.End == nil || p.End.Exit != 130 || len(p.Made) != 3 {
		t.Errorf("the record's end is %+v; %d changes are made", p.End, len(p.Made))
	}
}

func first(h *lab.Host, _ lab.Node) *lab.Host { return h }

// lastRecord is the record of the last run.
func (w *world) lastRecord(t *testing.T) *run.Past {
	t.Helper()
	return readRecord(t, w.newestRecord(t))
}

// terminalCloses: the kernel sends SIGHUP, the shell once more, and nobody reads.
func terminalCloses(t *testing.T, w *world) {
	store, _ := w.node(t, "store")
	before := w.server(t, store)
	b := w.amidRestart(t, waiting)
	signal(t, b, syscall.SIGHUP)
	signal(t, b, syscall.SIGHUP)
	signal(t, b, syscall.SIGHUP)
	w.finished(t, b, before)
}

func interruptedTwice(t *testing.T, w *world) {
	b := w.amidRestart(t, waiting)
	b.says(t, "Data source WSO2UM_DB is connected") // by now there is a process
	signal(t, b, os.Interrupt)
	b.says(t, "an interrupt more ends it at once")
	signal(t, b, os.Interrupt)
	if code := b.ends(t); code != 130 || strings.Contains(b.text(), "up, process ") {
		t.Errorf("it ended with %d:\n%s", code, b.text())
	}
	if p := w.lastRecord(t); p.End != nil || len(p.Made) != 2 {
		t.Errorf("the record's end is %+v; %d changes are made", p.End, len(p.Made))
	}
	gateway, _ := w.node(t, "gateway")
	pid := w.server(t, gateway)
	if left := w.held(t); left != "" {
		t.Errorf("processes stay on the hosts: %s", left)
	}
	w.standin(t, "gateway", quick)
	again := w.want(t, 0, "apply", "--yes")
	if now := w.server(t, gateway); now != pid {
		t.Error("the server that was starting has not lived on")
	}
	if store, _ := w.node(t, "store"); !strings.Contains(again.err, store.Name+": the lock is taken over from run "+b.id) {
		t.Errorf("the next run does not say whom it follows:\n%s", again.err)
	}
}

// unread: who reads its output goes in the middle of it.
func unread(t *testing.T, w *world) {
	b := w.amidRestart(t, waiting, "sh", "-c", `"$@" 2>&1 >/dev/null | { while read -r l; do echo "$l" >&2; case $l in *JAVA_HOME*) exit ;; esac; done; }`, "sh")
	w.standin(t, "gateway", quick) // the shell around it waits for it
	b.ends(t)
	for began := time.Now(); w.lastRecord(t).End == nil && time.Since(began) < patience; {
		time.Sleep(50 * time.Millisecond) // the tool outlives its reader
	}
	if p := w.lastRecord(t); p.End == nil || p.End.Exit != 0 || len(p.Made) != len(p.Plan.Changes) {
		t.Errorf("a run that nobody reads ends with %+v; %d of %d changes are made", p.End, len(p.Made), len(p.Plan.Changes))
	}
}

func underNohup(t *testing.T, w *world) {
	b := w.amidRestart(t, waiting, "nohup")
	signal(t, b, syscall.SIGHUP)
	w.standin(t, "gateway", quick)
	if code := b.ends(t); code != 0 {
		t.Errorf("under nohup, SIGHUP ends it with %d:\n%s", code, b.text())
	}
}

// deadConnection: nothing comes back from a host any more.
func deadConnection(t *testing.T, w *world) {
	gateway, _ := w.node(t, "gateway")
	p, back := w.overLine(t, gateway)
	defer back()
	b := w.amidRestart(t, waiting)
	if err := p.Set(wire.Blackhole); err != nil {
		t.Fatal(err)
	}
	w.lostLine(t, b, gateway)
}

// overLine puts a line between the tool and a host, which counts as dead after
// eight seconds of silence. back undoes that.
func (w *world) overLine(t *testing.T, h *lab.Host) (line *wire.Proxy, back func()) {
	t.Helper()
	p, err := wire.Listen(wire.Options{Target: h.SSH.String()})
	if err != nil {
		t.Fatal(err)
	}
	way, plain := h.SSH, w.inventory
	if err := h.ReachThrough(p.Address); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("Host *\n\tServerAliveInterval 2\n\tServerAliveCountMax 4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w.inventory, err = w.WriteInventory(); err != nil {
		t.Fatal(err)
	}
	w.inventory = w.vary(t, `config = "none"`, `config = "`+config+`"`)
	return p, func() {
		h.SSH, w.inventory = way, plain
		_, err := w.WriteInventory()
		if err := errors.Join(err, p.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// lostLine checks that a run has ended because a host gave no sign of life.
func (w *world) lostLine(t *testing.T, b *background, h *lab.Host) {
	t.Helper()
	if code := b.ends(t); code != 10 || !strings.Contains(b.text(), h.Name+": ") || !strings.Contains(b.text(), "no sign of life for 8s") {
		t.Errorf("it ended with %d:\n%s", code, b.text())
	}
	if r := w.lastRecord(t); r.End == nil || r.End.Exit != 10 {
		t.Errorf("the record's end is %+v", r.End)
	}
}
