package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

func (a *app) rollbackCommand() *cobra.Command {
	var yes, dry bool
	cmd := &cobra.Command{
		Use: "rollback RUN", Short: "Take a run back: show the way back, ask, do it, verify",
		Long: "Take a run back: every file that it changed gets the bytes, mode and owner that\n" +
			"it had, which its host has kept; servers are restarted. Where a file has changed\n" +
			"since, nothing is touched. Databases and accounts stay; the plan says which.",
		Example: "  appm-provision rollback 20250131T1015 --dry-run\n  appm-provision rollback 20250131T1015 --limit store1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !dry {
				if err := a.stream(yes, "nothing was taken back"); err != nil {
					return err
				}
			}
			past, err := a.pastOf(cmd, args[0])
			if err != nil {
				return err
			}
			s, p, err := a.wayBack(cmd, past)
			if err != nil {
				return err
			}
			defer s.close()
			a.asks = !yes && !dry
			if err := a.show(p); err != nil || dry || p.Empty() {
				return err
			}
			if err := a.confirm(cmd.Context(), yes); err != nil {
				return err
			}
			return a.carryOut(cmd, s, p)
		},
	}
	a.deploymentFlags(cmd)
	of := cmd.Flags().Lookup("inventory")
	of.Usage, of.DefValue = "the deployment's `file` (default: the run's)", ""
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only show the way back")
	return cmd
}

// pastOf reads the record of the run that is to be taken back.
func (a *app) pastOf(cmd *cobra.Command, id string) (*run.Past, error) {
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	past, err := pastRun(dir, id)
	switch {
	case err != nil:
		return nil, usage("%v", err)
	case past.UnderWay:
		return nil, usage("run %s is still under way; wait for its end, or end it", past.ID)
	case past.Plan == nil:
		return nil, usage("run %s ended before its plan was recorded, so it changed nothing", past.ID)
	}
	if !cmd.Flags().Changed("inventory") {
		a.inventory = past.Begin.Inventory
	}
	return past, nil
}

