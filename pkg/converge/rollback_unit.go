package converge

import (
	"path"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// unitStep is the way back of what systemd knows of a unit: enabled or not as it
// was, and read anew where its file goes back.
func (b Rollback) unitStep(c run.Change) plan.Step {
	ref := refOf(c)
	return plan.Step{Name: "rollback", Scope: plan.ScopeHost, For: c.Target, Needs: []plan.Need{{Ref: ref}}, Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
		o, err := s.Found(ref)
		if err != nil {
			return nil, nil, err
		}
		found := o.(*plan.Unit)
		after := &plan.Unit{Systemd: found.Systemd, Root: found.Root, Enabled: c.Before != nil && c.Before.Enabled, Reload: found.Systemd && found.Stale}
		w := plan.Want{Ref: ref, Node: c.Node, After: after, Why: "as it was before run " + b.Past.ID}
		for _, file := range b.changes() {
			if file.Target != c.Target || !isFile(file) || path.Base(file.Path) != c.Path {
				continue
			}
			after.Reload = after.Reload || found.Systemd && s.Changes(refOf(file))
			if o, err := s.Get(refOf(file)); err == nil && o == nil {
				w.During = plan.StageRemove
			}
		}
		if after.Enabled != found.Enabled || after.Reload {
			w.Why = "taken back from run " + b.Past.ID
		}
		return []plan.Want{w}, nil, nil
	}}
}

// ofUnit tells whether the file is that of a unit which the run changed.
func (b Rollback) ofUnit(c run.Change) bool {
	for _, u := range b.changes() {
		if u.Kind == string(plan.KindUnit) && u.Target == c.Target && u.Path == path.Base(c.Path) {
			return true
		}
	}
	return false
}
