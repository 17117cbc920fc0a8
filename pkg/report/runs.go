package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/appm-provision/appm-provision/pkg/run"
)

const clock = "2006-01-02 15:04:05Z"

// Runs writes a line for each recorded run.
func Runs(w io.Writer, list []*run.Past) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tDEPLOYMENT\tBEGAN\tTOOK\tOPERATOR\tCHANGES\tRESULT")
	for _, p := range list {
		cells := []string{p.ID, p.Begin.Deployment, p.At.UTC().Format(clock), took(p), p.Begin.Operator, made(p), ended(p)}
		for i, c := range cells {
			cells[i] = firstLine(c)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

// firstLine is a text for a cell of a table.
func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return strings.ReplaceAll(visible(s), "\t", " ")
}

func took(p *run.Past) string {
	if p.EndAt.IsZero() || p.EndAt.Before(p.At) {
		return "-"
	}
	return p.EndAt.Sub(p.At).Round(time.Second / 10).String()
}

func made(p *run.Past) string {
	if p.Plan == nil {
		return "-"
	}
	return fmt.Sprintf("%d of %d", len(p.Made), len(p.Plan.Changes))
}

// ended is how a run ended, in a few words.
func ended(p *run.Past) string {
	switch {
	case p.Err != nil:
		return "unreadable; runs show says why"
	case p.UnderWay:
		return "under way"
	case p.Begin.ID == "":
		return "broken off before it began"
	case p.End == nil:
		return "broken off"
	case p.End.Exit == 0:
		return "done"
	case p.End.Exit == 130:
		return "interrupted"
	}
	return fmt.Sprintf("failed, exit code %d", p.End.Exit)
}

// Run writes all that a record says.
func Run(w io.Writer, p *run.Past, o Options) error {
	t := &text{Writer: bufio.NewWriter(w), Options: o}
	t.head(p)
	t.recorded(p)
	t.happened(p)
	t.traffic(p.Wire)
	t.ended(p)
	return t.Flush()
}

func (t *text) head(p *run.Past) {
	t.pair("run", p.ID)
	t.pair("deployment", p.Begin.Deployment)
	t.pair("operator", p.Begin.Operator)
	t.pair("began", p.At.UTC().Format(clock))
	t.pair("command", strings.Join(p.Begin.Command, " "))
	t.pair("version", p.Begin.Version)
	t.pair("inventory", strings.TrimSpace(p.Begin.Inventory+" "+p.Begin.Digest))
	t.pair("takes back", p.Begin.Of)
}

func (t *text) pair(word, said string) {
	if said != "" {
		t.line("%-11s %s", word, firstLine(said))
	}
}

// recorded writes the plan with what became of each change.
func (t *text) recorded(p *run.Past) {
	if p.Plan == nil {
		return
	}
	t.line("")
	for _, n := range p.Plan.Notes {
		t.line("note: %s: %s", firstLine(n.Target), visible(n.Text))
	}
	told := map[string]bool{}
	for _, c := range p.Plan.Changes {
		if !told[c.Target] {
			told[c.Target] = true
			t.recordedOn(p, c.Target)
		}
	}
	t.line("%s", visible(p.Plan.Summary))
}

// recordedOn writes the changes of one target.
func (t *text) recordedOn(p *run.Past, target string) {
	t.line("%s", t.paint("1", visible(target)))
	for i, c := range p.Plan.Changes {
		if c.Target != target {
			continue
		}
		for l := range strings.SplitSeq(c.Text, "\n") {
			t.line("%s", visible(l))
		}
		became := "not made"
		if at, is := p.MadeAt[i]; is {
			became = "made " + after(p, at)
		}
		if kept := p.Made[i].Kept; kept != "" {
			became += ", what was there is kept in " + visible(kept)
		}
		t.line("      (%s)", became)
	}
	t.line("")
}

// after is how long after the beginning something was.
func after(p *run.Past, at time.Time) string {
	return fmt.Sprintf("after %.1fs", at.Sub(p.At).Seconds())
}

func (t *text) happened(p *run.Past) {
	if len(p.Events) > 0 {
		t.line("")
	}
	for _, e := range p.Events {
		share := ""
		if e.Total > 0 {
			share = fmt.Sprintf(" %d of %d", e.Done, e.Total)
		}
		t.line("%8.1fs %-9s %s%s%s", e.At.Sub(p.At).Seconds(), visible(string(e.Stage)), visible(from(e.Event)), firstLine(e.Text), share)
	}
}

func (t *text) traffic(list []run.Wire) {
	if len(list) > 0 {
		t.line("")
	}
	for _, w := range list {
		t.line("wire      %s: %s, %s, %s, %d bytes sent, %d received", visible(w.Host), count(w.Connections, "connection", "connections"),
			count(w.Sessions, "session channel", "session channels"), count(w.Tunnels, "tunnel", "tunnels"), w.Sent, w.Received)
	}
}

func (t *text) ended(p *run.Past) {
	t.line("")
	if p.Lost > 0 {
		t.line("This record has a gap: %s could not be written.", count(p.Lost, "line", "lines"))
	}
	if p.End != nil {
		for _, o := range p.End.Outcomes {
			t.line("%-9s %s: %s, %d of %s made", "result", visible(o.Target), visible(string(o.Result)), o.Made, count(o.Planned, "change", "changes"))
		}
		for l := range strings.Lines(p.End.Error) {
			t.line("%-9s %s", "error", visible(strings.TrimSuffix(l, "\n")))
		}
	}
	if p.EndAt.IsZero() {
		t.line("%-9s %s", "run", ended(p))
		return
	}
	t.line("%-9s %s, %s", "run", ended(p), after(p, p.EndAt))
}
