package converge

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/run"
)

// script is a host whose lock script says lines, and is kept until it is told to
// end, or to be lost.
type script struct {
	lines []string
	exit  int
	short bool          // it ends after its lines
	lose  chan string   // what it says in the middle, and ends
	ended chan struct{} // closed when it was let go of
	once  sync.Once
}

func (*script) Ahead(int) {}

func (s *script) Hold(ctx context.Context, _ string, _ []string, _ time.Duration, line func(string)) (int, string, error) {
	for _, l := range s.lines {
		line(l)
	}
	if s.short {
		return s.exit, "", nil
	}
	select {
	case <-ctx.Done():
		s.once.Do(func() { close(s.ended) })
		return 0, "", nil
	case l := <-s.lose:
		line(l)
		return 4, "", nil
	}
}

func says(lines ...string) *script {
	return &script{lines: lines, lose: make(chan string), ended: make(chan struct{})}
}

func claim(hosts map[string]Keeper) Claim {
	c := Claim{Run: "20261122T201530Z-000001", Operator: "anna", Deployment: "shop", Hosts: map[string]Lockable{}}
	for name, h := range hosts {
		c.Hosts[name] = Lockable{Keeper: h}
	}
	return c
}

const theirs = "\t20261122T201530Z-000002\tbert\tshop\t1795378530\ttoken"

func TestLocksAreAllOrNone(t *testing.T) {
	free, busy := says("held"), says("busy\t250"+theirs)
	busy.short, busy.exit = true, 3
	_, _, err := Lock(t.Context(), claim(map[string]Keeper{"gw1": free, "idp1": busy}), nil)
	want := "idp1: another run is at work here: run 20261122T201530Z-000002 of bert for deployment shop, since 2026-11-22 20:15:30 UTC, for 4m10s now; nothing was changed"
	var e *Error
	if !errors.As(err, &e) || e.Cause != Locked || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	<-free.ended
}

func TestALostLockEndsTheRun(t *testing.T) {
	for line, want := range map[string]string{
		"lost":             "gw1: its lock was removed by somebody, so this run stops",
		"lost\tx" + theirs: "gw1: its lock was taken over by run 20261122T201530Z-000002 of bert for deployment shop, since 2026-11-22 20:15:30 UTC, so this run stops",
	} {
		gw, idp := says("held"), says("shared")
		idp.short = true // the same machine: it has nothing to keep
		held, locks, err := Lock(t.Context(), claim(map[string]Keeper{"gw1": gw, "idp1": idp}), nil)
		if err != nil {
			t.Fatal(err)
		}
		if held.Err() != nil {
			t.Error("it has ended at once")
		}
		gw.lose <- line
		<-held.Done()
		if got := context.Cause(held).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		locks.Release()
	}
}

func TestAReleasedLockIsNotLost(t *testing.T) {
	gw := says("held")
	held, locks, err := Lock(t.Context(), claim(map[string]Keeper{"gw1": gw}), nil)
	if err != nil {
		t.Fatal(err)
	}
	locks.Release()
	<-gw.ended
	if cause := context.Cause(held); !errors.Is(cause, context.Canceled) {
		t.Errorf("the context of a released lock ends with %v", cause)
	}
}

// An interrupt ends the run, and not what keeps its locks while it finishes.
func TestAnInterruptKeepsTheLocks(t *testing.T) {
	gw := says("held")
	ctx, interrupt := context.WithCancel(t.Context())
	held, locks, err := Lock(ctx, claim(map[string]Keeper{"gw1": gw}), nil)
	if err != nil {
		t.Fatal(err)
	}
	interrupt()
	<-held.Done()
	select {
	case <-gw.ended:
		t.Error("the lock was let go of at the interrupt")
	default:
	}
	locks.Release()
	<-gw.ended
}

func TestAnInterruptEndsTheWaitForALock(t *testing.T) {
	slow := says("says run x has been silent; looking whether it lives")
	ctx, interrupt := context.WithCancel(t.Context())
	_, _, err := Lock(ctx, claim(map[string]Keeper{"gw1": slow}), func(e run.Event) {
		if e.Stage != run.Lock || e.Target != "gw1" {
			t.Errorf("an event %+v", e)
		}
		interrupt()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-slow.ended
}

// A host says what it likes.
func TestLocksOfHostileHosts(t *testing.T) {
	long := strings.Repeat("é", 10000)
	for _, lines := range [][]string{
		{}, {""}, {"\t"}, {"busy"}, {"busy\t"}, {"busy\t1\t2\t3\t4\t5"}, {"busy\t1\t2\t3\t4\t5\t6\t7\t8"}, {"failed"}, {"failed \x1b[2J"},
		{"busy\t99999999999999999999\t\x1b[2J" + long + "\t\xff\xfe\t\x00\t99999999999999999999999\t"}, {"lost"}, {"lost\tx" + theirs}, {"took", "took gone" + theirs},
		{"busy\t-5" + theirs}, {"is lives\t1" + theirs},
	} {
		for _, exit := range []int{0, 3, 255} {
			h := says(lines...)
			h.short, h.exit = true, exit
			_, locks, err := Lock(t.Context(), claim(map[string]Keeper{"gw1": h}), func(run.Event) {})
			if err == nil {
				locks.Release()
				t.Errorf("%q gives a lock", lines)
				continue
			}
			if len(err.Error()) > 2000 {
				t.Errorf("%.40q: an error of %d bytes", lines, len(err.Error()))
			}
		}
	}
	h := says("held", "held", "busy\t1"+theirs, "shared", "failed x")
	_, locks, err := Lock(t.Context(), claim(map[string]Keeper{"gw1": h}), nil)
	if err != nil {
		t.Errorf("the first answer counts: %v", err)
	}
	locks.Release()
}

// The script, asked by a shell of this machine.
func TestLockScriptWithoutAFolder(t *testing.T) {
	for args, want := range map[string]string{
		"show":   "none\n",
		"remove": "none\n",
	} {
		cmd := exec.Command("sh", "-c", lockScript, "sh", args, filepath.Join(t.TempDir(), "it's none"), "token")
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%s: %q, %v", args, out, err)
		}
	}
}
