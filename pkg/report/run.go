package report

import (
	"fmt"
	"io"
	"sync"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// Progress writes one line for each event that says something new.
type Progress struct {
	W  io.Writer
	mu sync.Mutex
	// told is the last tenth of each transfer that was said.
	told map[string]int64
}

// Event writes the event; it may be called from several goroutines.
func (p *Progress) Event(e run.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who := from(e)
	if e.Total == 0 {
		fmt.Fprintf(p.W, "%-9s %s%s\n", e.Stage, who, visible(e.Text))
		return
	}
	if p.told == nil {
		p.told = map[string]int64{}
	}
	key := string(e.Stage) + "\x00" + who + "\x00" + e.Text
	tenth := e.Done * 10 / e.Total
	if last, said := p.told[key]; said && tenth <= last || tenth < 10 && e.Total < 1<<20 {
		return
	}
	p.told[key] = tenth
	fmt.Fprintf(p.W, "%-9s %s%s %d%%\n", e.Stage, who, visible(e.Text), tenth*10)
}

// from is where an event comes from; the databases' stage says it already.
func from(e run.Event) string {
	switch {
	case e.Target == plan.Deployment && e.Stage == run.Databases:
		return ""
	case e.Node != "" && e.Node != e.Target:
		return e.Target + " " + e.Node + ": "
	}
	return e.Target + ": "
}

// Outcome writes how each target came out.
func Outcome(w io.Writer, r *run.Report) {
	for _, o := range r.Outcomes {
		line := fmt.Sprintf("%-9s %s: %s", "result", o.Target, o.Result)
		if o.Planned > 0 {
			line += fmt.Sprintf(", %d of %s made", o.Made, count(o.Planned, "change", "changes"))
		}
		fmt.Fprintln(w, line)
	}
}
