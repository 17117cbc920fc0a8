package report

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hinshun/vt10x"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// glass is a terminal that can be looked at, and what was written to it.
type glass struct {
	vt            vt10x.Terminal
	columns, rows int
	raw           bytes.Buffer
	writes        int
}

func newGlass(columns, rows int) *glass {
	return &glass{vt: vt10x.New(vt10x.WithSize(columns, rows)), columns: columns, rows: rows}
}

// Write does what a terminal's driver does with line ends.
func (g *glass) Write(p []byte) (int, error) {
	g.raw.Write(p)
	g.writes++
	_, err := g.vt.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}

func (g *glass) size() (columns, rows int) { return g.columns, g.rows }

func (g *glass) resize(columns, rows int) {
	g.columns, g.rows = columns, rows
	g.vt.Resize(columns, rows)
}

// seen is what stands on it, without what is empty.
func (g *glass) seen() string {
	var lines []string
	for _, l := range strings.Split(g.vt.String(), "\n") {
		lines = append(lines, strings.TrimRight(l, " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// show is a run whose clock is set by hand.
type show struct {
	*Live
	glass *glass
	at    time.Time
}

func newShow(g *glass) *show {
	p := &plan.Plan{Targets: []string{"idp1", "gateway1", "pub1", "unchanged", plan.Deployment}}
	for target, n := range map[string]int{plan.Deployment: 3, "idp1": 3, "gateway1": 2, "pub1": 2} {
		for i := range n {
			p.Changes = append(p.Changes, plan.Change{Want: plan.Want{Ref: plan.Ref{Target: target, Kind: plan.KindFile, Path: fmt.Sprint(i)}}})
		}
	}
	s := &show{glass: g, at: time.Unix(1_000_000, 0)}
	screen := NewScreen(g)
	screen.Paint()
	screen.Keep(g.size)
	s.Live = newLive(screen, p, func() time.Time { return s.at })
	return s
}

func (s *show) after(d time.Duration, events ...run.Event) string {
	s.at = s.at.Add(d)
	for _, e := range events {
		s.Event(e)
	}
	_ = s.screen.show(s.lines())
	return s.glass.seen()
}

func (s *show) makes(target string, n int) {
	for range n {
		s.Made(plan.Ref{Target: target})
	}
}

func upload(target string, done int64) run.Event {
	return run.Event{Stage: run.Upload, Target: target, Text: "mysql-connector-java-5.1.49-bin.jar", Done: done, Total: 20_400_000, Unit: run.Bytes}
}

func load(schema string, done int64) run.Event {
	return run.Event{Stage: run.Databases, Target: plan.Deployment, Text: "schema " + schema, Done: done, Total: 207, Unit: run.Statements}
}

func starting(text string, log bool) run.Event {
	return run.Event{Stage: run.Restart, Target: "idp1", Node: "idp1", Text: text, Log: log}
}

// story is a run from its beginning to its end, with the terminal at each moment.
func story(s *show) string {
	var b strings.Builder
	tell := func(moment, seen string) { fmt.Fprintf(&b, "== %s\n%s", moment, seen) }
	fmt.Fprintln(s.screen, "run       20261128T120000Z-abcdef")
	tell("it begins", s.after(0))
	tell("uploads", s.after(0, upload("idp1", 0), upload("gateway1", 0)))
	tell("two seconds later", s.after(2*time.Second, upload("idp1", 6_200_000), upload("gateway1", 1_000_000)))
	tell("one is done", s.after(5*time.Second, upload("idp1", 20_400_000), upload("gateway1", 4_000_000)))
	tell("loads side by side", s.after(time.Second, upload("gateway1", 20_400_000), load("AM_DB", 0), load("UM_DB", 0), load("REG_DB", 207)))
	tell("with a rate", s.after(2*time.Second, load("AM_DB", 90), load("UM_DB", 30)))
	s.makes(plan.Deployment, 3)
	tell("files, the databases are done", s.after(time.Second, load("AM_DB", 207), load("UM_DB", 207),
		run.Event{Stage: run.Files, Target: "idp1", Node: "idp1", Text: "/opt/wso2appm/repository/conf/datasources/master-datasources.xml"}))
	s.makes("idp1", 2)
	s.makes("gateway1", 2)
	tell("a note stays", s.after(0, run.Event{Stage: run.Lock, Target: "pub1", Note: true, Text: "the lock is taken over"}))
	tell("a server is stopped", s.after(0, starting("stopping process 4711", false)))
	tell("and comes up", s.after(42*time.Second, starting("log: Deploying web app /opt/wso2appm/repository/deployment/server/webapps/a-name-that-is-rather-long-for-a-narrow-terminal.war", true)))
	s.makes("idp1", 1)
	s.makes("pub1", 2)
	tell("verified", s.after(61*time.Second, starting("up, process 4712", false), run.Event{Stage: run.Verify, Target: "production", Text: "gathering again"}))
	_ = s.screen.Drop()
	fmt.Fprintln(s.screen, "result    idp1: done, 3 of 3 changes made")
	tell("the end", s.glass.seen())
	return b.String()
}

func TestLiveOnATerminal(t *testing.T) {
	for _, columns := range []int{80, 160} {
		g := newGlass(columns, 24)
		file := fmt.Sprintf("testdata/live-%d.txt", columns)
		got := story(newShow(g))
		if flag.Lookup("update").Value.String() == "true" {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("at %d columns got\n%s\nwant\n%s\n(if the new text is right: make update)", columns, got, want)
		}
	}
}

// Flicker is a moment at which something is gone: nothing is erased before it is
// written over, each frame is one write, and one that says the same is none.
func TestLiveDoesNotFlicker(t *testing.T) {
	g := newGlass(80, 24)
	s := newShow(g)
	s.after(0, upload("idp1", 0))
	before := g.writes
	s.after(0)
	if g.writes != before {
		t.Errorf("a frame that says the same was written %d times", g.writes-before)
	}
	g.raw.Reset()
	s.after(time.Second, upload("idp1", 1_000_000))
	if g.writes != before+1 {
		t.Errorf("a frame took %d writes, want 1", g.writes-before)
	}
	said := g.raw.String()
	if end := strings.Index(said, "\x1b[J"); end != len(said)-len("\x1b[J") || strings.Contains(said, "\x1b[2J") {
		t.Errorf("the terminal is erased before the frame is drawn: %q", said)
	}
}

// A frame that was drawn for one width is taken away at another.
func TestLiveAfterAResize(t *testing.T) {
	g := newGlass(160, 24)
	s := newShow(g)
	fmt.Fprintln(s.screen, "above")
	s.after(0, starting("log: "+strings.Repeat("word ", 40), true))
	for _, columns := range []int{200, 100, 80} {
		g.resize(columns, 24)
		if columns < 160 { // vt10x cuts off what others wrap; TestLiveInTmux is of those
			s.screen.frame.drawn = make([]int, len(s.screen.frame.drawn))
		}
		seen := s.after(time.Second)
		if strings.Count(seen, "idp1") != 1 || !strings.HasPrefix(seen, "above\n") || strings.Count(seen, "\n") != 6 {
			t.Errorf("at %d columns it shows\n%s", columns, seen)
		}
		for l := range strings.Lines(seen) {
			if len(l) > columns {
				t.Errorf("at %d columns a line has %d: %s", columns, len(l)-1, l)
			}
		}
	}
}

func TestLiveOfMoreHostsThanLines(t *testing.T) {
	g := newGlass(80, 10)
	p := &plan.Plan{}
	for i := range 64 {
		name := fmt.Sprintf("host%d", i)
		p.Targets = append(p.Targets, name)
		p.Changes = append(p.Changes, plan.Change{Want: plan.Want{Ref: plan.Ref{Target: name, Kind: plan.KindFile, Path: "/a"}}})
	}
	screen := NewScreen(g)
	screen.Keep(g.size)
	fmt.Fprintln(screen, "above")
	l := newLive(screen, p, time.Now)
	for range 3 {
		_ = screen.show(l.lines())
	}
	seen := g.seen()
	if strings.Count(seen, "\n") != 9 || !strings.Contains(seen, "... and 57 lines more\n0:00  connect  0 of 64 done\n") || !strings.Contains(seen, "host6 ") {
		t.Errorf("it shows\n%s", seen)
	}
}

// What hosts say cannot move the cursor of a live terminal either.
func TestLiveKeepsEscapesOff(t *testing.T) {
	g := newGlass(80, 24)
	s := newShow(g)
	for _, evil := range []string{"\x1b[2J", "\x1b[10A", "\x1b[31m", "\x1b]0;title\x07", "a\rb", "a\nb", "\u202e", "\x9b2J"} {
		s.after(time.Second, starting("log: "+evil, true), run.Event{Stage: run.Lock, Target: "pub1", Note: true, Text: evil},
			run.Event{Stage: run.Upload, Target: evil, Text: evil, Done: 1, Total: 1 << 20})
		fmt.Fprintln(s.screen, "warning:", strings.ReplaceAll(evil, "\n", " "))
	}
	for _, ours := range []string{"\x1b[K", "\x1b[J", "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[36m"} {
		g.raw = *bytes.NewBuffer(bytes.ReplaceAll(g.raw.Bytes(), []byte(ours), nil))
	}
	said := g.raw.String()
	for i := 1; i < 64; i++ {
		said = strings.ReplaceAll(said, fmt.Sprintf("\r\x1b[%dA", i), "")
	}
	said = strings.ReplaceAll(said, "\x1b[31m", "") // of the screen's own colors, which a text may have in it
	for _, r := range said {
		if unprintable(r) && r != '\n' {
			t.Fatalf("%q came through", r)
		}
	}
}
