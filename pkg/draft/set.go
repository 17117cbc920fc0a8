package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// Set gives a key the value that somebody typed: "ssh.port=2222",
// "host.idp1.hosts_file=/tmp/hosts", "host.idp1.ssh.port=22",
// "node.idp1.offset=1". The inventory's own list of keys says what there is, and
// whether a value is a text or a number.
func (d *Draft) Set(setting string) error {
	path, value, is := strings.Cut(setting, "=")
	if !is {
		return fmt.Errorf("%q is no key=value, as ssh.port=2222 is", setting)
	}
	if err := d.set(strings.Split(path, "."), value); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (d *Draft) set(path []string, value string) error {
	var keys *[]Key
	known := path // to the inventory
	switch {
	case path[0] == "host" && len(path) > 2:
		t := d.Host(path[1])
		if t == nil {
			return fmt.Errorf("no host is called %q%s", path[1], inventory.DidYouMean(path[1], d.hosts()))
		}
		keys, path, known = &t.Keys, path[2:], append([]string{"host"}, path[2:]...)
	case path[0] == "node" && len(path) == 3:
		node := d.node(path[1])
		if node == nil {
			return fmt.Errorf("no node is called %q%s", path[1], inventory.DidYouMean(path[1], d.nodes()))
		}
		keys, path, known = node, path[2:], append([]string{"host", "nodes"}, path[2:]...)
	case len(path) == 1:
		keys = &d.Top.Keys
	default:
		keys, path = &d.Table(path[0]).Keys, path[1:]
	}
	literal, err := inventory.Literal(known, value)
	if err != nil {
		return err
	}
	for _, name := range path[:len(path)-1] {
		keys = &find(keys, name).Inline
	}
	*find(keys, path[len(path)-1]) = Key{Name: path[len(path)-1], Literal: literal}
	return nil
}

// node finds a node by the name that the inventory will give it.
func (d *Draft) node(name string) (found *[]Key) {
	d.eachNode(func(is string, keys *[]Key) {
		if is == name {
			found = keys
		}
	})
	return found
}

func (d *Draft) nodes() (names []string) {
	d.eachNode(func(is string, _ *[]Key) { names = append(names, is) })
	return names
}

func (d *Draft) hosts() (names []string) {
	for _, t := range d.Tables {
		if t.Name == "host" {
			names = append(names, unquoted(find(&t.Keys, "name").Literal))
		}
	}
	return names
}

func (d *Draft) eachNode(visit func(string, *[]Key)) {
	for _, t := range d.Tables {
		if t.Name != "host" {
			continue
		}
		host := unquoted(find(&t.Keys, "name").Literal)
		at := slices.IndexFunc(t.Keys, func(k Key) bool { return k.Name == "nodes" })
		if at < 0 {
			continue // the database's
		}
		list := t.Keys[at].List
		for i := range list {
			name := host
			if len(list) > 1 {
				name += "-" + unquoted(find(&list[i], "role").Literal)
			}
			if at := slices.IndexFunc(list[i], func(k Key) bool { return k.Name == "name" }); at >= 0 {
				name = unquoted(list[i][at].Literal)
			}
			visit(name, &list[i])
		}
	}
}

func unquoted(literal string) string { return strings.Trim(literal, `"`) }
