package main

import (
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/run"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// consolePort is that of a server without an offset.
const consolePort = 9443

// layout is the deployment as a page draws it: hosts, nodes and databases with
// their names and addresses, and nothing that is secret.
func layout(inv inventory.Inventory) *run.Layout {
	db := inv.Database
	l := &run.Layout{Server: run.DBServer{
		Name: db.Name, Address: db.Address, Port: db.Port, Host: db.Host, Account: db.User,
		Databases: []string{db.Schemas.AM, db.Schemas.UM, db.Schemas.REG, db.Schemas.ES},
	}}
	if len(inv.Members()) > 0 {
		l.Cluster = inv.Cluster.Domain
	}
	for _, h := range inv.Hosts {
		machine := run.Machine{Name: h.Name, Address: h.Address}
		for _, n := range inv.NodesOn(h.Name) {
			machine.Nodes = append(machine.Nodes, drawn(inv, n))
		}
		l.Hosts = append(l.Hosts, machine)
	}
	return l
}

func drawn(inv inventory.Inventory, n inventory.Node) run.Node {
	node := run.Node{
		Name: n.Name, Role: string(n.Role), Home: n.Home, Port: consolePort + n.Offset, Stopped: !n.Running,
		Databases: steps.Schemas(inv.Database, n.Role),
	}
	if n.Role.Clustered() {
		node.ClusterPort = n.ClusterPort
	}
	return node
}
