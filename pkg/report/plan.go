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
	Apart   bool // each host by itself, also one whose changes are another's
	Color   bool
	Width   int                 // of the terminal, where longer lines are wrapped; 0: they are not
	Secret  func([]byte) string // what stands in the place of a secret; nil: "(secret)"
	// Addresses of the hosts: two hosts whose changes differ by them alone are shown as one.
	Addresses map[string]string
}

// Plan writes the plan: by target and stage, each change with its reason and
// its exact difference, then one line that sums up. The same plan gives the same
// bytes, whether they are wrapped and colored or not.
func Plan(w io.Writer, p *plan.Plan, o Options) error {
	t := &text{Writer: bufio.NewWriter(w), Options: o}
	for _, n := range p.Notes {
		t.row(row{text: "note: " + where(n) + visible(n.Text), hang: "      ", words: true})
	}
	if len(p.Notes) > 0 {
		t.line("")
	}
	if !o.Brief {
		parts, err := t.parts(p)
		if err != nil {
			return err
		}
		for _, group := range t.fold(parts) {
			t.group(group)
		}
	}
	t.row(row{text: Summary(p), words: true})
	return t.Flush()
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

// part is what a plan says of one target.
type part struct {
	target   string
	names    []name // by which it can be told from another
	changes  int
	sections []section
}

// section is one stage of a target, or what stays as it is.
type section struct {
	title string
	rows  []row
}

// parts are those of the targets of which there is something to say.
func (t *text) parts(p *plan.Plan) ([]part, error) {
	var list []part
	for _, target := range targets(p) {
		sections, err := t.sections(p, target)
		if err != nil {
			return nil, err
		}
		if len(sections) > 0 {
			list = append(list, part{target, t.names(p, target), len(p.On(target)), sections})
		}
	}
	return list, nil
}

func (t *text) sections(p *plan.Plan, target string) ([]section, error) {
	var list []section
	for _, stage := range []plan.Stage{plan.StageStop, plan.StageUnpack, plan.StageInstall, plan.StageDatabases, plan.StageFiles, plan.StageRestart, plan.StageRemove} {
		var rows []row
		for _, c := range p.On(target) {
			if c.Stage() != stage {
				continue
			}
			more, err := changeRows(c, t.Options)
			if err != nil {
				return nil, err
			}
			rows = append(rows, more...)
		}
		if len(rows) > 0 {
			list = append(list, section{string(stage), rows})
		}
	}
	if kept := t.kept(p, target); len(kept) > 0 {
		list = append(list, section{"as it should be", kept})
	}
	return list, nil
}

// kept is what needs no change on a target, if anybody wants to know.
func (t *text) kept(p *plan.Plan, target string) []row {
	var rows []row
	for _, w := range p.Kept {
		if t.Verbose && w.Ref.Target == target {
			rows = append(rows, row{lead: "  = ", text: thing(w) + ": " + visible(w.Why), hang: "    ", words: true})
		}
	}
	return rows
}

// group writes what is the same on one or more targets.
func (t *text) group(g group) {
	who := g.who()
	if len(g.targets) > 1 {
		t.bold(who + ": " + g.same())
		if legend := g.legend(); legend != "" {
			t.row(row{lead: "  ", text: legend, hang: "  ", words: true})
		}
		who = "each"
	}
	for _, s := range g.sections {
		if who == plan.Deployment && s.title == string(plan.StageDatabases) {
			t.bold(who) // which says it already
		} else {
			t.bold(who + ": " + s.title)
		}
		for _, r := range s.rows {
			t.row(r)
		}
	}
	t.line("")
}

func (t *text) bold(s string) { t.row(row{text: s, code: "1", words: true}) }

// text writes lines.
type text struct {
	*bufio.Writer
	Options
}

func (t *text) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *text) paint(code, s string) string {
	if !t.Color || code == "" || strings.TrimSpace(s) == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
