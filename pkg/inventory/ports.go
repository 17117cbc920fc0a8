package inventory

// Port is one that a node's server listens on.
type Port struct {
	Number int
	What   string
	// Vital: without it the server does not start, or not as what it is for.
	// Where another cannot be had the server logs that and goes on.
	Vital bool
}

// ClusterPort is What of the port that no offset moves.
const ClusterPort = "cluster"

// Ports are those of the node's server, its offset added.
func (n Node) Ports() []Port {
	vital := map[int]bool{9443: true, 9763: true, 8280: n.Role == Gateway, 8243: n.Role == Gateway}
	var ports []Port
	for _, p := range serverPorts {
		ports = append(ports, Port{p.port + n.Offset, p.what, vital[p.port]})
	}
	if n.Role.Clustered() {
		ports = append(ports, Port{n.ClusterPort, ClusterPort, true})
	}
	return ports
}
