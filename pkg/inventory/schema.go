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
// refused. The tables of docs/inventory.md are made from it.
type key struct {
	name string
	kind kind
	// empty tells that an empty text means something.
	empty bool
	def   string // the default as a page says it: a value in backticks, or in words
	doc   string // its meaning, as a page says it
	keys  []key  // of a table
}

var schema = []key{
	{name: "name", kind: text, def: "required",
		doc: "Marks what belongs to this deployment: its lines in `/etc/hosts`, its entries in the ledger, its locks. Two deployments on the same hosts need different names. At most 32 of `a-z`, `0-9` and `-`."},
	{name: "partial", kind: flag, def: "`false`",
		doc: "Allows a deployment that lacks a role, when its nodes are in another inventory. Otherwise each of the four roles needs a node, because a forgotten one is the likelier reason."},
	{name: "ssh", kind: table,
		doc: "[How hosts are reached](#ssh)", keys: sshKeys},
	{name: "product", kind: table,
		doc: "[How App Manager is installed and run](#product)", keys: productKeys},
	{name: "pack", kind: table, def: "homes are there",
		doc: "[The distribution zip](#pack), to unpack where a home is not there", keys: packKeys},
	{name: "driver", kind: table, def: "required",
		doc: "[The JDBC driver](#driver)", keys: driverKeys},
	{name: "database", kind: table, def: "required",
		doc: "[The database server](#database)", keys: databaseKeys},
	{name: "cluster", kind: table,
		doc: "[The cluster of Publisher and Store](#cluster)", keys: []key{
			{name: "domain", kind: text, def: "`\"wso2.pub.store.domain\"`",
				doc: "Its name. Clusters that can reach each other need different ones."},
			{name: "port", kind: number, def: "`4000`",
				doc: "On which each member listens, on its host's address. No offset is added: members on one address need a `cluster_port` each."},
		}},
	{name: "wiring", kind: table,
		doc: "[How the servers reach each other](#wiring)", keys: wiringKeys},
	{name: "admin", kind: table,
		doc: "[The product's administrator](#admin)", keys: []key{
			{name: "user", kind: text, def: "`\"admin\"`",
				doc: "Its name: 3 to 30 letters, digits and `. _ -`."},
			{name: "password", kind: secret, def: "required",
				doc: "5 to 30 characters without a blank, as the product's user store wants it."},
		}},
	{name: "idp", kind: table,
		doc: "[The Identity Provider's name](#idp)", keys: idpKeys},
	{name: "gateway", kind: table,
		doc: "[The Gateway's name](#gateway)", keys: gatewayKeys},
	{name: "publisher", kind: table,
		doc: "[The Publisher's name](#publisher)", keys: publisherKeys},
	{name: "store", kind: table,
		doc: "[The Store's name](#store)", keys: storeKeys},
	{name: "host", kind: tables, def: "required",
		doc: "[The hosts](#host)", keys: hostKeys},
}

var sshKeys = []key{
	{name: "config", kind: text, def: "the files that `ssh` reads",
		doc: "The ssh_config to honour; `\"none\"` for none. What stands in the inventory wins over it. [SSH](ssh.md#ssh_config) says which directives count."},
	{name: "user", kind: text, def: "as `ssh` does: ssh_config, then your user name",
		doc: "Who logs in on the hosts."},
	{name: "port", kind: number, def: "as `ssh` does: ssh_config, then 22"},
	{name: "jump", kind: texts, def: "ssh_config's `ProxyJump`",
		doc: "The hops on the way to the hosts, in their order: names of `[[host]]`s, or `\"[user@]host[:port]\"`. `\"none\"`: directly, whatever ssh_config says."},
	{name: "key", kind: texts, def: "as `ssh` does: ssh_config, the agent, the usual files",
		doc: "Files with private keys, tried in this order. A certificate beside a key (`id_ed25519-cert.pub`) is offered with it."},
	{name: "passphrase", kind: secret, def: "asked for once, at the start",
		doc: "Of the key files that have one."},
	{name: "password", kind: secret, def: "keys only",
		doc: "For hosts that let you in with a password, or ask for it (keyboard-interactive). Offered after the keys."},
	{name: "known_hosts", kind: texts, def: "the files that `ssh` reads",
		doc: "Files with the keys of the hosts."},
	{name: "accept_new", kind: flag, def: "`false`",
		doc: "Accepts and stores the key of a host that is not in known_hosts yet. A key that *changed* is refused in any case."},
	{name: "sudo", kind: flag, def: "`false`",
		doc: "Becomes the owner of a home to write in it, and root for `/etc/hosts`. Without, the user who logs in needs these rights itself."},
	{name: "become", kind: text, def: "what `sudo` says",
		doc: "Instead of `sudo`, by its program: `\"sudo\"`, `\"su\"`, `\"doas\"` or `\"none\"`."},
	{name: "become_user", kind: text, def: "`\"root\"`",
		doc: "Whom to become. Another than root cannot change `/etc/hosts`, nor become the owner of a home, so it must own the homes itself."},
	{name: "become_password", kind: secret, def: "they must not ask",
		doc: "What sudo, su or doas asks for; `{ prompt = true }` is asked once, at the start."},
	{name: "connect_timeout", kind: duration, def: "ssh_config's `ConnectTimeout`, then `\"10s\"`",
		doc: "For connecting to one host. Logging in may take 30 s more."},
}

