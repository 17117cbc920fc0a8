package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

func (a *app) runsCommand() *cobra.Command {
	deployment := ""
	cmd := &cobra.Command{
		Use: "runs", Short: "List the runs that this machine has recorded", Args: cobra.NoArgs,
		Long:    "List the runs that this machine has recorded, the newest first.",
		Example: "  appm-provision runs --deployment production\n  appm-provision runs show 20250131T1015",
		RunE: func(*cobra.Command, []string) error {
			dir, err := stateDir()
			if err != nil {
				return err
			}
			list, err := run.List(dir, deployment)
			if err != nil {
				return usage("%v", err)
			}
			if a.json {
				a.answer(report.NewRuns(dir, list))
				return nil
			}
			if len(list) == 0 {
				fmt.Fprintf(a.stdout, "No runs are recorded%s below %s.\n", of(deployment), dir)
				return nil
			}
			return report.Runs(a.stdout, list)
		},
	}
	cmd.Flags().StringVar(&deployment, "deployment", "", "only the runs of the one with this `name`")
	cmd.AddCommand(a.runsShowCommand(), a.runsPruneCommand())
	return cmd
}

func of(deployment string) string {
	if deployment == "" {
		return ""
	}
	return " of " + deployment
}

func (a *app) runsShowCommand() *cobra.Command {
	page := ""
	cmd := &cobra.Command{
		Use: "show ID|FILE", Short: "Show a run: its plan, what was done and when, how it ended",
		Long: "Show a run: its plan, what was done and when, how it ended. The first characters\n" +
			"of an id are enough; a name that ends in .jsonl is the file of a record, also\n" +
			"one that somebody else has made.",
		Example: "  appm-provision runs show 20250131T1015\n  appm-provision runs show 20250131T1015 --html run.html",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			color, err := a.colored()
			if err != nil {
				return err
			}
			p, err := findRun(args[0])
			if err != nil {
				return usage("%v", err)
			}
			if page != "" {
				if err := a.writeHTML(page, p, report.RunHTML); err != nil || !a.json {
					return err
				}
			}
			if a.json {
				a.answer(report.NewRun(p))
				return nil
			}
			return report.Run(a.stdout, p, report.Options{Color: color})
		},
	}
	a.colorFlag(cmd)
	cmd.Flags().StringVar(&page, "html", "", "write the run in this `file` instead, as one page")
	return cmd
}

// findRun reads the record of an id, or the file that is named.
func findRun(name string) (*run.Past, error) {
	if filepath.Ext(name) == ".jsonl" {
		p, err := run.Read(name)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w; appm-provision runs lists the records of this machine", err)
		}
		return p, err
	}
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	return pastRun(dir, name)
}

// pastRun is the record of an id or of its beginning. A slip in it is told as
// such: the ids are long.
func pastRun(dir, name string) (*run.Past, error) {
	p, err := run.Find(dir, name)
	if err == nil {
		return p, nil
	}
	list, listErr := run.List(dir, "")
	if listErr != nil {
		return nil, err
	}
	var ids []string
	for _, past := range list {
		ids = append(ids, past.ID[:min(len(past.ID), len(name))])
	}
	if near := inventory.Nearest(name, ids); near != "" && near != name {
		err = fmt.Errorf("%w (did you mean %s?)", err, near)
	}
	return nil, err
}

func (a *app) runsPruneCommand() *cobra.Command {
	var (
		deployment string
		keep       int
		older      string
		dry        bool
	)
	cmd := &cobra.Command{
		Use: "prune", Short: "Remove old records of runs", Args: cobra.NoArgs,
		Long:    "Remove old records of runs. Every apply does so with the limits below.",
		Example: "  appm-provision runs prune --dry-run\n  appm-provision runs prune --keep 10 --older-than 30d",
		RunE: func(*cobra.Command, []string) error {
			age, err := days(older)
			if err != nil {
				return usage("--older-than is %q; it may be a number of days (90d) or a duration (36h)", older)
			}
			if keep < 1 {
				return usage("--keep is %d; want 1 or more, as the newest record of a deployment always stays", keep)
			}
			dir, err := stateDir()
			if err != nil {
				return err
			}
			limits, prune, word := run.Limits{Keep: keep, Age: age, Now: time.Now()}, run.Prune, "removed"
			if dry {
				prune, word = run.Outgrown, "would remove"
			}
			list, err := prune(dir, deployment, limits)
			if a.json {
				a.answer(report.NewPrune(dry, keep, age, list))
				return err
			}
			for _, file := range list {
				fmt.Fprintf(a.stdout, "%s %s %s\n", word, filepath.Base(filepath.Dir(file)), strings.TrimSuffix(filepath.Base(file), ".jsonl"))
			}
			if err == nil && len(list) == 0 {
				fmt.Fprintf(a.stdout, "Nothing to remove%s.\n", of(deployment))
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&deployment, "deployment", "", "only the runs of the one with this `name`")
	f.IntVar(&keep, "keep", keepRecords, "how `many` records of each deployment stay")
	f.StringVar(&older, "older-than", strconv.Itoa(keepDays)+"d", "older records go (`age`: 90d, 36h), but the newest")
	f.BoolVar(&dry, "dry-run", false, "only say what would be removed")
	return cmd
}

// days reads a duration that may be given in days.
func days(text string) (time.Duration, error) {
	if n, is := strings.CutSuffix(text, "d"); is {
		count, err := strconv.ParseUint(n, 10, 16)
		return time.Duration(count) * day, err
	}
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		err = strconv.ErrRange
	}
	return d, err
}
