package converge

import (
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// A Rollback is the way back from a run. It is a plan like any other: each file
// shall be what the record says that it was, with the bytes that its host keeps,
// and a file that is neither that nor what the run left is a conflict.
type Rollback struct {
	Past *run.Past
	Key  []byte // of the record's fingerprints
	// Takes tells whether a change is to be taken back; nil: each.
	Takes func(run.Change) bool
	// Secrets finds what of a file must not be shown; nil finds nothing.
	Secrets func([]byte) []plan.Span
	// Makes names the file that a server makes of another, "" of most; Made tells
	// such a file by its path. nil: none.
	Makes func(path string) string
	Made  func(path string) bool
}

// Steps are one for each host on which the run was to change files. Within it
// the way back is the way there in reverse.
func (b Rollback) Steps() []plan.Step {
	var targets []string
	of := map[string][]run.Change{}
	for _, c := range b.changes() {
		if !isFile(c) {
			continue
		}
		if of[c.Target] == nil {
			targets = append(targets, c.Target)
		}
		of[c.Target] = append([]run.Change{c}, of[c.Target]...)
	}
	list := make([]plan.Step, len(targets))
	for i, target := range targets {
		list[i] = b.step(target, of[target])
	}
	for _, c := range b.changes() {
		if c.Kind == string(plan.KindUnit) {
			list = append(list, b.unitStep(c))
		}
	}
	return list
}

func (b Rollback) changes() []run.Change {
	var list []run.Change
	homeless := b.homeless()
	for _, c := range b.Past.Plan.Changes {
		if !homeless[c.Node] && (b.Takes == nil || b.Takes(c)) {
			list = append(list, c)
		}
	}
	return list
}

// homeless are the nodes whose homes the run removed, or may have: of these
// nothing is taken back, as there is nothing to start.
func (b Rollback) homeless() map[string]bool {
	nodes := map[string]bool{}
	for _, c := range b.Past.Plan.Changes {
		nodes[c.Node] = nodes[c.Node] || c.Node != "" && c.Kind == string(plan.KindUnpacked)
	}
	return nodes
}

func isFile(c run.Change) bool {
	return c.Kind == string(plan.KindFile) || c.Kind == string(plan.KindBlob)
}

func (b Rollback) step(target string, changes []run.Change) plan.Step {
	var needs []plan.Need
	for _, c := range changes {
		needs = append(needs, plan.Need{Ref: refOf(c), As: c.As})
		if c.Before != nil && c.Keep != "" {
			needs = append(needs, plan.Need{Ref: keptRef(c), As: c.As, Sum: c.Kind == string(plan.KindBlob)})
		}
		if r, is := b.leftover(c, changes); is {
			needs = append(needs, plan.Need{Ref: r, As: c.As})
		}
		if c.As != "" {
			needs = append(needs, plan.Need{Ref: folderRef(c)})
		}
	}
	return plan.Step{Name: "rollback", Scope: plan.ScopeHost, For: target, Needs: needs, Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
		var (
			notes []plan.Note
			errs  []error
		)
		wants, err := b.leftovers(s, changes)
		errs = append(errs, err)
		for _, c := range changes {
			was, note := attainable(s, c)
			w, err := b.want(s, c, was)
			if b.isMade(c) {
				w, err = b.wantMade(s, c, was, changes)
			}
			wants, errs = append(wants, w), append(errs, err)
			if note != "" && b.is(w.After, was) {
				notes = append(notes, plan.Note{Target: target, Node: c.Node, Text: note})
			}
		}
		return wants, notes, errors.Join(errs...)
	}}
}

func refOf(c run.Change) plan.Ref {
	return plan.Ref{Target: c.Target, Kind: plan.Kind(c.Kind), Path: c.Path}
}

func keptRef(c run.Change) plan.Ref {
	return plan.Ref{Target: c.Target, Kind: plan.KindKept, Path: c.Keep}
}

// folderRef is the directory whose owner writes the file.
func folderRef(c run.Change) plan.Ref {
	return plan.Ref{Target: c.Target, Kind: plan.KindDir, Path: c.As}
}

