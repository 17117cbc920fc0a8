package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/draft"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// imported is an import under way.
type imported struct {
	*initial
	hosts, homes, roles []string // as given
	user, secret        string

	places   []draft.Place
	session  *session // over the hosts, without steps until there is an inventory
	sites    []draft.Site
	state    *plan.State
	is       *draft.Found
	gathered bool // state has what the steps need
}

func (a *app) importCommand() *cobra.Command {
	f := &imported{initial: &initial{app: a}}
	cmd := &cobra.Command{
		Use: "import", Short: "Write the inventory of a deployment made by hand", Args: cobra.NoArgs,
		Long: "Read a deployment that was made by hand, and write the inventory that makes the\n" +
			"same. Nothing is changed on the hosts. What is unusual is told.",
		Example: "  appm-provision import --user deploy --sudo --host idp1=10.0.0.1 --host gw1=…",
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	a.inventoryFlag(cmd)
	p := cmd.Flags()
	p.StringArrayVar(&f.hosts, "host", nil, "address of a host, `name=address`; once for each")
	p.StringArrayVar(&f.homes, "node", nil, "home of a node, `host=home`; else looked for")
	p.StringArrayVar(&f.roles, "role", nil, "`node=role` where files and names do not tell")
	p.StringVar(&f.Name, "name", "", "what the deployment is called")
	p.StringVar(&f.user, "user", "", "who logs in on the hosts")
	p.BoolVar(&f.Sudo, "sudo", false, "whoever logs in becomes root by sudo")
	p.StringVar(&f.secret, "secret-file", "", "write the password into this `file`, for its owner")
	p.StringArrayVar(&f.settings, "set", nil, "any `key=value`: ssh.jump=bastion")
	return cmd
}

func (f *imported) run(ctx context.Context) error {
	if err := f.free(); err != nil {
		return err
	}
	if err := f.connect(ctx); err != nil {
		return err
	}
	defer f.session.close()
	if err := f.read(ctx); err != nil {
		return err
	}
	if err := f.driver(ctx); err != nil {
		return err
	}
	text, p, err := f.plan(ctx)
	if err != nil && text == nil {
		return err
	}
	if err := f.secretFile(); err != nil {
		return err
	}
	return f.finish(text, p, err)
}

// connect logs in on the hosts by an inventory that says no more than how.
func (f *imported) connect(ctx context.Context) error {
	d := &draft.Draft{}
	for _, text := range f.hosts {
		p, err := draft.ParsePlace(text)
		if err != nil || p.Name == "" {
			return usage("--host is %q; want NAME=ADDRESS, as gateway1=192.168.10.12 is", text)
		}
		f.places = append(f.places, p)
	}
	if len(f.places) == 0 {
		return usage("nothing was read: name the hosts, --host NAME=ADDRESS for each (%s import --help)", program)
	}
	d.Contact(f.places, f.user, f.Sudo)
	for _, s := range f.settings {
		if strings.HasPrefix(s, "ssh.") || strings.HasPrefix(s, "host.") {
			if err := d.Set(s); err != nil {
				return usage("--set %v", err)
			}
		}
	}
	inv, _, err := inventory.Parse(f.inventory, d.Text())
	if err != nil {
		return usage("nothing was read: what was given makes no inventory: %v", err)
	}
	file, err := filepath.Abs(f.inventory)
	if err != nil {
		return err
	}
	s := &session{app: f.app, dir: filepath.Dir(file), inv: inv, conns: map[string]*sshexec.Conn{}, blobs: map[string]converge.Source{}}
	f.session = s
	if err := s.logInTo(ctx, f.names(), f.sources(ctx, s.dir)); err != nil {
		return err
	}
	return s.connect(ctx, f.names())
}

func (f *imported) names() (names []string) {
	for _, p := range f.places {
		names = append(names, p.Name)
	}
	return names
}

func (f *imported) hostsFile(host string) string {
	h, _ := f.session.inv.Host(host)
	return h.HostsFile
}

// read asks the hosts for everything that the files of their nodes tell.
func (f *imported) read(ctx context.Context) error {
	if err := f.locate(ctx); err != nil {
		return err
	}
	var needs []plan.Need
	for _, name := range f.names() {
		needs = append(needs, draft.Needs(name, f.hostsFile(name), f.sites)...)
	}
	var err error
	if f.state, err = converge.Gather(ctx, f.session.hosts(), needs); err != nil {
		return err
	}
	o := draft.Options{Name: f.Name, Roles: map[string]inventory.Role{}, User: f.user, Sudo: f.Sudo, Password: "env:APPM_DB_PASSWORD", Hosts: f.places, HostsFile: f.hostsFile}
	if f.Name == "" {
		o.Name = "production"
	}
	if f.secret != "" {
		o.Password = "file:" + f.secret
	}
	for _, text := range f.roles {
		node, role, _ := strings.Cut(text, "=")
		if !slices.Contains(inventory.Roles, inventory.Role(role)) {
			return usage("--role is %q; want NODE=ROLE, where the role is idp, gateway, publisher or store", text)
		}
		o.Roles[node] = inventory.Role(role)
	}
	for _, s := range f.settings {
		if address, is := strings.CutPrefix(s, "database.address="); is {
			o.Address = address
		}
	}
	if f.is, err = draft.FromState(f.state, f.sites, o); err != nil {
		return exit{exitConflict, err.Error()}
	}
	return nil
}

// locate finds the nodes: those that were named, else those that a host has.
func (f *imported) locate(ctx context.Context) error {
	given := map[string][]string{}
	for _, text := range f.homes {
		host, home, _ := strings.Cut(text, "=")
		if !slices.Contains(f.names(), host) || !path.IsAbs(home) {
			return usage("--node is %q; want HOST=HOME, where the host is one of --host%s and the home an absolute path", text, inventory.DidYouMean(host, f.names()))
		}
		given[host] = append(given[host], path.Clean(home))
	}
	for _, p := range f.places {
		homes := given[p.Name]
		if homes == nil && len(given) == 0 {
			var err error
			if homes, err = converge.Homes(ctx, f.session.conns[p.Name]); err != nil {
				return err
			}
		}
		for _, home := range homes {
			f.sites = append(f.sites, draft.Site{Host: p.Name, Address: p.Address, Home: home})
		}
	}
	if len(f.sites) == 0 {
		return exit{exitMissing, "no App Manager was found on " + strings.Join(f.names(), ", ") + "; say where it is, --node HOST=HOME for each"}
	}
	return nil
}

// driver brings the nodes' JDBC driver here: the inventory names a local file.
func (f *imported) driver(ctx context.Context) error {
	r := f.is.Driver
	name := filepath.Join(f.session.dir, path.Base(r.Path))
	state, err := converge.Gather(ctx, f.session.hosts(), []plan.Need{{Ref: plan.Ref{Target: r.Target, Kind: plan.KindFile, Path: r.Path}, As: f.is.Home}})
	if err != nil {
		return err
	}
	o, err := state.Found(plan.Ref{Target: r.Target, Kind: plan.KindFile, Path: r.Path})
	if err != nil {
		return err
	}
	jar, is := o.(*plan.File)
	if !is {
		return exit{exitMissing, r.Target + ": " + r.Path + " is gone"}
	}
	if here, err := os.ReadFile(name); err == nil && bytes.Equal(here, jar.Data) {
		return nil
	}
	if err := writeNew(name, jar.Data); err != nil {
		return usage("%v: the driver of %s is to be put there, and nothing is written over; move what is there away", err, r.Target)
	}
	fmt.Fprintf(f.stderr, "%s: the driver that %s has\n", unprefix(name), r.Target)
	return nil
}

func (f *imported) secretFile() error {
	if f.secret == "" {
		return nil
	}
	if err := writeNew(resolve(f.session.dir, f.secret), []byte(f.is.Password.Reveal()+"\n")); err != nil {
		return usage("--secret-file: %v; nothing is written over", err)
	}
	return nil
}

// finish writes the inventory and tells what is unusual, and what a plan on it
// would do.
func (f *imported) finish(text []byte, p *plan.Plan, planErr error) error {
	if err := f.write(text); err != nil {
		return err
	}
	if f.json {
		return f.finishJSON(p, planErr)
	}
	for _, u := range f.is.Unusual {
		fmt.Fprintln(f.stdout, "unusual:", u)
	}
	if planErr != nil {
		fmt.Fprintln(f.stdout, "A plan on it cannot be made yet:")
		return planErr
	}
	if !p.Empty() {
		fmt.Fprintln(f.stdout, "A plan on it would change this, which is unusual too:")
	}
	return f.show(p)
}

// finishJSON is finish as JSON.
func (f *imported) finishJSON(p *plan.Plan, planErr error) error {
	unusual := []string{}
	for _, u := range f.is.Unusual {
		unusual = append(unusual, f.cleaned(u))
	}
	if planErr != nil {
		f.answer(report.NewImport(f.wrote, unusual, nil))
		return planErr
	}
	d, err := report.OfPlan(p, report.Options{Verbose: f.verbosity >= sayWhy})
	if err != nil {
		return err
	}
	d.Clean(f.cleaned)
	f.answer(report.NewImport(f.wrote, unusual, d))
	return nil
}
