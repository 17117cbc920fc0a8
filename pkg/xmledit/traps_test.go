package xmledit

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// read returns a fixture.
func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// lineCase is some edits of a fixture, as the lines that come and go.
type lineCase struct {
	trap, file string
	edits      []Edit
	want       string // lines of a diff, "" for none
}

// lines is a diff of one place as text, with its line ends visible.
func lines(a, b []byte) string {
	removed, added := diff(a, b)
	x, y := strings.SplitAfter(string(a), "\n"), strings.SplitAfter(string(b), "\n")
	from := 0
	for from < len(x) && from < len(y) && x[from] == y[from] {
		from++
	}
	var out strings.Builder
	for i := range removed {
		out.WriteString("-" + x[from+i])
	}
	for i := range added {
		out.WriteString("+" + y[from+i])
	}
	return out.String()
}

// The traps of configuration files in the wild, by what goes wrong there.
// That modes, owners, links and backups survive is not this package's to keep.
func TestTraps(t *testing.T) {
	db := func(name string) Element {
		return Element{Name: "datasource", Key: "name", Children: []Element{
			leaf("name", name),
			{Name: "jndiConfig", Children: []Element{leaf("name", "jdbc/"+name)}},
			{Name: "definition", Attrs: []Attribute{{"type", "RDBMS"}}, Children: []Element{
				{Name: "configuration", Children: []Element{leaf("url", "jdbc:mysql://db:3306/x?a=1&b=2"), leaf("password", "p<&")}}}}}}
	}
	const sources, cluster = "sources/datasources", "config/clustering"
	storage := sources + "/datasource[name='STORAGE']/definition/configuration/"
	for _, c := range []lineCase{
		{"crlf is kept and used", "registry-crlf.xml", []Edit{Upsert("registry", Element{Name: "dbConfig", Key: "@name", Attrs: []Attribute{{"name", "gov"}}, Children: []Element{leaf("dataSource", "jdbc/Gov")}}, After("dbConfig[@name='local']"))},
			"+    <dbConfig name=\"gov\">\r\n+        <dataSource>jdbc/Gov</dataSource>\r\n+    </dbConfig>\r\n+\r\n"},
		{"tabs and blanks mixed: the nearest sibling's", "users.xml", []Edit{InsertAfter("UserManager/Realm/UserStoreManager/Property[@name='NameRegEx']", Element{Name: "Property", Attrs: []Attribute{{"name", "x"}}})},
			"+\t    <Property name=\"x\"/>\n"},
		{"no declaration is added", "users.xml", []Edit{SetText("UserManager/Realm/Configuration/AddAdmin", "false")},
			"-            <AddAdmin>true</AddAdmin>\n+            <AddAdmin>false</AddAdmin>\n"},
		{"latin-1 is not transcoded", "server-latin1.xml", []Edit{SetText("Server/Name", "Bücher € Server")},
			"-    <Name>Caf\xe9 Server</Name>\n+    <Name>B&#252;cher &#8364; Server</Name>\n"},
		{"latin-1 that is there already", "server-latin1.xml", []Edit{SetText("Server/Name", "Café Server"), SetAttr("Server/Ports/Embedded/LDAP", "title", "Anschluß")}, ""},
		{"attribute on a line of its own", "cluster.xml", []Edit{SetAttr(cluster, "enable", "true")},
			"-                enable=\"false\">\n+                enable=\"true\">\n"},
		{"comment inside a value", "datasources.xml", []Edit{SetText(sources+"/datasource[name='STATS_DB']/definition/configuration/url", "jdbc:mysql://db/x")},
			"-                    <url>jdbc:h2:<!-- Full path to the database -->;AUTO_SERVER=TRUE</url>\n+                    <url>jdbc:mysql://db/x</url>\n"},
		{"comment inside a value that is right", "datasources.xml", []Edit{SetText(sources+"/datasource[name='STATS_DB']/definition/configuration/url", "jdbc:h2:;AUTO_SERVER=TRUE")}, ""},
		{"names at two depths", "datasources.xml", []Edit{SetText(sources+"/datasource[name='STORAGE']/jndiConfig/name", "jdbc/New")},
			"-               <name>jdbc/Storage</name>\n+               <name>jdbc/New</name>\n"},
		{"key at another depth", "datasources.xml", []Edit{SetText(sources+"/datasource[jndiConfig/name='jdbc/Storage']/name", "NEW")},
			"-           <name>STORAGE</name>\n+           <name>NEW</name>\n"},
		{"empty element", "datasources.xml", []Edit{SetText(storage+"password", "")}, ""},
		{"empty element gets a value", "datasources.xml", []Edit{SetText(storage+"password", "secret")},
			"-                   <password></password>\n+                   <password>secret</password>\n"},
		{"duplicates are all set", "users.xml", []Edit{SetProperties("UserManager/Realm/UserStoreManager", "Property", "name", KV{"MaxNames", "100"}, KV{"CacheEnabled", "true"})},
			"-            <Property name=\"CacheEnabled\">false</Property>\n+            <Property name=\"CacheEnabled\">true</Property>\n"},
		{"default namespace", "server-latin1.xml", []Edit{SetText("Server/HostName", "gw.example.org")},
			"-    <HostName>localhost</HostName>\n+    <HostName>gw.example.org</HostName>\n"},
		{"one of them is a comment", "server-latin1.xml", []Edit{SetText("Server/ServerURL", "x")},
			"-    <ServerURL>local:/${context}/services/</ServerURL>\n+    <ServerURL>x</ServerURL>\n"},
		{"escaped once, and equal however written", "users.xml", []Edit{SetText("UserManager/Realm/UserStoreManager/Property[@name='NameRegEx']", `^[^~!#$;%^*+={}\\|\\\\<>,\'\"]{3,30}$`)}, ""},
		{"single quotes stay", "cluster.xml", []Edit{SetAttr(cluster+"/parameter/property[@name='sub']", "value", "it's")},
			"-            <property name='sub' value='worker'/>\n+            <property name='sub' value='it&apos;s'/>\n"},
		{"the example in a comment is no duplicate", "datasources.xml", []Edit{Upsert(sources, Element{Name: "datasource", Key: "name", Children: []Element{leaf("name", "SAMPLE_DB")}}, Last)},
			"+        <datasource>\n+            <name>SAMPLE_DB</name>\n+        </datasource>\n+\n"},
		{"irregular siblings: the nearest regular one's layout", "datasources.xml", []Edit{Upsert(sources, db("NEW_DB"), Last)}, strings.ReplaceAll(`+        <datasource>
+            <name>NEW_DB</name>
+            <jndiConfig>
+                <name>jdbc/NEW_DB</name>
+            </jndiConfig>
+            <definition type="RDBMS">
+                <configuration>
+                    <url>jdbc:mysql://db:3306/x?a=1&amp;b=2</url>
+                    <password>p&lt;&amp;</password>
+                </configuration>
+            </definition>
+        </datasource>
+
`, "\r", "")},
		{"replaced in place", "cluster.xml", []Edit{SetContent(cluster+"/members", Element{Name: "member", Children: []Element{leaf("hostName", "10.0.0.2"), leaf("port", "4000")}}, Element{Name: "member", Children: []Element{leaf("hostName", "10.0.0.3"), leaf("port", "4000")}})}, `-                <hostName>127.0.0.1</hostName>
+                <hostName>10.0.0.2</hostName>
+                <port>4000</port>
+            </member>
+            <member>
+                <hostName>10.0.0.3</hostName>
`},
		{"doctype and entities stay", "doctype.xml", []Edit{SetText("config/owner", "Example & Sons"), SetAttr("config", "name", "Example & Sons"), SetText("config/raw", "<not> & an element"), SetText("config/from", "a parameter")}, ""},
		{"what we don't fetch equals nothing", "doctype.xml", []Edit{SetText("config/ext", "&file;")},
			"-  <ext>&file;</ext>\n+  <ext>&amp;file;</ext>\n"},
	} {
		t.Run(c.trap, func(t *testing.T) {
			src := read(t, c.file)
			out := apply(t, string(src), c.edits...)
			if got := lines(src, out); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if again, splices, err := Apply(out, c.edits...); err != nil || len(splices) > 0 || !bytes.Equal(again, out) {
				t.Errorf("second time: %d splices, %v", len(splices), err)
			}
		})
	}
}

func TestTrapsThatAreRefused(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"registry-crlf.xml", "registry/mount: only in a comment, line 27"},
		{"datasources.xml", "sources/datasources/datasource[name='SAMPLE_DB']/name: only in a comment, line 55"},
		{"users.xml", "UserManager/Realm/Property[@name='CacheIdentifier']: only in a comment, line 17"},
		{"server-latin1.xml", "Server/IndexPageURL: only in a comment, line 16"},
		{"users.xml", "UserManager/Realm/configuration: no configuration in UserManager/Realm, line 6; there is Configuration"},
		{"users.xml", "UserManager/Realm/UserStoreManager/Property[@name='MaxNames']: 2 elements, lines 26, 29, want 1"},
		{"cluster.xml", "config/clustering/parameter[@name='key']: only in a comment, line 9"},
	} {
		path, _, _ := strings.Cut(c.want, ": ")
		_, _, err := Apply(read(t, c.file), SetText(path, "x"))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v\nwant %s", c.file, err, c.want)
		}
	}
}
