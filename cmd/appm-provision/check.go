package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// The checks, in the order of the table's columns. docs/check.md says what each
// looks at.
const (
	checkReach    = "reach"
	checkKey      = "key"
	checkAuth     = "auth"
	checkSudo     = "sudo"
	checkTools    = "tools"
	checkHome     = "home"
	checkFiles    = "files"
	checkJava     = "java"
	checkSpace    = "space"
	checkClock    = "clock"
	checkPorts    = "ports"
	checkNames    = "names"
	checkDatabase = "database"
	checkPeers    = "peers"
)

var checks = []string{checkReach, checkKey, checkAuth, checkSudo, checkTools, checkHome, checkFiles, checkJava, checkSpace, checkClock, checkPorts, checkNames, checkDatabase, checkPeers}

// A finding is what one check found, and the exit code of a run that it ends.
type finding struct {
	report.Finding
	code int
}

// preflight is everything that is found out before a run, and what was found.
type preflight struct {
	*session
	asked  []string // hosts
	state  *plan.State
	plan   *plan.Plan       // nil where none can be made
	whole  *plan.Plan       // of all hosts' steps, databases apart; nil likewise
	mapped map[string]bool  // hosts whose hosts file the plan changes
	well   map[string]bool  // nodes whose home is one
	hostOK map[string]bool  // that were gathered
	failed map[string]error // why one was not
	wayIn  error            // why the tool itself did not reach the database
	settle bool             // nothing of the databases is to be changed
	// noServer: the database server is yet to be installed.
	noServer bool
	finds    []finding
	unknown  []unknownName // in files, and not asked about yet
}

func (a *app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check", Short: "Tell whether every host is ready, and what to do where not", Args: cobra.NoArgs,
		Example: "  appm-provision check\n  appm-provision check -v --limit gateway1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.prepare(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			return a.check(cmd.Context(), s)
		},
	}
	a.deploymentFlags(cmd)
	return cmd
}

