package main

import (
	"context"

	"github.com/appm-provision/appm-provision/pkg/draft"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// plan makes the plan of the drafted inventory over the hosts as they are, and
// where it shows that something is meant to be otherwise there, has the
// inventory say so. With a text and an error both, the inventory is one, and no
// plan can be made.
func (f *imported) plan(ctx context.Context) ([]byte, *plan.Plan, error) {
	d := f.is.Draft
	for _, s := range f.settings {
		if err := d.Set(s); err != nil {
			return nil, nil, usage("--set %v", err)
		}
	}
	s := f.session
	s.password = f.is.Password
	for {
		text := d.Text()
		inv, warnings, err := inventory.Parse(f.inventory, text)
		if err != nil {
			return nil, nil, usage("nothing was written: what was found makes no inventory: %v", err)
		}
		if err := f.stepsOf(ctx, inv); err != nil {
			return nil, nil, err
		}
		if !f.gathered {
			if f.state, err, _ = s.gather(ctx); err != nil {
				return nil, nil, err
			}
			f.gathered = true
		}
		p, err := plan.Build(inv.Name, f.state, s.steps)
		setting, why := draft.Meant(inv, p, err)
		if setting == "" {
			for _, w := range warnings {
				f.is.Unusual = append(f.is.Unusual, w.String())
			}
			return text, p, err
		}
		f.is.Unusual = append(f.is.Unusual, why)
		if err := d.Set(setting); err != nil {
			return nil, nil, err
		}
	}
}

// stepsOf makes the session one of the drafted inventory.
func (f *imported) stepsOf(ctx context.Context, inv inventory.Inventory) (err error) {
	s := f.session
	d := steps.Deployment{Inventory: inv, Password: f.is.Password}
	if d.Select, err = inv.Select(nil); err != nil {
		return err
	}
	jar, source, err := driver(ctx, s.dir, inv.Driver)
	if err != nil {
		return err
	}
	d.Driver, s.blobs[jar.SHA256] = jar, source
	s.inv, s.sel, s.deployment, s.steps = inv, d.Select, d, steps.For(d)
	return nil
}
