package converge

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

//go:embed probe_unpacked.sh
var probeUnpacked string

//go:embed remove_home.sh
var removeHome string

// parseUnpacked reads what probe_unpacked.sh printed; nothing is no home.
func parseUnpacked(out string) (plan.Object, error) {
	u, there := &plan.Unpacked{}, false
	for l := range strings.Lines(out) {
		switch word, rest, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " "); word {
		case "there":
			there = true
		case "ours":
			u.Ours = true
		case "left":
			u.Left = true
		case "pack":
			version, name, _ := strings.Cut(rest, " ")
			u.Pack = strings.TrimSpace(name + " (" + version + ")")
		default:
			return nil, fmt.Errorf("the probe of homes answered %q", word)
		}
	}
	if !there && !u.Left {
		return nil, nil
	}
	return u, nil
}

// takeHome removes one home, or what is left of one.
func (a *application) takeHome(ctx context.Context, c plan.Change) error {
	before := c.Before.(*plan.Unpacked)
	a.say(run.Event{Stage: run.Remove, Target: c.Ref.Target, Node: c.Node, Text: c.Ref.Path})
	what := "take"
	if !before.Ours {
		what = "left"
	}
	why := ""
	args := []string{c.Ref.Path, a.Stores[c.Ref.Target], NoteName(c.Ref.Path), what}
	exit, stderr, err := a.Hosts[c.Ref.Target].Run(ctx, "", removeHome, args, nil, func(l string) {
		why, _ = strings.CutPrefix(l, "failed ")
	})
	switch {
	case err != nil || exit == 0:
		return err
	case exit == exitThere:
		return &Error{Cause: Drift, Target: c.Ref.Target, Node: c.Node, Text: why}
	case why == "":
		why = fmt.Sprintf("the script on the host ended with %d: %s", exit, strings.TrimSpace(stderr))
	}
	return &Error{Cause: Write, Target: c.Ref.Target, Node: c.Node, Text: "the home " + c.Ref.Path + " was not removed: " + why}
}
