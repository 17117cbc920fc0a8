package inventory_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// parse is for inventories that must be right.
func parse(t *testing.T, src string) inventory.Inventory {
	t.Helper()
	inv, _, err := inventory.Parse("inventory.toml", []byte(src))
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	return inv
}

// words prints values with a blank between any two.
func words(values ...any) string { return strings.TrimSuffix(fmt.Sprintln(values...), "\n") }

// smallest is a deployment that leaves to the defaults what it can.
const smallest = `
name = "t"
product = { home = "/opt/wso2appm" }
driver = { file = "mysql.jar" }

[database]
address = "192.168.10.5"
user = "appm"
password = { env = "P" }
admin = { password = { env = "A" } }

[[host]]
name = "s1"
address = "192.168.10.14"
nodes = [{ role = "store" }]

[[host]]
name = "all"
address = "192.168.10.11"

  [[host.nodes]]
  role = "publisher"

  [[host.nodes]]
  role = "gateway"
  home = "/opt/gateway"
  offset = 1

  [[host.nodes]]
  role = "gateway"
  name = "g3"
  home = "/opt/gateway-2"
  offset = 2

  [[host.nodes]]
  role = "gateway"
  home = "/opt/gateway-3"
  offset = 3

  [[host.nodes]]
  role = "idp"
  home = "/opt/idp"
  offset = 4
  java_home = "/opt/jdk"
  running = false

[gateway]
address = "192.168.10.11"
`

func TestNodesAreInRoleOrder(t *testing.T) {
	inv := parse(t, smallest)
	var got []string
	for _, n := range inv.Nodes {
		got = append(got, fmt.Sprintf("%s %s@%s %s+%d", n.Role, n.Name, n.Host, n.Home, n.Offset))
	}
	want := []string{
		"idp all-idp@all /opt/idp+4",
		"gateway all-gateway@all /opt/gateway+1",
		"gateway g3@all /opt/gateway-2+2",
		"gateway all-gateway-3@all /opt/gateway-3+3",
		"publisher all-publisher@all /opt/wso2appm+0",
		"store s1@s1 /opt/wso2appm+0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestHostsKeepTheOrderOfTheFile(t *testing.T) {
	inv := parse(t, smallest)
	if got, want := words(inv.Hosts[0].Name, inv.Hosts[1].Name), "s1 all"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := []string{"all-publisher", "all-gateway", "g3", "all-gateway-3", "all-idp"}
	if got := inv.Hosts[1].Nodes; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := inv.Hosts[1].Line; got != 17 {
		t.Errorf("host all is in line %d, want 17", got)
	}
	if n, _ := inv.Node("g3"); n.Line != 29 {
		t.Errorf("node g3 is in line %d, want 29", n.Line)
	}
}

func TestLookups(t *testing.T) {
	inv := parse(t, smallest)
	names := func(nodes []inventory.Node) string {
		var list []string
		for _, n := range nodes {
			list = append(list, n.Name)
		}
		return strings.Join(list, " ")
	}
	idp, found := inv.Node("all-idp")
	if !found || inv.HostOf(idp).Address != "192.168.10.11" || idp.Running || idp.JavaHome != "/opt/jdk" {
		t.Errorf("node all-idp is %+v", idp)
	}
	for _, c := range []struct{ what, got, want string }{
		{"on all", names(inv.NodesOn("all")), "all-idp all-gateway g3 all-gateway-3 all-publisher"},
		{"gateways", names(inv.NodesOf(inventory.Gateway)), "all-gateway g3 all-gateway-3"},
		{"members", names(inv.Members()), "all-publisher s1"},
		{"on nothing", names(inv.NodesOn("x")), ""},
	} {
		if c.got != c.want {
			t.Errorf("nodes %s: got %s, want %s", c.what, c.got, c.want)
		}
	}
	if _, found := inv.Host("all-idp"); found {
		t.Error("a node is found as a host")
	}
}

func TestDatabaseDefaults(t *testing.T) {
	db := parse(t, smallest).Database
	if got, want := db.Hosts, []string{"192.168.10.11", "192.168.10.14"}; !slices.Equal(got, want) {
		t.Errorf("the account's hosts are %q, want each node's address once: %q", got, want)
	}
	for _, c := range []struct{ what, got, want string }{
		{"name", db.Name, "carbondb.mysql-wso2.com"},
		{"where", words(db.Address, db.Port, db.Host, db.Via), words("192.168.10.5", 3306, "", "")},
		{"where the tool connects", words(db.AdminAddress, db.AdminPort), words("192.168.10.5", 3306)},
		{"how it connects", words(db.Socket, db.TLS), words("", "{off  192.168.10.5}")},
		{"admin", db.Admin.User + " " + db.Admin.Password.String(), "root env A"},
		{"user", db.User + " " + db.Password.String(), "appm env P"},
		{"schemas", words(db.Schemas, db.Ledger), words("{AM_DB UM_DB REG_DB ES_STORAGE_DB}", "appm_provision")},
		{"pool", words(db.Pool), "{50 60000 true SELECT 1 30000}"},
		{"recipe", words(db.Charset, db.SQLMode, db.Order, db.Options, db.Manage, db.RegistryOnGateway),
			words("latin1", "NO_ENGINE_SUBSTITUTION", "identity-first", "autoReconnect=true", true, false)},
		{"scripts", db.Scripts, "all-idp"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, c.got, c.want)
		}
	}
}

