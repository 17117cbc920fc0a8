// Package report shows a plan or a run to a person.
package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Options say how a plan is shown.
type Options struct {
	Verbose bool // also the statements of scripts, and why nothing is to do
	Brief   bool // only the notes and the line that sums up
	Color   bool
	Secret  func([]byte) string // what stands in the place of a secret; nil: "(secret)"
}

// Plan writes the plan: by target, each change with its reason and its exact
// difference, then one line that sums up. The same plan gives the same bytes.
func Plan(w io.Writer, p *plan.Plan, o Options) error {
	out := bufio.NewWriter(w)
	t := &text{Writer: out, Options: o}
	for _, n := range p.Notes {
		t.line("note: %s%s", where(n), visible(n.Text))
	}
	if len(p.Notes) > 0 {
		t.line("")
	}
	list := targets(p)
	if o.Brief {
		list = nil
	}
	for _, target := range list {
		if err := t.target(p, target); err != nil {
			return err
		}
	}
	t.line("%s", Summary(p))
	return out.Flush()
}

func where(n plan.Note) string {
	if n.Node != "" && n.Node != n.Target {
		return n.Target + ", node " + n.Node + ": "
	}
	return n.Target + ": "
}

// targets are those of the plan with the databases first, as they are applied.
func targets(p *plan.Plan) []string {
	var list []string
	for _, t := range p.Targets {
		if t == plan.Deployment {
			list = append([]string{t}, list...)
		} else {
			list = append(list, t)
		}
	}
	return list
}

// Summary is the plan in one line.
func Summary(p *plan.Plan) string {
	if p.Empty() {
		return "No changes." + kept(p, " %s as the inventory says.", "resource is", "resources are")
	}
	var create, change, remove, start, restart, stop int
	for _, c := range p.Changes {
		switch sign(c) {
		case '+':
			create++
		case '-':
			remove++
		case '>':
			switch startWord(c) {
			case "start":
				start++
			case "stop":
				stop++
			default:
				restart++
			}
		default:
			change++
		}
	}
	var parts []string
	for _, x := range []struct {
		n    int
		word string
	}{{create, "to create"}, {change, "to change"}, {remove, "to remove"}, {start, "to start"}, {restart, "to restart"}, {stop, "to stop"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.word))
		}
	}
	return "Plan: " + strings.Join(parts, ", ") + kept(p, "; %s", "resource stays as it is", "resources stay as they are") + "."
}

// kept counts what needs no change; that it is nothing is not worth a word.
func kept(p *plan.Plan, format, one, many string) string {
	if len(p.Kept) == 0 {
		return ""
	}
	return fmt.Sprintf(format, count(len(p.Kept), one, many))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// text writes lines.
type text struct {
	*bufio.Writer
	Options
}

func (t *text) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *text) paint(code, s string) string {
	if !t.Color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *text) target(p *plan.Plan, target string) error {
	changes, kept := p.On(target), t.kept(p, target)
	if len(changes)+len(kept) == 0 {
		return nil
	}
	t.line("%s", t.paint("1", target))
	for _, c := range changes {
		if err := t.change(c); err != nil {
			return err
		}
	}
	for _, w := range kept {
		t.line("  = %s: %s", thing(w), visible(w.Why))
	}
	t.line("")
	return nil
}

// kept is what is as it should be on a target, if anybody wants to know.
func (t *text) kept(p *plan.Plan, target string) []plan.Want {
	var list []plan.Want
	for _, w := range p.Kept {
		if t.Verbose && w.Ref.Target == target {
			list = append(list, w)
		}
	}
	return list
}

// thing names a resource below the name of its target.
func thing(w plan.Want) string {
	switch w.Ref.Kind {
	case plan.KindPackage:
		return "package " + visible(w.Ref.Path)
	case plan.KindService:
		return "database server"
	case plan.KindAdmin:
		return "account " + visible(w.Ref.Path)
	case plan.KindServer:
		return "server " + visible(w.Node)
	case plan.KindSchema:
		return "database " + visible(w.Ref.Path)
	case plan.KindAccount:
		return "account " + visible(w.Ref.Path)
	}
	return visible(w.Ref.Path)
}

// sign is + for what is new, - for what goes, ~ for what changes, > for a server.
func sign(c plan.Change) rune {
	if sign, _, is := installing(c); is {
		return sign
	}
	switch c.After.(type) {
	case nil:
		return '-'
	case *plan.Server:
		return '>'
	}
	if c.Before == nil {
		return '+'
	}
	return '~'
}

