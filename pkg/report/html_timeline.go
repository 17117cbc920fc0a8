package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// timeline is a run as a waterfall, for a wide page and a narrow one.
type timeline struct {
	Wide, Tall *drawing
	Words      []string
}

// span is what one host, or one thing at the database, did in one stage.
type span struct {
	stage      string
	name       string
	target     string
	begin, end time.Duration // since the beginning of the run
	said       []word
	failed     bool
}

// word is an event within a span.
type word struct {
	at   time.Duration
	text string
}

// happened is one event of the list below the drawing.
type happened struct{ At, Stage, Where, Text string }

func happenings(p *run.Past) []happened {
	var list []happened
	for _, e := range p.Events {
		text := e.Text
		if e.Total > 0 {
			text += fmt.Sprintf(", %d of %d", e.Done, e.Total)
		}
		list = append(list, happened{fmt.Sprintf("%.2f s", e.At.Sub(p.At).Seconds()), string(e.Stage), strings.TrimSuffix(from(e.Event), ": "), text})
	}
	return list
}

// spans makes bars of what was said. A host says what it has done, not what it
// begins, so a bar begins with its stage; but that of something counted and that
// of a server begin with their first word, and what is done to the databases
// one by one with the last word before.
func spans(p *run.Past) []*span {
	var list []*span
	began := map[string]time.Duration{}
	before := time.Duration(0)
	for _, e := range p.Events {
		at, stage := e.At.Sub(p.At), string(e.Stage)
		if _, is := began[stage]; !is {
			began[stage] = before
		}
		name := lane(e.Event)
		if e.Stage == run.Verify && e.Node == "" && e.Target == p.Begin.Deployment {
			began[stage], before = at, at // the first word of the stage, of nobody in particular
			continue
		}
		i := slices.IndexFunc(list, func(s *span) bool { return s.stage == stage && s.name == name && s.target == e.Target })
		if i < 0 {
			s := &span{stage: stage, name: name, target: e.Target, begin: began[stage]}
			switch {
			case e.Total > 0 && e.Done < e.Total, e.Stage == run.Restart:
				s.begin = at
			case e.Target == plan.Deployment:
				s.begin = before
			}
			i, list = len(list), append(list, s)
		}
		list[i].end = at
		list[i].said = append(list[i].said, word{at, e.Text})
		before = at
	}
	markFailed(p, list)
	return list
}

// lane is whose bar an event belongs to.
func lane(e run.Event) string {
	switch {
	case e.Target == plan.Deployment && e.Text != "":
		text, _, _ := strings.Cut(e.Text, ": ")
		return text
	case e.Node != "" && e.Node != e.Target:
		return e.Target + " " + e.Node
	}
	return e.Target
}

// markFailed finds the last bar of each target that failed. It failed at the
// next word of anybody, or at the end: of its failure no event tells.
func markFailed(p *run.Past, list []*span) {
	if p.End == nil {
		return
	}
	for _, o := range p.End.Outcomes {
		if o.Result != run.Failed {
			continue
		}
		var last *span
		for _, s := range list {
			if s.target == o.Target && (last == nil || s.end >= last.end) {
				last = s
			}
		}
		if last == nil {
			continue
		}
		last.failed = true
		until := p.EndAt.Sub(p.At)
		for _, e := range p.Events {
			if at := e.At.Sub(p.At); at > last.end {
				until = at
				break
			}
		}
		last.end = max(last.end, until)
	}
}

func newTimeline(p *run.Past) *timeline {
	list := spans(p)
	if len(list) == 0 {
		return nil
	}
	whole := p.EndAt.Sub(p.At)
	for _, s := range list {
		whole = max(whole, s.end)
	}
	whole = max(whole, time.Millisecond)
	t := &timeline{Wide: bars(list, whole, 1000, "wide-picture"), Tall: bars(list, whole, 340, "tall")}
	for _, s := range list {
		text := fmt.Sprintf("%s, %s: from %s to %s, %s", s.stage, s.name, seconds(s.begin), seconds(s.end), seconds(s.end-s.begin))
		if s.failed {
			text += ", failed"
		}
		t.Words = append(t.Words, text)
	}
	return t
}

