package inventory

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// checkNames makes sure that a word of --limit means one thing. Case does not
// tell names apart, as it does not in host names and on some file systems.
func (r *reader) checkNames() {
	hosts, nodes := map[string]int{}, map[string]int{}
	for _, h := range r.hosts {
		name := strings.ToLower(h.host.Name)
		if line, taken := hosts[name]; taken && name != "" {
			h.wrong("name", "name %s is taken by the host in line %d", quoted(h.host.Name), line)
			continue
		}
		hosts[name] = h.line("name")
	}
	for _, n := range r.nodes {
		name := strings.ToLower(n.node.Name)
		own := strings.EqualFold(n.node.Name, n.host.Name) && len(n.host.Nodes) == 1
		hostLine, isHost := hosts[name]
		nodeLine, isNode := nodes[name]
		switch {
		case n.broken("name") || n.host.Name == "" || n.node.Role == "" || name == "":
		case isHost && !own:
			n.wrong("name", "name %s is taken by the host in line %d (a node may have its host's name when it is the only one there)", quoted(n.node.Name), hostLine)
		case isNode && !own:
			n.wrong("name", "name %s is taken by the node in line %d", quoted(n.node.Name), nodeLine)
		}
		if !isNode {
			nodes[name] = n.line("name")
		}
	}
}

// checkEndpoints refuses to reach one SSH server as two hosts: their runs
// would write the same files at the same time.
func (r *reader) checkEndpoints() {
	taken := map[string]hostTable{}
	anyRemote := r.anyRemote()
	for _, h := range r.hosts {
		ssh := h.host.SSH
		if ssh.Host == "" {
			continue
		}
		// Behind different jump hosts one address may be two machines.
		endpoint := strings.ToLower(ssh.Host) + " port " + strconv.Itoa(cmp.Or(ssh.Port, defaultSSHPort)) + through(ssh.Jump)
		if other, found := taken[endpoint]; found {
			h.wrong("address", "its SSH server %s is that of host %s in line %d; put the nodes of both under one [[host]]", endpoint, other.host.Name, other.line("address"))
		} else {
			taken[endpoint] = h
		}
		if anyRemote && isLoopback(h.host.Address) {
			h.warn("address", "address %s means another machine on every other host", quoted(h.host.Address))
		}
	}
}

func through(jump []string) string {
	if len(jump) == 0 || jump[0] == NoJump {
		return ""
	}
	return " through " + strings.Join(jump, ", ")
}

func isLoopback(address string) bool {
	addr, err := netip.ParseAddr(address)
	return err == nil && addr.IsLoopback()
}

// checkHomes refuses two nodes in one home, and a home in another: what is
// unpacked or removed there would be the other's too.
func (r *reader) checkHomes() {
	var taken []nodeTable
	for _, n := range r.nodes {
		if n.node.Home == "" || n.host.Address == "" {
			continue
		}
		i := slices.IndexFunc(taken, func(o nodeTable) bool {
			return o.host.Address == n.host.Address && (lies(o.node.Home, n.node.Home) || lies(n.node.Home, o.node.Home))
		})
		if i < 0 {
			taken = append(taken, n)
			continue
		}
		relation := "is that of"
		switch other := taken[i].node.Home; {
		case other == n.node.Home:
		case lies(n.node.Home, other):
			relation = "lies in that of"
		default:
			relation = "holds that of"
		}
		n.wrong("home", "home %s %s the node in line %d on the same address; want a home for each node", quoted(n.node.Home), relation, taken[i].start())
	}
}

// lies tells whether a folder is another or lies in it.
func lies(folder, in string) bool { return strings.HasPrefix(folder+"/", in+"/") }