func TestOtherDefaults(t *testing.T) {
	inv := parse(t, smallest)
	s, p := inv.SSH, inv.Product
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"ssh", words(s.User, s.Port, s.Keys, s.KnownHosts, s.AcceptNew, s.Become.Method, s.Become.User, s.Jump, s.ConnectTimeout), words("", 0, "[] []", false, "none root []", 0*time.Second)},
		{"product", words(p.JavaHome, p.ServiceUser, p.StartTimeout, p.StopTimeout, p.UserStore), words("", "", 10*time.Minute, 2*time.Minute, "page")},
		{"cluster", inv.Cluster, inventory.Cluster{Domain: "wso2.pub.store.domain", Port: 4000}},
		{"publisher", inv.Publisher, inventory.Shared{Name: "publisher.appm-wso2.com", Address: "192.168.10.11", URL: "https://publisher.appm-wso2.com:9443"}},
		{"store", inv.Store, inventory.Shared{Name: "store.appm-wso2.com", Address: "192.168.10.14", URL: "https://store.appm-wso2.com:9443"}},
		{"hosts file", inv.Hosts[0].HostsFile, "/etc/hosts"},
		{"ssh host", inv.Hosts[0].SSH.Host, "192.168.10.14"},
		{"running", inv.Nodes[1].Running, true},
		{"cluster port", inv.Nodes[1].ClusterPort, 4000},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, c.got, c.want)
		}
	}
}

// TestSettings turns every default into something else.
func TestSettings(t *testing.T) {
	src, err := os.ReadFile("testdata/everything.toml")
	if err != nil {
		t.Fatal(err)
	}
	inv := parse(t, string(src))
	db, h, n := inv.Database, inv.Hosts[1], inv.Nodes[0]
	for _, c := range []struct{ what, got, want string }{
		{"top", words(inv.Name, inv.Partial), "staging-2 true"},
		{"ssh", words(inv.SSH), "{ssh_config deploy 2222 [ops@bastion.example.com:2200 db1] [~/.ssh/a ~/.ssh/b] file login.txt env KEY_PASSPHRASE [known] true {sudo admin prompt} 1m30s}"},
		{"product", words(inv.Product), "{/srv/appm  /opt/jdk8 wso2 20m0s 30s keep systemd}"},
		{"pack", words(inv.Pack), "{packs/wso2appm-1.2.0.zip https://repo.example.com/wso2appm-1.2.0.zip " + strings.Repeat("ab", 32) + " true}"},
		{"driver", words(inv.Driver), "{ https://repo.example.com/mysql.jar " + strings.Repeat("ab", 32) + " com.mysql.cj.jdbc.Driver}"},
		{"cluster", words(inv.Cluster), "{appm.domain 4100}"},
		{"shared", words(inv.Publisher, inv.Store), "{pub.example.com 192.168.10.20 https://pub.example.com 0} {store.example.com 2001:db8::1 https://store.example.com/shop 0}"},
		{"more of them", words(inv.IDP, inv.Gateway), "{idp.example.com 192.168.10.21 https://login.example.com 0} {gw.example.com 192.168.10.22 https://gw.example.com:9444 0}"},
		{"admin", words(inv.Admin), "{root1 env ADMIN}"},
		{"wiring", words(inv.Wiring), "{true https://a.example.com/services/ https://b.example.com/samlsso  https://d.example.com:444 https://e.example.com/services/ [http://apps.example.com https://apps.example.com] [*] https://f.example.com/publisher/acs https://g.example.com/store/acs https://[2001:db8::2]:9443/social/acs}"},
		{"host names", n.HostName + " " + inv.Nodes[1].HostName, "n1.example.com "},
		{"where", words(db.Name, db.Address, db.Host, db.Port, db.Via), "db.example.com 192.168.10.5 db1 3307 db1"},
		{"where the tool connects", words(db.AdminAddress, db.AdminPort), "192.168.10.6 3308"},
		{"how it is protected", words(db.TLS), "{verify ca.pem db.internal}"},
		{"accounts", words(db.Admin.User, db.Admin.Password, db.User, db.Password), "admin prompt appm2 file p.txt"},
		{"account hosts", words(db.Hosts), "[192.168.10.11 192.168.%]"},
		{"recipe", fmt.Sprintf("%q %q %q %q", db.Charset, db.SQLMode, db.Order, db.Options), `"utf8mb4" "" "page" ""`},
		{"schemas", words(db.Schemas, db.Ledger), "{a u r e} l"},
		{"pool", words(db.Pool), "{20 -1 false select 2 0}"},
		{"flags", words(db.Manage, db.RegistryOnGateway, db.Scripts), "true true n2"},
		{"host", words(h.Address, h.SSH, h.HostsFile, h.StateDir), "192.168.10.11 {gw.example.com 2022 root [bastion] [~/.ssh/c] env LOGIN2 env KEY2 SHA256:" + strings.Repeat("a", 43) + " {doas wso2 env DOAS}} /srv/lab/hosts /srv/lab/state"},
		{"node", words(n.Name, n.Role, n.Host, n.Home, n.Offset, n.ClusterPort, n.JavaHome, n.Service, n.Running), "n1 publisher h1 /srv/a 10 4200 /opt/jdk7 none false"},
	} {
		if c.got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.what, c.got, c.want)
		}
	}
}

