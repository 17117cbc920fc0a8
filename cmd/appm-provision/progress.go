package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// following shows how a run gets on: on a terminal as lines that are kept up to
// date, else as lines with their times, or not at all.
type following struct {
	told io.Writer // for lines about the run
	last io.Writer // for its last word
	live *report.Live
	line report.Progress
}

func (a *app) follow(p *plan.Plan, id string) *following {
	f := &following{told: report.Stamps(a.stderr), last: a.stdout}
	screen, is := a.stderr.(*report.Screen)
	switch {
	case a.quiet:
		f.told = io.Discard
	case is && a.lively():
		f.told = a.stderr
	}
	fmt.Fprintf(f.told, "%-9s %s\n", "run", id)
	if f.told == io.Writer(screen) {
		f.live = report.NewLive(screen, p, a.size)
		a.followed = true
	}
	f.line.W = f.told
	return f
}

// lively tells whether lines on stderr can be kept up to date, and should be. The
// more verbose forms are read line by line, and so is the log of a CI.
func (a *app) lively() bool {
	return terminalOf(a.stderr) != nil && a.verbosity < sayTimes && os.Getenv("TERM") != "dumb" && os.Getenv("CI") == ""
}

// size is that of the terminal behind stderr; one that does not say is like the
// first ones.
func (a *app) size() (columns, rows int) {
	if file := terminalOf(a.stderr); file != nil {
		if columns, rows, err := term.GetSize(int(file.Fd())); err == nil && columns > 0 && rows > 0 {
			return columns, rows
		}
	}
	return 80, 24
}

func (f *following) event(e run.Event) {
	if f.live != nil {
		f.live.Event(e)
		return
	}
	f.line.Event(e)
}

func (f *following) made(_ int, r plan.Ref, _ string) {
	if f.live != nil {
		f.live.Made(r)
	}
}

// end says how each target came out.
func (f *following) end(r *run.Report) {
	if f.live != nil {
		f.live.Close()
	}
	report.Outcome(f.told, r)
}

// over says the last word of a run that came out well; of another one the error
// does.
func (f *following) over(_ context.Context, r *run.Report, err error) {
	if err == nil {
		fmt.Fprintf(f.last, "Applied and verified in %s.\n", r.Took.Round(100*time.Millisecond))
	}
}
