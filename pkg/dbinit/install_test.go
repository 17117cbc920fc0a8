package dbinit

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"testing"
)

func storedNative(password string) string {
	one := sha1.Sum([]byte(password))
	two := sha1.Sum(one[:])
	return "*" + strings.ToUpper(hex.EncodeToString(two[:]))
}

func TestAServerIsPredictedFromItsPackage(t *testing.T) {
	for _, c := range []struct {
		flavor        Flavor
		version, want string
		plugin        string
	}{
		{MariaDB, "10.11.19", "MariaDB 10.11.19", "mysql_native_password"},
		{MySQL, "8.0.36", "MySQL 8.0.36", "caching_sha2_password"},
		{MySQL, "5.7.44", "MySQL 5.7.44", "mysql_native_password"},
		{MariaDB, "", "MariaDB 10.11.0", "mysql_native_password"},
		{MySQL, "", "MySQL 8.0.0", "caching_sha2_password"},
	} {
		got := Predict(c.flavor, c.version)
		if got.String() != c.want || got.Flavor != c.flavor || got.DefaultPlugin != c.plugin {
			t.Errorf("%s %s: got %s with %s, want %s with %s", c.flavor, c.version, got, got.DefaultPlugin, c.want, c.plugin)
		}
	}
}

func TestTheAdminsAccountIsMadeOrOpened(t *testing.T) {
	root := Account{User: "root", Host: "localhost", Plugin: "mysql_native_password", Hash: "invalid", HashReadable: true}
	socket := Account{User: "root", Host: "localhost", Plugin: "auth_socket", HashReadable: true}
	own := Account{User: "ops", Host: "localhost", Plugin: "mysql_native_password", Hash: storedNative("pw"), HashReadable: true}
	const grant = `GRANT ALL PRIVILEGES ON *.* TO 'ops'@'localhost' WITH GRANT OPTION`
	for _, c := range []struct {
		what   string
		server Server
		have   []Account
		user   string
		want   []string
	}{
		{"root of a fresh MariaDB", Predict(MariaDB, "10.11.6"), []Account{root}, "root",
			[]string{`ALTER USER 'root'@'localhost' IDENTIFIED VIA mysql_native_password USING (secret) OR unix_socket`}},
		{"root, predicted", Predict(MariaDB, ""), Fresh("root"), "root",
			[]string{`ALTER USER 'root'@'localhost' IDENTIFIED VIA mysql_native_password USING (secret) OR unix_socket`}},
		{"root of an older MariaDB", Predict(MariaDB, "10.3.39"), []Account{socket}, "root",
			[]string{`ALTER USER 'root'@'localhost' IDENTIFIED VIA mysql_native_password USING (secret)`}},
		{"root of a fresh MySQL", Predict(MySQL, "8.0.36"), []Account{socket}, "root",
			[]string{`ALTER USER 'root'@'localhost' IDENTIFIED WITH 'caching_sha2_password' BY (secret)`}},
		{"root of MySQL 5.6", Predict(MySQL, "5.6.24"), []Account{{User: "root", Host: "localhost", HashReadable: true}}, "root",
			[]string{`SET PASSWORD FOR 'root'@'localhost' = PASSWORD((secret))`}},
		{"another admin, who is not there", Predict(MariaDB, "10.11.6"), []Account{root}, "ops",
			[]string{`CREATE USER 'ops'@'localhost' IDENTIFIED BY PASSWORD (secret)`, grant}},
		{"another admin at another host", Predict(MySQL, "8.0.36"), []Account{{User: "ops", Host: "10.0.0.1", Hash: "*X", HashReadable: true}}, "ops",
			[]string{`CREATE USER 'ops'@'localhost' IDENTIFIED BY (secret)`, grant}},
		{"one that was cut off before its grant", Predict(MariaDB, "10.11.6"), []Account{own}, "ops", []string{grant}},
	} {
		list, err := AdminStatements(c.server, c.have, c.user, "pw")
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		var got []string
		for _, s := range list[1:] {
			got = append(got, s.Masked())
			if s.Account == "" {
				t.Errorf("%s: %s belongs to no account", c.what, s)
			}
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") || !strings.HasPrefix(list[0].SQL, "SET SESSION") {
			t.Errorf("%s:\ngot  %q\nwant %q", c.what, got, c.want)
		}
	}
}

func TestNobodysPasswordIsOverwritten(t *testing.T) {
	for _, a := range []Account{
		{User: "root", Host: "localhost", Plugin: "mysql_native_password", Hash: storedNative("another"), HashReadable: true},
		{User: "root", Host: "localhost", Plugin: "caching_sha2_password", Hash: "$A$005$whatever", HashReadable: true},
		{User: "root", Host: "localhost", Plugin: "pam", Hash: "service", HashReadable: true},
		{User: "root", Host: "localhost", Plugin: "mysql_native_password"},
	} {
		list, err := AdminStatements(Predict(MariaDB, "10.11.6"), []Account{a}, "root", "pw")
		if err == nil || !strings.Contains(err.Error(), "root@localhost: it has another password") || list != nil {
			t.Errorf("%+v: got %v, %v, want a refusal", a, list, err)
		}
	}
}
