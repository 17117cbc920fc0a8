package converge

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

//go:embed probe_unit.sh
var probeUnit string

//go:embed unit.sh
var unitScript string

// parseUnit reads what probe_unit.sh printed.
func parseUnit(out string) (plan.Object, error) {
	u := &plan.Unit{}
	for l := range strings.Lines(out) {
		l = strings.TrimSuffix(l, "\n")
		name, value, _ := strings.Cut(l, "=")
		switch {
		case strings.HasPrefix(l, "user "):
			u.Root = l == "user 0"
		case l == "systemd":
			u.Systemd = true
		case l == "enabled":
			u.Enabled = true
		case name == "NeedDaemonReload":
			u.Stale = value == "yes"
		case name == "DropInPaths":
			u.Dropins = strings.Fields(value)
		default:
			return nil, fmt.Errorf("systemctl answered %q", l)
		}
	}
	return u, nil
}

// units makes the changes of units, once their files are written.
func (a *application) units(ctx context.Context, target string, changes []plan.Change) error {
	for _, c := range changes {
		before, after := c.Before.(*plan.Unit), c.After.(*plan.Unit)
		todo := "reload"
		switch {
		case after.Enabled && !before.Enabled:
			todo = "enable"
		case !after.Enabled && before.Enabled:
			todo = "disable"
		}
		if err := a.unit(ctx, c, todo, c.Ref.Path); err != nil {
			return err
		}
		a.done(c.Ref, "")
	}
	return nil
}

// unit does one thing with a unit, as root.
func (a *application) unit(ctx context.Context, c plan.Change, args ...string) error {
	failed := &Error{Cause: Server, Target: c.Ref.Target, Node: c.Node}
	exit, stderr, err := a.Hosts[c.Ref.Target].Run(ctx, "", unitScript, args, nil, func(l string) {
		switch word, text, _ := strings.Cut(l, " "); word {
		case "failed":
			failed.Text = "node " + c.Node + ": " + text
		default:
			a.say(run.Event{Stage: run.Stage(c.Stage()), Target: c.Ref.Target, Node: c.Node, Text: text})
		}
	})
	switch {
	case err != nil:
		return err
	case failed.Text != "":
		return failed
	case exit != 0:
		failed.Text = fmt.Sprintf("node %s: the script on the host ended with %d: %s", c.Node, exit, strings.TrimSpace(stderr))
		return failed
	}
	return nil
}
