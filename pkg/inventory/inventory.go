// Package inventory turns inventory.toml into a validated Inventory: which
// hosts there are, which App Manager nodes they carry, and what these share.
//
// The package is pure. It reads no file, no environment and no clock, so a
// secret comes out as a SecretRef that says where the secret is, not as the
// secret; whoever may touch the outside resolves it.
package inventory

import "time"

// Inventory is one deployment. Parse fills in every default, so that a reader
// never has to know one.
type Inventory struct {
	// Name is carried by managed blocks, ledger, locks and state folder, so
	// that two deployments can share a host.
	Name string
	// Partial allows a deployment that lacks a role.
	Partial  bool
	SSH      SSH
	Product  Product
	Pack     Pack
	Driver   Driver
	Database Database
	Cluster  Cluster
	// Wiring is how the servers reach each other.
	Wiring Wiring
	// Admin is the product's own administrator. Without a password what the
	// files say of it stays.
	Admin     Credential
	IDP       Shared
	Gateway   Shared
	Publisher Shared
	Store     Shared
	// Hosts are in the order of the file.
	Hosts []Host
	// Nodes are those of all hosts, in role order, then in the order of the file.
	Nodes []Node
}

// SSH holds what hosts have in common. Host.SSH is what applies to one host:
// it has these defaults in it.
type SSH struct {
	// Config is the ssh_config to honour, a path as written; "": ssh's usual
	// files; NoSSHConfig: none.
	Config     string
	User       string   // "": as ssh does: ssh_config, then the user of the operator's machine
	Port       int      // 0: as ssh does: ssh_config, then 22
	Jump       []string // see HostSSH
	Keys       []string // paths as written; none: as ssh does: ssh_config, the agent and the usual files
	Password   SecretRef
	Passphrase SecretRef
	KnownHosts []string // paths as written; none: ssh's usual files
	AcceptNew  bool
	Become     Become
	// ConnectTimeout limits connecting to one host; 0: as ssh does, ssh_config,
	// then a default.
	ConnectTimeout time.Duration
}

// Product says how App Manager is installed and run.
type Product struct {
	Home        string // "": every node names its own
	Parent      string // of homes that are named for their role; "": as Home says
	JavaHome    string // "": found on the host
	ServiceUser string // "": the owner of the home
	// StartTimeout is generous: a first start fills caches and databases.
	StartTimeout time.Duration
	StopTimeout  time.Duration
	// UserStore says whose UserStoreManager properties user-mgt.xml gets.
	UserStore UserStore
	// Service says what starts the servers with their hosts; see Node.Service.
	Service Service
}

// Service is what starts a server with its host.
type Service string

const (
	ServiceAny     Service = ""        // whatever is there, which is not looked at
	ServiceSystemd Service = "systemd" // a unit of ours
	ServiceNone    Service = "none"    // no unit of ours; one that is there goes
)

// UserStore is what to do with the properties of the active user store.
type UserStore string

const (
	UserStorePage UserStore = "page" // the properties of the deployment page
	UserStoreKeep UserStore = "keep" // what the file says
)

// Pack says where the distribution zip is; the zero Pack: every home is there.
type Pack struct {
	File       string // on the operator's machine, a path as written
	URL        string // the hosts fetch it from there; "": it is uploaded
	SHA256     string // lower case hex; always set with URL
	CreateUser bool   // hosts without Product.ServiceUser get it
}

// Given tells whether homes that are not there are unpacked.
func (p Pack) Given() bool { return p.File != "" || p.URL != "" }

// Driver says where the JDBC driver is: File or URL, never both.
type Driver struct {
	File   string // a jar, or the vendor's archive; a path as written
	URL    string
	SHA256 string // lower case hex; always set with URL
	Class  string // "": by the driver's version
}

// Cluster is the Hazelcast cluster of all Publisher and Store nodes.
type Cluster struct {
	Domain string
	Port   int
}

// Shared is the name under which every node knows the nodes of a role.
type Shared struct {
	// Name is empty of IDP and Gateway where nothing asks for one.
	Name string
	// Address is what Name maps to on nodes of other roles: as given, else that
	// of the role's only node; "" in a partial deployment without that role.
	Address string
	// URL is where the role's servers are reached: https, without a slash at its end.
	URL string
	// Offset is that of the ports behind Name.
	Offset int
}

// Host is a machine reached over SSH.
type Host struct {
	Name string
	// Address is the IP literal by which nodes and database see the host.
	Address   string
	SSH       HostSSH
	HostsFile string
	// Entries tells whether its hosts file gets our names; false where it, or a
	// name server, is somebody else's.
	Entries bool
	// StateDir is where the host keeps what runs replace, and its lock; "": the
	// place that is usual for the user that scripts run as.
	StateDir string
	// Nodes are the names of the nodes it carries; none on a database host.
	Nodes []string
	Line  int
}

// HostSSH is how the operator's machine reaches a host, which may differ from
// its address: a name, a NAT, another port.
type HostSSH struct {
	Host string
	Port int // 0: as ssh does
	User string
	// Jump are the hops on the way, in their order: names of hosts of the
	// inventory, or [user@]host[:port]; none: ssh_config decides; NoJump: none.
	Jump       []string
	Keys       []string
	Password   SecretRef // of the login; the zero SecretRef: keys only
	Passphrase SecretRef // of key files that have one; the zero SecretRef: it is asked for
	HostKey    string    // "SHA256:…", or a public key line; "": known_hosts decides
	Become     Become
}

// NoSSHConfig and NoJump are what to write to switch the two off.
const (
	NoSSHConfig = "none"
	NoJump      = "none"
)

// Become says how the user who logged in comes to the rights that it needs.
type Become struct {
	Method   BecomeMethod
	User     string    // root unless said otherwise
	Password SecretRef // the zero SecretRef: none is needed, or it is asked for when the host wants one
}

// BecomeMethod is the program that changes the user.
type BecomeMethod string

const (
	BecomeNone BecomeMethod = "none"
	BecomeSudo BecomeMethod = "sudo"
	BecomeSu   BecomeMethod = "su"
	BecomeDoas BecomeMethod = "doas"
)

// Node is one App Manager server.
type Node struct {
	Name   string
	Role   Role
	Host   string // name of the host that carries it
	Home   string
	Offset int // added to every port of the server but ClusterPort
	// ClusterPort matters on Publisher and Store only.
	ClusterPort int
	JavaHome    string // "": found on the host
	Service     Service
	// Running is false when the server shall be stopped.
	Running bool
	// HostName is what its carbon.xml says of itself; "": what the file says.
	HostName string
	Line     int
}

// Role is what a node does in the deployment.
type Role string

const (
	IDP       Role = "idp"
	Gateway   Role = "gateway"
	Publisher Role = "publisher"
	Store     Role = "store"
)

// Roles are in the order in which servers start.
var Roles = []Role{IDP, Gateway, Publisher, Store}

// Clustered tells whether nodes of the role are members of the cluster.
func (r Role) Clustered() bool { return r == Publisher || r == Store }
