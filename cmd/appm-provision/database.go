package main

import (
	"context"
	"database/sql"
	"net"
	"strconv"

	"github.com/go-sql-driver/mysql"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
)

// openDatabase prepares the way to the database server: direct, or through the
// SSH connection of a host. Nothing is dialled yet.
func (s *session) openDatabase() (*sql.DB, error) {
	db := s.inv.Database
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd = db.Admin.User, s.admin.Reveal()
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(db.AdminAddress, strconv.Itoa(db.AdminPort))
	if via, known := s.conns[db.Via]; known {
		cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			return via.DialContext(ctx, network, addr)
		}
	}
	dbinit.Configure(cfg)
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
