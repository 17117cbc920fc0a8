package draft

import (
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

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
	d.Table("cluster").text("domain", r.agreed("cluster domain", member("domain")))
}

// sharedNames are the names under which Publisher and Store are known.
func (r *reading) sharedNames(d *Draft) {
	for _, role := range []inventory.Role{inventory.Publisher, inventory.Store} {
		nodes := r.of(role)
		if len(nodes) == 0 {
			continue
		}
		t := d.Table(string(role))
		name := r.agreed("URL of the remote instance", func(n *node) (string, bool) { return n.shared, n.role == role })
		if name != "" {
			t.text("name", name)
		}
		if len(nodes) > 1 {
			t.text("address", cmp.Or(r.elsewhere(role, name), nodes[0].Address))
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
