package main

import (
	"context"
	"errors"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// A host that is lost takes its lock along, and so ends what is under way on
// the others: that is no interrupt of the operator's.
func TestALostLockIsNoInterrupt(t *testing.T) {
	elsewhere := &sshexec.Error{Host: "gw1", Kind: sshexec.Interrupted}
	lost := &sshexec.Error{Host: "pub1", Kind: sshexec.Lost}
	held, lose := context.WithCancelCause(t.Context())
	if err := blamed(t.Context(), held, elsewhere); err != elsewhere {
		t.Errorf("while the lock is held: %v", err)
	}
	lose(lost)
	for err, text := range map[error]string{
		elsewhere:                    lost.Error() + "\n" + elsewhere.Error(),
		errors.Join(elsewhere, lost): elsewhere.Error() + "\n" + lost.Error(),
	} {
		if got := blamed(t.Context(), held, err); exitCode(t.Context(), got) != exitUnreachable || got.Error() != text {
			t.Errorf("got %d: %v, want %d: %s", exitCode(t.Context(), got), got, exitUnreachable, text)
		}
	}
	if err := blamed(t.Context(), held, nil); err != nil {
		t.Errorf("a run that came to its end: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if got := blamed(stopped, held, elsewhere); exitCode(stopped, got) != exitInterrupted {
		t.Errorf("interrupted by the operator: %v", got)
	}
}
