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

// server makes one change of a server: everything happens in one script on the
// host, which tells how it gets on and ends with the outcome.
func (a *application) server(ctx context.Context, c plan.Change) error {
	after := c.After.(*plan.Server)
	start := after.Start
	if start == nil {
		start = &plan.Start{StopTimeout: 2 * time.Minute}
	}
	args := []string{c.Ref.Path, action(c), start.JavaHome, seconds(start.StartTimeout), seconds(start.StopTimeout)}
	for _, port := range start.Ports {
		args = append(args, strconv.Itoa(port))
	}
	failed := &Error{Cause: Server, Target: c.Ref.Target}
	line := func(l string) {
		word, text, _ := strings.Cut(l, " ")
		switch {
		case word == "failed":
			failed.Text = text
		case word == "log" && failed.Text != "":
			failed.Log = append(failed.Log, text)
		case word == "up":
			text = "up, process " + text
		case word == "log":
			text = "log: " + message(text)
		}
		if word != "failed" && failed.Text == "" {
			a.say(run.Event{Stage: run.Restart, Target: c.Ref.Target, Node: c.Node, Text: text})
		}
	}
	exit, stderr, err := a.Hosts[c.Ref.Target].Run(ctx, c.As, serverScript, args, nil, line)
	switch {
	case err != nil:
		return err
	case failed.Text != "":
		failed.Text = fmt.Sprintf("node %s did not %s: %s; the last lines of its log:", c.Node, action(c), failed.Text)
		return failed
	case exit != 0:
		failed.Text = fmt.Sprintf("node %s did not %s: the script on the host ended with %d: %s", c.Node, action(c), exit, strings.TrimSpace(stderr))
		return failed
	}
	return nil
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

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
