package dbinit

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Predict is a server of that flavor and version as it comes out of its
// package: what statements can be planned for before it is there. An unknown
// version is taken to be one of today's.
func Predict(flavor Flavor, version string) Server {
	switch {
	case version == "" && flavor == MariaDB:
		version = "10.11.0"
	case version == "":
		version = "8.0.0"
	}
	if flavor == MariaDB {
		version += "-MariaDB"
	}
	return parseServer(map[string]string{"version": version})
}

// Admins reads the accounts of a user at whatever host. It reads only.
func Admins(ctx context.Context, db *sql.DB, user string) ([]Account, error) {
	found, err := Inspect(ctx, db, Query{User: user})
	return found.Accounts, err
}

// adminHost is from where the admin logs in: the server's own host, by TCP to
// loopback as by socket.
const adminHost = "localhost"

// AdminStatements make the account that the tool itself works with, by a
// session of root. Nobody's password is overwritten: the account gets one only
// if it is not there or none opens it, as root's on a fresh server.
func AdminStatements(server Server, have []Account, user, password string) ([]Statement, error) {
	w := Want{User: user, Hosts: []string{adminHost}, Password: password}
	if err := w.check(); err != nil {
		return nil, err
	}
	d := dialect{server, w}
	i := slices.IndexFunc(have, func(a Account) bool { return a.User == user && a.Host == adminHost })
	grant := Statement{SQL: "GRANT ALL PRIVILEGES ON *.* TO " + d.name(adminHost) + " WITH GRANT OPTION", Account: user + "@" + adminHost}
	if i < 0 {
		return []Statement{d.session(), d.create(adminHost), grant}, nil
	}
	match, known := PasswordIs(have[i], password)
	switch {
	case known && match:
		return []Statement{d.session(), grant}, nil
	case !opensByNone(have[i]):
		return nil, fmt.Errorf("account %s: it has another password than the inventory's, and is left alone; give the password that it has, or change it by hand", have[i].Name())
	}
	return []Statement{d.session(), d.open(user)}, nil
}

// Fresh are the accounts of that user on a server that was just installed.
// Packages make root's without a password: the socket lets root in, or anybody
// on the host, until there is one.
func Fresh(user string) []Account {
	if user != "root" {
		return nil
	}
	return []Account{{User: user, Host: adminHost, Plugin: "unix_socket", HashReadable: true}}
}

// opensByNone: no password can be the account's; "invalid" is how MariaDB says so.
func opensByNone(a Account) bool {
	socket := a.Plugin == "unix_socket" || a.Plugin == "auth_socket"
	return a.HashReadable && (socket || a.Hash == "" || strings.EqualFold(a.Hash, "invalid"))
}

// open gives such an account a password. Beside it MariaDB's keeps the socket,
// by which the system's own scripts come in as root.
func (d dialect) open(user string) Statement {
	head := "ALTER USER " + d.name(adminHost) + " IDENTIFIED "
	switch {
	case d.byHash() && d.server.Numeric.AtLeast(10, 4, 0):
		return d.hashed(adminHost, head+"VIA mysql_native_password USING ", " OR unix_socket")
	case d.byHash() && d.server.Numeric.AtLeast(10, 2, 0):
		return d.hashed(adminHost, head+"VIA mysql_native_password USING ", "")
	case d.byHash():
		return d.hashed(adminHost, "SET PASSWORD FOR "+d.name(adminHost)+" = ", "")
	case d.server.Flavor == MariaDB && d.server.Numeric.AtLeast(10, 4, 0):
		return d.hidden(adminHost, head+"VIA mysql_native_password USING PASSWORD(", ") OR unix_socket")
	case d.server.Flavor == MariaDB && d.server.Numeric.AtLeast(10, 2, 0):
		return d.hidden(adminHost, head+"VIA mysql_native_password USING PASSWORD(", ")")
	case d.server.Flavor == MySQL && d.server.Numeric.AtLeast(5, 7, 6):
		return d.hidden(adminHost, head+"WITH "+escaped(d.server.DefaultPlugin)+" BY ", "")
	}
	return d.hidden(adminHost, "SET PASSWORD FOR "+d.name(adminHost)+" = PASSWORD(", ")")
}
