package converge

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/appm-provision/appm-provision/pkg/run"
)

//go:embed lock.sh
var lockScript string

// Keeper is what a lock needs of a machine: a script that is kept, and told every
// so often that we live. Hold returns when the script has ended, or the context.
type Keeper interface {
	Ahead(n int) // as Host has it
	Hold(ctx context.Context, script string, args []string, every time.Duration, line func(string)) (exit int, stderr string, err error)
}

// Lockable is a host, and where its lock is: "" is the usual place.
type Lockable struct {
	Keeper
	Store string
}

// Claim says whose locks they are, and of what.
type Claim struct {
	Run, Operator, Deployment string
	Hosts                     map[string]Lockable
	DB                        *sql.DB // nil where the databases stay as they are
	Ledger                    string
	Every                     time.Duration // between two signs of life; 10 s when zero
}

const (
	usualBeat = 10 * time.Second
	// deadAfter is how many beats without a sign of life are a death, as in lock.sh.
	deadAfter = 6
	// younger is how many seconds a run waits for a younger one to step back, when
	// each has some of the hosts that both want.
	younger = 3
)

// Locks are what a run holds while it changes anything.
type Locks struct {
	claim Claim
	token string
	say   func(run.Event)
	lose  context.CancelCauseFunc
	end   context.CancelFunc
	kept  sync.WaitGroup // scripts on hosts, and the session at the database
}

// Lock takes the locks of all hosts and of the database, side by side. Where one
// cannot be had, those that could are let go of, and the error says who has it.
// The context it returns ends with ctx, or when a lock is lost.
func Lock(ctx context.Context, c Claim, say func(run.Event)) (context.Context, *Locks, error) {
	c.Every = cmp.Or(c.Every, usualBeat)
	l := &Locks{claim: c, token: token(), say: say}
	held, lose := context.WithCancelCause(ctx)
	// What keeps a lock outlives an interrupt, as does what is under way then.
	kept, end := context.WithCancel(context.WithoutCancel(ctx))
	l.lose, l.end = lose, end
	if err := l.take(ctx, kept); err != nil {
		l.Release()
		return nil, nil, err
	}
	return held, l, nil
}

// Release lets go of all locks, and returns when that is done, or cannot be.
func (l *Locks) Release() {
	if l == nil {
		return
	}
	l.end()
	l.kept.Wait()
	l.lose(nil)
}

func token() string {
	b := make([]byte, 8)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func (l *Locks) take(ctx, kept context.Context) error {
	names := slices.Sorted(maps.Keys(l.claim.Hosts))
	errs := make([]error, len(names)+1)
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { errs[i] = l.host(ctx, kept, name) })
	}
	if l.claim.DB != nil {
		wg.Go(func() { errs[len(names)] = l.database(ctx, kept) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
