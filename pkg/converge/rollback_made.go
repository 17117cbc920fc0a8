package converge

import (
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// Servers make files of files: a bundle of a jar. Nobody can say of such a file
// that somebody has changed it, and it must not outlive what it was made from.

// madeFrom are the changes of the step whose files servers make the path of.
func (b Rollback) madeFrom(path string, changes []run.Change) []run.Change {
	var list []run.Change
	for _, c := range changes {
		if b.Makes != nil && b.Makes(c.Path) == path {
			list = append(list, c)
		}
	}
	return list
}

// isMade tells whether servers make the file.
func (b Rollback) isMade(c run.Change) bool { return b.Made != nil && b.Made(c.Path) }

// goesBack tells whether one of the files is yet to be taken back.
func (b Rollback) goesBack(s *plan.State, changes []run.Change) bool {
	for _, c := range changes {
		was, _ := attainable(s, c)
		if found, err := s.Found(refOf(c)); err == nil && !b.is(found, was) {
			return true
		}
	}
	return false
}

// wantMade is the way back of a file that servers make: whatever is there goes
// with what it was made from, and what a server made of the same stays.
func (b Rollback) wantMade(s *plan.State, c run.Change, was *run.Thing, changes []run.Change) (plan.Want, error) {
	w := plan.Want{Ref: refOf(c), As: c.As, Node: c.Node, Why: "taken back from run " + b.Past.ID}
	found, err := s.Found(w.Ref)
	if err != nil {
		return w, err
	}
	if b.is(found, was) || found != nil && !b.goesBack(s, b.madeFrom(c.Path, changes)) {
		w.After, w.Why = found, "made by the server"
		return w, nil
	}
	w.After, err = b.before(s, c, was)
	return w, err
}

// leftovers are what servers have made since of files that go or change, and
// that the record does not know of.
func (b Rollback) leftovers(s *plan.State, changes []run.Change) ([]plan.Want, error) {
	var wants []plan.Want
	for _, c := range changes {
		r, is := b.leftover(c, changes)
		if !is || !b.goesBack(s, []run.Change{c}) {
			continue
		}
		found, err := s.Found(r)
		if err != nil {
			return nil, err
		}
		if found != nil {
			wants = append(wants, plan.Want{Ref: r, As: c.As, Node: c.Node, Why: "made by the server from a file that run " + b.Past.ID + " put there"})
		}
	}
	return wants, nil
}

// leftover is what a server makes of the change's file, if no change is of it.
func (b Rollback) leftover(c run.Change, changes []run.Change) (plan.Ref, bool) {
	if b.Makes == nil || b.Makes(c.Path) == "" {
		return plan.Ref{}, false
	}
	r := plan.Ref{Target: c.Target, Kind: plan.KindBlob, Path: b.Makes(c.Path)}
	for _, other := range changes {
		if refOf(other) == r {
			return plan.Ref{}, false
		}
	}
	return r, true
}
