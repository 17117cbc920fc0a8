package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// Of each deployment the newest records stay, and none that is older: what
// rollback and questions need, without growing for ever.
const (
	keepRecords = 50
	keepDays    = 180
)

const day = 24 * time.Hour

// recording is the record of the run that a session makes.
type recording struct {
	*run.Record
	dir   string
	index map[plan.Ref]int // of the plan's changes
	clean func(string) string
	keep  map[plan.Ref]string // where in the store of its host that which a change replaces goes
	// saw is told of each change that was made; nil: nobody.
	saw func(change int, r plan.Ref, kept string)
}

// begin opens the record of a run that will make the plan; of is the run that
// it takes back, or "". On an error nothing may be changed.
func (s *session) begin(p *plan.Plan, of string) (_ *recording, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("the record of this run cannot be kept on this machine, so nothing was begun: %w", err)
		}
	}()
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	key, err := run.Key(dir)
	if err != nil {
		return nil, err
	}
	planned, err := recorded(p, key)
	if err != nil {
		return nil, err
	}
	planned.Layout = layout(s.inv)
	clean := cleaner(s.secrets()...)
	r := &recording{dir: dir, index: map[plan.Ref]int{}, clean: clean, keep: map[plan.Ref]string{}}
	for i, c := range p.Changes {
		r.index[c.Ref] = i
	}
	file, err := filepath.Abs(s.inventory)
	if err != nil {
		return nil, err
	}
	r.Record, err = run.Create(dir, run.Begin{
		Version: buildVersion(), Operator: operator(), Command: cleanAll(clean, s.args), Deployment: s.inv.Name,
		Inventory: file, Digest: run.Fingerprint(key, s.source), Of: of,
	}, run.Options{Clean: clean, Warn: func(err error) { s.warn("%v", err) }})
	if err != nil {
		return nil, err
	}
	for i, c := range p.Changes {
		name := converge.StoreName(s.inv.Name, r.ID, i, c)
		if r.keep[c.Ref] = name; c.Before != nil {
			planned.Changes[i].Keep = name
		}
	}
	if err := r.Plan(planned); err != nil {
		return nil, err
	}
	s.record = r
	return r, nil
}

// operator says who runs this, and where.
func operator() string {
	host, err := os.Hostname()
	if err != nil {
		return me()
	}
	return me() + "@" + host
}

func cleanAll(clean func(string) string, texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = clean(text)
	}
	return out
}

// events records each event before it goes on to next.
func (r *recording) events(next func(run.Event)) func(run.Event) {
	return func(e run.Event) {
		e.Text = r.clean(e.Text)
		r.Event(e)
		next(e)
	}
}

// made records a change; a session that records nothing has no recording.
func (r *recording) made(ref plan.Ref, kept string) {
	if r == nil {
		return
	}
	if i, known := r.index[ref]; known {
		r.Made(i, kept)
		if r.saw != nil {
			r.saw(i, ref, kept)
		}
	}
}

// finish closes the record with the exit code that the error will have, and
// lets go of records that have grown too old or too many.
func (s *session) finish(ctx context.Context, err error, outcome *run.Report) {
	r, code := s.record, 0
	if err != nil {
		code = exitCode(ctx, err)
	}
	r.Wire(s.traffic())
	r.End(run.EndOf(code, err, outcome))
	if _, err := run.Prune(r.dir, s.inv.Name, run.Limits{Keep: keepRecords, Age: keepDays * day, Now: time.Now()}); err != nil {
		s.warn("old records stay: %v", err)
	}
}

// traffic is what went over the connections so far.
func (s *session) traffic() []run.Wire {
	var list []run.Wire
	for _, host := range slices.Sorted(maps.Keys(s.conns)) {
		w := s.conns[host].Stats()
		list = append(list, run.Wire{Host: host, Connections: w.Connections, Sessions: w.Sessions, Tunnels: w.Tunnels, Sent: w.Sent, Received: w.Received})
	}
	return list
}

// recorded is the plan as it is recorded: whole, but for the bytes of files
// and what they hide.
func recorded(p *plan.Plan, key []byte) (run.Plan, error) {
	veil := report.Options{Secret: func(secret []byte) string { return "(secret " + run.Fingerprint(key, secret) + ")" }}
	out, err := inParts(p, veil)
	if err != nil {
		return out, err
	}
	for i, c := range p.Changes {
		r := &out.Changes[i]
		if r.Text, err = report.Change(c, veil); err != nil {
			return out, err
		}
		r.Before, r.After = thing(key, c.Before, nil), thing(key, c.After, c.Before)
	}
	return out, nil
}

// inParts is what of a plan a page shows, and a record beside it.
func inParts(p *plan.Plan, o report.Options) (run.Plan, error) {
	out := run.Plan{Summary: report.Summary(p)}
	for _, c := range p.Changes {
		shown, err := report.Shown(c, o)
		if err != nil {
			return out, err
		}
		out.Changes = append(out.Changes, run.Change{
			Target: c.Ref.Target, Kind: string(c.Ref.Kind), Path: c.Ref.Path, As: c.As, Node: c.Node,
			Step: c.Step, Stage: string(c.Stage()), Why: report.Visible(c.Why), Shown: shown,
		})
	}
	for _, n := range p.Notes {
		out.Notes = append(out.Notes, run.Note{Target: n.Target, Node: n.Node, Text: report.Visible(n.Text)})
	}
	for _, w := range p.Kept {
		out.Kept = append(out.Kept, report.KeptOf(w))
	}
	return out, nil
}

// thing is what is recorded of an object. A mode and owner that the plan does
// not set are those of what was there.
func thing(key []byte, o, was plan.Object) *run.Thing {
	switch o := o.(type) {
	case nil:
		return nil
	case *plan.File:
		t := ofMeta(o.Meta, was)
		t.Fingerprint, t.Size = run.Fingerprint(key, o.Data), int64(len(o.Data))
		return t
	case *plan.Blob:
		t := ofMeta(o.Meta, was)
		t.Fingerprint, t.SHA256, t.Size = run.FingerprintOf(key, o.SHA256), o.SHA256, o.Size
		return t
	case *plan.Server:
		return &run.Thing{Running: o.Running}
	case *plan.Unit:
		return &run.Thing{Enabled: o.Enabled}
	}
	return &run.Thing{}
}

func ofMeta(m plan.Meta, was plan.Object) *run.Thing {
	var b plan.Meta
	switch was := was.(type) {
	case *plan.File:
		b = was.Meta
	case *plan.Blob:
		b = was.Meta
	}
	return &run.Thing{
		Mode: run.Mode(cmp.Or(m.Mode, b.Mode)), Owner: cmp.Or(m.Owner, b.Owner), Group: cmp.Or(m.Group, b.Group), Real: cmp.Or(m.Real, b.Real),
	}
}