var productKeys = []key{
	{name: "home", kind: text,
		doc: "Where the pack is unpacked (`APPM_HOME`), on every host. Each node needs a home, from here or its own."},
	{name: "parent", kind: text,
		doc: "Instead of `home`: the folder in which each node has its home by its role, `IDP`, `Gateway`, `Publisher` or `Store`; the second of a role on a host is `Publisher2`."},
	{name: "java_home", kind: text, def: "found on the host",
		doc: "The JDK, 1.7 or 1.8. The product's script refuses to run without, and an SSH session does not have the one of your login shell."},
	{name: "service_user", kind: text, def: "the owner of the home",
		doc: "Who runs the server. Never root because `sudo` is on."},
	{name: "start_timeout", kind: duration, def: "`\"10m\"`",
		doc: "How long a server may take until its log says that it started. The first start takes longest."},
	{name: "stop_timeout", kind: duration, def: "`\"2m\"`",
		doc: "How long it may take to stop. It is not killed when it does not."},
	{name: "service", kind: text, def: "none is looked at",
		doc: "`\"systemd\"`: a unit of ours starts the servers with their hosts, and every restart goes through it. `\"none\"`: there shall be none of ours; one that is there is removed. [Services](service.md) says what is in it."},
	{name: "user_store", kind: text, def: "`\"page\"`",
		doc: "`\"page\"`: the UserStoreManager properties of the deployment page are set in `user-mgt.xml`. `\"keep\"`: only its data source is; the rest stays as it is."},
}

var packKeys = []key{
	{name: "file", kind: text,
		doc: "The zip on your machine. With `url` it is only read, by the plan; without it the plan asks the server for the parts that it reads."},
	{name: "url", kind: text,
		doc: "Where each host fetches the zip from by itself, `https://…`, with its own curl or wget. Without user and password, as it is printed."},
	{name: "sha256", kind: text,
		doc: "Of the zip; required with `url`."},
	{name: "create_user", kind: flag, def: "`false`",
		doc: "Makes the `service_user` on hosts that have none. Needs root there."},
}

var driverKeys = []key{
	{name: "file", kind: text,
		doc: "A jar, or the vendor's `.tar.gz` or `.zip`, of which exactly the driver's jar is taken."},
	{name: "url", kind: text,
		doc: "Where to fetch it from, `https://…`, once, to your machine. Without user and password, as it is printed."},
	{name: "sha256", kind: text,
		doc: "Of the file or of what the URL yields; required with `url`."},
	{name: "class", kind: text, def: "by the driver's version",
		doc: "`com.mysql.jdbc.Driver` up to 5.1, `com.mysql.cj.jdbc.Driver` from 8.0 on. It must be in the jar."},
}

