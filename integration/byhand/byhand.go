// Package byhand edits a home as a reader of the deployment page does: with an
// editor and the page's snippets. No code of the tool has a part in it.
package byhand

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/appm-provision/appm-provision/integration/product"
)

//go:embed snippets.txtar
var archive []byte

// Node is a node and what its reader knows of the deployment.
type Node struct {
	Role           string
	Home           string // on this machine
	User, Password string // of the database account
	Port           int    // of the database server
	Address        string // its own, and the port of the cluster; 0: it is no member
	ClusterPort    int
	Peer           string // the other member's
	PeerPort       int
}

// Edit makes the page's edits in the node's home, and puts the driver into it.
func Edit(n Node) error {
	snippets := map[string]string{}
	for _, f := range txtar.Parse(archive).Files {
		snippets[f.Name] = strings.TrimSuffix(string(f.Data), "\n")
	}
	filled := strings.NewReplacer("USER", n.User, "PASSWORD", n.Password, "PEERPORT", strconv.Itoa(n.PeerPort), "PORT", strconv.Itoa(n.Port), "ROLE", n.Role, "PEER", n.Peer)
	for name, text := range snippets {
		snippets[name] = filled.Replace(text)
	}
	e := &editor{home: n.Home}
	e.open("repository/conf/datasources/master-datasources.xml")
	e.replace("<datasource>", "<name>WSO2AM_DB</name>", "</datasource>", snippets["WSO2AM_DB"]+"\n"+snippets["WSO2UM_DB"])
	if n.ClusterPort != 0 {
		e.replace("<datasource>", "<name>JAGH2</name>", "</datasource>", snippets["WSO2REG_DB"]+"\n"+snippets["JAGH2"])
	}
	e.save()
	e.open("repository/conf/user-mgt.xml")
	e.swap("jdbc/WSO2CarbonDB</Property>", "jdbc/WSO2UM_DB</Property>")
	e.replace("<UserStoreManager", "TenantManager", "</UserStoreManager>", snippets["store"])
	e.save()
	if n.ClusterPort != 0 {
		e.member(n, snippets)
	}
	jar := filepath.Join(n.Home, "repository/components/lib", "mysql-connector-java-5.1.49-bin.jar")
	if e.err == nil {
		e.err = os.WriteFile(jar, product.Driver("5.1.49"), 0o644)
	}
	return e.err
}

// member edits what only Publisher and Store have.
func (e *editor) member(n Node, snippets map[string]string) {
	e.open("repository/conf/registry.xml")
	e.swap("</dbConfig>", "</dbConfig>"+snippets["registry"])
	e.save()
	e.open("repository/conf/axis2/axis2.xml")
	e.swap(`enable="false">`, `enable="true">`)
	e.swap(`"membershipScheme">multicast<`, `"membershipScheme">wka<`)
	e.swap(`"domain">wso2.carbon.domain<`, `"domain">wso2.pub.store.domain<`)
	e.swap(`"localMemberHost">127.0.0.1<`, `"localMemberHost">`+n.Address+"<")
	e.swap(`"localMemberPort">4000<`, `"localMemberPort">`+strconv.Itoa(n.ClusterPort)+"<")
	e.replace("<members>", "<hostName>127.0.0.1", "</members>", snippets["members"])
	e.save()
}

// Hosts are the page's lines of the hosts file, with the names of the page's
// URLs; on Publisher and Store both of their names on the loopback address, as
// the page has it.
func Hosts(n Node, database string) string {
	text := fmt.Sprintf("%s carbondb.mysql-wso2.com apimgtdb.mysql-wso2.com userdb.mysql-wso2.com\n%[1]s regdb.mysql-wso2.com mysql-appm.wso2.com\n", database)
	if n.ClusterPort != 0 {
		text += "127.0.0.1 publisher.appm-wso2.com\n127.0.0.1 store.appm-wso2.com\n"
	}
	return text
}

// editor changes texts as somebody with an editor does. What it looks for must
// be there; the first error stays.
type editor struct {
	home       string
	file, text string
	err        error
}

func (e *editor) open(rel string) {
	if e.err != nil {
		return
	}
	e.file = filepath.Join(e.home, rel)
	data, err := os.ReadFile(e.file)
	e.text, e.err = string(data), err
}

// save writes into the file that is there: mode and owner stay.
func (e *editor) save() {
	if e.err == nil {
		e.err = os.WriteFile(e.file, []byte(e.text), 0o644)
	}
}

func (e *editor) swap(old, text string) {
	if e.err == nil && !strings.Contains(e.text, old) {
		e.err = fmt.Errorf("%s holds no %s", e.file, old)
	}
	e.text = strings.Replace(e.text, old, text, 1)
}

// replace puts a text in the place of the first thing that has a word between
// its begin and its end.
func (e *editor) replace(begin, word, end, text string) {
	for from := 0; e.err == nil; {
		at := strings.Index(e.text[from:], begin)
		to := -1
		if at >= 0 {
			at += from
			to = strings.Index(e.text[at:], end)
		}
		if to < 0 {
			e.err = fmt.Errorf("%s holds no %s with %s in it", e.file, begin, word)
			return
		}
		if strings.Contains(e.text[at:at+to], word) {
			e.text = e.text[:at] + text + e.text[at+to+len(end):]
			return
		}
		from = at + 1
	}
}
