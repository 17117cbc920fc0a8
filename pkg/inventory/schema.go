package inventory

// kind is the type of a key's value, in the words of docs/inventory.md.
type kind string

const (
	text     kind = "text"
	texts    kind = "text or list of texts"
	argv     kind = "list of texts"
	number   kind = "number"
	flag     kind = "true or false"
	duration kind = "duration"
	secret   kind = "secret"
	table    kind = "table"
	tables   kind = "list of tables"
)

// key is one key that an inventory may have. What is not in this list is
// refused, and what is in it stands in docs/inventory.md: a test compares them.
type key struct {
	name string
	kind kind
	// empty tells that an empty text means something.
	empty bool
	keys  []key // of a table
}

var schema = []key{
	{name: "name", kind: text},
	{name: "partial", kind: flag},
	{name: "ssh", kind: table, keys: sshKeys},
	{name: "product", kind: table, keys: productKeys},
	{name: "driver", kind: table, keys: driverKeys},
	{name: "database", kind: table, keys: databaseKeys},
	{name: "cluster", kind: table, keys: []key{
		{name: "domain", kind: text},
		{name: "port", kind: number},
	}},
	{name: "publisher", kind: table, keys: sharedKeys},
	{name: "store", kind: table, keys: sharedKeys},
	{name: "host", kind: tables, keys: hostKeys},
}

var sshKeys = []key{
	{name: "config", kind: text},
	{name: "user", kind: text},
	{name: "port", kind: number},
	{name: "jump", kind: texts},
	{name: "key", kind: texts},
	{name: "passphrase", kind: secret},
	{name: "password", kind: secret},
	{name: "known_hosts", kind: texts},
	{name: "accept_new", kind: flag},
	{name: "sudo", kind: flag},
	{name: "become", kind: text},
	{name: "become_user", kind: text},
	{name: "become_password", kind: secret},
	{name: "connect_timeout", kind: duration},
}

var productKeys = []key{
	{name: "home", kind: text},
	{name: "java_home", kind: text},
	{name: "service_user", kind: text},
	{name: "start_timeout", kind: duration},
	{name: "stop_timeout", kind: duration},
	{name: "user_store", kind: text},
}

var driverKeys = []key{
	{name: "file", kind: text},
	{name: "url", kind: text},
	{name: "sha256", kind: text},
	{name: "class", kind: text},
}

var databaseKeys = []key{
	{name: "name", kind: text},
	{name: "address", kind: text},
	{name: "host", kind: text},
	{name: "install", kind: flag},
	{name: "package", kind: text},
	{name: "port", kind: number},
	{name: "via", kind: text},
	{name: "admin_address", kind: text},
	{name: "admin_port", kind: number},
	{name: "socket", kind: text},
	{name: "tls", kind: text},
	{name: "tls_ca", kind: text},
	{name: "tls_server_name", kind: text},
	{name: "admin", kind: table, keys: []key{
		{name: "user", kind: text},
		{name: "password", kind: secret},
	}},
	{name: "user", kind: text},
	{name: "password", kind: secret},
	{name: "account_hosts", kind: texts},
	{name: "charset", kind: text},
	{name: "sql_mode", kind: text, empty: true},
	{name: "order", kind: text},
	{name: "schemas", kind: table, keys: []key{
		{name: "am", kind: text},
		{name: "um", kind: text},
		{name: "reg", kind: text},
		{name: "es", kind: text},
	}},
	{name: "names", kind: table, keys: []key{
		{name: "am", kind: text},
		{name: "um", kind: text},
		{name: "reg", kind: text},
		{name: "es", kind: text},
	}},
	{name: "options", kind: text, empty: true},
	{name: "scripts", kind: text},
	{name: "pool", kind: table, keys: []key{
		{name: "max_active", kind: number},
		{name: "max_wait", kind: number},
		{name: "test_on_borrow", kind: flag},
		{name: "validation_query", kind: text},
		{name: "validation_interval", kind: number},
	}},
	{name: "manage", kind: flag},
	{name: "ledger", kind: text},
	{name: "registry_on_gateway", kind: flag},
}

var sharedKeys = []key{
	{name: "name", kind: text},
	{name: "address", kind: text},
}

var hostKeys = []key{
	{name: "name", kind: text},
	{name: "address", kind: text},
	{name: "ssh", kind: table, keys: []key{
		{name: "host", kind: text},
		{name: "port", kind: number},
		{name: "user", kind: text},
		{name: "jump", kind: texts},
		{name: "key", kind: texts},
		{name: "passphrase", kind: secret},
		{name: "password", kind: secret},
		{name: "host_key", kind: text},
		{name: "sudo", kind: flag},
		{name: "become", kind: text},
		{name: "become_user", kind: text},
		{name: "become_password", kind: secret},
	}},
	{name: "hosts_file", kind: text},
	{name: "host_entries", kind: flag},
	{name: "state_dir", kind: text},
	{name: "nodes", kind: tables, keys: []key{
		{name: "role", kind: text},
		{name: "name", kind: text},
		{name: "home", kind: text},
		{name: "offset", kind: number},
		{name: "cluster_port", kind: number},
		{name: "java_home", kind: text},
		{name: "running", kind: flag},
	}},
}

// secretKeys are the ways to refer to a secret; exactly one of them is given.
var secretKeys = []key{
	{name: "env", kind: text},
	{name: "file", kind: text},
	{name: "command", kind: argv},
	{name: "prompt", kind: flag},
}