var databaseKeys = []key{
	{name: "name", kind: text, def: "`\"carbondb.mysql-wso2.com\"`",
		doc: "The host name in the JDBC URLs, and in `/etc/hosts` of the nodes. One name for all four databases."},
	{name: "address", kind: text, def: "this or `host` is required",
		doc: "The IP address by which the nodes reach the server."},
	{name: "host", kind: text,
		doc: "Instead of `address`: the `name` of a `[[host]]` that carries the server; its address is taken."},
	{name: "install", kind: flag, def: "`false`",
		doc: "Brings the server into being on `host`, by the host's own package manager, where none is; sees to it that the nodes reach it, and makes the `admin` account. [Installing the server](databases.md#installing-the-server) says what that changes."},
	{name: "package", kind: text, def: "`\"mariadb-server\"`",
		doc: "What `install` installs: `\"mysql-server\"`, `\"default-mysql-server\"`."},
	{name: "port", kind: number, def: "`3306`"},
	{name: "via", kind: text, def: "directly; `host` with `install`",
		doc: "The `name` of a `[[host]]` through whose SSH connection the tool itself works on the database. Its sshd must allow forwarding."},
	{name: "admin_address", kind: text, def: "`address`; `127.0.0.1` if `via` is the server's own host",
		doc: "Where the tool itself connects to, from your machine or from `via`. Behind a tunnel to the server's own host it is loopback, because root may mostly log in from there only."},
	{name: "admin_port", kind: number, def: "`port`"},
	{name: "socket", kind: text, def: "over TCP",
		doc: "Instead of `admin_address` and `admin_port`: the server's unix socket, `\"/run/mysqld/mysqld.sock\"`, on `via`, else on your own machine. Then `admin` needs no password where the server knows its users by the socket. [Ways in](databases.md#ways-in) says which user it sees."},
	{name: "tls", kind: text, def: "`\"off\"`",
		doc: "Of the tool's own connection: `\"verify\"`, `\"verify-ca\"`, `\"skip-verify\"`, explained in [ways in](databases.md#ways-in). That of the nodes is set in `options`."},
	{name: "tls_ca", kind: text, def: "the authorities your machine trusts",
		doc: "A PEM file on your machine, of those who may have signed the server's certificate; required with `\"verify-ca\"`."},
	{name: "tls_server_name", kind: text, def: "`admin_address` if given, else `address`",
		doc: "The name or IP address that the certificate must carry, with `\"verify\"`."},
	{name: "admin", kind: table, def: "required unless `manage = false`",
		doc: "[The account that creates databases and accounts](#databaseadmin)", keys: []key{
			{name: "user", kind: text, def: "`\"root\"`",
				doc: "An account that may create databases and accounts."},
			{name: "password", kind: secret, def: "required unless `manage = false` or `socket`"},
		}},
	{name: "user", kind: text, def: "required",
		doc: "The account that the nodes log in with; not the admin's. At most 32 letters, digits and `. _ -` (MySQL 5.6 takes 16)."},
	{name: "password", kind: secret, def: "required",
		doc: "That of `user`. It comes to stand in `master-datasources.xml`."},
	{name: "account_hosts", kind: texts,
		doc: "From where `user` may log in, beside the address of every node, which is always there: `\"192.168.10.%\"`."},
	{name: "charset", kind: text, def: "`\"latin1\"`",
		doc: "Of databases that are created. With utf8 or utf8mb4 the product's scripts exceed the length of keys on most servers."},
	{name: "sql_mode", kind: text, empty: true, def: "`\"NO_ENGINE_SUBSTITUTION\"`",
		doc: "Of the session that loads the scripts; may be empty. With the strict modes of newer servers the scripts fail half-way."},
	{name: "order", kind: text, def: "`\"identity-first\"`",
		doc: "Of the two scripts of the App Manager database. `\"page\"`: as the deployment page has it; a table then lacks two columns, as the script that comes second finds it there."},
	{name: "schemas", kind: table,
		doc: "[The names of the databases](#databaseschemas)", keys: []key{
			{name: "am", kind: text, def: "`\"AM_DB\"`",
				doc: "App Manager and identity, for all nodes."},
			{name: "um", kind: text, def: "`\"UM_DB\"`",
				doc: "Users and roles, for all nodes."},
			{name: "reg", kind: text, def: "`\"REG_DB\"`",
				doc: "The registry that Publisher and Store share."},
			{name: "es", kind: text, def: "`\"ES_STORAGE_DB\"`",
				doc: "Images and the like, for Publisher and Store."},
		}},
	{name: "names", kind: table,
		doc: "[A host name for each database](#databasenames)", keys: []key{
			{name: "am", kind: text, def: "that of `[database]`",
				doc: "In the URL of the App Manager database."},
			{name: "um", kind: text, def: "that of `[database]`",
				doc: "Of the user database."},
			{name: "reg", kind: text, def: "that of `[database]`",
				doc: "Of the registry."},
			{name: "es", kind: text, def: "that of `[database]`",
				doc: "Of the ES storage."},
		}},
	{name: "options", kind: text, empty: true, def: "`\"autoReconnect=true\"`",
		doc: "The query of the JDBC URLs, without `?`; may be empty. The same on all nodes, as the registry's cache is keyed by the URL."},
	{name: "scripts", kind: text, def: "the first node, by role",
		doc: "The `name` of the node whose home provides the SQL scripts."},
	{name: "pool", kind: table,
		doc: "[The datasources' connections](#databasepool)", keys: []key{
			{name: "max_active", kind: number, def: "`50`",
				doc: "Connections at a time, for each datasource of each node. The server's `max_connections` must suffice for all."},
			{name: "max_wait", kind: number, def: "`60000`",
				doc: "Milliseconds to wait for a connection; -1 is without end."},
			{name: "test_on_borrow", kind: flag, def: "`true`",
				doc: "Tests a connection before it is used."},
			{name: "validation_query", kind: text, def: "`\"SELECT 1\"`",
				doc: "The test."},
			{name: "validation_interval", kind: number, def: "`30000`",
				doc: "Milliseconds for which a test counts."},
		}},
	{name: "manage", kind: flag, def: "`true`",
		doc: "`false`: databases and accounts are somebody else's, and stay untouched."},
	{name: "ledger", kind: text, def: "`\"appm_provision\"`",
		doc: "The database in which the tool records loads that are under way, so that one that was cut off can be finished."},
	{name: "registry_on_gateway", kind: flag, def: "`false`",
		doc: "Gives the Gateway the registry database too. The deployment page says so in one place, and does not in all others."},
}

