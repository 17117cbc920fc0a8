package xmledit_test

import (
	"fmt"

	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// show applies edits and prints what comes out.
func show(src string, edits ...xmledit.Edit) {
	out, _, err := xmledit.Apply([]byte(src), edits...)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(out))
}

const server = `<Server xmlns="http://example.org/server.xml">
    <!-- the name it is known by -->
    <HostName>localhost</HostName>
    <Ports>
        <Offset>0</Offset>
    </Ports>
</Server>`

const users = `<Realm>
    <Property name="MaxNames">100</Property>
    <Property name="ReadOnly">false</Property>
    <Property name="MaxNames">100</Property>
    <AddAdmin>true</AddAdmin>
</Realm>`

const cluster = `<clustering class="org.example.Agent"
            enable="false">
    <members>
        <member>
            <port>4000</port>
        </member>
    </members>
</clustering>`

const registry = `<registry>

    <dbConfig name="local">
        <dataSource>jdbc/Local</dataSource>
    </dbConfig>

    <!-- what follows handles links -->
    <handler class="org.example.Link"/>
</registry>`

func ExampleApply() {
	src := []byte(server)
	edit := xmledit.SetText("Server/HostName", "gw.example.org")
	out, splices, _ := xmledit.Apply(src, edit)
	fmt.Printf("%q gave way to %q\n", src[splices[0].Start:splices[0].End], splices[0].New)
	_, splices, _ = xmledit.Apply(out, edit)
	fmt.Println(len(splices), "splices the second time")
	// Output:
	// "localhost" gave way to "gw.example.org"
	// 0 splices the second time
}

func ExampleSetText() {
	show(`<url>jdbc:h2:<!-- the path -->db/X</url>`, xmledit.SetText("url", "jdbc:mysql://db:3306/x?autoReconnect=true&useSSL=false"))
	show(`<url>a&#38;b</url>`, xmledit.SetText("url", "a&b"))
	// Output:
	// <url>jdbc:mysql://db:3306/x?autoReconnect=true&amp;useSSL=false</url>
	// <url>a&#38;b</url>
}

func ExampleSetAttr() {
	show(cluster, xmledit.SetAttr("clustering", "enable", "true"), xmledit.SetAttr("clustering", "id", "1"))
	// Output:
	// <clustering class="org.example.Agent"
	//             enable="true"
	//             id="1">
	//     <members>
	//         <member>
	//             <port>4000</port>
	//         </member>
	//     </members>
	// </clustering>
}

func ExampleRemove() {
	show(registry, xmledit.Remove("registry/dbConfig[@name='local']"), xmledit.Remove("registry/mount"))
	// Output:
	// <registry>
	//
	//     <!-- what follows handles links -->
	//     <handler class="org.example.Link"/>
	// </registry>
}

func ExampleInsertFirst() {
	show(server, xmledit.InsertFirst("Server", xmledit.Element{Name: "Name", Text: "R&D"}))
	// Output:
	// <Server xmlns="http://example.org/server.xml">
	//     <Name>R&amp;D</Name>
	//     <!-- the name it is known by -->
	//     <HostName>localhost</HostName>
	//     <Ports>
	//         <Offset>0</Offset>
	//     </Ports>
	// </Server>
}

func ExampleInsertLast() {
	show(server, xmledit.InsertLast("Server/Ports", xmledit.Element{Name: "LDAP", Attrs: []xmledit.Attribute{{Name: "tls", Value: "yes"}}}))
	// Output:
	// <Server xmlns="http://example.org/server.xml">
	//     <!-- the name it is known by -->
	//     <HostName>localhost</HostName>
	//     <Ports>
	//         <Offset>0</Offset>
	//         <LDAP tls="yes"/>
	//     </Ports>
	// </Server>
}

func ExampleInsertBefore() {
	show(registry, xmledit.InsertBefore("registry/handler", xmledit.Element{Name: "readOnly", Text: "false"}))
	// Output:
	// <registry>
	//
	//     <dbConfig name="local">
	//         <dataSource>jdbc/Local</dataSource>
	//     </dbConfig>
	//
	//     <readOnly>false</readOnly>
	//
	//     <!-- what follows handles links -->
	//     <handler class="org.example.Link"/>
	// </registry>
}

func ExampleInsertAfter() {
	show(server, xmledit.InsertAfter("Server/HostName", xmledit.Element{Name: "MgtHostName", Text: "localhost"}))
	// Output:
	// <Server xmlns="http://example.org/server.xml">
	//     <!-- the name it is known by -->
	//     <HostName>localhost</HostName>
	//     <MgtHostName>localhost</MgtHostName>
	//     <Ports>
	//         <Offset>0</Offset>
	//     </Ports>
	// </Server>
}

