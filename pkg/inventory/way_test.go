package inventory_test

import (
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// way parses the smallest inventory with these lines in [database], without an
// admin.
func way(t *testing.T, lines string) inventory.Database {
	t.Helper()
	const admin = `admin = { password = { env = "A" } }`
	if !strings.Contains(smallest, admin) {
		t.Fatalf("the smallest inventory has no %s", admin)
	}
	return parse(t, strings.Replace(smallest, admin, lines, 1)).Database
}

func TestASocketNeedsNoPassword(t *testing.T) {
	db := way(t, "socket = \"/run/mysqld/mysqld.sock\"\nvia = \"all\"")
	if db.Socket != "/run/mysqld/mysqld.sock" || db.Admin.User != "root" || db.Admin.Password.Kind() != inventory.SecretMissing {
		t.Errorf("got %q, admin %+v", db.Socket, db.Admin)
	}
	db = way(t, "socket = \"/s\"\nadmin = { user = \"dba\", password = { env = \"A\" } }")
	if db.Admin.User != "dba" || db.Admin.Password.Env() != "A" {
		t.Errorf("a password that is given is not used: %+v", db.Admin)
	}
}

// The certificate is the server's: what it must carry is how the inventory calls
// the server, never the near end of a tunnel.
func TestTheNameOfTheCertificate(t *testing.T) {
	const admin = "admin = { password = { env = \"A\" } }\n"
	for lines, want := range map[string]string{
		"tls = \"verify\"":                                    "{verify  192.168.10.5}",
		"tls = \"verify\"\nvia = \"all\"":                     "{verify  192.168.10.5}",
		"tls = \"verify\"\nadmin_address = \"192.168.10.6\"":  "{verify  192.168.10.6}",
		"tls = \"verify\"\ntls_server_name = \"db.internal\"": "{verify  db.internal}",
		"tls = \"verify-ca\"\ntls_ca = \"~/ca.pem\"":          "{verify-ca ~/ca.pem 192.168.10.5}",
	} {
		if got := words(way(t, admin+lines).TLS); got != want {
			t.Errorf("%s: got %s, want %s", lines, got, want)
		}
	}
}
