package steps_test

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// What a person would write who follows the page by hand over four hosts, in
// lines of the XML files, and what the tool adds to that: empty lines between
// new elements, where the file has them between its own.
const (
	byHandRemoved, byHandAdded = 42, 210
	emptyLines                 = 14
	hostsLines                 = 4 * 7 // a block of five names on each host
	// The wiring replaces lines and adds none: of four carbon.xml, of three
	// app-manager.xml, of the IDP's addresses, of three JSON files.
	wiringLines = 4*2 + 3*7 + 6 + 3*2
)

// TestStockFiles configures the files of the release itself, and holds the diff
// to the lines that are meant, each of them listed below.
func TestStockFiles(t *testing.T) {
	stock := os.Getenv("APPM_STOCK_CONF")
	if stock == "" {
		t.Log("APPM_STOCK_CONF is not set: THE STOCK FILES ARE LEFT OUT, the project's own fixtures stand in for them")
	}
	files, err := product.Home{Stock: stock}.Files()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, parse(t, ""), "5.1.49")
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
	for _, c := range p.Changes {
		if c.Ref.Kind == plan.KindFile && !slices.Contains(stockFiles, path.Base(c.Ref.Path)) {
			t.Errorf("%s changes, and no line of it is meant", c.Ref)
		}
	}
	for _, n := range p.Notes {
		if n.Target != plan.Deployment {
			t.Errorf("the stock files are worth a note: %s: %s", n.Target, n.Text)
		}
	}
	text := render(t, p, nil)
	var removed, added int
	for _, n := range w.inv.Nodes {
		for _, file := range stockFiles {
			minus, plus := holds(t, p, text, n, file)
			removed, added = removed+minus, added+plus
		}
	}
	t.Logf("%-24s %-10s -%-3d +%d", "all files", "all roles", removed, added)
	t.Logf("by hand: -%d +%d; and %d empty lines between new elements, %d lines of hosts files, and %d of the wiring, which the page leaves out", byHandRemoved, byHandAdded, emptyLines, hostsLines, wiringLines)
	if removed != byHandRemoved+wiringLines || added != byHandAdded+emptyLines+hostsLines+wiringLines {
		t.Errorf("got -%d +%d, want -%d +%d", removed, added, byHandRemoved+wiringLines, byHandAdded+emptyLines+hostsLines+wiringLines)
	}
}

// TestStockFilesTakeAnAdministrator: of the pack's account nothing is left where
// a server of the deployment logs in, and no other line changes for it.
func TestStockFilesTakeAnAdministrator(t *testing.T) {
	files, err := product.Home{Stock: os.Getenv("APPM_STOCK_CONF")}.Files()
	if err != nil {
		t.Fatal(err)
	}
	lines := func(more string) (removed int, p *plan.Plan) {
		w := newWorld(t, parse(t, "name = \"test\"\n=>\nname = \"test\"\n"+more), "5.1.49")
		for _, n := range w.inv.Nodes {
			w.unpack(w.hosts[n.Host], n.Home, files)
		}
		all, err := w.inv.Select(nil)
		if err != nil {
			t.Fatal(err)
		}
		if p, err = w.build(w.list(all)); err != nil {
			t.Fatal(err)
		}
		noSecret(t, render(t, p, nil))
		for _, c := range p.Changes {
			if before, is := c.Before.(*plan.File); is {
				minus, _ := differing(before.Data, c.After.(*plan.File).Data)
				removed += minus
			}
		}
		return removed, p
	}
	without, _ := lines("")
	with, p := lines("admin = { user = \"root\", password = { env = \"ADMINISTRATOR\" } }")
	if want := 2 * (4 + 3*4 + 1); with-without != want { // names and passwords of user-mgt.xml, app-manager.xml, publisher.json
		t.Errorf("%d lines differ for it, want %d", with-without, want)
	}
	left := regexp.MustCompile(`<(User[Nn]ame|[Uu]sername|[Pp]assword)>admin<|"(username|password)": "admin"`)
	comments := regexp.MustCompile(`(?s)<!--.*?-->`)
	for _, c := range p.Changes {
		if f, is := c.After.(*plan.File); is {
			if found := left.Find(comments.ReplaceAll(f.Data, nil)); found != nil {
				t.Errorf("%s still has %q", c.Ref, found)
			}
		}
	}
}

