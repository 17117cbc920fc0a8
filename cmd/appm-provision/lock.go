package main

import (
	"context"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// applyAlone applies while it holds the locks of all that the plan changes. It
// stops when one is lost.
func (s *session) applyAlone(ctx context.Context, p *plan.Plan, events func(run.Event)) (*run.Report, error) {
	undisturbed()
	defer s.patient(ctx)()
	held, locks, err := converge.Lock(ctx, s.claim(p), events)
	if err != nil {
		return &run.Report{}, err
	}
	defer locks.Release()
	r, err := s.apply(held, p, events)
	return r, blamed(ctx, held, err)
}

// blamed is the error of a run, with the exit code of the lock whose loss ended
// it: what was under way on other hosts says only that it was interrupted.
func blamed(ctx, held context.Context, err error) error {
	if err == nil || ctx.Err() != nil || held.Err() == nil {
		return err
	}
	cause, text := context.Cause(held), err.Error()
	if !strings.Contains(text, cause.Error()) {
		text = cause.Error() + "\n" + text
	}
	return exit{exitCode(ctx, cause), text}
}

// claim is on every host that the plan changes, and on the database where the
// plan changes that. A database server that is yet to be installed has no lock.
func (s *session) claim(p *plan.Plan) converge.Claim {
	c := converge.Claim{
		Run: s.record.ID, Operator: operator(), Deployment: s.inv.Name,
		Hosts: map[string]converge.Lockable{}, Ledger: s.inv.Database.Ledger,
	}
	for name, conn := range s.conns {
		if len(p.On(name)) > 0 {
			c.Hosts[name] = converge.Lockable{Keeper: conn, Store: s.storeOf(name)}
		}
	}
	if len(p.At(plan.StageDatabases)) > 0 && len(p.At(plan.StageInstall)) == 0 || s.out && len(p.On(plan.Deployment)) > 0 {
		c.DB = s.db
	}
	return c
}

// storeOf is the folder of a host that holds its lock; "" is the usual one.
func (s *session) storeOf(name string) string {
	h, _ := s.inv.Host(name)
	return h.StateDir
}
