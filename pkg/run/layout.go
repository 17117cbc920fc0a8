package run

// Layout is how a deployment is laid out, as the inventory of the run said: what
// a page draws. It says where things are and nothing of what they hold.
type Layout struct {
	Hosts   []Machine `json:"hosts"`
	Cluster string    `json:"cluster,omitempty"` // its domain; empty without members
	Server  DBServer  `json:"database_server"`
}

// Machine is one host and the nodes that it carries, if any.
type Machine struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Nodes   []Node `json:"nodes,omitempty"`
}

// Node is one App Manager server.
type Node struct {
	Name        string   `json:"name"`
	Role        string   `json:"role"`
	Home        string   `json:"home"`
	Port        int      `json:"port"`                   // of its console, by HTTPS
	ClusterPort int      `json:"cluster_port,omitempty"` // 0: no member of the cluster
	Stopped     bool     `json:"stopped,omitempty"`      // it is to stay down
	Databases   []string `json:"databases,omitempty"`    // that its datasources open
}

// DBServer is the one database server of a deployment.
type DBServer struct {
	Name      string   `json:"name"` // in the nodes' URLs
	Address   string   `json:"address"`
	Port      int      `json:"port"`
	Host      string   `json:"host,omitempty"` // the Machine that carries it, where the inventory says so
	Account   string   `json:"account"`        // that the nodes log in with
	Databases []string `json:"databases"`
}

// Shown is a change as a page shows it, with its secrets masked.
type Shown struct {
	Sign  string   `json:"sign"`            // + - ~ or >
	Head  string   `json:"head"`            // what, how and why, in one line
	Facts []string `json:"facts,omitempty"` // what else there is to say, a line each
	Diff  string   `json:"diff,omitempty"`  // unified, as patch takes it
	SQL   []SQL    `json:"sql,omitempty"`   // what is sent to the database server, in order
}

// SQL is one statement with its secrets masked.
type SQL struct {
	Text string `json:"text"`
	File string `json:"file,omitempty"` // the script; empty: the tool's own
	Line int    `json:"line,omitempty"`
	Node string `json:"node,omitempty"` // it is made while this node is stopped
}

// Kept is a resource that stays as it is.
type Kept struct {
	Target string `json:"target"`
	What   string `json:"what"`
	Why    string `json:"why,omitempty"`
}
