package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/appm-provision/appm-provision/pkg/run"
)

// stopped is why a context has ended: a signal.
type stopped struct{ by string }

func (s stopped) Error() string { return "this program got " + s.by }

func (stopped) Unwrap() error { return context.Canceled }

var signals = map[os.Signal]string{os.Interrupt: "SIGINT", syscall.SIGTERM: "SIGTERM", syscall.SIGHUP: "SIGHUP"}

// interruptible is a context that the first signal ends. What is under way then
// is finished; a second one ends the program at once. A terminal that closes may
// send SIGHUP several times, which is one interrupt. What was to be ignored from
// the start, as nohup has it, stays so.
func interruptible(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	got, done := make(chan os.Signal, 8), make(chan struct{})
	for s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(got, s)
		}
	}
	go func() {
		insisted := 0
		for {
			select {
			case <-done:
				return
			case s := <-got:
				cancel(stopped{signals[s]})
				if s != syscall.SIGHUP {
					insisted++
				}
				if insisted == 2 {
					os.Exit(exitInterrupted)
				}
			}
		}
	}()
	return ctx, func() {
		signal.Stop(got)
		close(done)
		cancel(nil)
	}
}

// undisturbed lets a run go on whose output nobody takes any more: without it, a
// write to a closed pipe would end the program in the middle.
func undisturbed() { signal.Ignore(syscall.SIGPIPE) }

// patient says, once the run is interrupted, that it is about to end. It returns
// how to take that back.
func (a *app) patient(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		var by stopped
		if errors.As(context.Cause(ctx), &by) {
			fmt.Fprintf(a.stderr, "%s: what is under way is finished or undone first; an interrupt more ends it at once\n", by.by)
		}
	})
}

// cutShort is the error of a run that was interrupted between two changes.
func cutShort(ctx context.Context, r *run.Report) error {
	if ctx.Err() == nil {
		return nil
	}
	var by stopped
	if !errors.As(context.Cause(ctx), &by) {
		return context.Cause(ctx)
	}
	made, planned := 0, 0
	for _, o := range r.Outcomes {
		made, planned = made+o.Made, planned+o.Planned
	}
	if made == planned {
		return exit{exitInterrupted, fmt.Sprintf("interrupted by %s: all %d changes were made, but not verified; the same command does that", by.by, planned)}
	}
	return exit{exitInterrupted, fmt.Sprintf("interrupted by %s: %d of %d changes were made; the same command goes on from there", by.by, made, planned)}
}

// reply reads one line that somebody types, unless an interrupt comes first.
func (a *app) reply(ctx context.Context, question string) (string, error) {
	fmt.Fprint(a.stderr, question)
	type line struct {
		text string
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(a.stdin).ReadString('\n')
		if err == io.EOF {
			err = nil
		}
		typed <- line{strings.TrimSpace(text), err}
	}()
	select {
	case l := <-typed:
		return l.text, l.err
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return "", exit{exitInterrupted, "interrupted: nothing was changed"}
	}
}
