package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
)

// stepByStep builds the plan of each step by itself, so that one that cannot
// say what it wants does not hide what the others have to say.
func (p *preflight) stepByStep() {
	for _, step := range p.steps {
		if step.Scope == plan.ScopeDeployment || step.Whole || !p.readAll(step) {
			continue
		}
		one, err := plan.Build(p.inv.Name, p.state, []plan.Step{step})
		target, node := step.For, ""
		if n, is := p.inv.Node(step.For); is && step.Scope == plan.ScopeNode {
			target, node = n.Host, n.Name
		}
		p.ofStep(step.Name, target, node, one, err)
	}
}

// together builds all steps at once, for what looks at files as the others leave
// them: one of these has nothing to say by itself.
func (p *preflight) together() {
	list := slices.DeleteFunc(slices.Clone(p.steps), func(s plan.Step) bool { return s.Scope == plan.ScopeDeployment || !p.readAll(s) })
	whole, err := plan.Build(p.inv.Name, p.state, list)
	if err == nil {
		p.whole = whole
		p.unusual(whole.Notes)
	}
	for _, part := range apart(err) {
		var e *plan.Error
		crosses := func(s plan.Step) bool { return s.Whole && s.Name == e.Step }
		if errors.As(part, &e) && slices.ContainsFunc(list, crosses) {
			p.once(e.Ref.Target, e.Node, checkFiles, exitCode(context.Background(), part), e.Ref.Path+": "+e.Text)
		}
	}
}

// unusual are the notes of a plan; what is one of the databases is told in their row.
func (p *preflight) unusual(notes []plan.Note) {
	for _, n := range notes {
		check := checkFiles
		if n.Target == plan.Deployment {
			check = checkDatabase
		}
		if check == checkFiles || p.touchesDatabase() {
			p.add(report.Warning, n.Target, n.Node, check, 0, "%s", n.Text)
		}
	}
}

// readAll: whether every host that the step reads was gathered.
func (p *preflight) readAll(step plan.Step) bool {
	return !slices.ContainsFunc(step.Needs, func(n plan.Need) bool { return n.Target != plan.Deployment && !p.hostOK[n.Target] })
}

func (p *preflight) ofStep(step, target, node string, one *plan.Plan, err error) {
	if step == "home" && err == nil {
		p.well[node] = true
	}
	if node != "" && step != "home" && step != "unpack" && !p.well[node] {
		return // it would only say again that the home is none
	}
	check := map[string]string{"home": checkHome, "unpack": checkHome, "service user": checkHome, "restart": checkJava, "host entries": checkNames}[step]
	if check == "" {
		check = checkFiles
	}
	if err == nil {
		p.noServer = p.noServer || len(one.At(plan.StageInstall)) > 0
		p.mapped[target] = p.mapped[target] || check == checkNames && !one.Empty()
		if step == "unpack" || step == "service user" {
			for _, c := range one.Changes {
				p.add(report.Planned, target, node, check, 0, "%s", toMake(c))
			}
		} else if n, is := p.inv.Node(node); is && check == checkHome && p.isBare(p.state, n) {
			return // that it is planned is said
		} else if check != checkNames { // whether they resolve is another question
			p.ok(target, node, check, "%s", wellText(check, p.inv, node))
		}
		return
	}
	for _, part := range apart(err) {
		var e *plan.Error
		is, where := errors.As(part, &e), check
		if is && check == checkJava && e.Ref.Kind != "" && e.Ref.Kind != plan.KindJava {
			where = checkFiles
			if e.Ref.Kind == plan.KindServer {
				where = checkHome
			}
		}
		text := part.Error()
		if is {
			text = e.Text
			if e.Ref.Path != "" {
				text = e.Ref.Path + ": " + text
			}
		}
		p.once(target, node, where, exitCode(context.Background(), part), text)
	}
}

// toMake says of a home or a user what comes of it.
func toMake(c plan.Change) string {
	if c.Ref.Kind == plan.KindUser {
		return "user " + c.Ref.Path + " is to be made"
	}
	return c.Ref.Path + " is to be unpacked"
}

func wellText(check string, inv inventory.Inventory, node string) string {
	if n, is := inv.Node(node); is && check == checkHome {
		return n.Home
	}
	return ""
}

// once adds a failure that several steps may have met.
func (p *preflight) once(target, node, check string, code int, text string) {
	same := func(f finding) bool { return f.Target == target && f.Node == node && f.Text == text }
	if !slices.ContainsFunc(p.finds, same) {
		p.add(report.Failure, target, node, check, code, "%s", text)
	}
}

func apart(err error) []error {
	if joined, is := err.(interface{ Unwrap() []error }); is {
		return joined.Unwrap()
	}
	return []error{err}
}

// database says whether the tool itself can plan the databases.
func (p *preflight) database() {
	if !p.touchesDatabase() {
		return
	}
	if p.wayIn != nil {
		p.settle = false
		p.add(report.Failure, plan.Deployment, "", checkDatabase, exitCode(context.Background(), p.wayIn), "%s", strings.TrimPrefix(p.wayIn.Error(), plan.Deployment+": "))
		return
	}
	if p.db == nil {
		p.settle = false
		return // the host that leads there is not reached
	}
	for _, step := range p.steps {
		if step.Scope != plan.ScopeDeployment {
			continue
		}
		if !p.readAll(step) {
			p.settle = false
			continue
		}
		one, err := plan.Build(p.inv.Name, p.state, []plan.Step{step})
		p.noServer = p.noServer || err == nil && len(one.At(plan.StageInstall)) > 0
		switch {
		case err != nil:
			p.settle = false
			for _, part := range apart(err) {
				p.once(plan.Deployment, "", checkDatabase, exitCode(context.Background(), part), strings.TrimPrefix(part.Error(), plan.Deployment+": "))
			}
		case one.Empty():
			p.ok(plan.Deployment, "", checkDatabase, "as the inventory says")
		default:
			p.settle = false
			p.add(report.Planned, plan.Deployment, "", checkDatabase, 0, "%s", report.Summary(one))
		}
	}
}