var wiringKeys = []key{
	{name: "manage", kind: flag, def: "`true`",
		doc: "`false`: the URLs and host names in the servers' files are somebody else's, and stay as they are. Port offsets and `[admin]` are written nevertheless."},
	{name: "host_names", kind: flag, def: "`true`",
		doc: "Each server's `carbon.xml` names its role's name as `HostName` and `MgtHostName`. `false`: only where a node has a `host_name`."},
	{name: "authentication_url", kind: text, def: "the IDP's `url`, `/services/`",
		doc: "Where Gateway, Publisher and Store have users authenticated (`AuthManager`)."},
	{name: "login_url", kind: text, def: "the IDP's `url`, `/samlsso`",
		doc: "The page at which users log in, for apps, Publisher and Store (`IdentityProviderUrl`, `identityProviderURL`)."},
	{name: "provider_url", kind: text, def: "the IDP's `url`",
		doc: "Where apps are registered for single sign-on (`providerURL`)."},
	{name: "entitlement_url", kind: text, def: "the IDP's `url`",
		doc: "Where the policies of apps are kept and evaluated (`EntitlementServiceConfiguration`)."},
	{name: "gateway_url", kind: text, def: "the Gateway's `url`, `/services/`",
		doc: "To which the Publisher publishes apps (`Environment`'s `ServerURL`)."},
	{name: "gateway_endpoint", kind: texts, def: "the Gateway's name with its ports 8280 and 8243",
		doc: "Where users call apps: `[\"http://…\", \"https://…\"]`."},
	{name: "cors_origins", kind: texts, def: "the Store's `url`, and its name with its port 9763",
		doc: "From which sites browsers may call apps (`Access-Control-Allow-Origin`); `\"*\"`: from any."},
	{name: "publisher_acs", kind: text, def: "the Publisher's `url`, `/publisher/acs`",
		doc: "Where the IDP sends who has logged in for the Publisher; in its `sso-idp-config.xml` and in `publisher.json`."},
	{name: "store_acs", kind: text, def: "the Store's `url`, `/store/acs`",
		doc: "The same for the Store, and its `store.json`."},
	{name: "social_acs", kind: text, def: "the Store's `url`, `/social/acs`",
		doc: "The same for the Store's social part, and its `social.json`."},
}

var idpKeys = []key{
	{name: "name", kind: text, def: "`\"idp.appm-wso2.com\"`",
		doc: "By this host name every node, and every browser, knows the Identity Provider; on its own host it is 127.0.0.1."},
	{name: "address", kind: text, def: "that of the only node's host",
		doc: "What the name maps to; required when several nodes have the role: that of the load balancer, or of one of them."},
	{name: "url", kind: text, def: "`https://`, the name, 9443 and the node's offset",
		doc: "Where it is reached, for a load balancer with another port than 9443: `\"https://idp.example.com\"`. The host in it is the `name` then, unless another is given."},
}

var gatewayKeys = sharedKeys("Gateway", "`\"gateway.appm-wso2.com\"`", "By this host name every node knows the Gateway, and users call apps.")

var publisherKeys = sharedKeys("Publisher", "`\"publisher.appm-wso2.com\"`", "By this host name every node knows the Publisher; on the Publisher itself it is 127.0.0.1.")

var storeKeys = sharedKeys("Store", "`\"store.appm-wso2.com\"`", "The same for the Store.")