// stockFiles are all that a step writes, by name.
var stockFiles = []string{"hosts", "carbon.xml", "master-datasources.xml", "app-manager.xml", "user-mgt.xml", "registry.xml", "axis2.xml",
	"sso-idp-config.xml", "publisher.json", "store.json", "social.json"}

// holds compares the diff of one file of a node with what is meant.
func holds(t *testing.T, p *plan.Plan, text string, n inventory.Node, file string) (minus, plus int) {
	t.Helper()
	var got []string
	for _, c := range p.On(n.Host) {
		if c.Ref.Kind == plan.KindFile && path.Base(c.Ref.Path) == file {
			before, after := c.Before.(*plan.File), c.After.(*plan.File)
			minus, plus = differing(before.Data, after.Data)
			got = changed(text, c.Ref)
			exact(t, c, text)
		}
	}
	want := meant(n, file)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s of %s:\n got %s\nwant %s", file, n.Name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	t.Logf("%-24s %-10s -%-3d +%d", file, n.Role, minus, plus)
	return minus, plus
}

// changed are the lines of a file's diff, without their indentation.
func changed(text string, r plan.Ref) []string {
	var list []string
	of(text, r, func(line string) {
		if line[0] == '+' || line[0] == '-' {
			list = append(list, line[:1]+strings.TrimSpace(line[1:]))
		}
	})
	return list
}

// meant are the lines that a file of a node should lose and gain.
func meant(n inventory.Node, file string) []string {
	shares := n.Role.Clustered()
	var parts []string
	switch {
	case file == "hosts":
		parts = []string{hostsOf[n.Role]}
	case file == "master-datasources.xml" && shares:
		parts = []string{replacedAM, newDatasource("WSO2UM_DB", "UM_DB", "user manager"), newDatasource("WSO2REG_DB", "REG_DB", "the registry"), replacedES}
	case file == "master-datasources.xml":
		parts = []string{replacedAM, newDatasource("WSO2UM_DB", "UM_DB", "user manager")}
	case file == "user-mgt.xml":
		parts = []string{userManagement}
	case file == "registry.xml" && shares:
		parts = []string{strings.ReplaceAll(registry, "ROLE", string(n.Role))}
	case file == "axis2.xml" && shares:
		parts = []string{axis2[n.Role]}
	case file == "carbon.xml":
		parts = []string{strings.ReplaceAll(hostNames, "ROLE", string(n.Role))}
	case file == "app-manager.xml" && n.Role != inventory.IDP:
		parts = []string{appManager}
	default:
		parts = []string{wiringOf[string(n.Role)+" "+file]}
	}
	var list []string
	for _, part := range parts {
		if part == "" {
			continue
		}
		list = append(list, strings.Split(strings.TrimSpace(part), "\n")...)
	}
	return list
}

var hostsOf = map[inventory.Role]string{
	inventory.IDP:       block("127.0.0.1", "192.168.10.12", "192.168.10.13", "192.168.10.14"),
	inventory.Gateway:   block("192.168.10.11", "127.0.0.1", "192.168.10.13", "192.168.10.14"),
	inventory.Publisher: block("192.168.10.11", "192.168.10.12", "127.0.0.1", "192.168.10.14"),
	inventory.Store:     block("192.168.10.11", "192.168.10.12", "192.168.10.13", "127.0.0.1"),
}

