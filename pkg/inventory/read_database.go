package inventory

import (
	"slices"
	"strings"
)

const (
	defaultDatabaseName = "carbondb.mysql-wso2.com"
	defaultDatabasePort = 3306
	defaultSQLMode      = "NO_ENGINE_SUBSTITUTION"
	defaultOptions      = "autoReconnect=true"
	defaultLedger       = "appm_provision"
	loopback            = "127.0.0.1"
)

func (r *reader) database(s section) {
	if !r.root.has("database") {
		r.root.wrong("database", "[database] is missing: its address, user, password and admin are needed")
	}
	manage := s.flag("manage", true)
	r.inv.Database = Database{
		Name:              s.text("name", defaultDatabaseName, hostName),
		Port:              s.port("port", defaultDatabasePort),
		User:              s.text("user", "", accountName),
		Password:          s.secret("password"),
		Charset:           s.text("charset", "latin1", charset),
		SQLMode:           s.text("sql_mode", defaultSQLMode, sqlMode),
		Order:             Order(s.choice("order", string(IdentityFirst), string(PageOrder))),
		Options:           r.urlOptions(s),
		Manage:            manage,
		RegistryOnGateway: s.flag("registry_on_gateway", false),
		Pool:              pool(s.table("pool")),
		Admin:             admin(s, manage),
	}
	s.need("user", ": the account that the nodes log in with")
	s.need("password", `: that of the nodes' account (write password = { env = "APPM_DB_PASSWORD" })`)
	r.databaseWhere(s)
	r.databaseVia(s)
	r.databaseSocket(s)
	r.databaseTLS(s)
	r.databaseInstall(s)
	r.schemas(s)
	r.names(s)
	r.scripts(s)
	r.accountHosts(s)
}

func admin(s section, manage bool) Credential {
	t := s.table("admin")
	if manage && s.place != nil && !s.has("socket") && (t.place != nil || !s.has("admin")) && !t.has("password") {
		s.wrong("admin", `admin.password is missing: the databases are created with it (write admin = { password = { env = "MYSQL_ROOT_PASSWORD" } }; or manage = false if they are somebody else's)`)
	}
	c := Credential{User: t.text("user", "root", accountName), Password: t.secret("password")}
	if user := s.text("user", ""); manage && user == c.User {
		s.wrong("user", "user %s is the admin's account too; want one of its own, as its password stands in files of the nodes", quoted(user))
	}
	return c
}

func pool(s section) Pool {
	const most = 1 << 31 / 2
	return Pool{
		MaxActive:          s.number("max_active", 50, 1, most),
		MaxWait:            s.number("max_wait", 60000, -1, most),
		TestOnBorrow:       s.flag("test_on_borrow", true),
		ValidationQuery:    s.text("validation_query", "SELECT 1"),
		ValidationInterval: s.number("validation_interval", 30000, 0, most),
	}
}

// urlOptions reads the options without ever printing a password in them.
func (r *reader) urlOptions(s section) string {
	if hasCredentials(s.text("options", "")) {
		s.wrong("options", "options name a user or a password; these are keys of [database]")
		return ""
	}
	return s.text("options", defaultOptions, urlOptions)
}

// databaseWhere finds the address, given or that of a host.
func (r *reader) databaseWhere(s section) {
	db := &r.inv.Database
	db.Address = s.text("address", "", ipLiteral)
	db.Host = s.text("host", "", r.knownHost)
	switch {
	case s.place == nil:
	case s.has("address") && s.has("host"):
		s.wrong("address", "address and host are both given, want one (host takes the address from the [[host]])")
	case s.has("host"):
		h, _ := r.inv.Host(db.Host)
		db.Address = h.Address
	default:
		s.need("address", `: the IP address by which the nodes reach the server (or host = "…", the name of a [[host]])`)
	}
}

// databaseVia finds where the tool itself connects to. At the far end of a
// tunnel to the server's own host that is loopback, from where root may log in.
func (r *reader) databaseVia(s section) {
	db := &r.inv.Database
	byItself := ""
	if s.flag("install", false) {
		byItself = db.Host
	}
	db.Via = s.text("via", byItself, r.knownHost)
	byDefault := db.Address
	if via, found := r.inv.Host(db.Via); found && db.Address != "" && via.Address == db.Address {
		byDefault = loopback
	}
	db.AdminAddress = s.text("admin_address", byDefault, ipLiteral)
	db.AdminPort = s.port("admin_port", db.Port)
}

// knownHost is the rule for the name of a host of this inventory.
func (r *reader) knownHost(value string) string {
	names := make([]string, len(r.inv.Hosts))
	for i, h := range r.inv.Hosts {
		names[i] = h.Name
	}
	if slices.Contains(names, value) {
		return ""
	}
	return "is no [[host]] of this inventory" + DidYouMean(value, names)
}

// names reads the host names of the URLs.
func (r *reader) names(s section) {
	t, db := s.table("names"), &r.inv.Database
	db.Names = Names{
		AM:  t.text("am", db.Name, hostName),
		UM:  t.text("um", db.Name, hostName),
		REG: t.text("reg", db.Name, hostName),
		ES:  t.text("es", db.Name, hostName),
	}
}

// schemas reads the names of the databases, all different: servers on Windows
// and macOS ignore case.
func (r *reader) schemas(s section) {
	t := s.table("schemas")
	db := &r.inv.Database
	db.Schemas = Schemas{
		AM:  t.text("am", "AM_DB", schemaName),
		UM:  t.text("um", "UM_DB", schemaName),
		REG: t.text("reg", "REG_DB", schemaName),
		ES:  t.text("es", "ES_STORAGE_DB", schemaName),
	}
	db.Ledger = s.text("ledger", defaultLedger, schemaName)
	taken := map[string]string{}
	check := func(in section, name, value string) {
		if other := taken[strings.ToLower(value)]; other != "" {
			in.wrong(name, "%s %s is the database of %s too; want one of its own", name, quoted(value), other)
		}
		taken[strings.ToLower(value)] = name
	}
	check(t, "am", db.Schemas.AM)
	check(t, "um", db.Schemas.UM)
	check(t, "reg", db.Schemas.REG)
	check(t, "es", db.Schemas.ES)
	check(s, "ledger", db.Ledger)
}

// scripts finds the node whose home has the SQL scripts.
func (r *reader) scripts(s section) {
	if len(r.inv.Nodes) == 0 {
		return
	}
	names := make([]string, len(r.inv.Nodes))
	for i, n := range r.inv.Nodes {
		names[i] = n.Name
	}
	r.inv.Database.Scripts = s.text("scripts", firstByRole(r.inv.Nodes).Name, func(value string) string {
		if slices.Contains(names, value) {
			return ""
		}
		return "is no node of this inventory" + DidYouMean(value, names)
	})
}

// accountHosts lists from where the nodes' account may log in.
func (r *reader) accountHosts(s section) {
	var hosts []string
	for _, n := range sortedByRole(r.inv.Nodes) {
		hosts = append(hosts, r.inv.HostOf(n).Address)
	}
	hosts = append(hosts, s.texts("account_hosts", accountHost)...)
	for _, h := range hosts {
		if h != "" && !slices.Contains(r.inv.Database.Hosts, h) {
			r.inv.Database.Hosts = append(r.inv.Database.Hosts, h)
		}
	}
}
