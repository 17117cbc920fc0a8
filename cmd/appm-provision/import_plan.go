package main

import (
	"context"
	"errors"
	"fmt"

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
		setting, why := f.meant(inv, p, err)
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

// meant is a setting by which the inventory says what the plan would undo, and
// why; "" when the plan shows none.
func (f *imported) meant(inv inventory.Inventory, p *plan.Plan, err error) (setting, why string) {
	for _, h := range inv.Hosts {
		if !h.Entries || len(h.Nodes) == 0 {
			continue
		}
		if text := hostsConflict(h, p, err); text != "" {
			return "host." + h.Name + ".host_entries=false", fmt.Sprintf("%s: %s is left alone: %s", h.Name, h.HostsFile, text)
		}
	}
	if err != nil || p == nil || inv.Product.UserStore == inventory.UserStoreKeep {
		return "", ""
	}
	for _, n := range inv.Nodes {
		for _, c := range p.On(n.Host) {
			if c.Node == n.Name && c.Ref.Path == n.Home+"/repository/conf/user-mgt.xml" {
				return "product.user_store=keep", n.Name + ": the user store of user-mgt.xml is not the page's, and stays as it is"
			}
		}
	}
	return "", ""
}

// hostsConflict is what stands between a plan and a host's hosts file.
func hostsConflict(h inventory.Host, p *plan.Plan, err error) string {
	var list []error
	if joined, is := err.(interface{ Unwrap() []error }); is {
		list = joined.Unwrap()
	} else if err != nil {
		list = []error{err}
	}
	for _, e := range list {
		var cannot *plan.Error
		if errors.As(e, &cannot) && cannot.Ref.Target == h.Name && cannot.Ref.Path == h.HostsFile {
			return cannot.Text
		}
	}
	if p == nil {
		return ""
	}
	for _, c := range p.On(h.Name) {
		if c.Ref.Path == h.HostsFile && c.Node == "" {
			return "it lacks names that the nodes need, or name servers know them"
		}
	}
	return ""
}
