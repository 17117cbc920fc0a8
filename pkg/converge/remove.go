package converge

import (
	"context"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// remove takes away what nobody uses any more: hosts in parallel, on each its
// files before the units that they are of, and homes last; then the databases.
func (a *application) remove(ctx context.Context) {
	var onHosts, inDatabase []plan.Change
	for _, c := range a.plan.At(plan.StageRemove) {
		if c.Ref.Target == plan.Deployment {
			inDatabase = append(inDatabase, c)
		} else {
			onHosts = append(onHosts, c)
		}
	}
	a.each(onHosts, func(target string, changes []plan.Change) error {
		units, changes := apart(changes, plan.KindUnit)
		homes, files := apart(changes, plan.KindUnpacked)
		if err := a.write(ctx, target, files); err != nil {
			return err
		}
		if err := a.units(finishing(ctx), target, units); err != nil {
			return err
		}
		return a.homes(ctx, homes)
	})
	if len(a.failed) > 0 || ctx.Err() != nil {
		return
	}
	for _, c := range inDatabase {
		if err := a.drop(finishing(ctx), c); err != nil {
			a.fail(plan.Deployment, ofDatabase(err))
			return
		}
		a.done(c.Ref, "")
	}
}

// homes removes the homes of one host.
func (a *application) homes(ctx context.Context, changes []plan.Change) error {
	for _, c := range changes {
		if ctx.Err() != nil {
			return nil
		}
		if err := a.takeHome(finishing(ctx), c); err != nil {
			return err
		}
		a.done(c.Ref, "")
	}
	return nil
}

// drop removes a schema, or accounts.
func (a *application) drop(ctx context.Context, c plan.Change) error {
	o := dbinit.Options{Ledger: a.Ledger}
	a.say(run.Event{Stage: run.Remove, Target: plan.Deployment, Text: string(c.Ref.Kind) + " " + c.Ref.Path})
	switch before := c.Before.(type) {
	case *plan.Schema:
		found, _ := before.Found.(dbinit.Schema)
		return dbinit.Drop(ctx, a.DB, found, o)
	case *plan.Account:
		return dbinit.ExecAccounts(ctx, a.DB, o, toDB(c.After.(*plan.Account).Grants))
	}
	return nil
}
