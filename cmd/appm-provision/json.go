package main

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// data is what a command with --json has to say: one document once it has come
// to its end, or, while apply and rollback are under way, a line for each thing
// that happens. It all goes to stdout.
type data struct {
	document report.Document
	lines    *report.Lines // of apply and rollback
	planned  bool          // the line with the plan was written
	ended    bool          // and the last one

	mu       sync.Mutex
	warnings []string
}

// warn keeps a warning for the end.
func (d *data) warn(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.warnings = append(d.warnings, text)
}

// warned are the warnings so far.
func (d *data) warned() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.warnings)
}

// asksForJSON looks for --json in a command line that could not be parsed.
func asksForJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}

// answering are the commands that have an answer in JSON; docs/json.md says which.
var answering = strings.Fields("validate init import check plan apply show status runs show prune rollback unlock destroy version")

// answerable refuses --json where it would be answered in something else.
func (a *app) answerable(cmd *cobra.Command) error {
	if a.json && cmd.HasParent() && !slices.Contains(answering, cmd.Name()) {
		return usage("%s has no answer in JSON; leave --json out", cmd.CommandPath())
	}
	return nil
}

// answer keeps the document until it is known how the command came out.
func (a *app) answer(d report.Document) { a.data.document = d }

// stream makes the command's answer lines. There is nobody to ask.
func (a *app) stream(yes bool, nothing string) error {
	if !a.json {
		return nil
	}
	if !yes {
		return usage("%s: with --json there is nobody to ask; pass --yes to go on without a question", nothing)
	}
	a.data.lines = &report.Lines{W: a.stdout}
	return nil
}

// showJSON is show as JSON.
func (a *app) showJSON(p *plan.Plan) error {
	d, err := report.OfPlan(p, report.Options{Verbose: a.verbosity >= sayWhy})
	if err != nil {
		return err
	}
	d.Clean(a.cleaned)
	if a.data.lines == nil {
		a.answer(d)
		return nil
	}
	a.data.planned = true
	a.data.lines.Line(d)
	return nil
}

// cleaned is a text of somebody else's without the secrets of the session.
func (a *app) cleaned(text string) string {
	if a.clean == nil {
		return text
	}
	return a.clean(text)
}

// conclude writes the document, or the last line, with what went wrong.
func (a *app) conclude(ctx context.Context, err error) error {
	d := &a.data
	fault := a.fault(ctx, err)
	switch {
	case d.ended:
		return nil
	case d.lines != nil && d.planned:
		end := report.NewEnd("", nil, nil)
		end.Result = report.EndingNothing
		end.End(d.warned(), fault)
		return report.WriteLine(a.stdout, end)
	case d.document == nil && fault == nil:
		return nil // help, which is for people
	case d.document == nil:
		d.document = report.NewErrorDocument()
	}
	d.document.End(d.warned(), fault)
	if d.lines != nil {
		return report.WriteLine(a.stdout, d.document)
	}
	return report.WriteDocument(a.stdout, d.document)
}

// A follower tells how a run gets on. Its methods may be called from several
// goroutines.
type follower interface {
	event(run.Event)
	made(change int, r plan.Ref, kept string)
	end(*run.Report)                                    // of its changes and their verification
	over(ctx context.Context, r *run.Report, err error) // the last word, with what the run came to
}

// follower is one for people, or with --json one for programs.
func (a *app) follower(s *session, p *plan.Plan, rec *recording) follower {
	if !a.json {
		return a.follow(p, rec.ID)
	}
	f := &jsonFollower{s: s, rec: rec, lines: &report.Lines{W: a.stdout, Run: rec.ID}}
	f.lines.Begin(rec.File, s.inv.Name, s.of)
	return f
}

type jsonFollower struct {
	s     *session
	rec   *recording
	lines *report.Lines
}

func (f *jsonFollower) event(e run.Event) { f.lines.Event(e) }
func (f *jsonFollower) end(*run.Report)   {}

func (f *jsonFollower) made(change int, r plan.Ref, kept string) { f.lines.Made(change, r, kept) }

// over is said last, when it is known what became of a failure as well.
func (f *jsonFollower) over(ctx context.Context, r *run.Report, err error) {
	end := report.NewEnd(f.rec.ID, r, f.s.traffic())
	for i := range end.Outcomes {
		end.Outcomes[i].Error = f.s.cleaned(end.Outcomes[i].Error)
	}
	end.End(f.s.data.warned(), f.s.fault(ctx, err))
	f.lines.Line(end)
	f.s.data.ended = true
}
