package converge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// files writes all files of a host in one round trip, in the plan's order.
func (a *application) files(ctx context.Context) {
	a.each(a.plan.At(plan.StageFiles), func(target string, changes []plan.Change) error {
		units, changes := apart(changes, plan.KindUnit)
		if err := a.write(ctx, target, changes); err != nil {
			return err
		}
		return a.units(finishing(ctx), target, units)
	})
}

// apart are the changes of a kind, and the others, each in their order.
func apart(changes []plan.Change, k plan.Kind) (of, others []plan.Change) {
	for _, c := range changes {
		if c.Ref.Kind == k {
			of = append(of, c)
		} else {
			others = append(others, c)
		}
	}
	return of, others
}

// write writes the files of one host.
func (a *application) write(ctx context.Context, target string, changes []plan.Change) error {
	if len(changes) == 0 {
		return nil
	}
	a.Hosts[target].Ahead(1) // for what looks at it afterwards
	wrote, err := a.Hosts[target].Replace(finishing(ctx), a.replaces(target, changes))
	for i, w := range wrote {
		if w.Done {
			a.done(changes[i].Ref, w.Kept)
			a.say(run.Event{Stage: run.Stage(changes[i].Stage()), Target: target, Node: changes[i].Node, Text: told(w)})
		}
	}
	if err != nil {
		return err
	}
	return refused(target, wrote)
}

func told(w Wrote) string {
	if w.InPlace {
		return w.Path + " (in place: it cannot be renamed over)"
	}
	return w.Path
}

// refused is the first file that was not written, as an error.
func refused(target string, wrote []Wrote) error {
	for _, w := range wrote {
		switch {
		case w.Moved:
			return &Error{Cause: Drift, Target: target, Text: w.Path + " is no longer what the plan saw, so it was left alone; plan again"}
		case !w.Done:
			return &Error{Cause: Write, Target: target, Text: w.Path + " was not written: " + w.Err}
		}
	}
	return nil
}

func (a *application) replaces(target string, changes []plan.Change) []Replace {
	out := make([]Replace, len(changes))
	for i, c := range changes {
		out[i] = Replace{Path: c.Ref.Path, As: c.As, Before: digest(c.Before), Remove: c.After == nil, Keep: a.Keep[c.Ref]}
		switch after := c.After.(type) {
		case *plan.File:
			out[i].Data, out[i].SHA256 = after.Data, digest(after)
			meta(&out[i], c.Before, after.Meta)
		case *plan.Blob:
			out[i].From, out[i].SHA256 = cmp.Or(after.Kept, a.staged[target][after.SHA256]), after.SHA256
			meta(&out[i], c.Before, after.Meta)
		}
	}
	return out
}

// digest is the sha256 by which a host tells whether a file is still what the
// plan saw; empty for an absent one.
func digest(o plan.Object) string {
	switch o := o.(type) {
	case *plan.File:
		sum := sha256.Sum256(o.Data)
		return hex.EncodeToString(sum[:])
	case *plan.Blob:
		return o.SHA256
	}
	return ""
}

// meta fills in mode and owner: what the plan says, else what was there, else
// what a new configuration file has (facts.md section 0).
func meta(r *Replace, before plan.Object, want plan.Meta) {
	r.Mode, r.Owner, r.Group = want.Mode, want.Owner, want.Group
	var was plan.Meta
	switch b := before.(type) {
	case *plan.File:
		was = b.Meta
	case *plan.Blob:
		was = b.Meta
	}
	r.Mode = cmp.Or(r.Mode, was.Mode, 0o644)
	r.Owner = cmp.Or(r.Owner, was.Owner)
	r.Group = cmp.Or(r.Group, was.Group)
}
