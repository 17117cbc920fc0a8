package draft

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"

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
	taken := map[string]int{}
	for _, n := range r.nodes {
		n.name = n.Host
		if len(r.on(n.Host)) > 1 {
			n.name += "-" + path.Base(n.Home)
		}
		if taken[n.name]++; taken[n.name] > 1 {
			n.name += "-" + strconv.Itoa(taken[n.name])
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
	r.wiring(d)
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

// agreed is one value of all nodes: the first node's, and what differs is said.
func (r *reading) agreed(what string, value func(*node) (string, bool)) string {
	var is, first string
	for _, n := range r.nodes {
		v, has := value(n)
		switch {
		case !has:
		case first == "":
			is, first = v, n.name
		case v == is:
		default:
			r.say("%s: its %s is %q, that of %s is %q", n.name, what, v, first, is)
		}
	}
	return is
}
