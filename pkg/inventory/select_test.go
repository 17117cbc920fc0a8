package inventory_test

import (
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// selected lists what a limit leaves, as "host", "host/node" and "database".
func selected(inv inventory.Inventory, s inventory.Selection) string {
	var list []string
	for _, h := range inv.Hosts {
		if s.HasHost(h.Name) {
			list = append(list, h.Name)
		}
		for _, n := range h.Nodes {
			if s.Has(n) {
				list = append(list, h.Name+"/"+n)
			}
		}
	}
	if s.Database {
		list = append(list, "database")
	}
	return strings.Join(list, " ")
}

const limited = `
name = "t"
partial = true
product = { home = "/opt/wso2appm" }
driver = { file = "mysql.jar" }

[database]
host = "db1"
user = "appm"
password = { env = "P" }
admin = { password = { env = "A" } }

[[host]]
name = "a"
address = "192.168.10.11"
nodes = [{ role = "idp" }]

[[host]]
name = "b"
address = "192.168.10.12"
nodes = [
  { role = "gateway", home = "/opt/g" },
  { role = "store", home = "/opt/s", offset = 1 },
]

[[host]]
name = "db1"
address = "192.168.10.5"
`

func TestSelect(t *testing.T) {
	inv := parse(t, limited)
	for _, c := range []struct{ words, want string }{
		{"", "a a/a b b/b-gateway b/b-store db1 database"},
		{"a", "a a/a"},
		{"b", "b b/b-gateway b/b-store"},
		{"b-store", "b b/b-store"},
		{"store", "b b/b-store"},
		{"idp store", "a a/a b b/b-store"},
		{"database", "database"},
		{"a database", "a a/a database"},
		{"db1", "db1"},
		{"a a", "a a/a"},
	} {
		s, err := inv.Select(strings.Fields(c.words))
		if got := selected(inv, s); got != c.want || err != nil {
			t.Errorf("--limit %q: got %q (%v), want %q", c.words, got, err, c.want)
		}
	}
}

func TestSelectUnknown(t *testing.T) {
	inv := parse(t, limited)
	for _, c := range []struct{ words, want string }{
		{"b-stor", `--limit: no host, node or role is called "b-stor" (did you mean "b-store"?)`},
		{"databse", `--limit: no host, node or role is called "databse" (did you mean "database"?)`},
		{"publisher", `--limit: no host, node or role is called "publisher" (want a, b, b-gateway, b-store, database, db1, gateway, idp or store)`},
		{"a x1 gatway", `--limit: no host, node or role is called "x1" (want a, b, b-gateway, b-store, database, db1, gateway, idp or store)
--limit: no host, node or role is called "gatway" (did you mean "gateway"?)`},
	} {
		s, err := inv.Select(strings.Fields(c.words))
		if err == nil || err.Error() != c.want {
			t.Errorf("--limit %s: got\n%v\nwant\n%s", c.words, err, c.want)
		}
		if got := selected(inv, s); got != "" {
			t.Errorf("--limit %s selects %s beside the error", c.words, got)
		}
	}
	if _, err := inv.Select([]string{""}); err == nil {
		t.Error("an empty word selects something")
	}
}

// TestZeroSelection: who forgets to select writes nowhere.
func TestZeroSelection(t *testing.T) {
	var s inventory.Selection
	if s.Has("a") || s.HasHost("a") || s.Database {
		t.Error("the zero Selection has something in it")
	}
}