func ExampleUpsert() {
	db := func(name, source string) xmledit.Element {
		return xmledit.Element{
			Name:     "dbConfig",
			Key:      "@name",
			Attrs:    []xmledit.Attribute{{Name: "name", Value: name}},
			Children: []xmledit.Element{{Name: "dataSource", Text: source}},
		}
	}
	mount := xmledit.Element{Name: "mount", Key: "@path", Attrs: []xmledit.Attribute{{Name: "path", Value: "/config"}}}
	show(registry,
		xmledit.Upsert("registry", db("local", "jdbc/Other"), xmledit.Last),                // there: merged
		xmledit.Upsert("registry", db("shared", "jdbc/Shared"), xmledit.After("dbConfig")), // not there: inserted
		xmledit.Upsert("registry", mount, xmledit.After("dbConfig[@name='shared']")))       // beside the new one
	// Output:
	// <registry>
	//
	//     <dbConfig name="local">
	//         <dataSource>jdbc/Other</dataSource>
	//     </dbConfig>
	//
	//     <dbConfig name="shared">
	//         <dataSource>jdbc/Shared</dataSource>
	//     </dbConfig>
	//
	//     <mount path="/config"/>
	//
	//     <!-- what follows handles links -->
	//     <handler class="org.example.Link"/>
	// </registry>
}

func ExampleSetContent() {
	member := func(port string) xmledit.Element {
		return xmledit.Element{Name: "member", Children: []xmledit.Element{{Name: "port", Text: port}}}
	}
	show(cluster, xmledit.SetContent("clustering/members", member("4001"), member("4002")))
	// Output:
	// <clustering class="org.example.Agent"
	//             enable="false">
	//     <members>
	//         <member>
	//             <port>4001</port>
	//         </member>
	//         <member>
	//             <port>4002</port>
	//         </member>
	//     </members>
	// </clustering>
}

func ExampleSetProperties() {
	show(users, xmledit.SetProperties("Realm", "Property", "name",
		xmledit.KV{Key: "MaxNames", Value: "50"},
		xmledit.KV{Key: "Pattern", Value: `^[^<>$\\']{3,30}$`}))
	// Output:
	// <Realm>
	//     <Property name="MaxNames">50</Property>
	//     <Property name="ReadOnly">false</Property>
	//     <Property name="MaxNames">50</Property>
	//     <Property name="Pattern">^[^&lt;&gt;$\\']{3,30}$</Property>
	//     <AddAdmin>true</AddAdmin>
	// </Realm>
}

func ExampleDoc_One() {
	doc, err := xmledit.Parse([]byte(registry))
	if err != nil {
		fmt.Println(err)
		return
	}
	db, err := doc.One("registry/dbConfig[dataSource='jdbc/Local']")
	fmt.Println(db.Path(), "line", db.Line(), err)
	_, err = doc.One("registry/dbconfig")
	fmt.Println(err)
	// Output:
	// registry/dbConfig line 3 <nil>
	// registry/dbconfig: no dbconfig in registry, line 1; there is dbConfig
}

func ExampleDoc_Find() {
	doc, err := xmledit.Parse([]byte(users))
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := doc.Find("Realm/Property[@name=" + xmledit.Quote("MaxNames") + "]")
	for _, n := range found {
		fmt.Println(n.Path(), "is", n.Text())
	}
	fmt.Println(len(found), err)
	// Output:
	// Realm/Property[1] is 100
	// Realm/Property[3] is 100
	// 2 <nil>
}

func ExampleDoc_Tokens() {
	src := []byte("<a><!-- c -->text<b/></a>")
	doc, err := xmledit.Parse(src)
	if err != nil {
		fmt.Println(err)
		return
	}
	for t := range doc.Tokens() {
		fmt.Printf("%s ", src[t.Span.Start:t.Span.End])
	}
	// Output: <a> <!-- c --> text <b/> </a>
}

func ExampleDoc_Walk() {
	doc, err := xmledit.Parse([]byte(server))
	if err != nil {
		fmt.Println(err)
		return
	}
	doc.Walk(func(n xmledit.Node) bool {
		fmt.Println(n.Path())
		return n.Local() != "Ports"
	})
	// Output:
	// Server
	// Server/HostName
	// Server/Ports
}
