package steps

import (
	"path"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// startedBy is the unit by which the node's server is started: the one that will
// be there. Where units are not the inventory's business, a server that runs in
// ours stays in it.
func (d Deployment) startedBy(s *plan.State, n inventory.Node, found *plan.Server) (string, error) {
	switch n.Service {
	case inventory.ServiceAny:
		return d.leaves(n, found), nil
	case inventory.ServiceSystemd:
		if o, err := s.Get(d.unitFile(n)); err != nil || o == nil {
			return "", err
		}
		return UnitName(d.Inventory, n), nil
	}
	return "", nil
}

// leaves is the unit of ours that the process belongs to.
func (d Deployment) leaves(n inventory.Node, found *plan.Server) string {
	if found.Running && found.Unit == UnitName(d.Inventory, n) {
		return found.Unit
	}
	return ""
}

// staleUnit adds what the unit gives reason for: it starts the process, so it
// counts as what that has loaded, and one beside it does not survive a reboot.
func (d Deployment) staleUnit(s *plan.State, n inventory.Node, server *plan.Server, x *staleness) error {
	by, err := d.startedBy(s, n, server)
	if err != nil || n.Service == inventory.ServiceAny {
		return err
	}
	switch in := d.leaves(n, server); {
	case in == "" && by != "":
		x.place = "runs beside its unit"
		return nil
	case by == "" && in != "":
		x.place = "runs in a unit that shall not be"
		return nil
	case by == "":
		return nil
	}
	r := d.unitFile(n)
	if s.Changes(r) {
		x.planned = append(x.planned, path.Base(r.Path))
		return nil
	}
	o, err := s.Found(r)
	if f, is := o.(*plan.File); is && server.Started.Before(f.Changed) {
		x.since = append(x.since, path.Base(r.Path))
	}
	return err
}

// mayUse refuses what systemd would not let the session do.
func (d Deployment) mayUse(s *plan.State, n inventory.Node, after *plan.Server) error {
	if after.Start == nil || after.Start.Unit == "" && after.Start.Leaves == "" || n.Service == inventory.ServiceAny {
		return nil
	}
	o, err := s.Found(d.unit(n))
	if u, is := o.(*plan.Unit); is && !u.Root {
		return missing(n, d.unit(n), "starting and stopping a unit needs root; write sudo = true for this host")
	}
	return err
}
