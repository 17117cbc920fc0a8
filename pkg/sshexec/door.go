package sshexec

import (
	"context"
	"sync"
	"sync/atomic"
)

// door is what a connection has learnt about the way in.
type door struct {
	terminal atomic.Bool // the change of user wants a terminal
	watched  atomic.Bool // whether sudo logs what passes is known

	mu     sync.Mutex
	known  bool          // the password was right
	barred error         // it was wrong: it is not tried again
	trying chan struct{} // closed when the one who tries it for the first time knows
}

// turn makes the first one who needs the password the only one: a wrong one is
// tried once. The verdict must be told by settle.
func (d *door) turn(ctx context.Context, cfg *Config) (settle func(verdict, error), err error) {
	for {
		d.mu.Lock()
		wait := d.trying
		switch {
		case d.barred != nil || d.known:
			defer d.mu.Unlock()
			return func(verdict, error) {}, d.barred
		case wait == nil:
			d.trying = make(chan struct{})
			d.mu.Unlock()
			return d.settle, nil
		}
		d.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, cfg.interrupted(ctx, "waiting for "+cfg.Become)
		}
	}
}

func (d *door) settle(v verdict, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known = v == begun
	if v == wrongPassword {
		d.barred = err
	}
	close(d.trying)
	d.trying = nil
}
