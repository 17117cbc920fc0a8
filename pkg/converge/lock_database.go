package converge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// database takes the database server's lock, and keeps it until kept ends.
func (l *Locks) database(ctx, kept context.Context) error {
	own, give := context.WithCancel(kept)
	h, err := dbinit.Hold(ctx, l.claim.DB, dbinit.Options{Ledger: l.claim.Ledger},
		dbinit.Owner{Run: l.claim.Run, Operator: oneLine(l.claim.Operator)}, deadAfter*l.claim.Every)
	if err != nil {
		give()
		return lockedDatabase(err)
	}
	if was := h.Before; was != nil {
		l.say(run.Event{Stage: run.Lock, Note: true, Target: plan.Deployment, Text: fmt.Sprintf(
			"the lock is taken over from run %s of %s, which took it %s ago and ended without letting go of it", was.Run, was.Operator, was.Age.Round(time.Second))})
	}
	l.kept.Go(func() {
		defer give()
		if err := l.beat(own, h); err != nil && own.Err() == nil {
			l.lose(&Error{Cause: Locked, Target: plan.Deployment, Text: err.Error() + "; so this run stops", below: err})
		}
		last, cancel := context.WithTimeout(context.Background(), releaseTime)
		defer cancel()
		h.Release(last)
	})
	return nil
}

// releaseTime is how long letting go may take.
const releaseTime = 5 * time.Second

func (l *Locks) beat(ctx context.Context, h *dbinit.Holding) error {
	every := time.NewTicker(l.claim.Every)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
			// Half of what the server waits: a way that takes longer is lost.
			now, cancel := context.WithTimeout(ctx, deadAfter/2*l.claim.Every)
			err := h.Beat(now)
			cancel()
			if err != nil {
				return err
			}
		}
	}
}

func lockedDatabase(err error) error {
	var taken *dbinit.Taken
	if errors.As(err, &taken) {
		return &Error{Cause: Locked, Target: plan.Deployment, Text: err.Error(), below: err}
	}
	return ofDatabase(err)
}
