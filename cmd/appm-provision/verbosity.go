package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// What -v, -vv and -vvv add. The first is part of what is shown; the others are
// told on stderr as they happen.
const (
	sayWhy     = 1 // why nothing is to do, SQL statements of scripts
	sayTimes   = 2 // stages and operations, and how long each took
	sayTraffic = 3 // what went over the wire, by name and size; never what it said
)

func (a *app) verbosityFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.CountVarP(&a.verbosity, "verbose", "v", "also SQL and why nothing is to do; -vv, -vvv more")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress, and of a plan only its last line")
}

// loudness refuses what contradicts itself.
func (a *app) loudness() error {
	if a.quiet && a.verbosity > 0 {
		return usage("--quiet and --verbose contradict each other; leave one of them out")
	}
	return nil
}

// trace tells what happened, when. Secrets do not belong here; those that a
// host's or a file's name may hold are taken out all the same.
func (a *app) trace(level int, format string, args ...any) {
	if a.verbosity < level {
		return
	}
	text := fmt.Sprintf(format, args...)
	if a.clean != nil {
		text = a.clean(text)
	}
	report.Stamped(a.stderr, time.Now(), text)
}

// timed tells how long something took that begins now; the caller calls what it
// returns at its end.
func (a *app) timed(format string, args ...any) (end func()) {
	began, waited := time.Now(), func() {}
	if w := a.waiting; w != nil {
		waited = w.Begin(fmt.Sprintf(format, args...))
	}
	return func() {
		waited()
		a.trace(sayTimes, format+": %s", append(args, short(time.Since(began)))...)
	}
}

// waits shows, until the caller calls what it returns, what is waited for: on a
// terminal, and where the run of a plan does not show more.
func (a *app) waits() (end func()) {
	screen, is := a.stderr.(*report.Screen)
	if !is || a.quiet || a.waiting != nil || a.followed || !a.lively() {
		return func() {}
	}
	a.waiting = report.NewWait(screen, a.size)
	return func() {
		a.waiting.Close()
		a.waiting = nil
	}
}

// short is a duration as precise as it is of interest.
func short(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// stageTook tells of a stage of an apply.
func (a *app) stageTook(stage run.Stage, took time.Duration) {
	a.trace(sayTimes, "stage %s: %s", stage, short(took))
}

// operation tells of what went over an SSH connection.
func (a *app) operation(o sshexec.Operation) {
	var figures string
	if o.Sent+o.Received > 0 { // a tunnel is told of when it opens
		figures = fmt.Sprintf("%d bytes sent, %d received, ", o.Sent, o.Received)
	}
	if o.RoundTrips > 0 {
		figures += fmt.Sprintf("round trips %d, ", o.RoundTrips)
	}
	a.trace(sayTraffic, "%s: wire: %s: %s%s", o.Host, o.Name, figures, short(o.Took))
}

// packets tells of what goes to the database server, by number and size.
func (a *app) packets(who string) func(dbinit.Packet) {
	if a.verbosity < sayTraffic {
		return nil
	}
	var sent atomic.Int64
	return func(p dbinit.Packet) {
		a.trace(sayTraffic, "%s: wire: SQL batch %d: %d bytes, round trips 1, %s", who, sent.Add(1), p.Bytes, short(p.Took))
	}
}

// watched is a host that tells how long what it does takes.
type watched struct {
	converge.Host
	*app
	name string
}

func (w watched) Gather(ctx context.Context, reads []converge.Read) ([][]converge.Found, error) {
	defer w.timed("%s: gather of %d reads", w.name, len(reads))()
	return w.Host.Gather(ctx, reads)
}

func (w watched) Replace(ctx context.Context, files []converge.Replace) ([]converge.Wrote, error) {
	defer w.timed("%s: replace of %d files", w.name, len(files))()
	return w.Host.Replace(ctx, files)
}

func (w watched) Run(ctx context.Context, as, script string, args []string, stdin []byte, line func(string)) (int, string, error) {
	defer w.timed("%s: %s", w.name, sshexec.Title(script))()
	return w.Host.Run(ctx, as, script, args, stdin, line)
}

func (w watched) Upload(ctx context.Context, name string, src io.ReaderAt, size int64, progress func(int64)) (string, error) {
	defer w.timed("%s: upload of %s, %d bytes", w.name, name, size)()
	return w.Host.Upload(ctx, name, src, size, progress)
}

func (w watched) Unstage(ctx context.Context, paths ...string) error {
	defer w.timed("%s: removal of %d uploads", w.name, len(paths))()
	return w.Host.Unstage(ctx, paths...)
}

func (w watched) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	defer w.timed("%s: tunnel to %s", w.name, address)()
	return w.Host.DialContext(ctx, network, address)
}
