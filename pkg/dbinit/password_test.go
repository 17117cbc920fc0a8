package dbinit

import (
	"encoding/hex"
	"testing"
)

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The hashes were made by servers: MariaDB, MySQL 9.7; the SHA-crypt
// one by openssl passwd.
func TestPasswordIs(t *testing.T) {
	caching := unhex(t, "244124303041243A5E531F696F636E0104210171206E4E660A1E6B35474F427556503143724B48366B35466A416458573242522F7241356F795534652E337A2E2F7243566B41")
	sha := unhex(t, "2435243F715F34017B556935124E5E2A6357607365564524755A50677A6B62473767454B6C6339306A383954534D326F457A7453556354444231646575773531563837")
	for _, c := range []struct {
		name, plugin, hash, password string
		match, known                 bool
	}{
		{"native", "mysql_native_password", "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "password", true, true},
		{"native in lower case", "mysql_native_password", "*2470c0c06dee42fd1618bb99005adca2ec9d1e19", "password", true, true},
		{"native, other password", "mysql_native_password", "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "Password", false, true},
		{"no plugin named", "", "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "password", true, true},
		{"no password", "mysql_native_password", "", "password", false, true},
		{"from before 4.1", "mysql_native_password", "5d2e19393cc5ef67", "password", false, false},
		{"MariaDB's invalid", "mysql_native_password", "invalid", "password", false, false},
		{"caching", "caching_sha2_password", caching, "Hello world!", true, true},
		{"caching, other password", "caching_sha2_password", caching, "Hello world?", false, true},
		{"caching, cut", "caching_sha2_password", caching[:60], "Hello world!", false, false},
		{"caching, no rounds", "caching_sha2_password", "$A$000" + caching[6:], "Hello world!", false, false},
		{"caching, none", "caching_sha2_password", "", "x", false, true},
		{"sha256", "sha256_password", sha, "Hello world!", true, true},
		{"sha256, other password", "sha256_password", sha, "", false, true},
		{"openssl's", "sha256_password", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!", true, true},
		{"sha256, no salt", "sha256_password", "$5$", "x", false, false},
		{"ed25519", "ed25519", "ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY", "secret", true, true},
		{"ed25519, other password", "ed25519", "ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY", "Secret", false, true},
		{"ed25519, invalid", "ed25519", "x", "secret", false, false},
		{"socket", "unix_socket", "", "x", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			match, known := PasswordIs(Account{Plugin: c.plugin, Hash: c.hash, HashReadable: true}, c.password)
			if match != c.match || known != c.known {
				t.Errorf("match %v, known %v; want %v, %v", match, known, c.match, c.known)
			}
		})
	}
	if _, known := PasswordIs(Account{Plugin: "mysql_native_password", Hash: ""}, ""); known {
		t.Error("known of a hash that could not be read")
	}
}

// What a server stores for a password is what PasswordIs expects of it,
// through every plugin the server has.
func TestPasswordIsAgreesWithTheServer(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		dropUser(t, db, "hashed")
		t.Cleanup(func() { dropUser(t, db, "hashed") })
		server, err := Inspect(t.Context(), db, Query{})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = db.Exec("INSTALL SONAME 'auth_ed25519'") // MariaDB's, where it has it
		for host, sql := range map[string]string{
			"default": "CREATE USER hashed@'default' IDENTIFIED BY 'päss'",
			"native":  "CREATE USER hashed@native IDENTIFIED WITH mysql_native_password BY 'päss'",
			"sha256":  "CREATE USER hashed@sha256 IDENTIFIED WITH sha256_password BY 'päss'",
			"caching": "CREATE USER hashed@caching IDENTIFIED WITH caching_sha2_password BY 'päss'",
			"ed25519": "CREATE USER hashed@ed25519 IDENTIFIED VIA ed25519 USING PASSWORD('päss')",
			"either":  "CREATE USER hashed@either IDENTIFIED VIA mysql_native_password USING PASSWORD('päss') OR unix_socket",
		} {
			if _, err := db.Exec(sql); err != nil && host == "default" {
				t.Fatal(err)
			}
		}
		f, err := Inspect(t.Context(), db, Query{User: "hashed"})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range f.Accounts {
			match, known := PasswordIs(a, "päss")
			if wrong, _ := PasswordIs(a, "pass"); !match || !known || wrong {
				t.Errorf("%s on %s (%s, %q): match %v, known %v, of another password %v", a.Host, server.Server.Version, a.Plugin, a.Hash, match, known, wrong)
			}
			t.Logf("%s: %s: %s", s.name, a.Host, a.Plugin)
		}
	})
}
