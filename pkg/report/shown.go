package report

import (
	"fmt"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// Shown is one change in the parts that a page puts together.
func Shown(c plan.Change, o Options) (*run.Shown, error) {
	s := &run.Shown{Sign: string(sign(c)), Head: headline(c)}
	var err error
	switch after := c.After.(type) {
	case *plan.File:
		before, _ := c.Before.(*plan.File)
		s.Diff, err = unified(before, after, c, o)
	case nil:
		if before, is := c.Before.(*plan.File); is {
			s.Diff, err = unified(before, nil, c, o)
		}
	case *plan.Blob:
		s.Facts = []string{fmt.Sprintf("%d bytes, sha256 %s", after.Size, after.SHA256)}
	case *plan.Home:
		s.Facts = []string{visible(packLine(after))}
	case *plan.Package:
		for _, with := range after.With {
			s.Facts = append(s.Facts, visible(with))
		}
	default:
		s.SQL = sent(after, o)
	}
	return s, err
}

// unified is the difference of two files as the plan shows it.
func unified(before, after *plan.File, c plan.Change, o Options) (string, error) {
	lines, err := veil(o.Secret).diff(before, after, c.HiddenBefore, c.Hidden)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.Ref, err)
	}
	var b strings.Builder
	for _, l := range lines {
		if l.kind != '@' { // whose text has it already
			b.WriteByte(l.kind)
		}
		b.WriteString(l.text + "\n")
	}
	return b.String(), nil
}

// sent are the statements of a change, the finished part of an interrupted load
// left out.
func sent(o plan.Object, opts Options) []run.SQL {
	var list []plan.Statement
	switch o := o.(type) {
	case *plan.Schema:
		if o.Opening != "" {
			list = append(list, plan.Statement{SQL: o.Opening})
		}
		list = append(list, o.Statements[max(o.Resume, 0):]...)
	case *plan.Account:
		list = o.Grants
	case *plan.Admin:
		list = o.Statements
	}
	var out []run.SQL
	for _, s := range list {
		text := strings.Join(veil(opts.Secret).mask([]byte(s.SQL), s.Hidden), "")
		out = append(out, run.SQL{Text: strings.ReplaceAll(text, "\r\n", "\n"), File: s.File, Line: s.Line, Node: s.Node})
	}
	return out
}

// KeptOf says of a resource that stays as it is why.
func KeptOf(w plan.Want) run.Kept {
	return run.Kept{Target: w.Ref.Target, What: thing(w), Why: visible(w.Why)}
}
