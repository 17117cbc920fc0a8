package main

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/go-sql-driver/mysql"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// lookDatabases reads the database server, and tries the passwords that cannot
// be compared with what it stores.
func (s *session) lookDatabases(ctx context.Context, needs []plan.Need) (*plan.State, error) {
	state, err := converge.Databases(ctx, s.db, s.inv.Database.Ledger, needs)
	if err != nil {
		return nil, err
	}
	if !s.out { // which asks for no password
		s.tryLogins(ctx, state)
	}
	return state, nil
}

// tryLogins logs in to each of our accounts whose password cannot be compared,
// all at once, each by one tunnel through a host from which the server can take
// a login for no other account.
func (s *session) tryLogins(ctx context.Context, state *plan.State) {
	found := accountsIn(state, s.inv.Database.User)
	var wg sync.WaitGroup
	for i, a := range found.Accounts {
		if _, known := dbinit.PasswordIs(a, s.password.Reveal()); known || a.Locked || a.Expired || !slices.Contains(s.inv.Database.Hosts, a.Host) {
			continue
		}
		host, reached := s.reaching(found, a)
		if !reached {
			found.Accounts[i].Login = dbinit.Login{Why: "no host of this run comes to the server as this account and no other"}
			continue
		}
		wg.Go(func() { found.Accounts[i].Login = s.tryLogin(ctx, a, host) })
	}
	wg.Wait()
}

// accountsIn is dbinit's view of the accounts in a state. Their list is the
// state's own: what is set in it is what the steps see.
func accountsIn(state *plan.State, user string) (found dbinit.Found) {
	if o, err := state.Found(plan.Ref{Target: plan.Deployment, Kind: plan.KindMySQL}); err == nil {
		if server, is := o.(*plan.MySQL); is {
			found.Shadows = server.Anonymous
		}
	}
	if o, err := state.Found(plan.Ref{Target: plan.Deployment, Kind: plan.KindAccount, Path: user}); err == nil {
		if account, is := o.(*plan.Account); is {
			found.Accounts, _ = account.Found.([]dbinit.Account)
		}
	}
	return found
}

func (s *session) reaching(found dbinit.Found, a dbinit.Account) (inventory.Host, bool) {
	for _, h := range s.inv.Hosts {
		if s.conns[h.Name] != nil && found.Reaches(a, h.Address) {
			return h, true
		}
	}
	return inventory.Host{}, false
}

// tryLogin goes to the address: the name need not be known on the host yet.
func (s *session) tryLogin(ctx context.Context, a dbinit.Account, host inventory.Host) dbinit.Login {
	ctx, cancel := context.WithTimeoutCause(ctx, proofTimeout, errors.New("no answer within "+proofTimeout.String()))
	defer cancel()
	login := dbinit.Login{}
	db, err := s.openFrom(host, s.inv.Database.Address)
	if err != nil {
		login.Why = err.Error()
	} else {
		defer db.Close()
		login = dbinit.TryLogin(ctx, db, a)
	}
	login.From = host.Name
	return login
}

// openFrom is the database as the application's account reaches it from a host.
func (s *session) openFrom(host inventory.Host, server string) (*sql.DB, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd = s.inv.Database.User, s.password.Reveal()
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(server, strconv.Itoa(s.inv.Database.Port))
	conn := s.conns[host.Name]
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return conn.DialContext(ctx, network, addr)
	}
	dbinit.Configure(cfg)
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(dbinit.Guard(connector, s.packets("database, from "+host.Name))), nil
}
