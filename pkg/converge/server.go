package converge

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

//go:embed server.sh
var serverScript string

// action is the word for what a change does to a server.
func action(c plan.Change) string {
	before, after := c.Before.(*plan.Server), c.After.(*plan.Server)
	switch {
	case !after.Running:
		return "stop"
	case before.Running:
		return "restart"
	}
	return "start"
}

// server makes one change of a server. A password that the server logs in
// with changes while it is stopped; else a restart is one script on the host.
func (a *application) server(ctx context.Context, c plan.Change) error {
	todo := action(c)
	if !a.during(c.Node) || todo == "stop" {
		return a.serverDo(ctx, c, todo)
	}
	if todo == "restart" {
		if err := a.serverDo(ctx, c, "stop"); err != nil {
			return err
		}
	}
	if err := a.accounts(ctx, c.Node); err != nil {
		return err
	}
	return a.serverDo(ctx, c, "start")
}

// serverDo makes one action. What systemd does, it does as root, and what is
// looked at below the home is looked at as its owner: a script of each.
func (a *application) serverDo(ctx context.Context, c plan.Change, todo string) error {
	start := c.After.(*plan.Server).Start
	if start == nil {
		start = &plan.Start{StopTimeout: 2 * time.Minute}
	}
	if start.Leaves != "" && todo != "start" {
		if err := a.unit(ctx, c, "stop", start.Leaves, seconds(start.StopTimeout)); err != nil {
			return err
		}
	}
	if start.Unit == "" || todo == "stop" {
		_, err := a.serverScript(ctx, c, start, todo, todo)
		return err
	}
	return a.serverUnit(ctx, c, start, todo)
}

// serverUnit lets systemd start the server, and waits for it as for any other.
func (a *application) serverUnit(ctx context.Context, c plan.Change, start *plan.Start, todo string) error {
	mark, err := a.serverScript(ctx, c, start, "mark", todo) // stops what runs beside the unit, too
	if err != nil {
		return err
	}
	if err := a.unit(ctx, c, "start", start.Unit); err != nil {
		return err
	}
	_, err = a.serverScript(ctx, c, start, "wait "+mark, todo)
	return err
}

// serverScript runs the script of one action, which does everything on the host,
// tells how it gets on and ends with the outcome. It is part of what is to be
// done with the server, and of mark it returns what that printed.
func (a *application) serverScript(ctx context.Context, c plan.Change, start *plan.Start, action, todo string) (mark string, err error) {
	args := []string{c.Ref.Path, action, start.JavaHome, seconds(start.StartTimeout), seconds(start.StopTimeout)}
	for _, port := range start.Ports {
		args = append(args, strconv.Itoa(port))
	}
	failed := &Error{Cause: Server, Target: c.Ref.Target, Node: c.Node}
	exit, stderr, err := a.Hosts[c.Ref.Target].Run(ctx, c.As, serverScript, args, nil, func(l string) {
		if text, is := strings.CutPrefix(l, "mark "); is && action == "mark" {
			mark = text
			return
		}
		a.serverSays(c, failed, l)
	})
	switch {
	case err != nil:
		return "", err
	case failed.Text != "":
		failed.Text = fmt.Sprintf("node %s did not %s: %s; the last lines of its log:", c.Node, todo, failed.Text)
		return "", failed
	case exit != 0:
		failed.Text = fmt.Sprintf("node %s did not %s: the script on the host ended with %d: %s", c.Node, todo, exit, strings.TrimSpace(stderr))
		return "", failed
	}
	return mark, nil
}

// serverSays takes one line of the script's output: progress, or the failure
// and the log lines that follow it.
func (a *application) serverSays(c plan.Change, failed *Error, line string) {
	word, text, _ := strings.Cut(line, " ")
	switch {
	case word == "failed":
		failed.Text = text
		return
	case failed.Text != "":
		failed.Log = append(failed.Log, text)
		return
	case word == "up":
		text = "up, process " + text
	case word == "log":
		text = "log: " + message(text)
	}
	a.say(run.Event{Stage: run.Stage(c.Stage()), Target: c.Ref.Target, Node: c.Node, Text: text, Log: word == "log"})
}

// message is what a line of the product's log says, without the thread, time
// and class around it: "TID: [T] [S] [date] LEVEL {class} - message {class}".
func message(line string) string {
	_, text, found := strings.Cut(line, "} - ")
	if !found {
		return line
	}
	if end := strings.LastIndex(text, " {"); end > 0 {
		text = text[:end]
	}
	return strings.TrimSpace(text)
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
