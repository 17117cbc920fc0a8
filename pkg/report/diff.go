package report

import (
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// context is the number of unchanged lines shown around a change.
const context = 3

// diffLine is one line of a unified diff; hunk headers have the kind '@'.
type diffLine struct {
	kind byte // ' ', '+', '-', '@'
	text string
}

// diff compares two files by their real bytes and shows them by their masked
// lines, so that a changed password is a changed line without its password.
func diff(before, after *plan.File, hiddenBefore, hidden []plan.Span) ([]diffLine, error) {
	var old, now plan.File
	if before != nil {
		old = *before
	}
	if after != nil {
		now = *after
	}
	a, b := string(old.Data), string(now.Data)
	unified, err := udiff.ToUnifiedDiff("before", "after", a, udiff.Lines(a, b), context)
	if err != nil {
		return nil, err
	}
	crlf := uniform(a) && uniform(b)
	from, to := mask(old.Data, hiddenBefore), mask(now.Data, hidden)
	var lines []diffLine
	shift := 0 // of the new line numbers; the library's own are off after a hunk of several edits
	for _, h := range unified.Hunks {
		i, j := h.FromLine-1, h.FromLine-1+shift
		header := len(lines)
		lines = append(lines, diffLine{kind: '@'})
		var removed, added int
		for _, l := range h.Lines {
			switch l.Kind {
			case udiff.Delete:
				lines = append(lines, shown('-', from[i], crlf)...)
				i, removed = i+1, removed+1
			case udiff.Insert:
				lines = append(lines, shown('+', to[j], crlf)...)
				j, added = j+1, added+1
			default:
				lines = append(lines, shown(' ', to[j], crlf)...)
				i, j, removed, added = i+1, j+1, removed+1, added+1
			}
		}
		lines[header].text = fmt.Sprintf("@@ -%s +%s @@", place(h.FromLine, removed), place(h.FromLine+shift, added))
		shift += added - removed
	}
	return lines, nil
}

func place(line, count int) string {
	if count == 0 {
		return fmt.Sprintf("%d,0", max(line-1, 0))
	}
	if count == 1 {
		return fmt.Sprint(line)
	}
	return fmt.Sprintf("%d,%d", line, count)
}

// shown is one line of text; where a file mixes line ends, a CR is made
// visible, because it is part of what changes.
func shown(kind byte, line string, crlf bool) []diffLine {
	end := ending(line)
	text := strings.TrimSuffix(line, end)
	if strings.HasPrefix(end, "\r") && !crlf {
		text += `\r`
	}
	out := []diffLine{{kind, text}}
	if end == "" {
		out = append(out, diffLine{'\\', " No newline at end of file"})
	}
	return out
}

// uniform tells whether every line ends in CRLF.
func uniform(s string) bool {
	return strings.Count(s, "\n") == strings.Count(s, "\r\n")
}
