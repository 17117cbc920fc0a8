package draft

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// Answers are what an operator knows of a deployment that is to be.
type Answers struct {
	Name     string
	User     string // who logs in; "": as ssh does
	Key      string // "": as ssh does
	Sudo     bool
	Home     string
	Driver   string
	Places   map[inventory.Role][]Place
	Database Place
	// AppUser is the account that the nodes log in with, Admin the one that
	// makes it; the others say where their passwords are, as Reference takes it.
	AppUser, Admin             string
	AppPassword, AdminPassword string
	Domain                     string // of the cluster
}

// Place is a machine: its name in the inventory, "" for one that is made up,
// and its address.
type Place struct{ Name, Address string }

// ParsePlace reads ADDRESS or NAME=ADDRESS.
func ParsePlace(text string) (Place, error) {
	name, address, named := strings.Cut(text, "=")
	if !named {
		name, address = "", text
	}
	if _, err := netip.ParseAddr(address); err != nil {
		return Place{}, fmt.Errorf("%q is neither an IP address nor NAME=ADDRESS, as gateway1=192.168.10.12 is", text)
	}
	return Place{name, address}, nil
}

const head = `An App Manager deployment. Every key, with its default and its reason, stands
in docs/inventory.md; appm-provision validate tells whether the file is right.
`

// New is the draft of what was answered.
func New(a Answers) (*Draft, error) {
	d := &Draft{Head: head}
	d.Top.text("name", a.Name)
	d.ssh(a)
	d.Table("product").text("home", a.Home)
	d.Table("driver").text("file", a.Driver)
	hosts := hostsOf(a)
	if err := d.database(a, hosts); err != nil {
		return nil, err
	}
	d.Table("cluster").text("domain", a.Domain)
	d.shared(a)
	for i, h := range hosts {
		t := h.table(a.Home)
		if i == 0 {
			t.Note = "One table for each machine."
		}
		d.Tables = append(d.Tables, t)
	}
	return d, nil
}

// shared gives the name of a role with several nodes an address: it can map to
// one only.
func (d *Draft) shared(a Answers) {
	for _, role := range inventory.Roles {
		if list := a.Places[role]; len(list) > 1 {
			t := d.Table(string(role))
			t.text("address", list[0].Address)
			t.Keys[0].Note = "what its name maps to: the load balancer's, or one node's"
		}
	}
}

func (d *Draft) ssh(a Answers) {
	t := &Table{Name: "ssh"}
	if a.User != "" {
		t.text("user", a.User)
	}
	if a.Key != "" {
		t.text("key", a.Key)
	}
	t.put("sudo", strconv.FormatBool(a.Sudo))
	d.Tables = append(d.Tables, t)
}

func (d *Draft) database(a Answers, hosts []host) error {
	t := d.Table("database")
	at := slices.IndexFunc(hosts, func(h host) bool { return a.Database.Address == h.Address && cmp.Or(a.Database.Name, h.Name) == h.Name })
	if at < 0 {
		t.text("address", a.Database.Address)
	} else {
		t.text("host", hosts[at].Name)
		t.text("via", hosts[at].Name)
	}
	admin, err := inventory.Reference(a.AdminPassword)
	if err != nil {
		return fmt.Errorf("the admin's password: %w", err)
	}
	find(&t.Keys, "admin").Inline = []Key{{Name: "user", Literal: inventory.Quote(a.Admin)}, {Name: "password", Literal: admin}}
	t.text("user", a.AppUser)
	own, err := inventory.Reference(a.AppPassword)
	if err != nil {
		return fmt.Errorf("the password of %s: %w", a.AppUser, err)
	}
	t.put("password", own)
	return nil
}

// host is a machine and the nodes on it.
type host struct {
	Place
	roles []inventory.Role
}

// hostsOf puts the nodes on machines, in role order. Places without a name that
// have one address are one machine; one with a name is that one.
func hostsOf(a Answers) []host {
	var hosts []host
	for _, role := range inventory.Roles {
		for _, p := range a.Places[role] {
			i := slices.IndexFunc(hosts, func(h host) bool {
				return h.Address == p.Address && (p.Name == "" || h.Name == "" || h.Name == p.Name)
			})
			if i < 0 {
				i = len(hosts)
				hosts = append(hosts, host{Place: p})
			}
			hosts[i].Name = cmp.Or(hosts[i].Name, p.Name)
			hosts[i].roles = append(hosts[i].roles, role)
		}
	}
	if p := a.Database; p.Name != "" && !slices.ContainsFunc(hosts, func(h host) bool { return h.Name == p.Name }) {
		hosts = append(hosts, host{Place: p})
	}
	name(hosts)
	return hosts
}

// name gives each machine without a name one: after its only role, numbered, as
// a role alone means all its nodes.
func name(hosts []host) {
	count := map[string]int{}
	for i, h := range hosts {
		if h.Name != "" {
			continue
		}
		kind := "server"
		if len(h.roles) == 1 {
			kind = string(h.roles[0])
		}
		for taken := true; taken; {
			count[kind]++
			hosts[i].Name = kind + strconv.Itoa(count[kind])
			taken = slices.ContainsFunc(hosts[:i], func(o host) bool { return o.Name == hosts[i].Name })
		}
	}
}

// table is the host's. Nodes that share it have a home and ports each.
func (h host) table(home string) *Table {
	t := &Table{Name: "host"}
	t.text("name", h.Name)
	t.text("address", h.Address)
	if len(h.roles) == 0 {
		return t
	}
	var list [][]Key
	members := 0
	for i, role := range h.roles {
		keys := []Key{{Name: "role", Literal: inventory.Quote(string(role))}}
		if len(h.roles) > 1 {
			own := home + "/" + string(role)
			if n := before(h.roles[:i], role); n > 0 {
				own += strconv.Itoa(n + 1)
			}
			keys = append(keys, Key{Name: "home", Literal: inventory.Quote(own)}, Key{Name: "offset", Literal: strconv.Itoa(i)})
		}
		if role.Clustered() {
			if members > 0 {
				keys = append(keys, Key{Name: "cluster_port", Literal: strconv.Itoa(4000 + members)})
			}
			members++
		}
		list = append(list, keys)
	}
	find(&t.Keys, "nodes").List = list
	return t
}

func before(roles []inventory.Role, role inventory.Role) (n int) {
	for _, r := range roles {
		if r == role {
			n++
		}
	}
	return n
}
