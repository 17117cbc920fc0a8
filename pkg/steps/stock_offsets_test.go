package steps_test

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// onOneHost has all four servers on one machine, with ports of their own and an
// administrator of the operator's.
const onOneHost = `[[host]]
name = "idp1"
address = "192.168.10.11"
nodes = [{ role = "idp" }]

[[host]]
name = "gateway1"
address = "192.168.10.12"
nodes = [{ role = "gateway" }]

[[host]]
name = "publisher1"
address = "192.168.10.13"
nodes = [{ role = "publisher" }]

[[host]]
name = "store1"
address = "192.168.10.14"
nodes = [{ role = "store" }]
=>
[admin]
user = "root"
password = { env = "ADMINISTRATOR" }

[[host]]
name = "all1"
address = "192.168.10.20"
nodes = [
  { role = "idp", name = "idp1", home = "/opt/idp" },
  { role = "gateway", name = "gateway1", home = "/opt/gateway", offset = 1 },
  { role = "publisher", name = "publisher1", home = "/opt/publisher", offset = 2 },
  { role = "store", name = "store1", home = "/opt/store", offset = 3, cluster_port = 4003 },
]
`

// moved turns what is meant on four hosts into what is meant on one. Every name is
// 127.0.0.1 there, and only the hosts file says so: URLs have the ports.
var moved = strings.NewReplacer(
	"gateway.appm-wso2.com:9443", "gateway.appm-wso2.com:9444", "gateway.appm-wso2.com:8280", "gateway.appm-wso2.com:8281", "gateway.appm-wso2.com:8243", "gateway.appm-wso2.com:8244",
	"publisher.appm-wso2.com:9443", "publisher.appm-wso2.com:9445", "store.appm-wso2.com:9443", "store.appm-wso2.com:9446", "store.appm-wso2.com:9763", "store.appm-wso2.com:9766",
	"192.168.10.13", "192.168.10.20", "192.168.10.14", "192.168.10.20")

// besides are the lines that offset, cluster port and administrator add.
func besides(n inventory.Node, file string) []string {
	text := ""
	switch {
	case file == "carbon.xml" && n.Offset > 0:
		text = fmt.Sprintf("-<Offset>0</Offset>\n+<Offset>%d</Offset>\n", n.Offset)
	case file == "axis2.xml" && n.Role == inventory.Publisher:
		text = "-<port>4000</port>\n+<port>4003</port>\n"
	case file == "axis2.xml" && n.Role == inventory.Store:
		text = `-<parameter name="localMemberPort">4000</parameter>` + "\n" + `+<parameter name="localMemberPort">4003</parameter>` + "\n"
	case file == "user-mgt.xml":
		text = loginLines("UserName", "Password")
	case file == "app-manager.xml" && n.Role != inventory.IDP:
		text = strings.Repeat(loginLines("Username", "Password"), 3) + loginLines("username", "password")
	case file == "publisher.json" && n.Role == inventory.Publisher:
		text = "-\"username\": \"admin\",\n+\"username\": \"root\",\n-\"password\": \"(secret)\"\n+\"password\": \"(secret)\"\n"
	default:
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// loginLines are the lines of two elements that name who logs in.
func loginLines(user, password string) string {
	return strings.NewReplacer("U>", user+">", "P>", password+">").Replace(
		"-<U>admin</U>\n+<U>root</U>\n-<P>(secret)</P>\n+<P>(secret)</P>\n")
}

// TestStockFilesOnOneHost is TestStockFiles with everything else that moves a line.
func TestStockFilesOnOneHost(t *testing.T) {
	files, err := product.Home{Stock: os.Getenv("APPM_STOCK_CONF")}.Files()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, parse(t, onOneHost), "5.1.49")
	for _, n := range w.inv.Nodes {
		w.unpack(w.hosts[n.Host], n.Home, files)
	}
	all, err := w.inv.Select(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.build(w.list(all))
	if err != nil {
		t.Fatal(err)
	}
	text, lines := render(t, p, nil), 0
	noSecret(t, text)
	for _, n := range w.inv.Nodes {
		got := map[string][]string{}
		for _, c := range p.Changes {
			if c.Ref.Kind == plan.KindFile && c.Node == n.Name {
				got[path.Base(c.Ref.Path)] = changed(text, c.Ref)
				exact(t, c, text)
			}
		}
		for _, file := range stockFiles[1:] { // the hosts file is no node's
			want := strings.Split(moved.Replace(strings.Join(meant(n, file), "\n")), "\n")
			want = slices.DeleteFunc(append(want, besides(n, file)...), func(l string) bool { return l == "" })
			slices.Sort(want)
			slices.Sort(got[file])
			if !slices.Equal(got[file], want) {
				t.Errorf("%s of %s:\n got %s\nwant %s", file, n.Name, strings.Join(got[file], "\n     "), strings.Join(want, "\n     "))
			}
			lines += len(want)
			delete(got, file)
		}
		for file := range got {
			t.Errorf("%s of %s changes, and no line of it is meant", file, n.Name)
		}
	}
	t.Logf("%d lines go and come", lines)
}
