package run

// Layout is how a deployment is laid out, as the inventory of the run said: what
// a page draws. It says where things are and nothing of what they hold.
type Layout struct {
	Hosts   []Machine `json:"hosts"`             // all hosts, in the order of the inventory
	Cluster string    `json:"cluster,omitempty"` // the cluster's domain; absent without members
	Server  DBServer  `json:"database_server"`   // the database server
}

// Machine is one host and the nodes that it carries, if any.
type Machine struct {
	Name    string `json:"name"`            // the host's name in the inventory
	Address string `json:"address"`         // the address by which nodes and database see it
	Nodes   []Node `json:"nodes,omitempty"` // the nodes on it
}

// Node is one App Manager server.
type Node struct {
	Name        string   `json:"name"`                   // the node's name in the inventory
	Role        string   `json:"role"`                   // its role: idp, gateway, publisher or store
	Home        string   `json:"home"`                   // the product's directory on its host
	Port        int      `json:"port"`                   // the TCP port of its console, by HTTPS
	ClusterPort int      `json:"cluster_port,omitempty"` // the TCP port at which the cluster reaches it; absent: it is no member
	Stopped     bool     `json:"stopped,omitempty"`      // whether it is to stay down
	Databases   []string `json:"databases,omitempty"`    // the databases that its datasources open
}

// DBServer is the one database server of a deployment.
type DBServer struct {
	Name      string   `json:"name"`           // its name in the nodes' URLs
	Address   string   `json:"address"`        // the address by which the nodes reach it
	Port      int      `json:"port"`           // its TCP port
	Host      string   `json:"host,omitempty"` // the host that carries it, where the inventory says so
	Account   string   `json:"account"`        // the account that the nodes log in with
	Databases []string `json:"databases"`      // the names of the databases
}

// Shown is a change as a page shows it, with its secrets masked.
type Shown struct {
	Sign  string   `json:"sign"`            // one of + - ~ and >
	Head  string   `json:"head"`            // what, how and why, in one line
	Facts []string `json:"facts,omitempty"` // what else there is to say, a line each
	Diff  string   `json:"diff,omitempty"`  // the lines that differ, as a unified diff that patch takes
	SQL   []SQL    `json:"sql,omitempty"`   // what is sent to the database server, in order
}

// SQL is one statement with its secrets masked.
type SQL struct {
	Text string `json:"text"`           // its text, secrets masked
	File string `json:"file,omitempty"` // the script it is from; absent: the program's own
	Line int    `json:"line,omitempty"` // its line in the script, from 1
	Node string `json:"node,omitempty"` // the node that is stopped while it is made
}

// Kept is a resource that stays as it is.
type Kept struct {
	Target string `json:"target"`        // the host it is on, or "database"
	What   string `json:"what"`          // the resource, as the plan names it
	Why    string `json:"why,omitempty"` // why it needs no change
}