// sharedKeys are the keys of the other roles, which mean what they mean of the IDP.
func sharedKeys(role, name, doc string) []key {
	return []key{
		{name: "name", kind: text, def: name, doc: doc},
		{name: "address", kind: text, def: "that of the only node's host",
			doc: "As for the [IDP](#idp)."},
		{name: "url", kind: text, def: "`https://`, the name, 9443 and the node's offset",
			doc: "As for the [IDP](#idp), of the " + role + "."},
	}
}

var hostKeys = []key{
	{name: "name", kind: text, def: "required",
		doc: "For messages and `--limit`: letters, digits, and `. _ -` between them. No two hosts or nodes share a name, and none is called `database`, `idp`, `gateway`, `publisher` or `store`, as `--limit` takes these words too."},
	{name: "address", kind: text, def: "required",
		doc: "The IP address by which the other hosts and the database see this one. Nodes on one address are taken to be on one machine."},
	{name: "ssh", kind: table,
		doc: "[How you reach the host](#hostssh), if that differs", keys: []key{
			{name: "host", kind: text, def: "`address`",
				doc: "The name or address by which *your* machine reaches the host: behind NAT it is another than `address`. No two hosts share it and the port."},
			{name: "port", kind: number, def: "that of `[ssh]`"},
			{name: "user", kind: text, def: "that of `[ssh]`"},
			{name: "jump", kind: texts, def: "that of `[ssh]`"},
			{name: "key", kind: texts, def: "that of `[ssh]`"},
			{name: "passphrase", kind: secret, def: "that of `[ssh]`"},
			{name: "password", kind: secret, def: "that of `[ssh]`"},
			{name: "host_key", kind: text, def: "known_hosts decides",
				doc: "The host's key: `\"SHA256:…\"` as `ssh-keygen -l` prints it, or the public key, `\"ssh-ed25519 AAAA…\"`."},
			{name: "sudo", kind: flag, def: "that of `[ssh]`"},
			{name: "become", kind: text, def: "that of `[ssh]`"},
			{name: "become_user", kind: text, def: "that of `[ssh]`"},
			{name: "become_password", kind: secret, def: "that of `[ssh]`"},
		}},
	{name: "hosts_file", kind: text, def: "`\"/etc/hosts\"`",
		doc: "For a lab that must not touch the machine's own."},
	{name: "host_entries", kind: flag, def: "`true`",
		doc: "`false`: the hosts file is somebody else's, or name servers know the names; it is not changed, and the names of the servers must resolve there by other means, which `check` looks at."},
	{name: "state_dir", kind: text, def: "`/var/lib/appm-provision` of root, else `~/.local/state/appm-provision`",
		doc: "Where the host keeps what runs replace, for [rollback](runs.md#rollback)."},
	{name: "nodes", kind: tables, def: "none",
		doc: "[The servers on the host](#hostnodes)", keys: []key{
			{name: "role", kind: text, def: "required",
				doc: "`\"idp\"`, `\"gateway\"`, `\"publisher\"` or `\"store\"`."},
			{name: "name", kind: text, def: "the host's for its only node, else host-role",
				doc: "For messages and `--limit`. The second node of a role on a host is host-role-2."},
			{name: "home", kind: text, def: "that of `[product]`"},
			{name: "offset", kind: number, def: "`0`",
				doc: "What the server adds to its ports 9443, 9763, 8280, 8243, 9999, 11111, 10500, 5672 and 8672; `carbon.xml` is made to say so. No two nodes on one address may meet in a port. At most 54424."},
			{name: "cluster_port", kind: number, def: "that of `[cluster]`",
				doc: "For Publisher and Store."},
			{name: "java_home", kind: text, def: "that of `[product]`"},
			{name: "service", kind: text, def: "that of `[product]`"},
			{name: "running", kind: flag, def: "`true`",
				doc: "`false`: the server shall be stopped; nothing starts it, and one that runs is stopped."},
			{name: "host_name", kind: text, def: "the name of its role",
				doc: "What its `carbon.xml` says of itself, as `HostName` and `MgtHostName`."},
		}},
}

// secretKeys are the ways to refer to a secret; exactly one of them is given.
var secretKeys = []key{
	{name: "env", kind: text,
		doc: "`{ env = \"APPM_DB_PASSWORD\" }`: in a variable of the environment, which must be set."},
	{name: "file", kind: text,
		doc: "`{ file = \"secrets/appm\" }`: in a file. One line end at its end does not count."},
	{name: "command", kind: argv,
		doc: "`{ command = [\"pass\", \"show\", \"appm\"] }`: what a command prints. It is run as it stands, without a shell. One line end at the end does not count."},
	{name: "prompt", kind: flag,
		doc: "`{ prompt = true }`: asked for on the terminal."},
}
