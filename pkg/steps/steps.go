// Package steps knows what App Manager needs: one file a step, one literal
// list of all steps. A step computes from the inventory and the gathered state;
// it never touches a host.
package steps

import (
	"slices"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Deployment is what the steps are computed from.
type Deployment struct {
	Inventory inventory.Inventory
	Select    inventory.Selection
	Password  inventory.Secret // of the application's database account
	Admin     inventory.Secret // of the tool's own; zero where the server knows it by the socket
	// Administrator is the password of the product's own; zero where the inventory names none.
	Administrator inventory.Secret
	Driver        Driver
	Pack          Pack
}

// row is a kind of step: one of a node's, with the roles that it is for, a
// host's, the deployment's, or one between nodes.
type row struct {
	roles []inventory.Role
	node  func(Deployment, inventory.Node) plan.Step
	file  func(Deployment, inventory.Node) Edit // a node's too; a server older than its file restarts
	host  func(Deployment, inventory.Host) plan.Step
	on    func(inventory.Host) bool // of a host's; nil: every one that has nodes
	whole func(Deployment) plan.Step
	nodes func(Deployment, []inventory.Node) plan.Step // what the selected ones must agree on
	only  func(inventory.Inventory) bool               // nil: always
}

// order is the run's table of contents: the steps of the deployment page, in
// its order. It is a function because Restart reads it too.
func order() []row {
	return []row{
		{host: ServiceUser, only: packsForUser},
		{roles: all, node: Unpack, only: packs},
		{roles: all, node: Home},
		{roles: all, node: JDBCDriver},
		{host: HostEntries, on: func(h inventory.Host) bool { return h.Entries }},
		{whole: Install, only: installs},
		{whole: Databases},
		{roles: all, file: Carbon},
		{roles: all, file: MasterDatasources},
		{roles: apps, file: AppManager},
		{roles: all, file: UserManagement},
		{roles: shares, file: Registry},
		{roles: shares, file: Axis2},
		{roles: []inventory.Role{inventory.IDP}, file: SingleSignOn, only: wired},
		{roles: []inventory.Role{inventory.Publisher}, file: PublisherJSON, only: wiredOrAdmin},
		{roles: []inventory.Role{inventory.Store}, file: StoreJSON, only: wired},
		{roles: []inventory.Role{inventory.Store}, file: SocialJSON, only: wired},
		{roles: all, node: CrossCheck},
		{nodes: Agreement},
		{nodes: Ports},
		{roles: all, node: UnitFile, only: serves},
		{roles: all, node: Service, only: serves},
		{roles: all, node: Restart},
	}
}

var (
	all    = inventory.Roles
	apps   = []inventory.Role{inventory.Gateway, inventory.Publisher, inventory.Store}
	shares = []inventory.Role{inventory.Publisher, inventory.Store}
)

func wired(inv inventory.Inventory) bool { return inv.Wiring.Manage }

func wiredOrAdmin(inv inventory.Inventory) bool {
	return inv.Wiring.Manage || inv.Admin.Password.Kind() != inventory.SecretMissing
}

// For returns the steps of a deployment, or of the selected part of it, in the
// order of the run; within a step, nodes stand in role order.
func For(d Deployment) []plan.Step {
	var list []plan.Step
	for _, s := range order() {
		switch {
		case s.only != nil && !s.only(d.Inventory):
		case s.roles != nil:
			for _, n := range d.Inventory.Nodes {
				if d.Select.Has(n.Name) && slices.Contains(s.roles, n.Role) {
					list = append(list, s.of(d, n))
				}
			}
		case s.host != nil:
			for _, h := range d.Inventory.Hosts {
				if d.Select.HasHost(h.Name) && len(h.Nodes) > 0 && (s.on == nil || s.on(h)) {
					list = append(list, s.host(d, h))
				}
			}
		case s.nodes != nil:
			if nodes := d.selected(); len(nodes) > 1 {
				list = append(list, s.nodes(d, nodes))
			}
		case d.Select.Database && d.Inventory.Database.Manage:
			list = append(list, s.whole(d))
		}
	}
	return list
}

// selected are the nodes that the steps are for.
func (d Deployment) selected() []inventory.Node {
	return slices.DeleteFunc(slices.Clone(d.Inventory.Nodes), func(n inventory.Node) bool { return !d.Select.Has(n.Name) })
}

// of is the step of one node.
func (s row) of(d Deployment, n inventory.Node) plan.Step {
	if s.file != nil {
		return s.file(d, n).step(n)
	}
	return s.node(d, n)
}

// Needs are all resources that the steps must have read.
func Needs(list []plan.Step) []plan.Need {
	var needs []plan.Need
	for _, s := range list {
		needs = append(needs, s.Needs...)
	}
	return needs
}
