package inventory

import "slices"

// Database is the one MySQL-compatible server and what App Manager has on it.
type Database struct {
	// Name is the host name in the JDBC URLs.
	Name string
	// Address is the IP literal by which the nodes reach the server.
	Address string
	// Host names the inventory host that carries the server, when the
	// inventory says so; then Address is that host's.
	Host string
	Port int
	// Install brings the server into being on Host, by the host's own package
	// manager, if none is there; Via is Host then.
	Install bool
	Package string // that carries the server
	// Via names the host through whose SSH connection the tool reaches the
	// server; "" is a direct connection.
	Via string
	// AdminAddress and AdminPort are where the tool itself connects to.
	AdminAddress string
	AdminPort    int
	// Socket is the server's unix socket, on Via or else on the operator's own
	// machine; with it AdminAddress and AdminPort mean nothing. "": TCP.
	Socket string
	// TLS is how the tool's own connection is protected, over TCP.
	TLS TLS
	// Admin may create databases and accounts. Its password is missing when
	// Manage is false, and may be when there is a Socket: the server may know
	// who is at the other end of it.
	Admin Credential
	// User and Password are the account that the nodes log in with.
	User     string
	Password SecretRef
	// Hosts are all hosts of the account, X of 'user'@'X': the address of every
	// node, in node order and each once, then the patterns of the inventory.
	Hosts   []string
	Charset string
	SQLMode string // may be empty
	Order   Order
	Schemas Schemas
	Names   Names
	Options string // the query of the JDBC URLs, without "?"; may be empty
	// Scripts names the node whose home provides the SQL scripts.
	Scripts string
	Pool    Pool
	// Manage is false when schemas and accounts are somebody else's.
	Manage bool
	// Ledger is the schema in which unfinished loads are recorded.
	Ledger string
	// RegistryOnGateway gives the Gateway the registry database too.
	RegistryOnGateway bool
}

// Credential is an account and the whereabouts of its password.
type Credential struct {
	User     string
	Password SecretRef
}

// TLS is how the tool's own connection to the server is protected.
type TLS struct {
	Mode TLSMode
	// CA is the file of those who may have signed the server's certificate, a
	// path as written; "": those whom the operator's machine trusts.
	CA string
	// ServerName is the name or address that the certificate must carry.
	ServerName string
}

// TLSMode is what is asked of the server's certificate.
type TLSMode string

const (
	TLSOff        TLSMode = "off"
	TLSVerify     TLSMode = "verify"      // signed by a CA that we trust, and for that name
	TLSVerifyCA   TLSMode = "verify-ca"   // signed by that CA, whatever the name
	TLSSkipVerify TLSMode = "skip-verify" // nothing: whoever answers is believed
)

// Order says which of the two scripts of the App Manager schema comes first.
// Both create IDN_OAUTH_CONSUMER_APPS, and only the identity script with all
// its columns.
type Order string

const (
	IdentityFirst Order = "identity-first"
	PageOrder     Order = "page"
)

// Names are the host names in the JDBC URLs of the four databases: Name, unless
// a deployment that was made by hand gave each its own, as the page's snippets do.
type Names struct{ AM, UM, REG, ES string }

// HostNames are all that the URLs may have, each once, Name first.
func (db Database) HostNames() []string {
	var all []string
	for _, name := range []string{db.Name, db.Names.AM, db.Names.UM, db.Names.REG, db.Names.ES} {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// Schemas are the names of the four databases.
type Schemas struct {
	AM, UM, REG, ES string
}

// Pool is what the datasources say of their connections. Times are in
// milliseconds because the product's file has them so.
type Pool struct {
	MaxActive          int
	MaxWait            int
	TestOnBorrow       bool
	ValidationQuery    string
	ValidationInterval int
}
