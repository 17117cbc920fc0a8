package draft

import (
	"cmp"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// base is a datasource of the page and its key in the inventory.
type base struct {
	source, key string
	members     bool // Publisher and Store only
}

// bases are the datasources of the page.
var bases = []base{{"WSO2AM_DB", "am", false}, {"WSO2UM_DB", "um", false}, {"WSO2REG_DB", "reg", true}, {"JAGH2", "es", true}}

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
		hosts[b.key] = r.agreed("host name of "+b.source, func(n *node) (string, bool) { s, has := n.sources[b.source]; return s.host, has })
		schemas[b.key] = r.agreed("database of "+b.source, func(n *node) (string, bool) { s, has := n.sources[b.source]; return s.schema, has })
	}
	t.text("name", hosts["am"])
	address, err := r.address(hosts["am"])
	if err != nil {
		return err
	}
	t.text("address", address)
	t.put("port", cmp.Or(r.everywhere("port", func(s source) string { return s.port }), "3306"))
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
	f.Password = inventory.NewSecret(r.password())
	return nil
}

// password is the first node's; another is told, and never what it is.
func (r *reading) password() string {
	first, known := "", false
	for _, n := range r.nodes {
		for _, b := range bases {
			s, has := n.sources[b.source]
			switch p := s.values["password"]; {
			case !has:
			case !known:
				first, known = p, true
			case p != first:
				r.say("%s: the password of %s is another than that of the first node; the inventory has one account for all", n.name, b.source)
			}
		}
	}
	return first
}

// everywhere is one value of all datasources of all nodes.
func (r *reading) everywhere(what string, value func(source) string) string {
	is := ""
	for i, b := range bases {
		v := r.agreed(what+" of "+b.source, func(n *node) (string, bool) { s, has := n.sources[b.source]; return value(s), has })
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
