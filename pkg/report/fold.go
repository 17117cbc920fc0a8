package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Hosts of the same kind have the same changes but for their names. Such are
// shown once, by this rule: in all that the plan says of a host its own name, its
// address and the names of its nodes are replaced by {host}, {address} and
// {node}; hosts of which it then says the same, line for line, are one group. The
// group says what each of these stands for on which host, so that nothing is lost
// by it. A host of which the plan says {host} or the like anyway stays alone.

// name is one by which a target can be told from another of its kind.
type name struct{ stands, is string }

// names are those of a target, in the order of its nodes.
func (t *text) names(p *plan.Plan, target string) []name {
	if target == plan.Deployment {
		return nil
	}
	list := []name{{"{host}", target}}
	if address := t.Addresses[target]; address != "" {
		list = append(list, name{"{address}", address})
	}
	nodes := nodesOn(p, target)
	for i, n := range nodes {
		stands := "{node}"
		if len(nodes) > 1 {
			stands = fmt.Sprintf("{node %d}", i+1)
		}
		list = append(list, name{stands, n})
	}
	return list
}

// nodesOn are the nodes of a host that have another name than it.
func nodesOn(p *plan.Plan, target string) []string {
	var nodes []string
	add := func(w plan.Want) {
		if w.Ref.Target == target && w.Node != "" && w.Node != target && !slices.Contains(nodes, w.Node) {
			nodes = append(nodes, w.Node)
		}
	}
	for _, c := range p.Changes {
		add(c.Want)
	}
	for _, w := range p.Kept {
		add(w)
	}
	return nodes
}

// group is a part of a plan that is the same on its targets.
type group struct {
	part
	targets []part
}

// fold puts together the parts that are the same but for names, each group at
// the place of its first.
func (t *text) fold(parts []part) []group {
	var groups []group
	at := map[string]int{}
	for _, p := range parts {
		key := p.target
		general, can := p.general()
		if can && !t.Apart {
			key = "\x00" + general.printed()
		}
		if i, known := at[key]; known {
			groups[i].targets = append(groups[i].targets, p)
			groups[i].part = general
			continue
		}
		at[key] = len(groups)
		groups = append(groups, group{p, []part{p}})
	}
	return groups
}

// general is the part with its names replaced; not ok where it holds something
// that would be taken for such a replacement.
func (p part) general() (general part, ok bool) {
	if len(p.names) == 0 {
		return p, false
	}
	for _, sign := range []string{"{host}", "{address}", "{node"} {
		if strings.Contains(p.printed(), sign) {
			return p, false
		}
	}
	names := slices.Clone(p.names) // the longest first: one may hold another
	slices.SortStableFunc(names, func(a, b name) int { return len(b.is) - len(a.is) })
	general = p
	general.sections = nil
	for _, s := range p.sections {
		rows := slices.Clone(s.rows)
		for i := range rows {
			for _, n := range names {
				rows[i].text = replaceWord(rows[i].text, n.is, n.stands)
			}
		}
		general.sections = append(general.sections, section{s.title, rows})
	}
	return general, true
}

// printed is all that the part says, however it is shown.
func (p part) printed() string {
	var b strings.Builder
	for _, s := range p.sections {
		b.WriteString(s.title + "\n")
		for _, r := range s.rows {
			b.WriteString(r.lead + "\x00" + r.text + "\n")
		}
	}
	return b.String()
}

// replaceWord replaces a word where neither a letter nor a digit is beside it.
func replaceWord(text, word, by string) string {
	var b strings.Builder
	at := 0 // what comes before is written
	for from := 0; word != ""; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			break
		}
		begin, end := from+i, from+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if !inWord(before) && !inWord(after) {
			b.WriteString(text[at:begin] + by)
			at = end
		}
		from = end
	}
	return b.String() + text[at:]
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// who are the targets of the group.
func (g group) who() string {
	var list []string
	for _, p := range g.targets {
		list = append(list, visible(p.target))
	}
	return strings.Join(list, ", ")
}

func (g group) same() string {
	if g.changes == 0 {
		return "the same, nothing to do"
	}
	return "the same " + count(g.changes, "change", "changes")
}

// legend says what the replacements stand for, host by host; empty where there
// are none.
func (g group) legend() string {
	if len(g.targets) < 2 {
		return ""
	}
	var list []string
	said := g.printed()
	for _, n := range g.targets[0].names {
		if !strings.Contains(said, n.stands) {
			continue
		}
		var is []string
		for _, p := range g.targets {
			i := slices.IndexFunc(p.names, func(o name) bool { return o.stands == n.stands })
			is = append(is, visible(p.names[i].is)) // it has one, or its text would be another
		}
		list = append(list, n.stands+" is "+strings.Join(is, ", "))
	}
	return strings.Join(list, "; ")
}
