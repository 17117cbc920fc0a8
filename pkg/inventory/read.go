package inventory

import "strings"

// reader builds the inventory. What it keeps of the hosts beside them are the
// tables, for the lines of problems between one host and another.
type reader struct {
	*notes
	inv   Inventory
	root  section
	hosts []hostTable
	nodes []nodeTable
}

// read goes through the file in the order of the schema; what concerns several
// tables comes last.
func (r *reader) read(root section) {
	r.root = root
	r.deployment()
	r.ssh(root.table("ssh"))
	r.product(root.table("product"))
	r.checkParent(root.table("product"))
	r.pack(root.table("pack"))
	r.driver(root.table("driver"))
	r.cluster(root.table("cluster"))
	r.readHosts()
	r.checkJumps()
	r.checkNames()
	r.checkEndpoints()
	r.checkHomes()
	r.checkRoles()
	r.database(root.table("database"))
	r.checkPorts()
	r.checkIdle()
	r.checkDatabaseAddress()
	r.shared()
	r.wiring()
	r.admin(root.table("admin"))
	r.checkPlainText()
	r.order()
}

func (r *reader) deployment() {
	r.root.need("name", `: it tells this deployment from others on the same hosts (write name = "production")`)
	r.inv.Name = r.root.text("name", "", deploymentName)
	r.inv.Partial = r.root.flag("partial", false)
}

func (r *reader) product(s section) {
	r.inv.Product = Product{
		Home:         s.text("home", "", safePath),
		Parent:       s.text("parent", "", safePath),
		JavaHome:     s.text("java_home", "", safePath),
		ServiceUser:  s.text("service_user", "", userName),
		StartTimeout: s.duration("start_timeout", defaultStartTimeout),
		StopTimeout:  s.duration("stop_timeout", defaultStopTimeout),
		UserStore:    UserStore(s.choice("user_store", string(UserStorePage), string(UserStoreKeep))),
		Service:      service(s, ServiceAny),
	}
}

func (r *reader) checkParent(s section) {
	if s.has("home") && s.has("parent") {
		s.wrong("parent", "home and parent are both given, want one")
	}
}

func service(s section, byDefault Service) Service {
	return Service(s.text("service", string(byDefault), oneOf([]string{string(ServiceSystemd), string(ServiceNone)})))
}

func (r *reader) pack(s section) {
	r.inv.Pack = Pack{
		File:       s.text("file", ""),
		URL:        s.url("url"),
		SHA256:     strings.ToLower(s.text("sha256", "", hex256)),
		CreateUser: s.flag("create_user", false),
	}
	switch {
	case s.place == nil:
	case !s.has("file") && !s.has("url"):
		s.wrong("file", `file is missing: want the distribution zip (write file = "wso2appm-1.2.0.zip" under [pack], or url and sha256)`)
	case s.has("url"):
		s.need("sha256", ": what a host fetches from a URL is checked against it")
	}
	if r.inv.Pack.CreateUser && r.inv.Product.ServiceUser == "" && !r.root.table("product").broken("service_user") {
		s.wrong("create_user", `create_user is true, and there is no name for the user (write service_user = "wso2" under [product])`)
	}
}

func (r *reader) driver(s section) {
	r.inv.Driver = Driver{
		File:   s.text("file", ""),
		URL:    s.url("url"),
		SHA256: strings.ToLower(s.text("sha256", "", hex256)),
		Class:  s.text("class", "", javaClass),
	}
	switch {
	case !r.root.has("driver"):
		r.root.wrong("driver", "[driver] is missing"+wantDriver)
	case s.place != nil && !s.has("file") && !s.has("url"):
		s.wrong("file", "file is missing"+wantDriver)
	case s.has("file") && s.has("url"):
		s.wrong("url", "file and url are both given, want one")
	case s.has("url"):
		s.need("sha256", ": what comes from a URL is checked against it")
	}
}

const wantDriver = `: the product has no JDBC driver for MySQL (write file = "mysql-connector-java-5.1.49.tar.gz" under [driver], or url and sha256)`

func (r *reader) cluster(s section) {
	r.inv.Cluster = Cluster{
		Domain: s.text("domain", defaultClusterDomain),
		Port:   s.port("port", defaultClusterPort),
	}
}

// shared reads the names of the roles. IDP and Gateway have none where nothing
// asks for it: the deployment page gives them none.
func (r *reader) shared() {
	r.inv.Wiring.Manage = r.root.table("wiring").flag("manage", true)
	r.inv.Publisher = r.sharedName(Publisher, defaultPublisherName)
	r.inv.Store = r.sharedName(Store, defaultStoreName)
	if r.inv.Wiring.Manage || r.root.has("idp") {
		r.inv.IDP = r.sharedName(IDP, defaultIDPName)
	}
	if r.inv.Wiring.Manage || r.root.has("gateway") {
		r.inv.Gateway = r.sharedName(Gateway, defaultGatewayName)
	}
	r.checkHostNames()
}

func (r *reader) sharedName(role Role, byDefault string) Shared {
	s := r.root.table(string(role))
	if name := s.nameIn("url"); name != "" {
		byDefault = name
	}
	shared := Shared{
		Name:    s.text("name", byDefault, hostName),
		Address: s.text("address", "", ipLiteral),
	}
	nodes := r.inv.NodesOf(role)
	switch {
	case s.has("address"):
	case len(nodes) == 1:
		shared.Address = r.inv.HostOf(nodes[0]).Address
	case len(nodes) > 1:
		s.parent = nodes[1].Line
		s.wrong("address", "%d nodes have the role %s, and %s can map to one address only: write address = \"…\" under [%s], that of the load balancer or of one of the nodes",
			len(nodes), role, shared.Name, role)
		return shared
	}
	r.sharedURL(s, role, &shared)
	return shared
}

// checkHostNames refuses one name for two things: /etc/hosts maps it once.
func (r *reader) checkHostNames() {
	taken := map[string]string{}
	for _, n := range []struct{ table, name string }{
		{"database", r.inv.Database.Name},
		{"idp", r.inv.IDP.Name},
		{"gateway", r.inv.Gateway.Name},
		{"publisher", r.inv.Publisher.Name},
		{"store", r.inv.Store.Name},
	} {
		name := strings.ToLower(n.name)
		if name == "localhost" && r.anyRemote() {
			r.root.table(n.table).wrong("name", "name %s is each machine's own; want one that means the same machine everywhere", quoted(n.name))
		}
		if other := taken[name]; other != "" && name != "" {
			r.root.table(n.table).wrong("name", "name %s is that of [%s] too; want a name of its own", quoted(n.name), other)
		}
		taken[name] = n.table
	}
}
