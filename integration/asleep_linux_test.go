package integration_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/wire"
)

// TestTerminalsAndSleep is what becomes of a run whose terminal is closed, and
// of one on a laptop that sleeps in the middle of it.
func TestTerminalsAndSleep(t *testing.T) {
	t.Parallel()
	w := up(t, deployment{name: "embedded"})
	w.want(t, 0, "apply", "--yes")
	for _, s := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"a terminal that hangs up lets a restart end", hungUp},
		{"a run that slept longer than its hosts may be silent goes on", slept},
		{"a run whose connections died while it slept ends, and the next goes on", sleptTooLong},
	} {
		if !t.Run(s.name, func(t *testing.T) { s.run(t, w) }) {
			t.Fatal("the rest builds on this")
		}
		w.standin(t, "gateway", quick)
		w.want(t, 0, "apply", "--yes")
		w.want(t, 0, "plan", "--detailed-exitcode")
	}
}

// hungUp closes the person's side of the terminal that the tool runs on: the
// kernel sends SIGHUP, and every write fails from then on.
func hungUp(t *testing.T, w *world) {
	store, _ := w.node(t, "store")
	before := w.server(t, store)
	w.drift(t, "gateway")
	w.drift(t, "store")
	w.standin(t, "gateway", waiting)
	near, far := terminal(t)
	cmd := exec.CommandContext(t.Context(), w.tool, "apply", "--yes", "-i", w.inventory)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = far, far, far
	cmd.Env = w.environ()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	far.Close()
	shown := readUntil(near, "starting with JAVA_HOME")
	near.Close()
	hears(t, cmd.Process.Pid, syscall.SIGHUP)
	time.Sleep(time.Second) // and has done what it does about it
	w.standin(t, "gateway", quick)
	_ = cmd.Wait() // the exit code tells
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("it ended with %d; its terminal had shown\n%s", code, shown)
	}
	w.server(t, first(w.node(t, "gateway")))
	if now := w.server(t, store); now != before {
		t.Error("the store was restarted after the terminal had gone")
	}
	if p := w.lastRecord(t); p.End == nil || p.End.Exit != 130 || len(p.Made) != 3 {
		t.Errorf("the record's end is %+v; %d changes are made", p.End, len(p.Made))
	}
}

// readUntil reads what a terminal shows until a text is there, or its end.
func readUntil(near *os.File, text string) string {
	var shown bytes.Buffer
	part := make([]byte, 4096)
	for !strings.Contains(shown.String(), text) {
		n, err := near.Read(part)
		shown.Write(part[:n])
		if err != nil {
			break
		}
	}
	return shown.String()
}

// hears waits until a process has taken in a signal that was sent.
func hears(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			t.Fatal(err)
		}
		var pending uint64
		for line := range strings.Lines(string(status)) {
			if mask, is := strings.CutPrefix(line, "ShdPnd:"); is {
				if _, err := fmt.Sscanf(mask, "%x", &pending); err != nil {
					t.Fatal(err)
				}
			}
		}
		if pending&(1<<(s-1)) == 0 {
			return
		}
		if time.Since(began) > patience {
			t.Fatalf("process %d does not hear %v", pid, s)
		}
	}
}

// asleep stops the tool as sleep does, lets something happen, and wakes it up
// when its hosts have been silent for longer than they may.
func (w *world) asleep(t *testing.T, b *background, meanwhile func()) {
	t.Helper()
	signal(t, b, syscall.SIGSTOP)
	meanwhile()
	time.Sleep(11 * time.Second)
	signal(t, b, syscall.SIGCONT)
}

func slept(t *testing.T, w *world) {
	_, back := w.overLine(t, first(w.node(t, "gateway")))
	defer back()
	b := w.amidRestart(t, waiting)
	w.asleep(t, b, func() { w.standin(t, "gateway", quick) })
	if code := b.ends(t); code != 0 || !strings.Contains(b.text(), "store1: up, process ") {
		t.Errorf("after its sleep it ended with %d:\n%s", code, b.text())
	}
}

func sleptTooLong(t *testing.T, w *world) {
	gateway, _ := w.node(t, "gateway")
	p, back := w.overLine(t, gateway)
	defer back()
	b := w.amidRestart(t, waiting)
	w.asleep(t, b, func() {
		if err := p.Set(wire.Blackhole); err != nil {
			t.Fatal(err)
		}
	})
	w.lostLine(t, b, gateway)
}