func TestAddressesHaveOneForm(t *testing.T) {
	inv := parse(t, strings.NewReplacer("192.168.10.14", "2001:DB8:0::1", "192.168.10.11", "::ffff:192.168.10.11").Replace(smallest))
	if got := inv.Hosts[0].Address + " " + inv.Hosts[1].Address; got != "2001:db8::1 192.168.10.11" {
		t.Errorf("got %s", got)
	}
}

func TestLineEndsAndByteOrderMark(t *testing.T) {
	for _, src := range []string{strings.ReplaceAll(smallest, "\n", "\r\n"), "\xef\xbb\xbf" + smallest} {
		if got := parse(t, src).Hosts[1].Line; got != 17 {
			t.Errorf("%.8q…: host all is in line %d, want 17", src, got)
		}
	}
}

func TestFilesThatAreNone(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"latin1", "name = \"t\"\n# gr\xf6\xdfe\n", "f:2: the file is not UTF-8 here; save it as UTF-8"},
		{"utf16", "\xff\xfen\x00a\x00", "f:1: the file is not UTF-8 here; save it as UTF-8"},
		{"binary", "PK\x03\x04\x00\x00", "f:1: this is not valid TOML: files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8"},
		{"large", strings.Repeat("#\n", 1<<20), "f:1: the file has 2097152 bytes, want at most 1048576; is it an inventory?"},
	} {
		if _, _, err := inventory.Parse("f", []byte(c.src)); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestThousandHosts(t *testing.T) {
	var b strings.Builder
	b.WriteString(smallest)
	for i := range 1000 {
		fmt.Fprintf(&b, "[[host]]\nname = \"h%d\"\naddress = \"10.0.%d.%d\"\nnodes = [{ role = \"gateway\" }]\n", i, i/250, i%250+1)
	}
	start := time.Now()
	if got := len(parse(t, b.String()).Nodes); got != 1006 {
		t.Errorf("%d nodes, want 1006", got)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("a thousand hosts take %s", d)
	}
}

// TestHomesBelowOneFolder: the page's names, whatever is together on a host.
func TestHomesBelowOneFolder(t *testing.T) {
	src := strings.NewReplacer(`home = "/opt/wso2appm"`, `parent = "/srv/wso2"`, `home = "/opt/gateway-2"`, "").Replace(smallest)
	var got []string
	for _, n := range parse(t, src).Nodes {
		got = append(got, n.Home)
	}
	want := "/opt/idp /opt/gateway /srv/wso2/Gateway2 /opt/gateway-3 /srv/wso2/Publisher /srv/wso2/Store"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}
