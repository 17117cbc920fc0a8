package report

import (
	"bytes"
	"fmt"
	"slices"
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
	line int // its number in the new file, of a '-' in the old; 0 of the others
}

// diff compares two files by their real bytes and shows them by their masked
// lines, so that a changed password is a changed line without its password.
func (v veil) diff(before, after *plan.File, hiddenBefore, hidden []plan.Span) ([]diffLine, error) {
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
	from := v.mask(old.Data, hiddenBefore)
	to := v.mask(now.Data, append(slices.Clone(hidden), carried(unified.Hunks, old.Data, now.Data, hiddenBefore)...))
	var lines []diffLine
	walk(unified.Hunks, func(h hunk) {
		lines = append(lines, diffLine{kind: '@', text: fmt.Sprintf("@@ -%s +%s @@", place(h.from, h.removed), place(h.to, h.added))})
	}, func(kind udiff.OpKind, i, j int) {
		switch kind {
		case udiff.Delete:
			lines = append(lines, shown('-', from[i], crlf, i+1)...)
		case udiff.Insert:
			lines = append(lines, shown('+', to[j], crlf, j+1)...)
		default:
			lines = append(lines, shown(' ', to[j], crlf, j+1)...)
		}
	})
	return lines, nil
}

// hunk is where a hunk stands in both files, in lines from 1, and how many
// lines of each it has.
type hunk struct{ from, removed, to, added int }

// walk calls begin for each hunk and see for each of its lines, with the
// indexes of the line in both files. The library's own numbers of new lines
// are off after a hunk of several edits, so they are counted here.
func walk(hunks []*udiff.Hunk, begin func(hunk), see func(kind udiff.OpKind, i, j int)) {
	shift := 0
	for _, u := range hunks {
		h := hunk{from: u.FromLine, to: u.FromLine + shift}
		for _, l := range u.Lines {
			if l.Kind != udiff.Insert {
				h.removed++
			}
			if l.Kind != udiff.Delete {
				h.added++
			}
		}
		begin(h)
		i, j := h.from-1, h.to-1
		for _, l := range u.Lines {
			see(l.Kind, i, j)
			if l.Kind != udiff.Insert {
				i++
			}
			if l.Kind != udiff.Delete {
				j++
			}
		}
		shift += h.added - h.removed
	}
}

// carried are the spans of the old file that lie in unchanged lines, at their
// places in the new one: what either file hides there stays hidden.
func carried(hunks []*udiff.Hunk, old, now []byte, spans []plan.Span) []plan.Span {
	from, to := starts(old), starts(now)
	var list []plan.Span
	walk(hunks, func(hunk) {}, func(kind udiff.OpKind, i, j int) {
		if kind != udiff.Equal {
			return
		}
		for _, s := range spans {
			start, end := max(s.Start, from[i]), min(s.End, from[i+1])
			if start < end {
				list = append(list, plan.Span{Start: start - from[i] + to[j], End: end - from[i] + to[j]})
			}
		}
	})
	return list
}

// starts are the offsets of the lines, and the end of the last.
func starts(data []byte) []int {
	list := []int{0}
	for l := range bytes.Lines(data) {
		list = append(list, list[len(list)-1]+len(l))
	}
	return list
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
func shown(kind byte, line string, crlf bool, number int) []diffLine {
	end := ending(line)
	text := strings.TrimSuffix(line, end)
	if strings.HasPrefix(end, "\r") && !crlf {
		text += `\r`
	}
	out := []diffLine{{kind, text, number}}
	if end == "" {
		out = append(out, diffLine{kind: '\\', text: " No newline at end of file"})
	}
	return out
}

// uniform tells whether every line ends in CRLF.
func uniform(s string) bool {
	return strings.Count(s, "\n") == strings.Count(s, "\r\n")
}