// attainable is what was there, as far as the owner of the home can bring it
// back: that one could remove the file of another user, but not give one away.
func attainable(s *plan.State, c run.Change) (*run.Thing, string) {
	if c.Before == nil || c.After != nil || c.As == "" {
		return c.Before, ""
	}
	o, err := s.Found(folderRef(c))
	home, is := o.(*plan.Dir)
	if err != nil || !is || home.Owner == "root" || home.Owner == c.Before.Owner {
		return c.Before, ""
	}
	was := *c.Before
	was.Owner, was.Group = home.Owner, ""
	return &was, fmt.Sprintf("%s belonged to %s and will belong to %s, as who writes there", c.Path, c.Before.Owner, home.Owner)
}

// want is the way back of one file.
func (b Rollback) want(s *plan.State, c run.Change, was *run.Thing) (plan.Want, error) {
	w := plan.Want{Ref: refOf(c), As: c.As, Node: c.Node}
	found, err := s.Found(w.Ref)
	if err != nil {
		return w, err
	}
	switch {
	case b.is(found, was):
		w.After, w.Why = found, "as it was before run "+b.Past.ID
		return w, nil
	case !b.is(found, c.After):
		return w, b.cannot(c, plan.Conflict, fmt.Sprintf("is neither what run %s left there nor what was there before: %s; "+
			"nothing was taken back; settle this one by hand, or leave it out with --limit", b.Past.ID, b.differs(found, c)))
	}
	w.Why = "taken back from run " + b.Past.ID
	if w.After, err = b.before(s, c, was); err != nil {
		return w, err
	}
	if w.After == nil && b.ofUnit(c) {
		w.During = plan.StageRemove // its server has left it by then
	}
	if b.Secrets != nil {
		w.Hidden, w.HiddenBefore = b.spans(w.After), b.spans(found)
	}
	return w, nil
}

func (b Rollback) spans(o plan.Object) []plan.Span {
	if f, is := o.(*plan.File); is {
		return b.Secrets(f.Data)
	}
	return nil
}

func (b Rollback) cannot(c run.Change, cause plan.Cause, text string) error {
	return &plan.Error{Cause: cause, Ref: refOf(c), Node: c.Node, Text: text}
}

// before is what was there, with the bytes that the host keeps.
func (b Rollback) before(s *plan.State, c run.Change, was *run.Thing) (plan.Object, error) {
	if was == nil {
		return nil, nil
	}
	if c.Keep == "" {
		return nil, b.cannot(c, plan.Missing, "run "+b.Past.ID+" kept nothing of what was there, so this cannot be taken back")
	}
	o, err := s.Found(keptRef(c))
	if err != nil {
		return nil, err
	}
	kept, is := o.(*plan.Kept)
	if !is {
		return nil, b.cannot(c, plan.Missing, "what was there before run "+b.Past.ID+" is no longer kept on its host ("+c.Keep+" in the store), so this cannot be taken back")
	}
	if run.FingerprintOf(b.Key, kept.SHA256) != was.Fingerprint {
		return nil, b.cannot(c, plan.Conflict, "what its host keeps as "+c.Keep+" is not what was there before run "+b.Past.ID+"; do not use it before you know why")
	}
	meta := plan.Meta{Mode: uint32(was.Mode), Owner: was.Owner, Group: was.Group}
	if c.Kind == string(plan.KindBlob) {
		return &plan.Blob{Meta: meta, Size: kept.Size, SHA256: kept.SHA256, Kept: c.Keep}, nil
	}
	return &plan.File{Meta: meta, Data: kept.Data}, nil
}

// is tells whether an object is what was recorded.
func (b Rollback) is(o plan.Object, t *run.Thing) bool {
	if o == nil || t == nil {
		return o == nil && t == nil
	}
	meta, print := b.look(o)
	return print == t.Fingerprint && otherwise(meta, t) == ""
}

// look is the metadata and the fingerprint of a file.
func (b Rollback) look(o plan.Object) (plan.Meta, string) {
	switch o := o.(type) {
	case *plan.File:
		return o.Meta, run.Fingerprint(b.Key, o.Data)
	case *plan.Blob:
		return o.Meta, run.FingerprintOf(b.Key, o.SHA256)
	}
	return plan.Meta{}, ""
}

