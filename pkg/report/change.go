package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// thing names a resource below the name of its target.
func thing(w plan.Want) string {
	switch w.Ref.Kind {
	case plan.KindUser:
		return "user " + visible(w.Ref.Path)
	case plan.KindPackage:
		return "package " + visible(w.Ref.Path)
	case plan.KindService:
		return "database server"
	case plan.KindAdmin:
		return "account " + visible(w.Ref.Path)
	case plan.KindUnit:
		return "unit " + visible(w.Ref.Path)
	case plan.KindUnpacked:
		return "home " + visible(w.Ref.Path)
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

// faint is the color of what only leads to the rest.
const faint = "2"

var paints = map[rune]string{'+': "32", '-': "31", '~': "33", '>': "36"}

// changeRows are the lines of one change: its headline, and what it does in detail.
func changeRows(c plan.Change, o Options) ([]row, error) {
	sign := sign(c)
	rows := []row{{lead: "  " + string(sign) + " ", leadCode: paints[sign], text: headline(c), hang: "    ", words: true}}
	more, err := detailRows(c, o)
	return append(rows, more...), err
}

func detailRows(c plan.Change, o Options) ([]row, error) {
	switch after := c.After.(type) {
	case *plan.File:
		before, _ := c.Before.(*plan.File)
		return diffRows(before, after, c, o)
	case *plan.Blob:
		return []row{detail(fmt.Sprintf("%d bytes, sha256 %s", after.Size, after.SHA256))}, nil
	case *plan.Schema:
		var rows []row
		if after.Opening != "" {
			rows = append(rows, detail(visible(after.Opening)+";"))
		}
		if o.Verbose {
			rows = append(rows, statementRows(after.Statements[max(after.Resume, 0):], o)...)
		}
		return rows, nil
	case *plan.Account:
		return statementRows(after.Grants, o), nil
	case *plan.Home:
		return []row{detail(visible(packLine(after)))}, nil
	case nil:
		if before, is := c.Before.(*plan.File); is {
			return diffRows(before, nil, c, o)
		}
		return nil, nil
	}
	return installRows(c, o), nil
}

// detail is a line below a headline.
func detail(text string) row { return row{lead: indent, text: text, hang: indent + "  ", words: true} }

// indent is where the details of a change begin.
const indent = "      "

// diffRows are the lines that change and those around them, each with its
// number: that of the new file, or of the old one where it goes.
func diffRows(before, after *plan.File, c plan.Change, o Options) ([]row, error) {
	lines, err := veil(o.Secret).diff(before, after, c.HiddenBefore, c.Hidden)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Ref, err)
	}
	digits := 1
	for _, l := range lines {
		digits = max(digits, len(strconv.Itoa(l.line)))
	}
	hang := indent + strings.Repeat(" ", digits-1) + `\   ` // the numbers' column, the sign's
	var rows []row
	for i, l := range lines {
		switch number := fmt.Sprintf("%s%*d ", indent, digits, l.line); {
		case l.kind == '@' && i > 0:
			rows = append(rows, row{lead: indent, text: "...", code: faint})
		case l.kind == '@':
		case l.kind == '\\':
			rows = append(rows, row{lead: indent + strings.Repeat(" ", digits+1), text: `\` + l.text, code: faint})
		case l.kind == ' ':
			rows = append(rows, row{lead: number + "  ", leadCode: faint, text: l.text, hang: hang})
		default:
			code := paints[rune(l.kind)]
			rows = append(rows, row{lead: number + string(l.kind) + " ", leadCode: code, text: l.text, code: code, hang: hang})
		}
	}
	return rows, nil
}

// statementRows are SQL as it is sent, its secrets masked.
func statementRows(list []plan.Statement, o Options) []row {
	var rows []row
	for _, s := range list {
		for i, l := range veil(o.Secret).mask([]byte(s.SQL), s.Hidden) {
			r := detail(strings.TrimRight(l, "\r\n"))
			if i > 0 {
				r.lead = r.hang
			}
			if ending(l) == "" {
				r.text += ";"
				if s.Node != "" {
					r.text += "  -- while " + visible(s.Node) + " is stopped"
				}
			}
			rows = append(rows, r)
		}
	}
	return rows
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
		if after.Start != nil && after.Start.Unit != "" {
			line += ", by " + visible(after.Start.Unit)
		}
	case *plan.Schema:
		line += ": " + visible(schemaWord(c, after))
	case *plan.Home:
		line += ": " + visible(homeWord(after))
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
