package sshexec

import (
	"context"
	"sync"
)

// A Trial is the first use of a password by hosts that share it, and the account
// with it perhaps, which a directory may lock after a few wrong ones: one host is
// given the password, and the others once that one has accepted it. Where it did
// not, no other host sees it.
type Trial struct {
	mu     sync.Mutex
	known  bool          // it is right
	barred string        // the host that was given it in vain
	by     string        // the host that is being given it
	trying chan struct{} // closed when that one has answered
}

// turn reports whether the host is the one to try. If it is, settle must be
// called. Neither mine nor wait means that the password is right.
func (t *Trial) turn(host string) (mine bool, wait <-chan struct{}, barred string) {
	if t == nil {
		return false, nil, ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.known || t.barred != "":
		return false, nil, t.barred
	case t.trying == nil:
		t.trying, t.by = make(chan struct{}), host
		return true, nil, ""
	}
	return false, t.trying, ""
}

// proof is what became of a trial.
type proof int

const (
	unproven proof = iota // the host did not ask, or went away before it did
	right
	wrong
)

func (t *Trial) settle(p proof) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known = p == right
	if p == wrong {
		t.barred = t.by
	}
	close(t.trying)
	t.trying = nil
}

// await is turn for who can do nothing else meanwhile.
func (t *Trial) await(ctx context.Context, host string) (mine bool, barred string, err error) {
	for {
		mine, wait, barred := t.turn(host)
		if wait == nil {
			return mine, barred, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return false, "", ctx.Err()
		}
	}
}

// trier is the host that is being given the password.
func (t *Trial) trier() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.by
}