// checkRoles wants at least one node of each role, as the four work together.
// A misspelt role is a problem already, and would seem to be missing here.
func (r *reader) checkRoles() {
	if r.root.broken("host") || slices.ContainsFunc(r.hosts, func(h hostTable) bool { return h.broken("nodes") }) {
		return
	}
	missing := roleNames()
	for _, n := range r.nodes {
		if n.node.Role == "" {
			return
		}
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == string(n.node.Role) })
	}
	if len(missing) > 0 && !r.inv.Partial {
		r.root.wrong("host", "roles without a node: %s; a deployment needs one of each (write partial = true at the top if the others are elsewhere)", strings.Join(missing, ", "))
	}
}

// checkDatabaseAddress notes a database that every host would look for on itself.
func (r *reader) checkDatabaseAddress() {
	db := r.root.table("database")
	if isLoopback(r.inv.Database.Address) && db.has("address") && r.anyRemote() {
		db.warn("address", "address %s means each node's own host; want the address of the server's host", quoted(r.inv.Database.Address))
	}
}

func (r *reader) anyRemote() bool {
	return slices.ContainsFunc(r.inv.Hosts, func(h Host) bool { return h.Address != "" && !isLoopback(h.Address) })
}

// checkIdle notes hosts that nothing is done on: a forgotten nodes, mostly.
func (r *reader) checkIdle() {
	db := r.inv.Database
	if t := r.root.table("database"); t.broken("host") || t.broken("via") || t.broken("address") {
		return
	}
	for _, h := range r.hosts {
		used := len(h.host.Nodes) > 0 || h.broken("nodes") || h.host.Name == "" ||
			h.host.Name == db.Host || h.host.Name == db.Via || h.host.Address == db.Address
		if !used {
			h.warn("nodes", "the host has no nodes, and [database] does not name it: nothing is done there")
		}
	}
}

// serverPorts are what a server listens on or keeps for itself at offset 0. The
// embedded LDAP server of the product is switched off, so its 10389 is nobody's.
var serverPorts = []struct {
	port int
	what string
}{
	{9443, "https"}, {9763, "http"}, {8280, "pass-through http"}, {8243, "pass-through https"},
	{9999, "jmx registry"}, {11111, "jmx server"}, {10500, "thrift"}, {5672, "amqp"}, {8672, "amqp over tls"},
}

// checkPorts refuses two servers for one port of one address. Nodes on one
// address are on one machine, whatever number of hosts it seems to be.
func (r *reader) checkPorts() {
	taken := map[netip.AddrPort]string{}
	if db := r.inv.Database; db.Address != "" {
		taken[socket(db.Address, db.Port)] = "the database's port"
	}
	for _, n := range r.nodes {
		if n.host.Address != "" && n.node.Role != "" && !n.broken("offset") && !n.broken("cluster_port") {
			r.claimPorts(n, taken)
		}
	}
}

// claimPorts reports the first port of a node that is taken: with one offset
// for two nodes all nine are.
func (r *reader) claimPorts(n nodeTable, taken map[netip.AddrPort]string) {
	mine := map[netip.AddrPort]string{}
	claim := func(key string, port int, what string) bool {
		s := socket(n.host.Address, port)
		if other, found := taken[s]; found {
			n.wrong(key, "port %d (%s) is %s on the same address; choose another %s", port, what, other, key)
			return false
		}
		if other, found := mine[s]; found {
			n.wrong(key, "port %d (%s) is the node's own %s port; choose another %s", port, what, other, key)
			return false
		}
		mine[s] = what
		return true
	}
	for _, p := range serverPorts {
		if !claim("offset", p.port+n.node.Offset, p.what) {
			break
		}
	}
	if n.node.Role.Clustered() {
		claim("cluster_port", n.node.ClusterPort, "cluster")
	}
	for s, what := range mine {
		taken[s] = fmt.Sprintf("the %s port of the node in line %d", what, n.start())
	}
}

func socket(address string, port int) netip.AddrPort {
	addr, _ := netip.ParseAddr(address)
	return netip.AddrPortFrom(addr, uint16(port))
}
