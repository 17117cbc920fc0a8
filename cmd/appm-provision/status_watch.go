package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// A watch is status again and again, over connections that stay: one command on
// each host a round. On a terminal each round takes the place of the one
// before; elsewhere only what differs is written.
type watch struct {
	*session
	connected bool
	screen    *os.File // the terminal itself, past the gate; nil where there is none
	last      string
}

func (a *app) watch(ctx context.Context, every time.Duration) error {
	if every < time.Second {
		return usage("--watch is %s; want 1s or more: each round is a command on every host", every)
	}
	s, err := a.prepare(ctx)
	if err != nil {
		return err
	}
	w := &watch{session: s}
	a.followed = true
	if file, is := behind(a.stdout).(*os.File); is && term.IsTerminal(int(file.Fd())) {
		w.screen = file
	}
	defer w.leave()
	for ctx.Err() == nil { // who ends a watch has seen what there was to see: that is no error
		rows, err := w.round(ctx)
		if err := w.show(ctx, rows, err); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
	return nil
}

// round looks once. After one that did not find all out, a connection may be
// gone: the next round makes new ones.
func (w *watch) round(ctx context.Context) ([]report.Row, error) {
	if !w.connected {
		if err := w.openReachable(ctx); err != nil {
			w.hangUp()
			return nil, err
		}
		w.connected = true
	}
	rows, err := w.status(ctx)
	if rows == nil || len(w.down) > 0 {
		w.hangUp()
	}
	return rows, err
}

func (w *watch) hangUp() {
	w.close()
	w.connected, w.conns, w.db, w.root = false, map[string]*sshexec.Conn{}, nil, nil
}

func (w *watch) show(ctx context.Context, rows []report.Row, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	if w.json {
		return w.line(ctx, rows, err)
	}
	now := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	if w.screen == nil {
		for i := range rows {
			rows[i].Up = 0 // it always changes
		}
	}
	text := w.text(rows, err)
	if w.screen != nil {
		return w.redraw(now + "\n" + text)
	}
	if text == w.last {
		return nil
	}
	w.last = text
	_, err = fmt.Fprintf(w.stdout, "%s\n%s\n", now, text)
	return err
}

// text is what the round found, as the gate lets it through.
func (w *watch) text(rows []report.Row, err error) string {
	var b bytes.Buffer
	gate := report.NewScreen(&b)
	if rows != nil {
		_ = report.Status(gate, rows) // a buffer takes everything
	}
	if err != nil {
		fmt.Fprintln(gate, err)
	}
	_ = gate.Close()
	return b.String()
}

// Another screen is drawn on, so that what was on the terminal comes back, and
// so that a resize between two rounds cannot make one begin at the wrong line.
const (
	enterScreen = "\x1b[?1049h"
	leaveScreen = "\x1b[?1049l"
	toTheTop    = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
)

// redraw writes over what is there, line by line, and clears only what is left
// over: nothing flickers.
func (w *watch) redraw(text string) error {
	width, height, err := term.GetSize(int(w.screen.Fd()))
	if err != nil || width < 2 || height < 2 { // a terminal that does not tell its size
		width, height = helpWidth, 24
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var b strings.Builder
	if w.last == "" {
		b.WriteString(enterScreen)
	}
	w.last = text
	b.WriteString(toTheTop)
	for _, line := range lines[:min(len(lines), max(1, height-1))] {
		if r := []rune(line); len(r) > width {
			line = string(r[:width-1]) + "…"
		}
		b.WriteString(line + clearLine + "\r\n")
	}
	b.WriteString(clearBelow)
	_, err = io.WriteString(w.screen, b.String())
	return err
}

// leave ends the connections, and gives the terminal back with the last round
// on it.
func (w *watch) leave() {
	w.hangUp()
	if w.screen != nil && w.last != "" {
		_, _ = io.WriteString(w.screen, leaveScreen+strings.ReplaceAll(w.last, "\n", "\r\n")) // the terminal may be gone
	}
}

// line is one look as a line of JSON.
func (w *watch) line(ctx context.Context, rows []report.Row, err error) error {
	var d report.Document = report.NewErrorDocument()
	if rows != nil {
		d = report.NewStatus(w.inv.Name, rows)
	}
	d.End(w.data.warned(), w.fault(ctx, err))
	return report.WriteLine(w.stdout, d)
}
