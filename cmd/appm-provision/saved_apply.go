package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
)

func (a *app) showCommand() *cobra.Command {
	page := ""
	cmd := &cobra.Command{
		Use: "show FILE", Short: "Show a plan that plan --out has saved; open no connection", Args: cobra.ExactArgs(1),
		Example: "  appm-provision show tonight.plan\n  appm-provision show tonight.plan --html tonight.html",
		RunE: func(_ *cobra.Command, args []string) error {
			o, err := a.options()
			if err != nil {
				return err
			}
			s, err := readSaved(args[0])
			if err != nil {
				return usage("%v", err)
			}
			if !s.sameKey {
				a.warn("%s was made with another key, on another machine or by another user: whether it is as it was made cannot be told", s.file)
			}
			if page != "" {
				if err := a.savedHTML(s, page); err != nil || !a.json {
					return err
				}
			}
			if a.json {
				return a.showSaved(s)
			}
			fmt.Fprint(a.stdout, s.heading())
			if inv, _, err := inventory.Parse(s.Inventory, []byte(s.Source)); err == nil { // else hosts are told apart by their addresses
				o.Addresses = addresses(inv)
			}
			o.Brief = a.quiet
			return report.Plan(a.stdout, s.plan, o)
		},
	}
	a.verbosityFlags(cmd)
	a.colorFlag(cmd)
	cmd.Flags().StringVar(&page, "html", "", "write the plan in this `file` instead, as one page")
	return cmd
}

// showSaved is the saved plan as JSON.
func (a *app) showSaved(s *savedPlan) error {
	d, err := report.OfPlan(s.plan, report.Options{Verbose: a.verbosity >= sayWhy})
	if err != nil {
		return err
	}
	d.Saved = &report.SavedBy{
		File: s.file, At: s.At.UTC().Format(time.RFC3339), Operator: s.Operator, Version: s.By, Inventory: s.Inventory, Limit: s.Limit, Sealed: s.sameKey,
	}
	a.answer(d)
	return nil
}

// heading says whose plan it is.
func (s *savedPlan) heading() string {
	text := fmt.Sprintf("made      %s by %s, appm-provision %s\ninventory %s\n", s.At.Format("2006-01-02 15:04:05Z"), s.Operator, s.By, s.Inventory)
	if len(s.Limit) > 0 {
		text += "limit     " + strings.Join(s.Limit, ", ") + "\n"
	}
	return report.Visible(text) + "\n"
}

// useSaved makes the saved plan's inventory and limit those of the command. The
// way to the inventory may be another here: -i says so.
func (a *app) useSaved(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.Flags().Changed("limit") {
		return usage("a saved plan has its own limit; leave --limit out, or plan again with it")
	}
	s, err := readSaved(args[0])
	if err != nil {
		return usage("%v", err)
	}
	if !cmd.Flags().Changed("inventory") {
		a.inventory = s.Inventory
	}
	a.saved, a.limit = s, s.Limit
	return nil
}

// inventoryText is the inventory: the file, or the saved plan's with the
// secrets of the file, which are not in the plan. What else has changed in the
// file since does not count.
func (a *app) inventoryText() ([]byte, error) {
	file, err := os.ReadFile(a.inventory)
	if a.saved == nil {
		return file, err
	}
	src, missing := inventory.Fill([]byte(a.saved.Source), file)
	switch {
	case missing != nil && err != nil:
		return nil, fmt.Errorf("%w: the saved plan holds no secret, and those of its inventory stand in it", err)
	case missing != nil:
		return nil, fmt.Errorf("%s: the secrets that stood in the inventory of the saved plan are needed from it: %w", a.inventory, missing)
	}
	return src, nil
}

// unmoved refuses unless the plan is the saved one.
func (a *app) unmoved(p *plan.Plan) error {
	if a.saved == nil {
		return nil
	}
	data, err := plan.Encode(p, sealer(a.saved.key))
	if err != nil {
		return err
	}
	now, err := plan.Decode(data)
	if err != nil {
		return err
	}
	if !a.saved.sameKey {
		a.warn("%s was made with another key, on another machine or by another user: everything but its secrets was compared", a.saved.file)
	}
	moved := plan.Compare(a.saved.plan, now, a.saved.sameKey)
	if len(moved) == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("%s was made at %s, and this has moved since:", a.saved.file, a.saved.At.Format("2006-01-02 15:04:05Z"))}
	for _, m := range moved {
		lines = append(lines, "  "+m.Ref.String()+" "+m.Text)
	}
	return exit{exitDrift, strings.Join(append(lines, "nothing was applied; plan again"), "\n")}
}

// plannedAs is planned, and with a saved plan exactly that one or an error.
func (a *app) plannedAs(cmd *cobra.Command, args []string) (*session, *plan.Plan, error) {
	if err := a.useSaved(cmd, args); err != nil {
		return nil, nil, err
	}
	s, p, err := a.planned(cmd)
	if err != nil {
		return nil, nil, err
	}
	if err := a.unmoved(p); err != nil {
		s.close()
		return nil, nil, err
	}
	return s, p, nil
}
