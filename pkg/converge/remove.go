package converge

import (
	"context"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// remove takes away what nobody uses any more: hosts in parallel, on each its
// files before the units that they are of.
func (a *application) remove(ctx context.Context) {
	changes := a.plan.At(plan.StageRemove)
	a.each(changes, func(target string, changes []plan.Change) error {
		units, files := apart(changes, plan.KindUnit)
		if err := a.write(ctx, target, files); err != nil {
			return err
		}
		return a.units(finishing(ctx), target, units)
	})
}
