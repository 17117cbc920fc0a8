package draft

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Found is a deployment that was made by hand, as its files tell it.
type Found struct {
	Draft *Draft
	// Unusual is what the inventory cannot say, or what somebody should look at.
	Unusual []string
	// Password is that of the nodes' database account. The draft refers to it.
	Password inventory.Secret
	// Driver is the jar that the nodes have, and the node to get it from.
	Driver plan.Ref
	Home   string
}

// Options are what the files do not tell.
type Options struct {
	Name      string
	Roles     map[string]inventory.Role // by node, where the files do not tell
	Address   string                    // of the database server; "": what the hosts files have
	User      string                    // who logs in
	Sudo      bool
	Password  string // where it will be, as Reference takes it
	Hosts     []Place
	HostsFile func(host string) string
}

// reading is a Found in the making.
type reading struct {
	Options
	state   *plan.State
	nodes   []*node
	unusual []string
}

// FromState drafts the inventory that reproduces what is there.
func FromState(state *plan.State, sites []Site, o Options) (*Found, error) {
	r := &reading{Options: o, state: state}
	var errs []error
	for _, s := range sites {
		n, err := s.read(state)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.nodes = append(r.nodes, n)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := r.roles(); err != nil {
		return nil, err
	}
	return r.found()
}

// roles names the nodes as the inventory will, and tells their roles.
func (r *reading) roles() error {
	var errs []error
	for _, n := range r.nodes {
		n.name = n.Host
		if len(r.on(n.Host)) > 1 {
			n.name += "-" + path.Base(n.Home)
		}
		var err error
		if n.role = r.Roles[n.name]; n.role == "" {
			n.role, err = n.guess()
		}
		errs = append(errs, err)
	}
	slices.SortStableFunc(r.nodes, func(a, b *node) int {
		return slices.Index(inventory.Roles, a.role) - slices.Index(inventory.Roles, b.role)
	})
	return errors.Join(errs...)
}

func (r *reading) on(host string) (list []*node) {
	for _, n := range r.nodes {
		if n.Host == host {
			list = append(list, n)
		}
	}
	return list
}

func (r *reading) of(role inventory.Role) (list []*node) {
	for _, n := range r.nodes {
		if n.role == role {
			list = append(list, n)
		}
	}
	return list
}

const foundHead = `Read from a deployment that was made by hand. Every key, with its default and
its reason, stands in docs/inventory.md. Databases and accounts are left to
whoever made them: for the tool to see to them, remove manage and name admin.
`

func (r *reading) found() (*Found, error) {
	d := &Draft{Head: foundHead}
	d.Top.text("name", r.Name)
	if r.lacksRole() {
		d.Top.put("partial", "true")
	}
	f := &Found{Draft: d}
	if err := r.database(d, f); err != nil {
		return nil, err
	}
	if err := r.driver(d, f); err != nil {
		return nil, err
	}
	r.cluster(d)
	r.ssh(d)
	r.sharedNames(d)
	r.hosts(d)
	r.siblings()
	f.Unusual = r.unusual
	return f, nil
}

// ssh is how the hosts were reached.
func (r *reading) ssh(d *Draft) {
	t := &Table{Name: "ssh"}
	if r.User != "" {
		t.text("user", r.User)
	}
	t.put("sudo", strconv.FormatBool(r.Sudo))
	d.Tables = slices.Insert(d.Tables, 0, t)
}

func (r *reading) lacksRole() bool {
	return slices.ContainsFunc(inventory.Roles, func(role inventory.Role) bool { return len(r.of(role)) == 0 })
}

func (r *reading) say(format string, args ...any) {
	r.unusual = append(r.unusual, fmt.Sprintf(format, args...))
}

// of all nodes, one value: the first node's, and what differs is said. A value
// that is delicate is not.
func (r *reading) agreed(what string, value func(*node) (string, bool), delicate bool) string {
	var is, first string
	for _, n := range r.nodes {
		v, has := value(n)
		switch {
		case !has:
		case first == "":
			is, first = v, n.name
		case v == is:
		case delicate:
			r.say("%s: its %s is another than that of %s", n.name, what, first)
		default:
			r.say("%s: its %s is %q, that of %s is %q", n.name, what, v, first, is)
		}
	}
	return is
}

// bases are the datasources of the page and the key of each in the inventory.
var bases = []struct {
	source, key string
	members     bool // Publisher and Store only
}{{"WSO2AM_DB", "am", false}, {"WSO2UM_DB", "um", false}, {"WSO2REG_DB", "reg", true}, {"JAGH2", "es", true}}

func (r *reading) database(d *Draft, f *Found) error {
	for _, n := range r.nodes {
		for _, b := range bases {
			if _, has := n.sources[b.source]; !has && (!b.members || n.role.Clustered()) {
				return fmt.Errorf("%s: %s has no datasource %s on MySQL, so this is not the deployment of the product's page; see docs/import.md", n.Host, path.Join(n.Home, datasources), b.source)
			}
		}
	}
	t := &Table{Name: "database"}
	hosts, schemas := map[string]string{}, map[string]string{}
	for _, b := range bases {
		hosts[b.key] = r.agreed("host name of "+b.source, func(n *node) (string, bool) { s, has := n.sources[b.source]; return s.host, has }, false)
		schemas[b.key] = r.agreed("database of "+b.source, func(n *node) (string, bool) { s, has := n.sources[b.source]; return s.schema, has }, false)
	}
	t.text("name", hosts["am"])
	address, err := r.address(hosts["am"])
	if err != nil {
		return err
	}
	t.text("address", address)
	t.put("port", cmpOr(r.everywhere("port", func(s source) string { return s.port }), "3306"))
	t.put("manage", "false")
	t.text("user", r.everywhere("user name", func(s source) string { return s.values["username"] }))
	reference, err := inventory.Reference(r.Password)
	if err != nil {
		return err
	}
	t.put("password", reference)
	t.text("options", r.everywhere("query of the URL", func(s source) string { return s.options }))
	r.perBase(t, "schemas", schemas, map[string]string{"am": "AM_DB", "um": "UM_DB", "reg": "REG_DB", "es": "ES_STORAGE_DB"})
	am := hosts["am"]
	r.perBase(t, "names", hosts, map[string]string{"am": am, "um": am, "reg": am, "es": am})
	r.pool(t)
	d.Tables = append(d.Tables, t)
	password := ""
	for i, n := range r.nodes {
		for name, s := range n.sources {
			switch p := s.values["password"]; {
			case !slices.ContainsFunc(bases, func(b struct {
				source, key string
				members     bool
			}) bool {
				return b.source == name
			}):
			case i == 0 && password == "":
				password = p
			case p != password:
				r.say("%s: the password of %s is another than that of the first node; the inventory has one account for all", n.name, name)
			}
		}
	}
	f.Password = inventory.NewSecret(password)
	return nil
}

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// everywhere is one value of all datasources of all nodes.
func (r *reading) everywhere(what string, value func(source) string) string {
	is := ""
	for i, b := range bases {
		v := r.agreed(what+" of "+b.source, func(n *node) (string, bool) { s, has := n.sources[b.source]; return value(s), has }, false)
		if i == 0 {
			is = v
		} else if v != is && len(r.of(inventory.Publisher))+len(r.of(inventory.Store)) > 0 {
			r.say("the %s of %s is %q, that of %s is %q; the inventory has one for all", what, b.source, v, bases[0].source, is)
		}
	}
	return is
}

// perBase writes what differs from the default.
func (r *reading) perBase(t *Table, key string, values, byDefault map[string]string) {
	var keys []Key
	for _, b := range bases {
		if v := values[b.key]; v != "" && v != byDefault[b.key] {
			keys = append(keys, Key{Name: b.key, Literal: inventory.Quote(v)})
		}
	}
	if keys != nil {
		find(&t.Keys, key).Inline = keys
	}
}

// pool writes the values of the connections that differ from the page's.
func (r *reading) pool(t *Table) {
	var keys []Key
	for _, p := range []struct{ element, key, byDefault string }{
		{"maxActive", "max_active", "50"}, {"maxWait", "max_wait", "60000"}, {"testOnBorrow", "test_on_borrow", "true"},
		{"validationQuery", "validation_query", "SELECT 1"}, {"validationInterval", "validation_interval", "30000"},
	} {
		v := r.everywhere(p.element, func(s source) string { return s.values[p.element] })
		if v == p.byDefault || v == "" {
			continue
		}
		if literal, err := inventory.Literal([]string{"database", "pool", p.key}, v); err == nil {
			keys = append(keys, Key{Name: p.key, Literal: literal})
		} else {
			r.say("%s of the datasources is %q, which the inventory cannot say", p.element, v)
		}
	}
	if keys != nil {
		find(&t.Keys, "pool").Inline = keys
	}
}

// address is what the database's name stands for: what was said, itself, or what
// the hosts files have.
func (r *reading) address(name string) (string, error) {
	if r.Address != "" {
		return r.Address, nil
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.String(), nil
	}
	loopback := ""
	for _, n := range r.nodes {
		a := r.mapped(n.Host, name)
		ip, err := netip.ParseAddr(a)
		switch {
		case err != nil:
		case ip.IsLoopback():
			loopback = a
		default:
			return a, nil
		}
	}
	if loopback != "" {
		return loopback, nil
	}
	return "", fmt.Errorf("what address %s has cannot be told: no hosts file maps it; say --set database.address=…", name)
}

// mapped is the address that a host's hosts file has for a name.
func (r *reading) mapped(host, name string) string {
	o, err := r.state.Found(file(host, r.HostsFile(host)))
	f, is := o.(*plan.File)
	if err != nil || !is {
		return ""
	}
	for line := range strings.Lines(string(f.Data)) {
		text, _, _ := strings.Cut(line, "#")
		words := strings.Fields(text)
		if len(words) > 1 && slices.ContainsFunc(words[1:], func(w string) bool { return strings.EqualFold(w, name) }) {
			return words[0]
		}
	}
	return ""
}

// driver is the one jar that all nodes have.
func (r *reading) driver(d *Draft, f *Found) error {
	for _, n := range r.nodes {
		switch {
		case len(n.jars) == 0:
			r.say("%s has no MySQL driver in lib", n.name)
		case len(n.jars) > 1:
			r.say("%s has %d MySQL drivers in lib; with two of them the server uses either", n.name, len(n.jars))
			fallthrough
		case f.Driver.Path == "":
			f.Driver, f.Home = n.jars[0], n.Home
		}
	}
	if f.Driver.Path == "" {
		return errors.New("no node has a MySQL driver (mysql-connector-*.jar) in repository/components/lib; put it there, or write the inventory with appm-provision init")
	}
	t := d.Table("driver")
	t.text("file", path.Base(f.Driver.Path))
	t.text("class", r.everywhere("driverClassName", func(s source) string { return s.values["driverClassName"] }))
	return nil
}

func (r *reading) cluster(d *Draft) {
	if len(r.of(inventory.Publisher))+len(r.of(inventory.Store)) == 0 {
		return
	}
	member := func(name string) func(*node) (string, bool) {
		return func(n *node) (string, bool) { return n.parameters[name], n.role.Clustered() }
	}
	for _, n := range r.nodes {
		if n.role.Clustered() && !n.clustered {
			r.say("%s: clustering is not enabled in axis2.xml", n.name)
		}
		if at := n.parameters["localMemberHost"]; n.role.Clustered() && n.clustered && at != n.Address {
			r.say("%s: localMemberHost is %s, and its host's address %s", n.name, at, n.Address)
		}
	}
	d.Table("cluster").text("domain", r.agreed("cluster domain", member("domain"), false))
}

// sharedNames are the names under which Publisher and Store are known.
func (r *reading) sharedNames(d *Draft) {
	for _, role := range []inventory.Role{inventory.Publisher, inventory.Store} {
		nodes := r.of(role)
		if len(nodes) == 0 {
			continue
		}
		t := d.Table(string(role))
		name := r.agreed("URL of the remote instance", func(n *node) (string, bool) { return n.shared, n.role == role }, false)
		if name != "" {
			t.text("name", name)
		}
		if len(nodes) > 1 {
			t.text("address", cmpOr(r.elsewhere(role, name), nodes[0].Address))
		}
	}
}

// elsewhere is the address that hosts without the role have for its name.
func (r *reading) elsewhere(role inventory.Role, name string) string {
	for _, n := range r.nodes {
		a := r.mapped(n.Host, name)
		if n.role != role && a != "" && !strings.HasPrefix(a, "127.") {
			return a
		}
	}
	return ""
}

func (r *reading) hosts(d *Draft) {
	home := ""
	if same := slices.IndexFunc(r.nodes, func(n *node) bool { return n.Home != r.nodes[0].Home }); same < 0 {
		home = r.nodes[0].Home
		d.Table("product").text("home", home)
	}
	for _, p := range r.Hosts {
		t := &Table{Name: "host"}
		t.text("name", p.Name)
		t.text("address", p.Address)
		if file := r.HostsFile(p.Name); file != "/etc/hosts" {
			t.text("hosts_file", file)
		}
		var list [][]Key
		for _, n := range r.on(p.Name) {
			list = append(list, n.keys(home, len(r.on(p.Name)) > 1))
		}
		if list != nil {
			find(&t.Keys, "nodes").List = list
		}
		d.Tables = append(d.Tables, t)
	}
}

func (n *node) keys(home string, several bool) []Key {
	keys := []Key{{Name: "role", Literal: inventory.Quote(string(n.role))}}
	if several {
		keys = append(keys, Key{Name: "name", Literal: inventory.Quote(n.name)})
	}
	if n.Home != home {
		keys = append(keys, Key{Name: "home", Literal: inventory.Quote(n.Home)})
	}
	if n.offset != "" && n.offset != "0" {
		keys = append(keys, Key{Name: "offset", Literal: n.offset})
	}
	if port := n.parameters["localMemberPort"]; n.role.Clustered() && n.clustered && port != "4000" {
		keys = append(keys, Key{Name: "cluster_port", Literal: port})
	}
	return keys
}