// otherwise says what of a file's metadata is not as recorded.
func otherwise(m plan.Meta, t *run.Thing) string {
	switch {
	case t.Mode != 0 && m.Mode != uint32(t.Mode):
		return fmt.Sprintf("its mode is %04o, not %04o", m.Mode, t.Mode)
	case t.Owner != "" && m.Owner != t.Owner:
		return fmt.Sprintf("it belongs to %s, not to %s", m.Owner, t.Owner)
	case t.Group != "" && m.Group != t.Group:
		return fmt.Sprintf("its group is %s, not %s", m.Group, t.Group)
	case t.Real != "" && m.Real != "" && m.Real != t.Real:
		return fmt.Sprintf("it is a link to %s, not to %s", m.Real, t.Real)
	}
	return ""
}

// differs says how what is there is not what the run left.
func (b Rollback) differs(found plan.Object, c run.Change) string {
	switch {
	case found == nil:
		return "somebody has removed it since"
	case c.After == nil:
		return "somebody has made it anew since"
	}
	meta, print := b.look(found)
	if print == c.After.Fingerprint {
		return otherwise(meta, c.After)
	}
	return "somebody has changed it since"
}

// Notes are what is not taken back, each thing that the run has done or, being
// broken off, may have done.
func (b Rollback) Notes() []plan.Note {
	var notes []plan.Note
	for i, c := range b.Past.Plan.Changes {
		_, made := b.Past.Made[i]
		stays := remains[plan.Kind(c.Kind)]
		if c.Stage == string(plan.StageRemove) {
			stays = removed[plan.Kind(c.Kind)]
		}
		if stays == "" || !made && b.Past.End != nil && b.Past.End.Exit == 0 || b.Takes != nil && !b.Takes(c) {
			continue
		}
		may := ""
		if !made {
			may = ", as far as the run got"
		}
		notes = append(notes, plan.Note{Target: c.Target, Node: c.Node, Text: fmt.Sprintf("not taken back: "+stays+may, c.Path)})
	}
	return slices.CompactFunc(notes, func(a, b plan.Note) bool { return a == b })
}

// remains says what stays of the changes that have no way back.
var remains = map[plan.Kind]string{
	plan.KindSchema:  "database %s stays as the run made it",
	plan.KindAccount: "account %s stays as the run made it, with its password",
	plan.KindPackage: "package %s stays installed",
	plan.KindService: "the database server goes on running (%s)",
	plan.KindAdmin:   "account %s stays as the run made it, with its password",
	plan.KindHome:    "the home %s stays, with its files as they came out of the pack",
	plan.KindUser:    "user %s stays",
}

// removed says it of what the run has removed.
var removed = map[plan.Kind]string{
	plan.KindSchema:   "database %s stays removed",
	plan.KindAccount:  "account %s stays removed",
	plan.KindUnpacked: "home %s stays removed, and with it all that was done for its node; apply makes it anew",
}

// Servers are the changes of servers that the run was to make, in its order.
func (b Rollback) Servers() []run.Change {
	return slices.DeleteFunc(b.changes(), func(c run.Change) bool { return c.Kind != string(plan.KindServer) })
}

// Targets are the hosts that the way back leads over, in the run's order.
func (b Rollback) Targets() []string {
	var list []string
	for _, c := range b.changes() {
		if (isFile(c) || c.Kind == string(plan.KindServer)) && !slices.Contains(list, c.Target) {
			list = append(list, c.Target)
		}
	}
	return list
}

// StoreName is where in the store of its host that which a change of a run
// replaces goes. A new file has a name as well: it says whose write it is, and
// that what is left beside the target is of a run that is dead.
func StoreName(deployment, id string, change int, c plan.Change) string {
	if c.Ref.Kind != plan.KindFile && c.Ref.Kind != plan.KindBlob {
		return ""
	}
	return fmt.Sprintf("%s/%s/%03d-%s", deployment, id, change, path.Base(c.Ref.Path))
}
