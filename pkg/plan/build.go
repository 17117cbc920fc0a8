package plan

import (
	"errors"
	"fmt"
	"slices"
)

// A Cause tells apart why a plan cannot be made, for whoever branches on it.
type Cause string

// The causes.
const (
	Missing  Cause = "missing"  // something that must be on the host is not there
	Conflict Cause = "conflict" // what is there contradicts the inventory; a person must decide
	Unread   Cause = "unread"   // it is there and could not be read
	Denied   Cause = "denied"   // the database server would not let it be done
)

// Error is why a step cannot say what it wants.
type Error struct {
	Cause Cause
	Ref   Ref
	Node  string
	Step  string
	Text  string // what and why, and what to do
}

func (e *Error) Error() string {
	where := e.Ref.Target
	if e.Node != "" && e.Node != where {
		where += ": node " + e.Node
	}
	if e.Step != "" {
		where += ": step " + e.Step
	}
	switch {
	case e.Ref.Kind == KindSchema || e.Ref.Kind == KindAccount:
		where += ": " + string(e.Ref.Kind) + " " + e.Ref.Path
	case e.Ref.Kind == KindPackage || e.Ref.Kind == KindUnit:
		where += ": " + string(e.Ref.Kind) + " " + e.Ref.Path
	case e.Ref.Kind == KindAdmin:
		where += ": account " + e.Ref.Path
	case e.Ref.Kind == KindService:
		where += ": database server"
	case e.Ref.Kind == KindUser:
		where += ": user " + e.Ref.Path
	case e.Ref.Path != "":
		where += ": " + e.Ref.Path
	}
	return where + ": " + e.Text
}

// Build asks each step in turn what it wants and compares that with what is.
// A later step sees the wants of the earlier ones. A resource belongs to one
// step: a second owner is an error. A step that fails ends the steps of its
// node, host or deployment, whose later errors would only follow from it, unless
// it only looks on; the others are asked on, so that the operator sees every reason at once. With
// any of them there is no plan. The state stays what was read.
func Build(name string, s *State, steps []Step) (*Plan, error) {
	p := &Plan{Name: name}
	s = &State{read: s.read, whole: s.whole, planned: map[Ref]Want{}}
	var errs []error
	seen, ended := map[string]bool{}, map[whose]bool{}
	for _, step := range steps {
		for _, n := range step.Needs {
			if !seen[n.Target] {
				seen[n.Target] = true
				p.Targets = append(p.Targets, n.Target)
			}
		}
		if ended[whose{step.Scope, step.For}] || step.Scope == ScopeNodes && anyNode(ended) {
			continue
		}
		wants, notes, err := step.Want(s)
		if err != nil {
			ended[whose{step.Scope, step.For}] = !step.Whole // one that only looks on is in nobody's way
			errs = say(errs, step, err)
			continue
		}
		p.Notes = append(p.Notes, notes...)
		for _, w := range wants {
			if err := p.add(s, step, w); err != nil {
				errs = append(errs, err)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return p, nil
}

// whose steps: a node and its host may have one name.
type whose struct {
	scope Scope
	name  string
}

func anyNode(ended map[whose]bool) bool {
	for w, is := range ended {
		if is && w.scope == ScopeNode {
			return true
		}
	}
	return false
}

// told tells whether the same thing was already said of the same resource: a
// missing home ends the steps of its node and those that read its scripts.
func told(errs []error, err error) bool {
	var e, o *Error
	return errors.As(err, &e) && slices.ContainsFunc(errs, func(other error) bool {
		return errors.As(other, &o) && o.Ref == e.Ref && o.Cause == e.Cause
	})
}

// say adds what a step could not do, each thing once. A step may join several
// errors, also of one resource.
func say(errs []error, step Step, err error) []error {
	parts := []error{err}
	if joined, is := err.(interface{ Unwrap() []error }); is {
		parts = joined.Unwrap()
	}
	before := errs
	for _, part := range parts {
		part = inStep(step, part)
		same := func(other error) bool { return other.Error() == part.Error() }
		if !told(before, part) && !slices.ContainsFunc(errs, same) {
			errs = append(errs, part)
		}
	}
	return errs
}

// inStep says whose error it is. What was read belongs to every step that reads
// it, its error too, so the step's name goes into a copy.
func inStep(step Step, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: step %s: %w", step.For, step.Name, err)
	}
	in := *e
	in.Step = step.Name
	if in.Node == "" && step.Scope == ScopeNode {
		in.Node = step.For
	}
	return &in
}

// add compares one want with what was read.
func (p *Plan) add(s *State, step Step, w Want) error {
	if _, taken := s.planned[w.Ref]; taken {
		return fmt.Errorf("%s: step %s: another step owns this resource; please report it", w.Ref, step.Name)
	}
	before, err := s.Found(w.Ref)
	if err != nil {
		return fmt.Errorf("%s: step %s: %w", w.Ref.Target, step.Name, err)
	}
	s.planned[w.Ref] = w
	if same(before, w.After) {
		p.Kept = append(p.Kept, w)
		return nil
	}
	p.Changes = append(p.Changes, Change{Want: w, Step: step.Name, Before: before})
	return nil
}
