package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

func (a *app) destroyCommand() *cobra.Command {
	var yes, dry bool
	var databases string
	cmd := &cobra.Command{
		Use: "destroy", Short: "Take the deployment away: show the plan, ask, do it, verify", Args: cobra.NoArgs,
		Long: "Take the deployment away: stop its servers, remove units, host entries and the\n" +
			"homes that this tool unpacked. Other homes stay as they are, and so do databases\n" +
			"and accounts, unless --databases names the deployment; then it is asked twice.",
		Example: "  appm-provision destroy --dry-run\n  appm-provision destroy --limit store2\n  appm-provision destroy --databases staging",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !dry {
				if err := a.stream(yes, "nothing was removed"); err != nil {
					return err
				}
			}
			s, p, err := a.wayOut(cmd, databases)
			if err != nil {
				return err
			}
			defer s.close()
			a.asks = !yes && !dry
			if err := a.show(p); err != nil || dry || p.Empty() {
				return err
			}
			if err := a.confirmOut(cmd.Context(), s, p, yes); err != nil {
				return err
			}
			return a.carryOut(cmd, s, p)
		},
	}
	a.deploymentFlags(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only show what would be removed")
	cmd.Flags().StringVar(&databases, "databases", "", "also drop databases and accounts of the deployment of this `name`")
	return cmd
}

// wayOut connects to the hosts and plans the way out; on success the session is
// the caller's to close.
func (a *app) wayOut(cmd *cobra.Command, databases string) (*session, *plan.Plan, error) {
	a.hostsOnly = !cmd.Flags().Changed("databases")
	s, err := a.prepareOut(cmd.Context(), databases)
	if err != nil {
		return nil, nil, err
	}
	var p *plan.Plan
	if err = s.open(cmd.Context()); err == nil {
		p, err = s.lookOut(cmd.Context())
	}
	if err != nil {
		s.close()
		return nil, nil, err
	}
	return s, p, nil
}

// prepareOut reads everything local that the way out needs: neither the driver
// nor the account's password, which may be gone already.
func (a *app) prepareOut(ctx context.Context, databases string) (*session, error) {
	s, err := a.begun()
	if err != nil {
		return nil, err
	}
	s.out = true
	if err := s.mayDrop(databases); err != nil {
		return nil, err
	}
	from := a.sources(ctx, s.dir)
	if s.touchesDatabase() {
		if err := s.prepareDatabase(from); err != nil {
			return nil, usage("%v", err)
		}
	}
	s.deployment = steps.Deployment{Inventory: s.inv, Select: s.sel, Admin: s.admin}
	s.clean = cleaner(s.admin)
	s.steps = steps.Out(s.deployment)
	return s, s.prepareLogins(ctx, from)
}

// mayDrop holds what --databases asks for: the deployment by its name, so that
// it is not asked for by habit, and all of it.
func (s *session) mayDrop(databases string) error {
	switch {
	case s.hostsOnly:
		return nil
	case databases != s.inv.Name:
		return usage("--databases is %q, but %s is of the deployment %s; nothing was removed", databases, unprefix(s.inventory), s.inv.Name)
	case len(s.limit) > 0:
		return usage("--databases belongs to the whole deployment, and --limit is to a part of it; leave one of them out")
	case !s.inv.Database.Manage:
		return usage("%s says manage = false: the databases are not this tool's to drop; leave --databases out", unprefix(s.inventory))
	}
	return nil
}

// lookOut gathers, and plans the way out.
func (s *session) lookOut(ctx context.Context) (*plan.Plan, error) {
	s.inquiries = map[string]converge.Inquiry{}
	for name := range s.conns { // a run that was broken off has left uploads there
		s.inquiries[name] = s.asksUploads(name, converge.Inquiry{Files: s.filesOn(name)})
	}
	_, p, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	p.Notes = append(append(p.Notes, s.remaining()...), s.accessNotes(p)...)
	if p.Empty() {
		p.Kept = nil // nothing is kept: it is not there
	}
	return p, nil
}

// remaining says what stays of the deployment although it could be thought to go.
func (s *session) remaining() []plan.Note {
	db := s.inv.Database
	var notes []plan.Note
	if !s.touchesDatabase() && len(s.limit) == 0 && db.Manage {
		notes = append(notes, plan.Note{Target: plan.Deployment, Text: "databases and accounts stay; --databases " + s.inv.Name + " drops them"})
	}
	if db.Install && len(s.limit) == 0 {
		notes = append(notes, plan.Note{Target: db.Host, Text: "the database server stays installed, with the file that lets the nodes reach it"})
	}
	return notes
}

// confirmOut asks, and once more where databases are dropped.
func (a *app) confirmOut(ctx context.Context, s *session, p *plan.Plan, yes bool) error {
	if err := a.confirm(ctx, yes); err != nil || yes || len(p.On(plan.Deployment)) == 0 {
		return err
	}
	answer, err := a.reply(ctx, "Databases go with all that is in them, and nothing brings them back. The name of the deployment drops them: ")
	if err == nil && answer != s.inv.Name {
		err = exit{exitOther, "nothing was applied"}
	}
	return err
}
