package inventory

import (
	"cmp"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
)

// hostTable and nodeTable are the tables that a Host and a Node come from.
type hostTable struct {
	section
	host *Host
}

type nodeTable struct {
	section
	node *Node
	host *Host
}

// highestOffset keeps the highest port of the server below 65536.
const highestOffset = 65535 - 11111

func (r *reader) readHosts() {
	tables := r.root.tables("host")
	r.inv.Hosts = make([]Host, len(tables))
	for i, s := range tables {
		h := r.host(s)
		r.inv.Hosts[i] = h
		r.hosts = append(r.hosts, hostTable{s, &r.inv.Hosts[i]})
	}
	for _, h := range r.hosts {
		r.readNodes(h)
	}
	for i := range r.nodes {
		r.inv.Nodes = append(r.inv.Nodes, *r.nodes[i].node)
	}
}

func (r *reader) host(s section) Host {
	s.need("name", "")
	s.need("address", ": the IP address by which nodes and database see the host")
	h := Host{
		Name:      s.text("name", "", memberName),
		Address:   address(s),
		HostsFile: s.text("hosts_file", defaultHostsFile, absolute),
		Entries:   s.flag("host_entries", true),
		StateDir:  s.text("state_dir", "", absolute),
		Line:      s.start(),
	}
	h.SSH = r.hostSSH(s.table("ssh"), h.Name, h.Address)
	return h
}

// address is written in one way only, as it is compared: fe80::1, never FE80:0::1.
func address(s section) string {
	addr, err := netip.ParseAddr(s.text("address", "", explainedAddress))
	if err != nil {
		return ""
	}
	return addr.Unmap().String()
}

func explainedAddress(value string) string {
	complaint := ipLiteral(value)
	if complaint != "" && hostName(value) == "" && !only(value, digits+".") {
		return complaint + fmt.Sprintf(" (write the IP address here, and ssh = { host = %q } if that is how you reach the host)", value)
	}
	return complaint
}

func (r *reader) readNodes(h hostTable) {
	seen := map[Role]int{}
	tables := h.tables("nodes")
	for _, s := range tables {
		n := r.node(s, h.host)
		seen[n.Role]++
		n.Home = home(s, r.defaultHome(n.Role, seen[n.Role]))
		n.Name = s.text("name", defaultNodeName(h.host.Name, n.Role, len(tables), seen[n.Role]), memberName)
		h.host.Nodes = append(h.host.Nodes, n.Name)
		r.nodes = append(r.nodes, nodeTable{s, &n, h.host})
	}
}

// defaultNodeName is the host's name for its only node, else tells the role too.
func defaultNodeName(host string, role Role, of, nth int) string {
	switch {
	case of == 1:
		return host
	case nth > 1:
		return fmt.Sprintf("%s-%s-%d", host, role, nth)
	}
	return host + "-" + string(role)
}

func (r *reader) node(s section, h *Host) Node {
	n := Node{
		Role:        role(s),
		Host:        h.Name,
		Offset:      s.number("offset", 0, 0, highestOffset),
		ClusterPort: s.port("cluster_port", r.inv.Cluster.Port),
		JavaHome:    s.text("java_home", r.inv.Product.JavaHome, safePath),
		Service:     service(s, r.inv.Product.Service),
		Running:     s.flag("running", true),
		Line:        s.start(),
	}
	if product := r.root.table("product"); !s.has("home") && !product.has("home") && !product.has("parent") {
		s.wrong("home", "home is missing (write it here, or home or parent for all nodes under [product])")
	}
	if s.has("cluster_port") && n.Role != "" && !n.Role.Clustered() {
		s.warn("cluster_port", "cluster_port has no effect: only publisher and store are members of the cluster")
	}
	return n
}

// defaultHome is that of [product], else the page's folder for the role, which
// the second node of it on a host has with a number.
func (r *reader) defaultHome(role Role, nth int) string {
	p := r.inv.Product
	if p.Home != "" || p.Parent == "" || role == "" {
		return p.Home
	}
	folder := homeFolders[role]
	if nth > 1 {
		folder += strconv.Itoa(nth)
	}
	return path.Join(p.Parent, folder)
}

// homeFolders are what the page renames the unpacked folders to.
var homeFolders = map[Role]string{IDP: "IDP", Gateway: "Gateway", Publisher: "Publisher", Store: "Store"}

// home is empty when the node's own is of no use: it is not in the other then.
func home(s section, byDefault string) string {
	if s.has("home") {
		byDefault = ""
	}
	return s.text("home", byDefault, safePath)
}

func role(s section) Role {
	s.need("role", " (want "+either(roleNames())+")")
	value := s.text("role", "")
	if value != "" && !slices.Contains(Roles, Role(value)) {
		s.wrong("role", "unknown role %s%s", quoted(value), DidYouMean(value, roleNames()))
		return ""
	}
	return Role(value)
}

func roleNames() []string {
	names := make([]string, len(Roles))
	for i, r := range Roles {
		names[i] = string(r)
	}
	return names
}

// order puts the nodes into role order, as the servers start.
func (r *reader) order() { r.inv.Nodes = sortedByRole(r.inv.Nodes) }

func sortedByRole(nodes []Node) []Node {
	sorted := slices.Clone(nodes)
	slices.SortStableFunc(sorted, func(a, b Node) int {
		return cmp.Compare(slices.Index(Roles, a.Role), slices.Index(Roles, b.Role))
	})
	return sorted
}

func firstByRole(nodes []Node) Node { return sortedByRole(nodes)[0] }
