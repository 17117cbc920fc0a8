package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
)

func (a *app) validateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "validate", Short: "Check the inventory; open no connection", Args: cobra.NoArgs,
		Example: "  appm-provision validate\n  appm-provision validate -i production.toml",
		RunE: func(*cobra.Command, []string) error {
			inv, err := a.read()
			if err != nil {
				return err
			}
			if a.json {
				a.answer(report.NewValidate(unprefix(a.inventory), inv.Name, len(inv.Hosts), len(inv.Nodes), layout(inv)))
				return nil
			}
			fmt.Fprintf(a.stdout, "%s: valid: deployment %s, %d nodes on %d hosts\n", unprefix(a.inventory), inv.Name, len(inv.Nodes), len(inv.Hosts))
			return nil
		},
	}
	a.inventoryFlag(cmd)
	return cmd
}

func (a *app) planCommand() *cobra.Command {
	detailed, out, page := false, "", ""
	cmd := &cobra.Command{
		Use: "plan", Short: "Show exactly what apply would change; change nothing", Args: cobra.NoArgs,
		Example: "  appm-provision plan\n  appm-provision plan --limit publisher1,store\n" +
			"  appm-provision plan --detailed-exitcode       # drift is exit code 2\n" +
			"  appm-provision plan --html plan.html          # a page for the change ticket",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, p, err := a.planned(cmd)
			if err != nil {
				return err
			}
			defer s.close()
			if err := a.show(p); err != nil {
				return err
			}
			if out != "" {
				if err := s.save(p, out); err != nil {
					return err
				}
			}
			if page != "" {
				if err := s.planHTML(p, page); err != nil {
					return err
				}
			}
			if detailed && !p.Empty() {
				return exit{code: exitChanges}
			}
			return nil
		},
	}
	a.deploymentFlags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "also save the plan in this `file`, for apply FILE")
	cmd.Flags().StringVar(&page, "html", "", "also write the plan in this `file`, as one page")
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 2 when there are changes")
	return cmd
}

func (a *app) applyCommand() *cobra.Command {
	var yes, dry bool
	cmd := &cobra.Command{
		Use: "apply [FILE]", Short: "Show the plan, ask, make its changes, verify", Args: cobra.MaximumNArgs(1),
		Long: "Show the plan, ask, make exactly its changes, verify. FILE is a plan that was\n" +
			"saved by plan --out: then that one is made, or nothing.",
		Example: "  appm-provision apply --limit gateway1\n  appm-provision apply tonight.plan",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !dry {
				if err := a.stream(yes, "nothing was applied"); err != nil {
					return err
				}
			}
			s, p, err := a.plannedAs(cmd, args)
			if err != nil {
				return err
			}
			defer s.close()
			a.asks = !yes && !dry
			if err := a.show(p); err != nil || dry || p.Empty() {
				return err
			}
			if err := s.preflight.ready(cmd.Context()); err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), yes); err != nil {
				return err
			}
			return a.carryOut(cmd, s, p)
		},
	}
	a.deploymentFlags(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "the same as plan")
	cmd.Flags().BoolVar(&a.takeBack, "rollback-on-failure", false, "put a node that does not come up back, then stop")
	return cmd
}

func (a *app) carryOut(cmd *cobra.Command, s *session, p *plan.Plan) error {
	rec, err := s.begin(p, s.of)
	if err != nil {
		return err
	}
	f := a.follower(s, p, rec)
	rec.saw = f.made
	r, err := s.applyAlone(cmd.Context(), p, rec.events(f.event))
	f.end(r)
	s.finish(cmd.Context(), err, r)
	if err != nil {
		err = a.afterFailure(cmd, s, p, err)
	}
	f.over(cmd.Context(), r, err)
	return err
}

// planned connects, gathers and builds; on success the session is the caller's
// to close.
func (a *app) planned(cmd *cobra.Command) (*session, *plan.Plan, error) {
	s, err := a.prepare(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	if err = s.open(cmd.Context()); err == nil {
		var (
			state *plan.State
			p     *plan.Plan
		)
		s.ask()
		if state, p, err = s.look(cmd.Context()); err == nil {
			s.preflight = s.before(state, p)
			p.Notes = append(append(p.Notes, s.preflight.notes()...), s.accessNotes(p)...)
			return s, p, nil
		}
		err = s.explain(cmd.Context(), err)
	}
	s.close()
	return nil, nil, err
}

func (a *app) show(p *plan.Plan) error {
	if a.json {
		return a.showJSON(p)
	}
	o, err := a.options()
	if err != nil {
		return err
	}
	o.Brief = a.quiet && !a.asks
	return report.Plan(a.stdout, p, o)
}

func (a *app) colored() (bool, error) {
	switch a.color {
	case "always":
		a.painted()
		return true, nil
	case "never":
		return false, nil
	case "auto":
		colored := terminalOf(a.stdout) != nil && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if colored {
			a.painted()
		}
		return colored, nil
	}
	return false, usage("--color is %q; it may be auto, always or never", a.color)
}

// confirm asks on a terminal. Without one, somebody must have said yes before.
func (a *app) confirm(ctx context.Context, yes bool) error {
	if yes {
		return nil
	}
	if !term.IsTerminal(int(a.stdin.Fd())) {
		return usage("nothing was applied: there is no terminal to ask on; pass --yes to apply without a question")
	}
	answer, err := a.reply(ctx, "Apply this plan? Only \"yes\" does: ")
	if err == nil && answer != "yes" {
		err = exit{exitOther, "nothing was applied"}
	}
	return err
}