var paints = map[rune]string{'+': "32", '-': "31", '~': "33", '>': "36"}

func (t *text) change(c plan.Change) error {
	t.line("  %s %s", t.paint(paints[sign(c)], string(sign(c))), headline(c))
	switch after := c.After.(type) {
	case *plan.File:
		before, _ := c.Before.(*plan.File)
		return t.diff(before, after, c)
	case *plan.Blob:
		t.line("      %d bytes, sha256 %s", after.Size, after.SHA256)
	case *plan.Schema:
		if after.Opening != "" {
			t.line("      %s;", visible(after.Opening))
		}
		if t.Verbose {
			t.statements(after.Statements[max(after.Resume, 0):])
		}
	case *plan.Account:
		t.statements(after.Grants)
	case nil:
		if before, is := c.Before.(*plan.File); is {
			return t.diff(before, nil, c)
		}
	default:
		t.installed(c)
	}
	return nil
}

// headline is the change in one line: what, how, why.
func headline(c plan.Change) string {
	line := thing(c.Want)
	if _, head, is := installing(c); is {
		line = visible(head)
	}
	switch after := c.After.(type) {
	case *plan.Server:
		line = serverWord(c) + " " + visible(c.Node)
	case *plan.Schema:
		line += ": " + visible(schemaWord(c, after))
	}
	if meta := metaWord(c); meta != "" {
		line += " (" + visible(meta) + ")"
	}
	if c.Why != "" {
		line += ": " + visible(c.Why)
	}
	return line
}

// startWord is what happens to a process.
func startWord(c plan.Change) string {
	if _, is := c.After.(*plan.Service); is {
		return serviceWord(c)
	}
	return serverWord(c)
}

func serverWord(c plan.Change) string {
	before, _ := c.Before.(*plan.Server)
	switch {
	case !c.After.(*plan.Server).Running:
		return "stop"
	case before != nil && before.Running:
		return "restart"
	}
	return "start"
}

func schemaWord(c plan.Change, s *plan.Schema) string {
	scripts := fmt.Sprintf("load %s (%s), %s", count(len(s.Scripts), "script", "scripts"), strings.Join(s.Scripts, ", "),
		count(len(s.Statements), "statement", "statements"))
	switch {
	case c.Before == nil:
		return "create, " + scripts
	case s.Resume > 0:
		return fmt.Sprintf("go on with an interrupted load at statement %d of %d", s.Resume+1, len(s.Statements))
	}
	return scripts
}

// metaWord tells a change of mode or owner.
func metaWord(c plan.Change) string {
	before, after := meta(c.Before), meta(c.After)
	if before == nil || after == nil {
		return ""
	}
	var parts []string
	if after.Mode != 0 && after.Mode != before.Mode {
		parts = append(parts, fmt.Sprintf("mode %04o to %04o", before.Mode, after.Mode))
	}
	if after.Owner != "" && after.Owner != before.Owner {
		parts = append(parts, "owner "+before.Owner+" to "+after.Owner)
	}
	if after.Group != "" && after.Group != before.Group {
		parts = append(parts, "group "+before.Group+" to "+after.Group)
	}
	return strings.Join(parts, ", ")
}

func meta(o plan.Object) *plan.Meta {
	switch o := o.(type) {
	case *plan.File:
		return &o.Meta
	case *plan.Blob:
		return &o.Meta
	}
	return nil
}

func (t *text) diff(before, after *plan.File, c plan.Change) error {
	lines, err := veil(t.Secret).diff(before, after, c.HiddenBefore, c.Hidden)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Ref, err)
	}
	paints := map[byte]string{'+': "32", '-': "31", '@': "36", '\\': "2"}
	for _, l := range lines {
		text := string(l.kind) + l.text
		if l.kind == '@' {
			text = l.text
		}
		if code := paints[l.kind]; code != "" {
			text = t.paint(code, text)
		}
		t.line("      %s", text)
	}
	return nil
}

// statements writes SQL as it is sent, its secrets masked.
func (t *text) statements(list []plan.Statement) {
	for _, s := range list {
		for i, l := range veil(t.Secret).mask([]byte(s.SQL), s.Hidden) {
			indent := "      "
			if i > 0 {
				indent = "        "
			}
			end := ""
			if ending(l) == "" {
				end = ";"
			}
			if end != "" && s.Node != "" {
				end += "  -- while " + visible(s.Node) + " is stopped"
			}
			t.line("%s%s%s", indent, strings.TrimRight(l, "\r\n"), end)
		}
	}
}
