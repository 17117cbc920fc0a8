package draft

import (
	"errors"
	"fmt"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Meant is a setting by which the inventory says what the plan would undo, and
// why; "" when the plan shows none.
func Meant(inv inventory.Inventory, p *plan.Plan, err error) (setting, why string) {
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
