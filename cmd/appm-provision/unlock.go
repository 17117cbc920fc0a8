package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
)

func (a *app) unlockCommand() *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use: "unlock", Short: "Show who has the locks of hosts and database, ask, remove them", Args: cobra.NoArgs,
		Long: "Show who has the locks of hosts and database, ask, remove them. A lock whose\n" +
			"run has died needs no unlock: the next run takes it over. A run that lives\n" +
			"stops when its lock is removed.",
		Example: "  appm-provision unlock\n  appm-provision unlock --limit gateway1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.prepare(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			if err := s.open(cmd.Context()); err != nil {
				return err
			}
			list, err := s.locks(cmd.Context())
			if a.json {
				return s.unlockJSON(cmd.Context(), list, err, yes)
			}
			if err != nil || len(list) == 0 {
				if err == nil {
					fmt.Fprintln(a.stdout, "Nothing is locked.")
				}
				return err
			}
			for _, l := range list {
				fmt.Fprintln(a.stdout, report.Visible(l.text))
			}
			if err := a.consent(cmd.Context(), yes); err != nil {
				return err
			}
			return s.unlock(cmd.Context(), list)
		},
	}
	f := cmd.Flags()
	a.inventoryFlag(cmd)
	f.StringSliceVar(&a.limit, "limit", nil, "only these `names`: hosts, nodes, roles, database")
	f.BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// lock is one that somebody has.
type lock struct {
	target string
	text   string
	remove func(context.Context) (bool, error)
}

// locks reads all of them. A database that is not there has none.
func (s *session) locks(ctx context.Context) ([]lock, error) {
	var list []lock
	var errs []error
	for _, h := range s.inv.Hosts {
		conn, is := s.conns[h.Name]
		if !is {
			continue
		}
		owner, err := converge.HostLock(ctx, conn, h.Name, h.StateDir)
		errs = append(errs, err)
		if owner != nil {
			list = append(list, lock{
				target: h.Name,
				text:   fmt.Sprintf("%s: %s, for %s now; %s", h.Name, owner, owner.Age, howItIs[owner.State]),
				remove: func(ctx context.Context) (bool, error) {
					return converge.Unlock(ctx, conn, h.Name, h.StateDir, owner)
				},
			})
		}
	}
	if s.db != nil {
		l, err := s.databaseLock(ctx)
		errs = append(errs, err)
		if l != nil {
			list = append(list, *l)
		}
	}
	return list, errors.Join(errs...)
}

var howItIs = map[string]string{
	"lives":  "it lives",
	"gone":   "it has ended without letting go; the next run takes the lock over by itself",
	"silent": "it gives no sign of life; the next run takes the lock over by itself",
}

func (s *session) databaseLock(ctx context.Context) (*lock, error) {
	o := dbinit.Options{Ledger: s.inv.Database.Ledger}
	owner, err := dbinit.Holder(ctx, s.db, o)
	if err != nil || owner == nil {
		return nil, err
	}
	who := "a run"
	if owner.Run != "" {
		who = "run " + owner.Run + " of " + owner.Operator
	}
	return &lock{
		target: plan.Deployment,
		text:   fmt.Sprintf("%s: %s, connection %d from %s, for %s now; it lives", plan.Deployment, who, owner.Connection, owner.Address, owner.Age.Round(time.Second)),
		remove: func(ctx context.Context) (bool, error) { return true, dbinit.Break(ctx, s.db, o, *owner) },
	}, nil
}

// consent asks on a terminal. Without one, somebody must have said yes before.
func (a *app) consent(ctx context.Context, yes bool) error {
	switch {
	case yes:
		return nil
	case !term.IsTerminal(int(a.stdin.Fd())):
		return usage("nothing was unlocked: there is no terminal to ask on; pass --yes to unlock without a question")
	}
	answer, err := a.reply(ctx, `Remove these locks? A run that lives stops then. Only "yes" does: `)
	if err == nil && answer != "yes" {
		err = exit{exitOther, "nothing was unlocked"}
	}
	return err
}

// unlockJSON shows the locks also where nothing says that they may go.
func (s *session) unlockJSON(ctx context.Context, list []lock, err error, yes bool) error {
	held := make([]report.HeldLock, len(list))
	for i, l := range list {
		held[i] = report.HeldLock{Target: l.target, Text: strings.TrimPrefix(l.text, l.target+": ")}
	}
	defer func() { s.answer(report.NewUnlock(held)) }()
	if err != nil || len(list) == 0 {
		return err
	}
	if !yes {
		return usage("nothing was unlocked: with --json there is nobody to ask; pass --yes to unlock without a question")
	}
	var errs []error
	for i, l := range list {
		removed, err := l.remove(ctx)
		held[i].Removed = removed && err == nil
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (s *session) unlock(ctx context.Context, list []lock) error {
	var errs []error
	for _, l := range list {
		removed, err := l.remove(ctx)
		errs = append(errs, err)
		switch {
		case err != nil:
		case removed:
			fmt.Fprintf(s.stdout, "%s: unlocked\n", l.target)
		default:
			fmt.Fprintf(s.stdout, "%s: the lock went meanwhile\n", l.target)
		}
	}
	return errors.Join(errs...)
}
