package report

import (
	"io"
	"sync"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// BeginDocument is the line that says a run has begun; nothing was changed
// before it.
type BeginDocument struct {
	Head
	// When the line was written, in UTC.
	At string `json:"at" schema:"format=date-time"`
	// The run's id.
	Run string `json:"run"`
	// The file of its record, on this machine.
	Record string `json:"record"`
	// The deployment's name in the inventory.
	Deployment string `json:"deployment"`
	// The id of the run that this one takes back; absent for every other.
	TakesBack string `json:"takes_back,omitempty"`
}

// EventDocument is a line of progress. Of what is counted there is a line at
// the beginning, at each percent and at the end.
type EventDocument struct {
	Head
	// When the line was written, in UTC.
	At string `json:"at" schema:"format=date-time"`
	// The run's id.
	Run string `json:"run"`
	run.Event
}

// MadeDocument is the line that says a change was made.
type MadeDocument struct {
	Head
	// When the line was written, in UTC.
	At string `json:"at" schema:"format=date-time"`
	// The run's id.
	Run string `json:"run"`
	// The change's index in the plan.
	Change int `json:"change"`
	// The host it is on, or "database".
	Target string `json:"target"`
	// Of which kind the resource is.
	Kind plan.Kind `json:"kind"`
	// The file's path, the server's home, or the name of the schema, account or package.
	Path string `json:"path"`
	// Where on its host the bytes that were there are kept; absent where nothing is.
	Kept string `json:"kept,omitempty"`
}

// An Ending is how a run ended.
type Ending string

// The endings.
const (
	EndingDone        Ending = "done"
	EndingNothing     Ending = "nothing to do"
	EndingRefused     Ending = "refused"
	EndingFailed      Ending = "failed"
	EndingInterrupted Ending = "interrupted"
)

// EndDocument is the last line of a run.
type EndDocument struct {
	Head
	// When the line was written, in UTC.
	At string `json:"at" schema:"format=date-time"`
	// The run's id; absent where none was begun.
	Run string `json:"run,omitempty"`
	// How it ended: refused is a run that did not begin, which has changed nothing.
	Result Ending `json:"result"`
	// The exit code of the program, as far as this run decides it.
	Exit int `json:"exit"`
	// What became of each target.
	Outcomes []run.Ended `json:"outcomes"`
	// How long the changes and their verification took, in seconds.
	Took float64 `json:"took_seconds"`
	// What went over the wire, by host.
	Wire []run.Wire `json:"wire"`
	Tail
}

// NewEnd is the last line of a run whose report may be nil: nothing was begun.
func NewEnd(id string, r *run.Report, wire []run.Wire) *EndDocument {
	d := &EndDocument{Head: head("end"), Run: id, Result: EndingDone, Outcomes: []run.Ended{}, Wire: append([]run.Wire{}, wire...)}
	if r == nil {
		return d
	}
	d.Took = inSeconds(r.Took)
	d.Outcomes = append(d.Outcomes, run.EndOf(0, nil, r).Outcomes...)
	return d
}

// End says how the run came out.
func (d *EndDocument) End(warnings []string, fault *Fault) {
	d.Tail.End(warnings, fault)
	d.At = now()
	switch {
	case fault == nil:
	case fault.Exit == interrupted:
		d.Exit, d.Result = fault.Exit, EndingInterrupted
	case d.Run == "":
		d.Exit, d.Result = fault.Exit, EndingRefused
	default:
		d.Exit, d.Result = fault.Exit, EndingFailed
	}
}

const interrupted = 130

func inSeconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

func now() string { return instant(time.Now()) }

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Lines writes a run under way, a line for each thing that happens. Its methods
// may be called from several goroutines.
type Lines struct {
	W   io.Writer
	Run string

	mu   sync.Mutex
	told map[string]int64 // the last percent of what is counted
}

// Line writes a document as a line. What cannot be written is nobody's any
// more; the run goes on.
func (l *Lines) Line(document any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = WriteLine(l.W, document) // see undisturbed
}

// Begin writes that the run has begun.
func (l *Lines) Begin(record, deployment, takesBack string) {
	l.Line(BeginDocument{head("begin"), now(), l.Run, record, deployment, takesBack})
}

// Event writes a line of progress, unless it says nothing new.
func (l *Lines) Event(e run.Event) {
	if e.Total == 0 || l.news(e) {
		l.Line(EventDocument{head("event"), now(), l.Run, e})
	}
}

func (l *Lines) news(e run.Event) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told == nil {
		l.told = map[string]int64{}
	}
	key, percent := string(e.Stage)+"\x00"+e.Target+"\x00"+e.Node+"\x00"+e.Text, e.Done*100/e.Total
	last, said := l.told[key]
	l.told[key] = max(last, percent)
	return !said || percent > last
}

// Made writes that a change was made.
func (l *Lines) Made(change int, r plan.Ref, kept string) {
	l.Line(MadeDocument{head("made"), now(), l.Run, change, r.Target, r.Kind, r.Path, kept})
}
