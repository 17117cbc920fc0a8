package converge

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

//go:embed install.sh
var installScript string

//go:embed service.sh
var serviceScript string

// startLimit is how long a database server may take to listen: one that
// recovers from a crash takes longest.
const startLimit = 2 * time.Minute

// Exit codes of install.sh; unpack.sh shares the first.
const (
	exitThere  = 21
	exitNoRoot = 22
)

// install brings the database server into being: its package, its
// configuration, its process and the admin's account, in the plan's order, as
// each needs the one before. Then it looks again: what was planned for a server
// that was not there must be what the one that is there needs.
func (a *application) install(ctx context.Context) {
	changes := a.plan.At(plan.StageInstall)
	for _, c := range changes {
		if ctx.Err() != nil {
			return
		}
		if err := a.installOne(finishing(ctx), c); err != nil {
			a.fail(c.Ref.Target, err)
			return
		}
		a.done(c.Ref, "")
	}
	if len(changes) == 0 || a.Look == nil || ctx.Err() != nil {
		return
	}
	if err := a.lookAgain(ctx); err != nil {
		a.fail(plan.Deployment, err)
	}
}

func (a *application) installOne(ctx context.Context, c plan.Change) error {
	switch after := c.After.(type) {
	case *plan.Package:
		return a.installPackage(ctx, c, after)
	case *plan.Service:
		return a.startService(ctx, c, after)
	case *plan.Admin:
		a.say(run.Event{Stage: run.Install, Target: plan.Deployment, Text: "account " + c.Ref.Path})
		if a.Root == nil {
			return &Error{Cause: Database, Target: plan.Deployment, Text: "there is no way to the server as root to make the account " + c.Ref.Path + " by; plan again"}
		}
		return ofDatabase(dbinit.ExecAccounts(ctx, a.Root, dbinit.Options{Ledger: a.Ledger}, toDB(after.Statements)))
	}
	wrote, err := a.Hosts[c.Ref.Target].Replace(ctx, a.replaces(c.Ref.Target, []plan.Change{c}))
	if err == nil {
		err = refused(c.Ref.Target, wrote)
	}
	if err == nil {
		a.say(run.Event{Stage: run.Install, Target: c.Ref.Target, Text: told(wrote[0])})
	}
	return err
}

// lastLines are kept of what a package manager says.
const lastLines = 12

func (a *application) installPackage(ctx context.Context, c plan.Change, after *plan.Package) error {
	event := run.Event{Stage: run.Install, Target: c.Ref.Target, Text: "package " + after.Name + " by " + after.Manager}
	a.say(event)
	var last []string
	exit, stderr, err := a.Hosts[c.Ref.Target].Run(ctx, "", installScript, []string{after.Manager, after.Name, after.Version}, nil, func(l string) {
		if l = strings.TrimSpace(l); l == "" {
			return
		}
		if strings.HasPrefix(l, "Setting up ") {
			event.Text = l
			a.say(event)
		}
		last = append(last, l)
		last = last[max(0, len(last)-lastLines):]
	})
	switch {
	case err != nil:
		return err
	case exit == exitThere:
		return &Error{Cause: Drift, Target: c.Ref.Target, Text: "package " + after.Name + " was installed meanwhile, and left alone; plan again"}
	case exit == exitNoRoot:
		return &Error{Cause: Install, Target: c.Ref.Target, Text: "installing packages needs root; turn sudo on for this host"}
	case exit != 0:
		if len(last) == 0 {
			last = slices.Collect(strings.SplitSeq(strings.TrimSpace(stderr), "\n"))
		}
		return &Error{Cause: Install, Target: c.Ref.Target, Log: last, Text: fmt.Sprintf(
			"package %s was not installed: %s ended with %d; correct what it says, then run again; its last lines:", after.Name, after.Manager, exit)}
	}
	return nil
}

func (a *application) startService(ctx context.Context, c plan.Change, after *plan.Service) error {
	failed := &Error{Cause: Install, Target: c.Ref.Target}
	args := []string{after.Flavor, strconv.Itoa(after.Port), toKernel(after.Address), seconds(startLimit)}
	exit, stderr, err := a.Hosts[c.Ref.Target].Run(ctx, "", serviceScript, args, nil, func(l string) {
		switch word, text, _ := strings.Cut(l, " "); {
		case word == "failed":
			failed.Text = "the database server did not come up: " + text + "; the last lines of its log:"
		case word == "log":
			failed.Log = append(failed.Log, text)
		case word == "up":
			a.say(run.Event{Stage: run.Install, Target: c.Ref.Target, Text: "the database server listens at port " + strconv.Itoa(after.Port)})
		default:
			a.say(run.Event{Stage: run.Install, Target: c.Ref.Target, Text: text})
		}
	})
	switch {
	case err != nil:
		return err
	case failed.Text != "":
		return failed
	case exit != 0:
		failed.Text = fmt.Sprintf("the database server did not come up: the script on the host ended with %d: %s", exit, strings.TrimSpace(stderr))
		return failed
	}
	return nil
}

// lookAgain plans for the server that is there now, and goes on with that plan
// if it says the same of the databases.
func (a *application) lookAgain(ctx context.Context) error {
	now, err := a.Look(ctx)
	if err != nil {
		return err
	}
	was, is := a.plan.At(plan.StageDatabases), now.At(plan.StageDatabases)
	if what := differs(was, is); what != "" {
		return &Error{Cause: Drift, Target: plan.Deployment, Text: "the database server is there now, and is not as planned for: " + what +
			"; its databases were left alone: plan again"}
	}
	merged := *a.plan
	merged.Changes = slices.Clone(a.plan.Changes)
	for i, c := range merged.Changes {
		if c.Stage() == plan.StageDatabases {
			merged.Changes[i], is = is[0], is[1:]
		}
	}
	a.plan = &merged
	return nil
}

// differs tells the first thing that two lists of changes to databases have
// not in common; "" when they are the same.
func differs(was, is []plan.Change) string {
	for i, c := range was {
		if i >= len(is) || is[i].Ref != c.Ref {
			return string(c.Ref.Kind) + " " + c.Ref.Path + " needs other changes"
		}
		planned, needed := statements(c.After), statements(is[i].After)
		for j, s := range needed {
			if j >= len(planned) || planned[j].SQL != s.SQL || planned[j].Node != s.Node {
				return fmt.Sprintf("%s %s needs %v", c.Ref.Kind, c.Ref.Path, s)
			}
		}
		if len(planned) > len(needed) {
			return fmt.Sprintf("%s %s does not need %v", c.Ref.Kind, c.Ref.Path, planned[len(needed)])
		}
	}
	if len(is) > len(was) {
		c := is[len(was)]
		return string(c.Ref.Kind) + " " + c.Ref.Path + " needs a change"
	}
	return ""
}

// statements are all that a change sends, in order.
func statements(o plan.Object) []plan.Statement {
	switch o := o.(type) {
	case *plan.Schema:
		return append([]plan.Statement{{SQL: o.Opening}}, o.Statements[max(o.Resume, 0):]...)
	case *plan.Account:
		return o.Grants
	}
	return nil
}