// waterfall is the drawing of the bars. Names stand before them where there is
// room, and over them where there is none.
type waterfall struct {
	*drawing
	narrow bool
	before int // of the bars
	row    int // height of one
	whole  time.Duration
}

// bars draws the waterfall.
func bars(list []*span, whole time.Duration, width int, class string) *drawing {
	d := &drawing{ID: "time-" + class, Class: class, W: width, Name: "The run as it went",
		Desc: fmt.Sprintf("%s in %s, each from its beginning to its end. Below it the same is told as a list.", count(len(list), "bar", "bars"), seconds(whole))}
	f := waterfall{drawing: d, narrow: width < 600, before: 290, row: 24, whole: whole}
	if f.narrow {
		f.before, f.row = 0, 36
	}
	height := f.height(list)
	f.axis(height)
	y, stage := 24, ""
	for _, s := range list {
		if s.stage != stage {
			stage = s.stage
			y = f.stage(stage, y)
		}
		f.bar(s, y)
		y += f.row
	}
	d.H = height + 4
	return d
}

// x is where a time stands. Clocks may say anything.
func (f waterfall) x(at time.Duration) int {
	room := float64(f.W - f.before - 84)
	return f.before + int(room*min(max(float64(at)/float64(f.whole), 0), 1))
}

func (f waterfall) height(list []*span) int {
	height, stage := 24, ""
	for _, s := range list {
		if s.stage != stage && f.narrow {
			height += 24
		}
		stage = s.stage
		height += f.row
	}
	return height
}

func (f waterfall) axis(height int) {
	every := step(f.whole, pick(f.narrow, 4, 8))
	for at := time.Duration(0); at <= f.whole; at += every {
		f.line("grid", f.x(at), 18, f.x(at), height)
		f.text("s "+pick(at == 0, "start", "mid"), f.x(at), 12, 80, strings.Replace(seconds(at), ".00", "", 1))
	}
}

// stage begins a stage, and returns where its first bar is.
func (f waterfall) stage(name string, y int) int {
	if f.narrow {
		f.text("b", 0, y+18, f.W, name)
		return y + 24
	}
	f.line("grid", 0, y, f.W, y)
	f.text("b", 0, y+17, 90, name)
	return y
}

// bar draws one bar with its name, its events and how long it took.
func (f waterfall) bar(s *span, y int) {
	nameX, nameY, barY, thick, room := 88, y+17, y+5, 14, f.before-96
	if f.narrow {
		nameX, nameY, barY, thick, room = 0, y+13, y+18, 12, f.W
	}
	if name := f.text("m", nameX, nameY, room, s.name); name.Tip == "" {
		name.Tip = s.name
	}
	begin := f.x(s.begin)
	long := max(f.x(s.end)-begin, 3)
	f.rect(pick(s.failed, "bar failed", "bar"), begin, barY, long, thick, 2).Tip = fmt.Sprintf("%s, %s: from %s to %s", s.stage, s.name, seconds(s.begin), seconds(s.end))
	for _, w := range s.said {
		f.line("tick", f.x(w.at), barY+3, f.x(w.at), barY+thick-3)
		f.Shapes[len(f.Shapes)-1].Tip = seconds(w.at) + ": " + w.text
	}
	label := []inked{{"not", seconds(s.end - s.begin)}}
	if s.failed {
		label = []inked{{"del", "✗ failed, " + seconds(s.end-s.begin)}}
	}
	if s.failed && begin+long > f.W-130 {
		f.parts("n end", begin-6, barY+thick-3, label)
		return
	}
	f.parts("n", begin+long+6, barY+thick-3, label)
}

// step is a round time that divides the whole into at most so many parts.
func step(whole time.Duration, parts int) time.Duration {
	for unit := time.Millisecond; ; unit *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if whole/(n*unit) < time.Duration(parts) {
				return n * unit
			}
		}
	}
}

// seconds is a time as people say it.
func seconds(d time.Duration) string {
	switch s := d.Seconds(); {
	case d >= time.Hour:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(s)%60)
	case s >= 10:
		return fmt.Sprintf("%.0f s", s)
	case s == 0:
		return "0 s"
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
