package inventory_test

import (
	"strings"
	"testing"
)

func TestInstall(t *testing.T) {
	installing := strings.Replace(smallest, "address = \"192.168.10.5\"", "host = \"all\"\ninstall = true", 1)
	db := parse(t, installing).Database
	if !db.Install || db.Package != "mariadb-server" || db.Via != "all" || db.AdminAddress != "127.0.0.1" || db.Address != "192.168.10.11" {
		t.Errorf("got %+v, want the server on all, reached there", db)
	}
	if db := parse(t, strings.Replace(installing, "install = true", "install = true\npackage = \"mysql-server\"", 1)).Database; db.Package != "mysql-server" {
		t.Errorf("package is %q", db.Package)
	}
	if db := parse(t, smallest).Database; db.Install || db.Via != "" {
		t.Errorf("by default: %+v, want nothing installed, and no way through a host", db)
	}
}