// check goes on where a run would end: one host that fails says nothing about
// the others.
func (a *app) check(ctx context.Context, s *session) error {
	color, err := a.colored()
	if err != nil {
		return err
	}
	p := &preflight{session: s, asked: s.wanted()}
	if err := p.login(ctx); err != nil {
		return err
	}
	p.look(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p.judge(ctx)
	p.tunnels(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	targets := p.asked
	if s.touchesDatabase() {
		targets = append(targets, plan.Deployment)
	}
	if a.json {
		d := report.NewCheck(s.inv.Name, checks, targets, p.findings())
		d.Clean(a.cleaned)
		a.answer(d)
		return p.outcome("not ready")
	}
	if err := report.Checks(a.stdout, checks, targets, p.findings(), report.Options{Verbose: a.verbosity >= sayWhy, Color: color}); err != nil {
		return err
	}
	return p.outcome("not ready")
}

// login dials every host, each for itself. An error is not about a host: what
// is wrong is on this machine.
func (p *preflight) login(ctx context.Context) error {
	dialled := p.connect(ctx, p.asked)
	p.failed = byHost(dialled)
	for _, host := range p.asked {
		if p.failed[host] == nil && p.conns[host] == nil {
			return dialled
		}
		p.loggedIn(host, p.failed[host])
	}
	if !p.touchesDatabase() {
		return nil
	}
	if via := p.inv.Database.Via; via == "" || p.conns[via] != nil {
		p.db, p.wayIn = p.openDatabase()
		if p.wayIn == nil && p.session.installs() {
			p.root, p.wayIn = p.openRoot()
		}
	}
	return nil
}

// look asks hosts and databases everything at once.
func (p *preflight) look(ctx context.Context) {
	p.inquiries = map[string]converge.Inquiry{}
	for host := range p.conns {
		p.inquiries[host] = p.inquiry(host)
	}
	state, err, dbErr := p.gather(ctx)
	for host, err := range byHost(err) {
		p.failed[host] = err
	}
	p.state = state
	if p.wayIn == nil {
		p.wayIn = dbErr
	}
}

// byHost takes the errors of several hosts apart.
func byHost(err error) map[string]error {
	of := map[string]error{}
	parts := []error{err}
	if joined, is := err.(interface{ Unwrap() []error }); is {
		parts = joined.Unwrap()
	}
	for _, part := range parts {
		if part == nil {
			continue
		}
		var ssh *sshexec.Error
		if errors.As(part, &ssh) {
			of[ssh.Host] = part
			continue
		}
		host, _, _ := strings.Cut(part.Error(), ": ")
		of[host] = part
	}
	return of
}

// findings are sorted by host, then by check.
func (p *preflight) findings() []report.Finding {
	at := map[string]int{plan.Deployment: len(p.asked)}
	for i, host := range p.asked {
		at[host] = i
	}
	slices.SortStableFunc(p.finds, func(a, b finding) int {
		return cmp.Or(cmp.Compare(at[a.Target], at[b.Target]), cmp.Compare(rank(a.Check), rank(b.Check)))
	})
	list := make([]report.Finding, len(p.finds))
	for i, f := range p.finds {
		list[i] = f.Finding
	}
	return list
}

func (p *preflight) add(level report.Level, target, node, check string, code int, format string, args ...any) {
	p.finds = append(p.finds, finding{report.Finding{Target: target, Node: node, Check: check, Level: level, Text: fmt.Sprintf(format, args...)}, code})
}

func (p *preflight) ok(target, node, check, format string, args ...any) {
	p.add(report.OK, target, node, check, 0, format, args...)
}

// outcome is an error when a check failed; its code is that of the first cause
// in the order of the table's columns, as that is the order of causes.
func (p *preflight) outcome(verdict string) error {
	hosts := map[string]bool{}
	var first *finding
	for i, f := range p.finds {
		if f.Level != report.Failure {
			continue
		}
		hosts[f.Target] = true
		if first == nil || rank(f.Check) < rank(first.Check) {
			first = &p.finds[i]
		}
	}
	if first == nil {
		return nil
	}
	var names []string
	for _, t := range append(p.asked, plan.Deployment) {
		if hosts[t] {
			names = append(names, t)
		}
	}
	return exit{first.code, fmt.Sprintf("%s: %s", verdict, strings.Join(names, ", "))}
}

// rank is the check's place among the columns.
func rank(check string) int { return slices.Index(checks, check) }

// inquiry is what the preflight asks of a host beside what the steps need.
func (s *session) inquiry(host string) converge.Inquiry {
	h, _ := s.inv.Host(host)
	q := converge.Inquiry{Homes: map[string][]string{}}
	for _, n := range s.nodesOn(host) {
		q.Homes[n.Home] = []string{n.Home, n.Home + "/repository/conf", n.Home + "/repository/components/lib"}
		for _, port := range n.Ports() {
			if n.Running {
				q.Ports = append(q.Ports, port.Number)
			}
		}
	}
	if len(q.Homes) > 0 {
		q.Folders = []string{folderOf(h.HostsFile)}
		q = s.asksAbove(host, s.asksUploads(host, q))
		q.Names = s.names(h)
	}
	q.Files = s.filesOn(host)
	return q
}

// asksUploads adds what is to be known of the folder for uploads.
func (s *session) asksUploads(host string, q converge.Inquiry) converge.Inquiry {
	q.Uploads, q.Apart = s.sshConfig(host).Staging()
	if !path.IsAbs(q.Uploads) {
		q.Folders = append(q.Folders, "~")
	}
	return q
}

// nodesOn are the selected nodes of a host.
func (s *session) nodesOn(host string) []inventory.Node {
	var nodes []inventory.Node
	for _, n := range s.inv.NodesOn(host) {
		if s.sel.Has(n.Name) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}