func block(idp, gateway, publisher, store string) string {
	return "+# appm-provision test: begin\n+192.168.10.5\tcarbondb.mysql-wso2.com\n" +
		"+" + idp + "\tidp.appm-wso2.com\n+" + gateway + "\tgateway.appm-wso2.com\n" +
		"+" + publisher + "\tpublisher.appm-wso2.com\n+" + store + "\tstore.appm-wso2.com\n+# appm-provision test: end"
}

// The pool of the stock datasource has the page's values already.
const replacedAM = `
-<url>jdbc:h2:repository/database/WSO2AM_DB;DB_CLOSE_ON_EXIT=FALSE</url>
-<username>wso2carbon</username>
-<password>(secret)</password>
-<driverClassName>org.h2.Driver</driverClassName>
+<url>jdbc:mysql://carbondb.mysql-wso2.com:3306/AM_DB?autoReconnect=true</url>
+<username>appm</username>
+<password>(secret)</password>
+<defaultAutoCommit>false</defaultAutoCommit>
+<driverClassName>com.mysql.jdbc.Driver</driverClassName>`

// That of JAGH2 lacks three of them, and its password is empty.
const replacedES = `
-<url>jdbc:h2:repository/database/ES_STORAGE;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000</url>
-<username>sa</username>
-<password></password>
-<driverClassName>org.h2.Driver</driverClassName>
+<url>jdbc:mysql://carbondb.mysql-wso2.com:3306/ES_STORAGE_DB?autoReconnect=true</url>
+<username>appm</username>
+<password>(secret)</password>
+<driverClassName>com.mysql.jdbc.Driver</driverClassName>
+<testOnBorrow>true</testOnBorrow>
+<validationQuery>SELECT 1</validationQuery>
+<validationInterval>30000</validationInterval>`

func newDatasource(name, schema, user string) string {
	return `+<datasource>
+<name>` + name + `</name>
+<description>The datasource used by ` + user + `</description>
+<jndiConfig>
+<name>jdbc/` + name + `</name>
+</jndiConfig>
+<definition type="RDBMS">
+<configuration>
+<url>jdbc:mysql://carbondb.mysql-wso2.com:3306/` + schema + `?autoReconnect=true</url>
+<username>appm</username>
+<password>(secret)</password>
+<driverClassName>com.mysql.jdbc.Driver</driverClassName>
+<maxActive>50</maxActive>
+<maxWait>60000</maxWait>
+<testOnBorrow>true</testOnBorrow>
+<validationQuery>SELECT 1</validationQuery>
+<validationInterval>30000</validationInterval>
+</configuration>
+</definition>
+</datasource>
+`
}

const userManagement = `
-<Property name="dataSource">jdbc/WSO2CarbonDB</Property>
+<Property name="dataSource">jdbc/WSO2UM_DB</Property>
-<Property name="UserRolesCacheEnabled">false</Property>
+<Property name="UserRolesCacheEnabled">true</Property>`

const registry = `
+<dbConfig name="govregistry">
+<dataSource>jdbc/WSO2REG_DB</dataSource>
+</dbConfig>
+
+<remoteInstance url="https://ROLE.appm-wso2.com">
+<id>gov</id>
+<cacheId>appm@jdbc:mysql://carbondb.mysql-wso2.com:3306/REG_DB?autoReconnect=true</cacheId>
+<dbConfig>govregistry</dbConfig>
+<readOnly>false</readOnly>
+<enableCache>true</enableCache>
+<registryRoot>/</registryRoot>
+</remoteInstance>
+
+<mount path="/_system/governance" overwrite="true">
+<instanceId>gov</instanceId>
+<targetPath>/_system/governance</targetPath>
+</mount>
+
+<mount path="/_system/config" overwrite="true">
+<instanceId>gov</instanceId>
+<targetPath>/_system/config</targetPath>
+</mount>
+`

var axis2 = map[inventory.Role]string{
	inventory.Publisher: members("192.168.10.13", "192.168.10.14"),
	inventory.Store:     members("192.168.10.14", "192.168.10.13"),
}