// wayBack connects to the hosts of the run and plans the way back; on success
// the session is the caller's to close.
func (a *app) wayBack(cmd *cobra.Command, past *run.Past) (*session, *plan.Plan, error) {
	a.hostsOnly = true
	s, err := a.prepare(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	if s.inv.Name != past.Begin.Deployment {
		return nil, nil, usage("%s: is of the deployment %s, run %s is of %s", unprefix(a.inventory), s.inv.Name, past.ID, past.Begin.Deployment)
	}
	s.of = past.ID
	b, err := s.rollback(past, s.selected)
	if err == nil {
		err = s.goBack(cmd.Context(), b)
	}
	if err == nil {
		err = s.open(cmd.Context())
	}
	var p *plan.Plan
	if err == nil {
		p, err = s.lookBack(cmd.Context(), b)
	}
	if err != nil {
		s.close()
		return nil, nil, err
	}
	return s, p, nil
}

// sources are where the secrets of an inventory in dir come from.
func (a *app) sources(ctx context.Context, dir string) sources {
	return sources{dir: dir, stdin: a.stdin, ask: func(q string) { fmt.Fprint(a.stderr, q) }, done: ctx.Done()}
}

// selected tells whether the limit takes a change in.
func (s *session) selected(c run.Change) bool {
	if c.Node != "" {
		return s.sel.Has(c.Node)
	}
	return s.sel.HasHost(c.Target) || len(s.limit) == 0
}

// rollback is the way back from a run, as far as takes says.
func (s *session) rollback(past *run.Past, takes func(run.Change) bool) (converge.Rollback, error) {
	dir, err := stateDir()
	if err != nil {
		return converge.Rollback{}, err
	}
	key, err := run.Key(dir)
	return converge.Rollback{Past: past, Key: key, Takes: takes, Secrets: steps.Secrets, Makes: steps.Bundle, Made: steps.IsBundle}, err
}

// goBack makes the way back the session's steps: files first, then the servers
// that have to load them.
func (s *session) goBack(ctx context.Context, b converge.Rollback) error {
	for _, target := range b.Targets() {
		if _, known := s.inv.Host(target); !known {
			return usage("run %s changed files on the host %s, which is not in %s; name an inventory that has it with -i", b.Past.ID, target, unprefix(s.inventory))
		}
	}
	s.steps = b.Steps()
	for _, c := range b.Servers() {
		for _, n := range s.inv.Nodes {
			if n.Host == c.Target && n.Home == c.Path {
				s.steps = append(s.steps, s.serverBack(n, c, b.Past.ID))
			}
		}
	}
	if !slices.ContainsFunc(s.wanted(), func(name string) bool { return s.logins.hosts[name] == nil }) {
		return nil
	}
	return s.prepareLogins(ctx, s.sources(ctx, s.dir))
}

// serverBack is the restart of a server that ran before; one that did not is
// stopped.
func (s *session) serverBack(n inventory.Node, c run.Change, id string) plan.Step {
	n.Running = c.Before != nil && c.Before.Running
	step := steps.Restart(s.deployment, n)
	if n.Running {
		return step
	}
	ask := step.Want
	step.Want = func(state *plan.State) ([]plan.Want, []plan.Note, error) {
		wants, notes, err := ask(state)
		for i := range wants {
			wants[i].Why = "not running before run " + id
		}
		return wants, notes, err
	}
	return step
}

// lookBack gathers, and plans the way back.
func (s *session) lookBack(ctx context.Context, b converge.Rollback) (*plan.Plan, error) {
	s.inquiries = map[string]converge.Inquiry{}
	for _, target := range b.Targets() { // a run that was broken off has left uploads there
		s.inquiries[target] = s.asksUploads(target, converge.Inquiry{Files: s.filesOn(target)})
	}
	_, p, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	p.Notes = append(append(p.Notes, b.Notes()...), s.accessNotes(p)...)
	if p.Empty() {
		p.Kept = nil // they are not as the inventory says, but as they were
	}
	return p, nil
}

// afterFailure says how what a failed run did is taken back, or, where that was
// asked for, takes back what it did to the node that did not come up.
func (a *app) afterFailure(cmd *cobra.Command, s *session, p *plan.Plan, failure error) error {
	past, err := run.Read(s.record.File)
	if err != nil || !changedFiles(past) || s.of != "" {
		return failure
	}
	var server *converge.Error
	if a.takeBack && cmd.Context().Err() == nil && errors.As(failure, &server) && server.Cause == converge.Server && server.Node != "" {
		return errors.Join(failure, a.putBack(cmd, s, p, past, server.Node))
	}
	if a.json {
		return failure // the last line has the run's id
	}
	fmt.Fprintf(a.stderr, "%-9s what this run did to files can be taken back: appm-provision rollback %s\n", "run", past.ID)
	return failure
}

// changedFiles tells whether a run has changed any file.
func changedFiles(past *run.Past) bool {
	for i := range past.Made {
		if kind := plan.Kind(past.Plan.Changes[i].Kind); kind == plan.KindFile || kind == plan.KindBlob {
			return true
		}
	}
	return false
}

// putBack takes back what a run did to one node, and tells how that went; the
// failure stays the run's outcome.
func (a *app) putBack(cmd *cobra.Command, s *session, p *plan.Plan, past *run.Past, node string) error {
	if who := rotated(p, node); who != "" {
		return exit{exitServer, fmt.Sprintf("node %s was not put back: the password of %s changed with it, which cannot be taken back; its files can: appm-provision rollback %s", node, who, past.ID)}
	}
	db := s.db
	defer func() { s.db = db }() // to be closed with the session
	s.db, s.sel.Database, s.of = nil, false, past.ID
	b, err := s.rollback(past, func(c run.Change) bool { return c.Node == node })
	if err == nil {
		err = s.goBack(cmd.Context(), b)
	}
	var back *plan.Plan
	if err == nil {
		back, err = s.lookBack(cmd.Context(), b)
	}
	if err == nil {
		err = a.show(back)
	}
	if err == nil && !back.Empty() {
		err = a.carryOut(cmd, s, back)
	}
	if err != nil {
		return fmt.Errorf("node %s was not put back: %w; try again: appm-provision rollback %s --limit %s", node, err, past.ID, node)
	}
	return exit{exitServer, fmt.Sprintf("node %s was put back as it was before run %s; what else that run did stays, and can be taken back: appm-provision rollback %s", node, past.ID, past.ID)}
}

// rotated is the account whose password a plan changes while the node is down.
func rotated(p *plan.Plan, node string) string {
	for _, c := range p.Changes {
		if account, is := c.After.(*plan.Account); is {
			if slices.ContainsFunc(account.Grants, func(g plan.Statement) bool { return g.Node == node }) {
				return c.Ref.Path
			}
		}
	}
	return ""
}
