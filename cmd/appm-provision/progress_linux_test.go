package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hinshun/vt10x"
	"golang.org/x/sys/unix"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

func sized(t *testing.T, far *os.File, columns int) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(far.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(columns), Row: 24}); err != nil {
		t.Fatal(err)
	}
}

// onTerminal is the tool at a terminal whose screen can be looked at.
func onTerminal(t *testing.T) (*app, *os.File, *watcher) {
	t.Helper()
	near, far := terminal(t)
	for _, name := range []string{"CI", "NO_COLOR"} {
		t.Setenv(name, "")
	}
	t.Setenv("TERM", "xterm")
	sized(t, far, 80)
	w := &watcher{vt: vt10x.New(vt10x.WithSize(80, 24)), news: make(chan struct{}, 1)}
	go w.follow(near)
	return &app{stdin: far, stdout: report.NewScreen(far), stderr: report.NewScreen(far), color: "auto"}, far, w
}

// watcher keeps what stands on a terminal.
type watcher struct {
	vt   vt10x.Terminal
	news chan struct{}
}

func (w *watcher) follow(near *os.File) {
	buf := make([]byte, 4096)
	for {
		n, err := near.Read(buf)
		if err != nil {
			return // the test is over
		}
		_, _ = w.vt.Write(buf[:n])
		select {
		case w.news <- struct{}{}:
		default:
		}
	}
}

// shows waits until all of the texts stand on the terminal and none of the others.
func (w *watcher) shows(t *testing.T, texts, others []string) string {
	t.Helper()
	for limit := time.After(time.Minute); ; {
		screen := w.vt.String()
		good := true
		for _, text := range texts {
			good = good && strings.Contains(screen, text)
		}
		for _, text := range others {
			good = good && !strings.Contains(screen, text)
		}
		if good {
			return screen
		}
		select {
		case <-w.news:
		case <-limit:
			t.Fatalf("it never shows %q without %q:\n%s", texts, others, screen)
		}
	}
}

func TestHowAPlanIsShownDependsOnTheTerminal(t *testing.T) {
	a, far, _ := onTerminal(t)
	for _, columns := range []int{80, 160, 40} {
		sized(t, far, columns)
		if o, err := a.options(); err != nil || o.Width != columns || !o.Color {
			t.Errorf("at %d columns: %+v, %v", columns, o, err)
		}
	}
	for _, c := range []struct {
		name, value, color string
		want               bool
	}{
		{"NO_COLOR", "1", "auto", false}, {"NO_COLOR", "1", "always", true}, {"TERM", "dumb", "auto", false}, {"TERM", "xterm", "never", false},
	} {
		t.Run(c.name+" "+c.color, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			a.color = c.color
			if o, err := a.options(); err != nil || o.Color != c.want {
				t.Errorf("got %v, %v", o.Color, err)
			}
		})
	}
	piped := &app{stdout: report.NewScreen(&bytes.Buffer{}), color: "auto"}
	if o, err := piped.options(); err != nil || o.Width != 0 || o.Color {
		t.Errorf("in a pipe: %+v, %v", o, err)
	}
}

func somePlan() *plan.Plan {
	p := &plan.Plan{Targets: []string{"idp1", "gw1"}}
	for _, target := range p.Targets {
		p.Changes = append(p.Changes, plan.Change{Want: plan.Want{Ref: plan.Ref{Target: target, Kind: plan.KindServer, Path: "/opt"}, Node: target, After: &plan.Server{Running: true}}})
	}
	return p
}

func TestProgressOnATerminal(t *testing.T) {
	a, far, w := onTerminal(t)
	f := a.follow(somePlan(), "20261128T120000Z-abcdef")
	w.shows(t, []string{"run       20261128T120000Z-abcdef", "idp1  ", "gw1  ", "0 of 2 done"}, nil)
	f.event(run.Event{Stage: run.Restart, Target: "idp1", Node: "idp1", Text: "log: " + strings.Repeat("long ", 40), Log: true})
	w.shows(t, []string{"restart   0:0", "long long"}, nil)
	sized(t, far, 120)
	w.vt.Resize(120, 24)
	screen := w.shows(t, []string{strings.Repeat("long ", 16)}, nil)
	if strings.Count(screen, "idp1") != 1 {
		t.Errorf("after the terminal became wider it shows\n%s", screen)
	}
	a.warn("something to be read")
	w.shows(t, []string{"warning: something to be read", "0 of 2 done"}, nil)
	f.made(0, plan.Ref{Target: "idp1"}, "")
	w.shows(t, []string{"1 of 2 done: idp1"}, []string{"long long"})
	f.end(&run.Report{Outcomes: []run.Outcome{{Target: "idp1", Result: run.Done, Made: 1, Planned: 1}}})
	w.shows(t, []string{"result    idp1: done, 1 of 1 change made", "something to be read"}, []string{"of 2 done"})
}

// What takes longer than a moment before there is a plan is shown with a clock,
// and leaves nothing behind.
func TestWhatIsWaitedFor(t *testing.T) {
	a, _, w := onTerminal(t)
	end := a.waits()
	slow, quick := a.timed("gw1: connect"), a.timed("idp1: connect")
	quick()
	w.shows(t, []string{"0:01  gw1: connect"}, []string{"idp1"})
	a.warn("something to be read")
	w.shows(t, []string{"warning: something to be read", "gw1: connect"}, nil)
	slow()
	w.shows(t, []string{"warning: something to be read"}, []string{"gw1"})
	a.timed("pub1: connect")
	w.shows(t, []string{"0:01  pub1: connect"}, nil)
	end()
	w.shows(t, []string{"warning: something to be read"}, []string{"pub1"})
	a.quiet = true
	if a.waits()(); a.waiting != nil {
		t.Error("with -q something is shown")
	}
}

func TestProgressElsewhere(t *testing.T) {
	follow := func(a *app) {
		f := a.follow(somePlan(), "20261128T120000Z-abcdef")
		f.event(run.Event{Stage: run.Files, Target: "idp1", Text: "/etc/hosts"})
		f.made(0, plan.Ref{Target: "idp1"}, "")
		f.end(&run.Report{Outcomes: []run.Outcome{{Target: "idp1", Result: run.Done, Made: 1, Planned: 1}}})
	}
	want := regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) run       20261128T120000Z-abcdef\n\S+Z files     idp1: /etc/hosts\n\S+Z result    idp1: done, 1 of 1 change made\n$`)
	var b bytes.Buffer
	follow(&app{stderr: report.NewScreen(&b)})
	if !want.MatchString(b.String()) {
		t.Errorf("in a pipe it says\n%s", b.String())
	}
	b.Reset()
	follow(&app{stderr: report.NewScreen(&b), quiet: true})
	if b.String() != "" {
		t.Errorf("with -q it says\n%s", b.String())
	}
	for name, change := range map[string]func(*testing.T, *app){
		"CI":            func(t *testing.T, _ *app) { t.Setenv("CI", "true") },
		"TERM is dumb":  func(t *testing.T, _ *app) { t.Setenv("TERM", "dumb") },
		"-vv":           func(_ *testing.T, a *app) { a.verbosity = sayTimes },
		"stderr a pipe": func(_ *testing.T, a *app) { a.stderr = report.NewScreen(&b) },
	} {
		t.Run(name, func(t *testing.T) {
			a, _, _ := onTerminal(t)
			if !a.lively() {
				t.Error("a terminal has no live lines")
			}
			if change(t, a); a.lively() {
				t.Error("it has live lines")
			}
		})
	}
}
