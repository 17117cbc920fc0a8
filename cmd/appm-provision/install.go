package main

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// sockets are where the distributions' servers have theirs.
var sockets = []string{"/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"}

func (s *session) installs() bool { return s.touchesDatabase() && s.inv.Database.Install && !s.out }

// openRoot prepares the way by which a fresh server lets its root in: the
// socket, as root of the host and without a password. Nothing is dialled yet.
func (s *session) openRoot() (*sql.DB, error) {
	db := s.inv.Database
	places := sockets
	if db.Socket != "" {
		places = []string{db.Socket}
	}
	conn := s.conns[db.Host]
	cfg := mysql.NewConfig()
	cfg.User, cfg.Net, cfg.Addr = "root", "unix", places[0]
	cfg.Timeout = s.inv.SSH.ConnectTimeout
	cfg.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		var errs []error
		for _, path := range places {
			c, err := conn.DialRoot(ctx, path)
			if err == nil {
				return c, nil
			}
			errs = append(errs, err)
		}
		return nil, errors.Join(errs...)
	}
	dbinit.Configure(cfg)
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	root := sql.OpenDB(dbinit.Guard(connector, s.packets("database, as root")))
	root.SetConnMaxIdleTime(time.Second) // a relay on the host is not kept for nothing
	return root, nil
}

// asked completes what is known of the databases of a server that the tool
// installs. One that let the admin in has told all.
func (s *session) asked(ctx context.Context, state *plan.State, needs []plan.Need, databases *plan.State, err error) (*plan.State, error) {
	if err != nil {
		return s.unasked(ctx, state, needs, err)
	}
	databases.Put(plan.Ref{Target: plan.Deployment, Kind: plan.KindAdmin, Path: s.inv.Database.Admin.User}, &plan.Admin{Login: true})
	return databases, nil
}

// unasked are the databases of a server that did not let the admin in: not
// there yet, or fresh, or somebody else's.
func (s *session) unasked(ctx context.Context, state *plan.State, needs []plan.Need, why error) (*plan.State, error) {
	db := s.inv.Database
	var pkg *plan.Package
	var service *plan.Service
	var at plan.Ref
	for _, n := range needs {
		o, err := state.Found(n.Ref)
		switch {
		case n.Kind != plan.KindPackage && n.Kind != plan.KindService:
		case err != nil:
			return nil, errors.Join(why, err)
		case n.Kind == plan.KindPackage:
			pkg = o.(*plan.Package)
		default:
			service, at = o.(*plan.Service), n.Ref
		}
	}
	switch {
	case pkg == nil || service == nil:
		return nil, why
	case !service.Running:
		return converge.Fresh(pkg, at, service, db.Ledger, needs)
	case s.withoutPassword():
		return nil, why // it was root whom the server did not let in
	}
	return s.askedByRoot(ctx, needs, why)
}

// askedByRoot asks as the server's root, who also sees the admin's account.
// Where root is not let in either, the admin's own refusal is what counts.
func (s *session) askedByRoot(ctx context.Context, needs []plan.Need, why error) (*plan.State, error) {
	admin := s.inv.Database.Admin.User
	found, err := converge.Databases(ctx, s.root, s.inv.Database.Ledger, needs)
	if err != nil {
		return nil, why
	}
	accounts, err := dbinit.Admins(ctx, s.root, admin)
	if err != nil {
		return nil, why
	}
	found.Put(plan.Ref{Target: plan.Deployment, Kind: plan.KindAdmin, Path: admin}, converge.Admin(accounts))
	return found, nil
}

// lookAgain plans anew in the middle of an apply.
func (s *session) lookAgain(ctx context.Context) (*plan.Plan, error) {
	_, p, err := s.look(ctx)
	return p, err
}
