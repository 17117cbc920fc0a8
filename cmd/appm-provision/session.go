package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// session is one run of a command over one deployment: what the operator gave,
// and the open connections.
type session struct {
	*app
	dir   string // of the inventory; its paths are relative to it
	inv   inventory.Inventory
	sel   inventory.Selection
	steps []plan.Step
	// deployment is what the steps were made from.
	deployment steps.Deployment
	down       map[string]error // hosts that status could not reach, and why

	blobs map[string]converge.Source
	pack  *localPack // nil where the inventory names none
	// spooled is the undeflated pack for hosts without gzip; nil until one is made.
	spooled *os.File
	admin   inventory.Secret // zero where the server knows the admin by the socket
	// password is the application account's; a proof logs in with it.
	password inventory.Secret
	tls      *tls.Config // of the way to the database; nil without TLS
	logins   *logins
	conns    map[string]*sshexec.Conn
	db       *sql.DB
	record   *recording // of the run that makes the plan; nil until then
	of       string     // the run that this one takes back; "" for every other
	out      bool       // the deployment is taken away
	root     *sql.DB    // the same server as its root, where the tool installs it; else nil
	// inquiries are put to the hosts with the next gathering, health is what
	// they answered: the preflight's part.
	inquiries map[string]converge.Inquiry
	health    map[string]converge.Health
	answered  bool       // the database server, when the tool itself asked
	preflight *preflight // of the plan
}

// read parses the inventory and prints its warnings. No connection is opened.
func (a *app) read() (inventory.Inventory, error) {
	src, err := a.inventoryText()
	if err != nil {
		return inventory.Inventory{}, a.noInventory(err)
	}
	a.source = src
	inv, warnings, err := inventory.Parse(unprefix(a.inventory), src)
	for _, w := range warnings {
		a.warn("%s", w)
	}
	a.addresses = addresses(inv)
	return inv, err
}

// begun is the session of a command over the inventory and its limit.
func (a *app) begun() (*session, error) {
	inv, err := a.read()
	if err != nil {
		return nil, err
	}
	s := &session{app: a, inv: inv, conns: map[string]*sshexec.Conn{}, blobs: map[string]converge.Source{}}
	if s.sel, err = inv.Select(a.limit); err != nil {
		return nil, usage("%v", err)
	}
	s.sel.Database = s.sel.Database && !a.hostsOnly
	file, err := filepath.Abs(a.inventory)
	if err != nil {
		return nil, err
	}
	s.dir = filepath.Dir(file)
	return s, nil
}

// prepare reads everything local: inventory, limit, secrets, driver. What is
// wrong with any of these is said before a connection is opened.
func (a *app) prepare(ctx context.Context) (*session, error) {
	s, err := a.begun()
	if err != nil {
		return nil, err
	}
	inv := s.inv
	from := a.sources(ctx, s.dir)
	d := steps.Deployment{Inventory: inv, Select: s.sel}
	var errs [3]error
	d.Password, errs[0] = inv.Database.Password.Resolve(from)
	if inv.Admin.Password.Kind() != inventory.SecretMissing {
		var err error
		d.Administrator, err = inv.Admin.Password.Resolve(from)
		errs[0] = errors.Join(errs[0], err)
	}
	if s.touchesDatabase() {
		errs[1] = s.prepareDatabase(from)
	}
	var jar converge.Source
	d.Driver, jar, errs[2] = driver(ctx, s.dir, inv.Driver)
	if err := errors.Join(errs[:2]...); err != nil {
		return nil, usage("%v", errors.Join(err, errs[2]))
	}
	if errs[2] != nil {
		return nil, errs[2]
	}
	s.blobs[d.Driver.SHA256] = jar
	if d.Pack, err = s.openPack(ctx); err != nil {
		return nil, err
	}
	s.password, d.Admin = d.Password, s.admin
	s.clean = cleaner(s.password, s.admin, d.Administrator)
	s.steps, s.deployment = steps.For(d), d
	if err = s.prepareLogins(ctx, from); err == nil {
		err = s.homeOwners()
	}
	return s, err
}

// prepareDatabase reads what the way to the database needs of this machine.
func (s *session) prepareDatabase(from inventory.Sources) (err error) {
	db := s.inv.Database
	if s.tls, err = databaseTLS(s.dir, db.TLS); err != nil || s.withoutPassword() {
		return err
	}
	s.admin, err = db.Admin.Password.Resolve(from)
	return err
}

