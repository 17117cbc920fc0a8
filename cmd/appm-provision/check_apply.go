package main

import (
	"context"
	"errors"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// ask puts the preflight's questions to the hosts that are gathered next: they
// ride in the same exec, and cost no round trip of their own.
func (s *session) ask() {
	s.inquiries = map[string]converge.Inquiry{}
	for _, n := range steps.Needs(s.steps) {
		if _, known := s.inquiries[n.Target]; !known && n.Target != plan.Deployment {
			s.inquiries[n.Target] = s.inquiry(n.Target)
		}
	}
}

// before is the preflight of a plan that was made: what the steps could have
// found wrong they have not.
func (s *session) before(state *plan.State, p *plan.Plan) *preflight {
	f := &preflight{session: s, state: state, plan: p, hostOK: map[string]bool{}, mapped: map[string]bool{},
		settle: len(p.On(plan.Deployment)) == 0, noServer: len(p.At(plan.StageInstall)) > 0}
	for _, h := range s.inv.Hosts {
		if _, known := s.health[h.Name]; !known {
			continue
		}
		f.asked, f.hostOK[h.Name] = append(f.asked, h.Name), true
		for _, c := range p.On(h.Name) {
			f.mapped[h.Name] = f.mapped[h.Name] || c.Ref.Path == h.HostsFile
		}
	}
	f.conditions()
	return f
}

// notes put into the plan what is not well. A plan stays true on a host that is
// not ready, so it is shown; that apply will not start is said with it.
func (p *preflight) notes() []plan.Note {
	var notes []plan.Note
	for _, f := range p.finds {
		n := plan.Note{Target: f.Target, Node: f.Node, Text: f.Check + ": " + f.Text}
		switch f.Level {
		case report.Failure:
			n.Text = "apply will refuse: " + n.Text
			notes = append(notes, n)
		case report.Warning:
			notes = append(notes, n)
		}
	}
	return notes
}

// ready is the end of an apply that must not start. The ways between the
// machines are tried here and not for a plan, as they cost tunnels.
func (p *preflight) ready(ctx context.Context) error {
	told := len(p.finds) // these the plan has said
	p.tunnels(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var lines []string
	for i, f := range p.finds {
		switch {
		case f.Level == report.Failure:
			lines = append(lines, f.Where()+f.Check+": "+f.Text)
		case f.Level == report.Warning && i >= told:
			p.warn("%s%s: %s", f.Where(), f.Check, f.Text)
		}
	}
	err := p.outcome("nothing was applied, as these are not ready")
	var known exit
	if errors.As(err, &known) {
		known.text = strings.Join(append(lines, known.text), "\n")
		return known
	}
	return err
}

// explain says of hosts that did not answer what they lack.
func (s *session) explain(ctx context.Context, err error) error {
	var errs []error
	for _, part := range apart(err) {
		for host := range byHost(part) {
			if conn := s.conns[host]; conn != nil {
				part = lacking(ctx, host, conn, part)
			}
		}
		errs = append(errs, part)
	}
	return errors.Join(errs...)
}

func (s *session) schemas(n inventory.Node) []string { return steps.Schemas(s.inv.Database, n.Role) }

// left are the uploads that earlier runs left behind.
func (s *session) left() map[string][]string {
	left := map[string][]string{}
	for host, h := range s.health {
		if len(h.Left) > 0 {
			left[host] = h.Left
		}
	}
	return left
}
