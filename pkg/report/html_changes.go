package report

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// onTarget is the changes of one target.
type onTarget struct {
	ID, Target, About, Count string
	Changes                  []shownChange
}

// shownChange is one change as a page shows it.
type shownChange struct {
	ID, Class, Sign string
	Dir, What, Why  string // the path is Dir and What; without a path Dir is empty
	Facts           []string
	Added, Removed  int
	Hunks           *sideBySide
	Own             []run.SQL // the tool's own statements
	Scripts         []run.SQL // those of scripts
	ScriptCount     string
	Text            string // of an old record: the whole change as it was shown
	Same            *same  // another change reads the same
	Became          string // of a run: what became of it
	Kept            string // of a run: where its host keeps what was there
	Node            string // where it is another than the target
}

// same names the change that another one reads like.
type same struct{ ID, Target string }

// Open tells whether the change is unfolded from the start.
func (c shownChange) Open() bool { return c.Same == nil }

// Folds tells whether there is anything to unfold.
func (c shownChange) Folds() bool {
	return c.Hunks != nil || len(c.Own)+len(c.Scripts)+len(c.Facts) > 0 || c.Text != ""
}

// groups are the targets that change, the databases first, as the plan has them.
func groups(p *run.Past, ran bool) []onTarget {
	var list []onTarget
	seen := map[string]same{}
	for _, target := range changing(p.Plan) {
		g := onTarget{ID: fmt.Sprintf("on-%d", len(list)+1), Target: target, About: about(p.Plan.Layout, target)}
		for i, c := range p.Plan.Changes {
			if c.Target == target {
				g.Changes = append(g.Changes, newChange(p, i, ran, seen))
			}
		}
		g.Count = count(len(g.Changes), "change", "changes")
		list = append(list, g)
	}
	return list
}

func changing(p *run.Plan) []string {
	var list []string
	for _, c := range p.Changes {
		switch {
		case slices.Contains(list, c.Target):
		case c.Target == plan.Deployment:
			list = append([]string{c.Target}, list...)
		default:
			list = append(list, c.Target)
		}
	}
	return list
}

// about says what a target is, as far as that is known.
func about(l *run.Layout, target string) string {
	if l == nil {
		return ""
	}
	if target == plan.Deployment {
		return fmt.Sprintf("%s, %s port %d", l.Server.Name, l.Server.Address, l.Server.Port)
	}
	for _, h := range l.Hosts {
		if h.Name != target {
			continue
		}
		parts := []string{h.Address}
		for _, n := range h.Nodes {
			text := n.Role
			if n.Name != h.Name {
				text += " " + n.Name
			}
			parts = append(parts, text)
		}
		return strings.Join(parts, ", ")
	}
	return ""
}

func newChange(p *run.Past, i int, ran bool, seen map[string]same) shownChange {
	c := p.Plan.Changes[i]
	s := shownChange{ID: fmt.Sprintf("c-%d", i+1)}
	s.Class, s.Sign = glyphOf(signOf(c))
	s.What, s.Why = parted(c)
	if strings.HasPrefix(s.What, "/") {
		file, rest, _ := strings.Cut(s.What, " (")
		s.Dir, s.What = path.Split(file)
		if rest != "" {
			s.What += " (" + rest
		}
	}
	if c.Node != c.Target && c.Kind != string(plan.KindServer) {
		s.Node = c.Node
	}
	if ran {
		s.Became, s.Kept = became(p, i), p.Made[i].Kept
	}
	if c.Shown == nil {
		s.Text = c.Text
		return s
	}
	s.Facts = c.Shown.Facts
	for _, q := range c.Shown.SQL {
		if q.File == "" {
			s.Own = append(s.Own, q)
		} else {
			s.Scripts = append(s.Scripts, q)
		}
	}
	s.ScriptCount = count(len(s.Scripts), "statement of the scripts", "statements of the scripts")
	if c.Shown.Diff == "" {
		return s
	}
	s.Hunks = besides(c.Shown.Diff)
	s.Added, s.Removed = s.Hunks.added, s.Hunks.removed
	key := s.What + "\x00" + c.Shown.Diff
	if first, is := seen[key]; is {
		s.Same = &first
	} else {
		seen[key] = same{s.ID, c.Target}
	}
	return s
}

// parted is the head of a change without its reason, and the reason.
func parted(c run.Change) (what, why string) {
	if c.Shown == nil {
		first, _, _ := strings.Cut(strings.TrimSpace(c.Text), "\n")
		what = strings.TrimLeft(first, "+~-> ")
		if what == "" {
			what = c.Path
		}
	} else {
		what = c.Shown.Head
	}
	if head, is := strings.CutSuffix(what, ": "+c.Why); is && c.Why != "" {
		return head, c.Why
	}
	return what, ""
}

// became is what a run made of a change.
func became(p *run.Past, i int) string {
	at, is := p.MadeAt[i]
	switch {
	case !is && p.End == nil && p.UnderWay:
		return "○ not made yet"
	case !is:
		return "○ not made"
	}
	return "✓ made after " + seconds(at.Sub(p.At))
}
