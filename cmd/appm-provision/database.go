package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"database/sql"
	"net"
	"strconv"

	"github.com/go-sql-driver/mysql"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// way is how the tool itself comes to the database server.
type way struct {
	db   inventory.Database
	tls  *tls.Config // nil without TLS
	user string      // of the system, whom the server sees at the far end of a socket
	root bool        // by sudo, where the SSH connection's own user is another
	via  *sshexec.Conn
}

// openDatabase prepares the way to the database server: direct, or through the
// SSH connection of a host. Nothing is dialled yet.
func (s *session) openDatabase() (*sql.DB, error) {
	w := way{db: s.inv.Database, tls: s.tls, via: s.conns[s.inv.Database.Via]}
	w.user, w.root = s.socketUser()
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd = w.db.Admin.User, s.admin.Reveal()
	cfg.Net, cfg.Addr = w.address()
	cfg.TLS = w.tls
	cfg.Timeout = cmp.Or(s.inv.SSH.ConnectTimeout, connectTimeout)
	if w.via != nil {
		cfg.DialFunc = w.tunnel
	}
	dbinit.Configure(cfg)
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(explained{dbinit.Guard(connector, s.packets("database")), w}), nil
}

func (w way) address() (network, addr string) {
	if w.db.Socket != "" {
		return "unix", w.db.Socket
	}
	return "tcp", net.JoinHostPort(w.db.AdminAddress, strconv.Itoa(w.db.AdminPort))
}

func (w way) tunnel(ctx context.Context, network, addr string) (net.Conn, error) {
	if w.root {
		return w.via.DialRoot(ctx, addr)
	}
	return w.via.DialContext(ctx, network, addr)
}

// socketUser tells as whom of the system the tool comes to a socket. A login
// without a password rests on it: root is let in as root only, and on a host
// where the tool uses sudo it can be.
func (s *session) socketUser() (name string, root bool) {
	db := s.inv.Database
	if db.Via == "" {
		return me(), false
	}
	name = s.sshConfig(db.Via).User
	h, _ := s.inv.Host(db.Via)
	if db.Admin.User == "root" && name != "root" && h.SSH.Become.Method != inventory.BecomeNone && s.withoutPassword() {
		return "root", true
	}
	return name, false
}

// withoutPassword: the server is to know the admin by the socket.
func (s *session) withoutPassword() bool {
	db := s.inv.Database
	return db.Socket != "" && db.Admin.Password.Kind() == inventory.SecretMissing
}