func (s *session) touchesDatabase() bool { return s.sel.Database && s.inv.Database.Manage }

func (a *app) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if a.json {
		a.data.warn(a.cleaned(text))
	}
	fmt.Fprintln(a.stderr, "warning:", text)
}

// open connects to every host that the steps, or the way to the database, need.
func (s *session) open(ctx context.Context) error {
	if err := s.connect(ctx, s.wanted()); err != nil {
		return err
	}
	if !s.touchesDatabase() {
		return nil
	}
	var err error
	if s.db, err = s.openDatabase(); err == nil && s.installs() {
		s.root, err = s.openRoot()
	}
	return err
}

// wanted are the names of those hosts.
func (s *session) wanted() []string {
	wanted := map[string]bool{}
	for _, n := range steps.Needs(s.steps) {
		wanted[n.Target] = true
	}
	if s.touchesDatabase() && s.inv.Database.Via != "" {
		wanted[s.inv.Database.Via] = true
	}
	return hostsOf(s.inv, wanted)
}

func (s *session) close() {
	if s.pack != nil {
		_ = s.pack.close() // it was only read
	}
	if s.spooled != nil {
		_ = s.spooled.Close()
		_ = os.Remove(s.spooled.Name())
	}
	if s.db != nil {
		s.db.Close()
	}
	if s.root != nil {
		s.root.Close()
	}
	for _, c := range s.conns {
		c.Close()
	}
}

func (s *session) hosts() map[string]converge.Host {
	hosts := map[string]converge.Host{}
	for name, c := range s.conns {
		hosts[name] = watched{c, s.app, name}
	}
	return hosts
}

// look gathers hosts and databases side by side and builds the plan.
func (s *session) look(ctx context.Context) (*plan.State, *plan.Plan, error) {
	state, err, dbErr := s.gather(ctx)
	if err := errors.Join(err, dbErr); err != nil {
		return nil, nil, err
	}
	defer s.timed("plan of %d steps", len(s.steps))()
	p, err := plan.Build(s.inv.Name, state, s.steps)
	return state, p, err
}

// gather reads hosts and databases side by side, and tells the errors of either
// apart: what could be read is in the state all the same.
func (s *session) gather(ctx context.Context) (state *plan.State, err, dbErr error) {
	var (
		wg        sync.WaitGroup
		databases *plan.State
	)
	defer s.waits()()
	needs := steps.Needs(s.steps)
	if s.db != nil {
		wg.Go(func() {
			defer s.timed("database: inspection")()
			databases, dbErr = s.lookDatabases(ctx, needs)
		})
	}
	state, s.health, err = converge.Look(ctx, s.hosts(), needs, s.inquiries)
	wg.Wait()
	s.inquiries, s.answered = nil, s.db != nil && dbErr == nil
	if cannot := s.coming(ctx, state, needs); cannot != nil {
		err = errors.Join(append(apart(err), cannot)...)
	}
	if s.installs() && err == nil {
		databases, dbErr = s.asked(ctx, state, needs, databases, dbErr)
	}
	if dbErr == nil && databases != nil {
		state.Merge(databases)
	}
	return state, err, dbErr
}

// apply makes the plan's changes, verifies that nothing is left to do, and that
// each node can use its databases from where it is.
func (s *session) apply(ctx context.Context, p *plan.Plan, events func(run.Event)) (*run.Report, error) {
	plain, err := s.plain(p)
	if err != nil {
		return &run.Report{}, err
	}
	report := converge.Apply(ctx, converge.Deployment{
		Left: s.left(), Hosts: s.hosts(), DB: s.db, Root: s.root, Ledger: s.inv.Database.Ledger, Blobs: s.bytesAtHand(), Pack: s.unpacks(), Plain: plain, Stores: s.stores(), Events: events, Keep: s.record.keep, Made: s.record.made, Took: s.stageTook, Look: s.lookAgain,
	}, p)
	if err := cmp.Or(report.Err(), cutShort(ctx, report)); err != nil {
		return report, err
	}
	events(run.Event{Stage: run.Verify, Target: s.inv.Name, Text: "gathering again"})
	begin := time.Now()
	_, left, err := s.look(ctx)
	if err == nil {
		err = converge.Verified(left)
	}
	if err == nil && s.of == "" && !s.out {
		err = proven(s.prove(ctx), events)
	}
	report.Took += time.Since(begin)
	return report, err
}
