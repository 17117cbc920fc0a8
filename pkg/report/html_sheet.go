package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// sheet is what a page says, in the order in which it says it.
type sheet struct {
	Style  template.CSS
	Policy string
	Mark   template.HTML

	Run                  bool // of a run; else of a plan
	Title, Kind, Heading string
	Deployment           string
	Verdict              *verdict // of a run
	Tallies              []tally
	Facts                []fact
	Errors               []string
	Outcomes             []outcome
	Blamed               bool // an outcome has an error of its own
	Notes                []remark
	Picture              *pictures
	Unpictured           string // why there is no picture
	Restarts             []restart
	Groups               []onTarget
	Kept                 []keptOn
	KeptCount            string
	Timeline             *timeline
	Events               []happened
	Wire                 []wire
	Plan                 string // the plan's summary
}

type (
	verdict struct{ Class, Sign, Text string }
	tally   struct {
		Class, Sign, Word string
		N                 int
	}
	fact struct {
		Word, Said string
		Wide       bool
	}
	outcome struct{ Class, Sign, Target, Result, Made, Error string }
	remark  struct{ Where, Text string }
	restart struct{ Sign, Word, Node, Target, Why, Became string }
	keptOn  struct {
		Target string
		Count  string
		List   []run.Kept
	}
	wire struct{ Host, Connections, Channels, Tunnels, Sent, Received string }
)

func newSheet(p *run.Past, ran bool) *sheet {
	s := &sheet{Style: template.CSS(htmlStyle), Policy: htmlPolicy, Mark: htmlMark, Run: ran, Kind: "Plan", Deployment: p.Begin.Deployment, Facts: facts(p, ran)}
	if ran {
		s.Kind, s.Verdict = "Run", judged(p)
	}
	if p.Plan == nil {
		p.Plan, s.Plan = &run.Plan{}, "Its plan was not recorded: nothing was changed."
	} else {
		s.Plan = p.Plan.Summary
	}
	s.Heading = heading(s, p)
	s.Title = fmt.Sprintf("%s of %s: %s", s.Kind, s.Deployment, s.Heading)
	if s.Verdict != nil {
		s.Title = fmt.Sprintf("%s, %s", s.Title, ended(p))
	}
	s.Tallies = tallies(p.Plan)
	s.Groups = groups(p, ran)
	s.Restarts = restarts(p, ran)
	s.keptAll(p.Plan.Kept)
	for _, n := range p.Plan.Notes {
		s.Notes = append(s.Notes, remark{strings.TrimSuffix(where(plan.Note(n)), ": "), n.Text})
	}
	if l := p.Plan.Layout; l != nil {
		s.Picture = draw(l, p)
	} else {
		s.Unpictured = unpictured(p)
	}
	if ran {
		s.ran(p)
	}
	return s
}

func unpictured(p *run.Past) string {
	if len(p.Plan.Changes)+len(p.Plan.Summary) == 0 {
		return ""
	}
	return "The record of this run was written by a version that did not record how the deployment is laid out, so there is no picture of it."
}

// ran is what a page of a run has beside the plan.
func (s *sheet) ran(p *run.Past) {
	s.Timeline, s.Events = newTimeline(p), happenings(p)
	for _, w := range p.Wire {
		s.Wire = append(s.Wire, wire{w.Host, fmt.Sprint(w.Connections), fmt.Sprint(w.Sessions), fmt.Sprint(w.Tunnels), bytesOf(w.Sent), bytesOf(w.Received)})
	}
	if p.Lost > 0 {
		s.Errors = append(s.Errors, "This record has a gap: "+count(p.Lost, "line", "lines")+" could not be written.")
	}
	if p.End == nil {
		return
	}
	if p.End.Error != "" {
		s.Errors = append(s.Errors, p.End.Error)
	}
	for _, o := range p.End.Outcomes {
		out := outcome{Target: o.Target, Result: string(o.Result), Error: o.Error}
		out.Class, out.Sign = marked(o.Result)
		if o.Planned > 0 {
			out.Made = fmt.Sprintf("%d of %s", o.Made, count(o.Planned, "change", "changes"))
		}
		if o.Error == p.End.Error {
			out.Error = "" // it is told above
		}
		s.Blamed = s.Blamed || out.Error != ""
		s.Outcomes = append(s.Outcomes, out)
	}
}

// marked is how a result looks: no color without a sign.
func marked(r run.Result) (class, sign string) {
	switch r {
	case run.Done:
		return "add", "✓"
	case run.Failed:
		return "del", "✗"
	case run.NotStarted:
		return "mod", "○"
	}
	return "not", "="
}

func judged(p *run.Past) *verdict {
	text := ended(p)
	text = strings.ToUpper(text[:1]) + text[1:]
	if !p.EndAt.IsZero() && p.End != nil {
		text += pick(p.End.Exit == 0, " in ", ", after ") + seconds(p.EndAt.Sub(p.At))
	}
	switch {
	case p.UnderWay:
		return &verdict{"run", "▸", text}
	case p.End != nil && p.End.Exit == 0:
		return &verdict{"add", "✓", text}
	case p.End != nil && p.End.Exit == 130:
		return &verdict{"mod", "○", text}
	}
	return &verdict{"del", "✗", text}
}

// heading says in a line what it is about.
func heading(s *sheet, p *run.Past) string {
	text := strings.TrimPrefix(strings.TrimSuffix(s.Plan, "."), "Plan: ")
	text, _, _ = strings.Cut(text, "; ")
	if !s.Run || p.End == nil {
		return text
	}
	return fmt.Sprintf("%d of %s made", len(p.Made), count(len(p.Plan.Changes), "change", "changes"))
}
