package integration_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tmux is a terminal whose screen can be read and whose size can be changed. It
// wraps lines anew when it becomes narrower, as most terminals do.
type tmux struct {
	socket string
	*testing.T
}

// inTmux runs a command in a terminal of a size.
func inTmux(t *testing.T, columns, rows int, command string) *tmux {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s: there is no tmux ***\n\n", t.Name())
		t.Skip("LEFT OUT: there is no tmux on this machine")
	}
	m := &tmux{filepath.Join(t.TempDir(), "tmux"), t}
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", m.socket, "kill-server").Run() }) // it may have ended
	m.do("new-session", "-d", "-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows), command)
	return m
}

func (m *tmux) do(args ...string) string {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "tmux", append([]string{"-S", m.socket, "-f", "/dev/null"}, args...)...).CombinedOutput()
	if err != nil {
		m.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// shows waits until the screen is as it is wanted.
func (m *tmux) shows(what string, want func(screen string) bool) string {
	m.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		screen := m.do("capture-pane", "-p")
		if want(screen) {
			return screen
		}
		if time.Since(began) > 2*time.Minute {
			m.Fatalf("%s never came; the screen is\n%s", what, screen)
		}
	}
}

// TestLive applies on a terminal that changes its size meanwhile.
func TestLive(t *testing.T) {
	w := up(t, deployment{name: "embedded"})
	for _, role := range []string{"idp", "gateway", "publisher", "store"} {
		w.standin(t, role, "start_ms=4000\nstop_ms=50\n")
	}
	m := inTmux(t, 160, 50, fmt.Sprintf("env -u CI -u NO_COLOR SSH_AUTH_SOCK= XDG_STATE_HOME=%s TERM=screen %s apply --yes -i %s; echo it ended with $?; sleep 600", w.state, w.tool, w.inventory))
	coming := func(node string) func(string) bool {
		return func(s string) bool { return framed(s, node+" ", "  restart ") && strings.Contains(s, " done: ") }
	}
	m.whole(m.shows("the first server", coming("idp1")), 160)
	for _, columns := range []int{80, 60, 160} {
		m.do("resize-window", "-x", strconv.Itoa(columns), "-y", "50")
		time.Sleep(500 * time.Millisecond) // five drawings
		m.whole(m.shows("a server", func(s string) bool { return strings.Contains(s, " done: ") }), columns)
	}
	m.whole(m.shows("the last server", coming("store1")), 160)
	end := m.shows("the end", func(s string) bool { return strings.Contains(s, "it ended with ") })
	if !strings.Contains(end, "it ended with 0\n") || !strings.Contains(end, "result    idp1: done, ") || !strings.Contains(end, "Applied and verified in ") || strings.Contains(end, " done: ") {
		t.Errorf("at the end the screen is\n%s", end)
	}
}

// framed tells whether a line begins with one text and holds another.
func framed(screen, begin, part string) bool {
	for l := range strings.Lines(screen) {
		if strings.HasPrefix(l, begin) && strings.Contains(l, part) {
			return true
		}
	}
	return false
}

// whole wants one line of a frame for each target at the end of the screen, and
// nothing left of an older one.
func (m *tmux) whole(screen string, columns int) {
	m.Helper()
	_, frame, found := strings.Cut(screen, "\nrun       ")
	if !found {
		m.Errorf("what was there before is gone:\n%s", screen)
		return
	}
	lines := strings.Split(strings.TrimRight(frame, "\n"), "\n")[1:]
	seen := map[string]bool{}
	for i, l := range lines {
		name, _, _ := strings.Cut(l, " ")
		if seen[name] || len(l) >= columns || i < len(lines)-1 && !strings.Contains(" idp1 gw1 pub1 store1 database lab ", " "+name+" ") {
			m.Errorf("at %d columns line %d of the frame is %q:\n%s", columns, i+1, l, screen)
		}
		seen[name] = true
	}
	if last := lines[len(lines)-1]; !strings.Contains(last, " of 5 done") {
		m.Errorf("the last line is %q:\n%s", last, screen)
	}
}
