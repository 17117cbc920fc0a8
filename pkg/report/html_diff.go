package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// sideBySide is a difference in two columns, or in one where a file comes or
// goes as a whole.
type sideBySide struct {
	Rows           []sideRow
	One            bool
	added, removed int
}

// sideRow is one row: the heading of a hunk, or a line of each file.
type sideRow struct {
	At       string // heading
	Old, New sideCell
	Twin     bool // the line is the same in both
	Hidden   bool // what differs is hidden
}

// sideCell is one line; Mid is the part in which it differs from its neighbour.
type sideCell struct {
	There         bool
	No            int
	Pre, Mid, End string
	Note          string
}

// besides sets a unified difference side by side.
func besides(diff string) *sideBySide {
	s := &sideBySide{}
	var gone, come []sideCell
	old, now := 0, 0
	flush := func() {
		s.pair(gone, come)
		gone, come = nil, nil
	}
	var last *[]sideCell // where the line before went; nil: into both
	for l := range strings.Lines(diff) {
		l = strings.TrimSuffix(l, "\n")
		if l == "" {
			l = " "
		}
		text := l[1:]
		switch l[0] {
		case '@':
			flush()
			old, now = startsOf(l)
			s.Rows = append(s.Rows, sideRow{At: l})
		case '-':
			gone, last = append(gone, sideCell{There: true, No: old, Pre: text}), &gone
			old, s.removed = old+1, s.removed+1
		case '+':
			come, last = append(come, sideCell{There: true, No: now, Pre: text}), &come
			now, s.added = now+1, s.added+1
		case '\\':
			s.noted(last, strings.TrimSpace(text))
		default:
			flush()
			s.Rows = append(s.Rows, sideRow{Old: sideCell{true, old, text, "", "", ""}, New: sideCell{true, now, text, "", "", ""}, Twin: true})
			old, now, last = old+1, now+1, nil
		}
	}
	flush()
	s.One = s.whole()
	return s
}

// startsOf are the first lines of a hunk in both files.
func startsOf(head string) (old, now int) {
	for _, f := range strings.Fields(head) {
		switch {
		case strings.HasPrefix(f, "-"):
			_, _ = fmt.Sscanf(f, "-%d", &old)
		case strings.HasPrefix(f, "+"):
			_, _ = fmt.Sscanf(f, "+%d", &now)
		}
	}
	return old, now
}

// noted puts a remark to the line before.
func (s *sideBySide) noted(last *[]sideCell, note string) {
	if last != nil && len(*last) > 0 {
		(*last)[len(*last)-1].Note = note
		return
	}
	if n := len(s.Rows); n > 0 && s.Rows[n-1].Twin {
		s.Rows[n-1].Old.Note, s.Rows[n-1].New.Note = note, note
	}
}

// pair puts lines that went and lines that came beside each other.
func (s *sideBySide) pair(gone, come []sideCell) {
	for i := range max(len(gone), len(come)) {
		var row sideRow
		if i < len(gone) {
			row.Old = gone[i]
		}
		if i < len(come) {
			row.New = come[i]
		}
		if row.Old.There && row.New.There {
			row.Hidden = row.Old.Pre == row.New.Pre && row.Old.Note == row.New.Note
			compare(&row.Old, &row.New)
		}
		s.Rows = append(s.Rows, row)
	}
}

// compare finds the part in which two lines differ. Lines that have little in
// common differ as wholes, which needs no mark.
func compare(a, b *sideCell) {
	x, y := a.Pre, b.Pre
	start := 0
	for start < len(x) && start < len(y) && x[start] == y[start] {
		start++
	}
	end := 0
	for end < len(x)-start && end < len(y)-start && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	for start > 0 && (!begins(x, start) || !begins(y, start)) {
		start--
	}
	for end > 0 && (!begins(x, len(x)-end) || !begins(y, len(y)-end)) {
		end--
	}
	shared := len(strings.TrimSpace(x[:start])) + len(strings.TrimSpace(x[len(x)-end:]))
	if x == y || shared*3 < min(len(strings.TrimSpace(x)), len(strings.TrimSpace(y))) {
		return
	}
	a.Pre, a.Mid, a.End = x[:start], x[start:len(x)-end], x[len(x)-end:]
	b.Pre, b.Mid, b.End = y[:start], y[start:len(y)-end], y[len(y)-end:]
}

// begins tells whether a character begins at i.
func begins(s string, i int) bool { return i >= len(s) || utf8.RuneStart(s[i]) }

// whole tells whether one of the files has no line at all.
func (s *sideBySide) whole() bool {
	for _, r := range s.Rows {
		if r.Twin || r.Old.There && r.New.There {
			return false
		}
	}
	return s.added == 0 || s.removed == 0
}
