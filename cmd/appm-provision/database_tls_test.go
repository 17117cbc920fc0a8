package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// speaker is a server that TLS is tried against: where it sees its own
// directory, and how it speaks.
type speaker struct {
	kind    mysqld.Kind
	sees    func(dir string) string
	reload  string   // takes another certificate
	demands []string // what it says to who comes without TLS
	dumb    []string // the arguments without which it speaks TLS by itself
	refuses []string // certificates that it does not show at all
}

var speakers = []speaker{
	{mysqld.MariaDB, func(dir string) string { return filepath.Join(dir, "db") }, "FLUSH SSL",
		[]string{"Access denied", `demands TLS says the same: then write tls = "verify"`}, nil, nil},
	{mysqld.MySQL9, func(string) string { return "/data" }, "ALTER INSTANCE RELOAD TLS",
		[]string{"Error 3159", `write tls = "verify" and tls_ca`}, []string{"--tls-version="}, []string{"foreign", "expired"}},
}

func eachSpeaker(t *testing.T, test func(*testing.T, speaker)) {
	for _, s := range speakers {
		t.Run(string(s.kind), func(t *testing.T) { test(t, s) })
	}
}

func TestTLS(t *testing.T) {
	eachSpeaker(t, func(t *testing.T, sp speaker) {
		dir := t.TempDir()
		ours, other := newAuthority(t, dir, "ours"), newAuthority(t, dir, "other")
		ours.sign(t, dir, "good", []string{"db.internal", "127.0.0.1"}, false)
		ours.sign(t, dir, "nameless", nil, false)
		ours.sign(t, dir, "expired", []string{"127.0.0.1"}, true)
		other.sign(t, dir, "foreign", []string{"127.0.0.1"}, false)
		if err := os.Mkdir(filepath.Join(dir, "db"), 0o755); err != nil {
			t.Fatal(err)
		}
		authority, err := os.ReadFile(filepath.Join(dir, "ours.pem"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "db", "ours.pem"), authority, 0o644); err != nil {
			t.Fatal(err)
		}
		use(t, dir, "good")
		file := func(name string) string { return filepath.Join(sp.sees(dir), name) }
		s, db := server(t, sp.kind, dir, "--ssl-ca="+file("ours.pem"), "--ssl-cert="+file("server.pem"), "--ssl-key="+file("server.key"))
		for _, c := range []struct {
			shows string
			want
		}{
			{"good", want{"", false, nil}},
			{"good", want{"tls = \"verify\"\ntls_ca = \"ours.pem\"", true, nil}},
			{"good", want{"tls = \"verify\"\ntls_ca = \"ours.pem\"\ntls_server_name = \"db.internal\"", true, nil}},
			{"good", want{"tls = \"verify\"", false, []string{"certificate", "tls_ca"}}},
			{"good", want{"tls = \"verify\"\ntls_ca = \"other.pem\"", false, []string{"127.0.0.1", "another authority than other.pem"}}},
			{"good", want{"tls = \"verify\"\ntls_ca = \"ours.pem\"\ntls_server_name = \"db2.internal\"", false, []string{"db2.internal", "a name that it carries as tls_server_name"}}},
			{"good", want{"tls = \"verify-ca\"\ntls_ca = \"ours.pem\"", true, nil}},
			{"good", want{"tls = \"verify-ca\"\ntls_ca = \"other.pem\"", false, []string{"another authority than other.pem"}}},
			{"good", want{"tls = \"skip-verify\"", true, nil}},
			{"nameless", want{"tls = \"verify\"\ntls_ca = \"ours.pem\"", false, []string{"no name at all", "verify-ca"}}},
			{"nameless", want{"tls = \"verify-ca\"\ntls_ca = \"ours.pem\"", true, nil}},
			{"foreign", want{"tls = \"verify-ca\"\ntls_ca = \"ours.pem\"", false, []string{"another authority than ours.pem"}}},
			{"expired", want{"tls = \"verify\"\ntls_ca = \"ours.pem\"", false, []string{"expired", "renew it"}}},
			{"expired", want{"tls = \"verify-ca\"\ntls_ca = \"ours.pem\"", false, []string{"expired", "renew it"}}},
		} {
			use(t, dir, c.shows)
			if slices.Contains(sp.refuses, c.shows) {
				if _, err := db.ExecContext(t.Context(), sp.reload); err == nil {
					t.Errorf("%s takes a certificate that is %s: the case is one for it too", sp.kind, c.shows)
				}
				continue
			}
			execute(t, db, sp.reload)
			c.lines = asAdmin + c.lines
			c.check(t, dir, s.Port)
		}
		execute(t, db, "SET GLOBAL require_secure_transport = ON")
		want{asAdmin, false, sp.demands}.check(t, dir, s.Port)
	})
}

func TestTLSThatTheServerDoesNotSpeak(t *testing.T) {
	eachSpeaker(t, func(t *testing.T, sp speaker) {
		dir := t.TempDir()
		newAuthority(t, dir, "ours")
		s, _ := server(t, sp.kind, dir, sp.dumb...)
		for _, lines := range []string{"tls = \"verify\"\ntls_ca = \"ours.pem\"", "tls = \"verify-ca\"\ntls_ca = \"ours.pem\"", "tls = \"skip-verify\""} {
			want{asAdmin + lines, false, []string{"speaks no TLS", "ssl_cert", "via"}}.check(t, dir, s.Port)
		}
		want{asAdmin, false, nil}.check(t, dir, s.Port)
	})
}

// MySQL makes certificates by itself, without a name; its authority's is in the
// data directory.
func TestTheCertificatesThatMySQLMakes(t *testing.T) {
	dir := t.TempDir()
	s, _ := server(t, mysqld.MySQL9, dir)
	ca := "\"\ntls_ca = \"db/data/ca.pem\""
	want{asAdmin + "tls = \"verify-ca" + ca, true, nil}.check(t, dir, s.Port)
	want{asAdmin + "tls = \"verify" + ca, false, []string{"no name at all", "verify-ca"}}.check(t, dir, s.Port)
}