func members(self, peer string) string {
	return `-enable="false">
+enable="true">
-<parameter name="membershipScheme">multicast</parameter>
+<parameter name="membershipScheme">wka</parameter>
-<parameter name="domain">wso2.carbon.domain</parameter>
+<parameter name="domain">wso2.pub.store.domain</parameter>
-<parameter name="localMemberHost">127.0.0.1</parameter>
+<parameter name="localMemberHost">` + self + `</parameter>
-<hostName>127.0.0.1</hostName>
+<hostName>` + peer + `</hostName>`
}

const hostNames = `
-<HostName>localhost</HostName>
+<HostName>ROLE.appm-wso2.com</HostName>
-<MgtHostName>localhost</MgtHostName>
+<MgtHostName>ROLE.appm-wso2.com</MgtHostName>`

const appManager = `
-<ServerURL>https://${carbon.local.ip}:${mgt.transport.https.port}/services/</ServerURL>
+<ServerURL>https://idp.appm-wso2.com:9443/services/</ServerURL>
-<ServerURL>https://${carbon.local.ip}:${mgt.transport.https.port}/services/</ServerURL>
+<ServerURL>https://gateway.appm-wso2.com:9443/services/</ServerURL>
-<GatewayEndpoint>http://${carbon.local.ip}:${http.nio.port},https://${carbon.local.ip}:${https.nio.port}</GatewayEndpoint>
+<GatewayEndpoint>http://gateway.appm-wso2.com:8280,https://gateway.appm-wso2.com:8243</GatewayEndpoint>
-<IdentityProviderUrl>https://${carbon.local.ip}:${mgt.transport.https.port}/samlsso</IdentityProviderUrl>
+<IdentityProviderUrl>https://idp.appm-wso2.com:9443/samlsso</IdentityProviderUrl>
-<providerURL>https://${carbon.local.ip}:${mgt.transport.https.port}</providerURL>
+<providerURL>https://idp.appm-wso2.com:9443</providerURL>
-<ServerUrl>https://${carbon.local.ip}:${mgt.transport.https.port}</ServerUrl>
+<ServerUrl>https://idp.appm-wso2.com:9443</ServerUrl>
-<Access-Control-Allow-Origin>https://localhost:9443,http://localhost:9763</Access-Control-Allow-Origin>
+<Access-Control-Allow-Origin>https://store.appm-wso2.com:9443,http://store.appm-wso2.com:9763</Access-Control-Allow-Origin>`

var wiringOf = map[string]string{
	"idp sso-idp-config.xml": acs("store", "store") + acs("store", "social") + acs("publisher", "publisher"),
	"publisher publisher.json": portal + `
-"publisherAcs": "%https.host%/publisher/sso",
+"publisherAcs": "https://publisher.appm-wso2.com:9443/publisher/acs",`,
	"store store.json": portal + `
-"storeAcs" : "%https.host%/store/acs",
+"storeAcs" : "https://store.appm-wso2.com:9443/store/acs",`,
	"store social.json": portal + `
-"storeAcs" : "%https.host%/store/acs.jag",
+"storeAcs" : "https://store.appm-wso2.com:9443/social/acs",`,
}

// acs are the two addresses of an application, which its server has.
func acs(server, app string) string {
	var b strings.Builder
	for _, name := range []string{"AssertionConsumerServiceURL", "DefaultAssertionConsumerServiceURL"} {
		b.WriteString("\n-<" + name + ">https://localhost:9443/" + app + "/acs</" + name + ">" +
			"\n+<" + name + ">https://" + server + ".appm-wso2.com:9443/" + app + "/acs</" + name + ">")
	}
	return b.String()
}

const portal = `
-"identityProviderURL": "%https.host%/samlsso",
+"identityProviderURL": "https://idp.appm-wso2.com:9443/samlsso",`
