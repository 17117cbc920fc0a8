package inventory

// Host finds a host by name.
func (inv Inventory) Host(name string) (Host, bool) {
	for _, h := range inv.Hosts {
		if h.Name == name {
			return h, true
		}
	}
	return Host{}, false
}

// Node finds a node by name.
func (inv Inventory) Node(name string) (Node, bool) {
	for _, n := range inv.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}

// HostOf is the host that carries the node.
func (inv Inventory) HostOf(n Node) Host {
	h, _ := inv.Host(n.Host)
	return h
}

// NodesOn are the nodes of a host, in role order.
func (inv Inventory) NodesOn(host string) []Node {
	return inv.nodes(func(n Node) bool { return n.Host == host })
}

// NodesOf are the nodes of a role, in the order of the file.
func (inv Inventory) NodesOf(role Role) []Node {
	return inv.nodes(func(n Node) bool { return n.Role == role })
}

// Shared is what the nodes of a role share.
func (inv Inventory) Shared(role Role) Shared {
	return map[Role]Shared{IDP: inv.IDP, Gateway: inv.Gateway, Publisher: inv.Publisher, Store: inv.Store}[role]
}

// Members are the nodes of the cluster, Publishers first.
func (inv Inventory) Members() []Node {
	return inv.nodes(func(n Node) bool { return n.Role.Clustered() })
}

func (inv Inventory) nodes(want func(Node) bool) []Node {
	var found []Node
	for _, n := range inv.Nodes {
		if want(n) {
			found = append(found, n)
		}
	}
	return found
}
