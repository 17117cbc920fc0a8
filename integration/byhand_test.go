package integration_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/appm-provision/appm-provision/integration/byhand"
	"github.com/appm-provision/appm-provision/integration/lab"
)

// byHand provisions the lab as a reader of the page does: with an editor, the
// page's snippets, a database client and the product's own scripts.
func (w *world) byHand(t *testing.T) {
	t.Helper()
	w.databasesByHand(t)
	for _, role := range []string{"idp", "gateway", "publisher", "store"} {
		h, n := w.node(t, role)
		by := byhand.Node{
			Role: role, Home: h.Path(n.Home), User: w.Database.App.User, Password: w.Database.App.Password, Port: w.Database.Port,
			Address: h.Address, ClusterPort: n.ClusterPort,
		}
		if other := map[string]string{"publisher": "store", "store": "publisher"}[role]; other != "" {
			peer, node := w.node(t, other)
			by.Peer, by.PeerPort = peer.Address, node.ClusterPort
		}
		if err := byhand.Edit(by); err != nil {
			t.Fatal(err)
		}
		appended(t, h.Path(h.HostsFile), byhand.Hosts(by, w.Database.Address))
		w.startByHand(t, h, n)
	}
}

func appended(t *testing.T, file, text string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(data, text...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var pageDatabases = []struct {
	name    string
	scripts []string
}{
	{"apimgtdb", []string{"appmgt/mysql.sql", "identity/mysql.sql"}}, // in the page's order
	{"userdb", []string{"mysql.sql"}},
	{"regdb", []string{"mysql.sql"}},
	{"ES_STORAGE_DB", []string{"storage/mysql/resource.sql"}},
}

func (w *world) databasesByHand(t *testing.T) {
	t.Helper()
	h, n := w.node(t, "idp")
	user := w.Database.App
	w.sql(t, "CREATE USER '"+user.User+"'@'%' IDENTIFIED BY '"+user.Password+"'")
	for _, d := range pageDatabases {
		w.sql(t, "CREATE DATABASE "+d.name+" CHARACTER SET latin1", "GRANT ALL ON "+d.name+".* TO '"+user.User+"'@'%'")
		config := w.Server().Config(d.name)
		config.MultiStatements = true
		connector, err := mysql.NewConnector(config)
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(connector)
		for _, script := range d.scripts {
			text, err := os.ReadFile(filepath.Join(h.Path(n.Home), "dbscripts", script))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec("SET SESSION sql_mode='NO_ENGINE_SUBSTITUTION';\n" + string(text)); err != nil {
				t.Fatalf("%s: %v", script, err)
			}
		}
		db.Close()
	}
}

func (w *world) startByHand(t *testing.T, h *lab.Host, n lab.Node) {
	t.Helper()
	command := []string{"env", "JAVA_HOME=" + w.JavaHome, "sh", n.Home + "/bin/wso2server.sh", "start"}
	if w.Form == "real" {
		owner, err := h.Exec(t.Context(), "stat", "-c", "%U", n.Home)
		if err != nil {
			t.Fatal(err)
		}
		command = append([]string{"runuser", "-u", strings.TrimSpace(owner), "--"}, command...)
	}
	if _, err := h.Exec(t.Context(), command...); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		if strings.Contains(h.ServerLog(n), "WSO2 Carbon started in") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s did not come up:\n%s", h.Name, h.ServerLog(n))
}
