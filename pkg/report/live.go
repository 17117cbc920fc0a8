package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// Live shows on a terminal how a run gets on: a line for each target with its
// stage and what it is about, a bar for each transfer and load, a clock for each
// server that comes up. What is done is one line. Its methods may be called from
// several goroutines.
type Live struct {
	screen *Screen
	now    func() time.Time
	began  time.Time

	mu      sync.Mutex
	targets []*target // in the plan's order, then as they turn up
	stage   run.Stage // that the run is in

	loop loop
}

// target is one host or the databases.
type target struct {
	name          string
	planned, made int
	stage         run.Stage
	node, text    string
	since         time.Time // of the node's restart
	isLog         bool
	moving        []*transfer
}

// often is how often the frame is drawn anew, if it has changed.
const often = 100 * time.Millisecond

// NewLive begins to show the plan's run; size is that of the terminal. The caller
// closes it.
func NewLive(s *Screen, p *plan.Plan, size func() (columns, rows int)) *Live {
	l := newLive(s, p, time.Now)
	s.Keep(size)
	l.loop.begin(func() { _ = s.show(l.lines()) }) // a terminal that has gone does not end a run
	return l
}

func newLive(s *Screen, p *plan.Plan, now func() time.Time) *Live {
	l := &Live{screen: s, now: now, began: now()}
	for _, name := range targets(p) {
		if n := len(p.On(name)); n > 0 {
			l.targets = append(l.targets, &target{name: name, planned: n})
		}
	}
	return l
}

// Close takes the frame away; what it said is in the record of the run.
func (l *Live) Close() {
	l.loop.end()
	_ = l.screen.Drop()
}

// Event notes what happens.
func (l *Live) Event(e run.Event) {
	if e.Note { // stays, above the frame
		fmt.Fprintf(l.screen, "%-9s %s%s\n", e.Stage, from(e), visible(e.Text))
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.target(e.Target)
	if l.stage = e.Stage; e.Total > 0 {
		t.moves(e, l.now())
		return
	}
	if e.Stage == run.Restart && (t.stage != run.Restart || t.node != e.Node) {
		t.since = l.now()
	}
	t.stage, t.node, t.text, t.isLog = e.Stage, e.Node, e.Text, e.Log
}

// Made notes that a change was made.
func (l *Live) Made(r plan.Ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target(r.Target).made++
}

// target is the one of that name.
func (l *Live) target(name string) *target {
	for _, t := range l.targets {
		if t.name == name {
			return t
		}
	}
	l.targets = append(l.targets, &target{name: name})
	return l.targets[len(l.targets)-1]
}

// moves notes how far something has got that is counted.
func (t *target) moves(e run.Event, now time.Time) {
	t.stage, t.node = e.Stage, e.Node
	i := slices.IndexFunc(t.moving, func(m *transfer) bool { return m.what == e.Text })
	switch {
	case e.Done == e.Total && i >= 0:
		t.moving = slices.Delete(t.moving, i, i+1)
	case i >= 0:
		t.moving[i].reached(e.Done, now)
	case e.Done < e.Total:
		m := &transfer{what: e.Text, unit: e.Unit, total: e.Total}
		m.reached(e.Done, now)
		t.moving = append(t.moving, m)
	}
	if t.text = e.Text; e.Done == e.Total {
		t.text += ", done"
	}
}

func (t *target) finished() bool { return t.planned > 0 && t.made >= t.planned && len(t.moving) == 0 }

// lines are the frame.
func (l *Live) lines() []line {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, wide := l.now(), 0
	for _, t := range l.targets {
		wide = max(wide, columns(visible(t.name), 0))
	}
	var list []line
	for _, t := range l.targets {
		if !t.finished() || t.stage == run.Verify {
			list = append(list, l.linesOf(t, wide, now)...)
		}
	}
	return append(list, l.total(now))
}

func (l *Live) linesOf(t *target, wide int, now time.Time) []line {
	head := func(name string, stage run.Stage) line {
		return line{{text: name + strings.Repeat(" ", wide-columns(name, 0)+2), code: "1"}, {text: fmt.Sprintf("%-9s ", stage), code: paints['>']}}
	}
	first := head(visible(t.name), t.stage)
	switch {
	case t.stage == "":
		return []line{append(first, bit{text: "waits", code: faint})}
	case len(t.moving) > 0:
		var list []line
		for i, m := range t.moving {
			if i > 0 {
				first = head("", "")
			}
			list = append(list, append(first, m.spans(now)...))
		}
		return list
	case t.stage == run.Restart:
		return []line{append(first, t.clock(now)...)}
	case t.stage != l.stage:
		return []line{append(first, bit{text: "waits, after " + t.text, code: faint})}
	}
	return []line{append(first, bit{text: visible(withNode(t)) + t.text})}
}

func withNode(t *target) string {
	if t.node == "" || t.node == t.name {
		return ""
	}
	return t.node + ": "
}

// clock is a server that comes up: since when, and the last line of its log.
func (t *target) clock(now time.Time) []bit {
	text := strings.TrimPrefix(t.text, "log: ")
	said := bit{text: text}
	if t.isLog {
		said.code = faint
	}
	return []bit{{text: withNode(t)}, {text: elapsed(now.Sub(t.since)) + "  "}, said}
}

// total is the last line: what is done, and how long the run has taken.
func (l *Live) total(now time.Time) line {
	var done []string
	all := 0
	for _, t := range l.targets {
		if t.planned > 0 {
			all++
		}
		if t.finished() {
			done = append(done, t.name)
		}
	}
	said := fmt.Sprintf("%d of %d done", len(done), all)
	if len(done) > 0 {
		said += ": " + strings.Join(done, ", ")
	}
	return line{{text: elapsed(now.Sub(l.began)) + "  "}, {text: string(cmp.Or(l.stage, run.Connect)) + "  ", code: paints['>']}, {text: said, code: paints['+']}}
}

// elapsed is a time on a clock.
func elapsed(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
