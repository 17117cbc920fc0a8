package report

import (
	"bytes"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Hunk is a part of a file in which lines differ.
type Hunk struct {
	// The number of its first line before the change, from 1.
	From int `json:"from"`
	// How many lines of the file before it covers.
	Removed int `json:"removed"`
	// The number of its first line after the change, from 1.
	To int `json:"to"`
	// How many lines of the file after it covers.
	Added int `json:"added"`
	// Its lines, as a unified diff has them.
	Lines []HunkLine `json:"lines"`
}

// An Op says in which of the two files a line is.
type Op string

// The ops.
const (
	OpSame    Op = "same"
	OpRemoved Op = "removed"
	OpAdded   Op = "added"
)

// HunkLine is one line of a hunk.
type HunkLine struct {
	// Whether the line is in both files, only in the one before, or only in the one after.
	Op Op `json:"op"`
	// Its number before the change, from 1; absent where it is added.
	Before int `json:"before,omitempty"`
	// Its number after the change, from 1; absent where it is removed.
	After int `json:"after,omitempty"`
	// Its text without the line end, "(secret)" in the place of each secret. A CR stands as \r where the file mixes line ends.
	Text string `json:"text"`
	// The file ends with this line, which has no line end.
	NoNewline bool `json:"no_newline,omitempty"`
}

// texts are both sides of a change of a file, masked, and where they differ.
type texts struct {
	before, after []string
	hunks         []Hunk
}

// compared are the texts of a change that is one of a file, else none.
func (v veil) compared(c plan.Change) (out texts, err error) {
	old, is := c.Before.(*plan.File)
	now, will := c.After.(*plan.File)
	if !is && !will {
		return texts{}, nil
	}
	if old == nil {
		old = &plan.File{}
	}
	if now == nil {
		now = &plan.File{}
	}
	a, b := string(old.Data), string(now.Data)
	edits := udiff.Lines(a, b)
	unified, err := udiff.ToUnifiedDiff("before", "after", a, edits, context)
	if err != nil {
		return out, err
	}
	if out.before, out.after, err = v.sides(edits, old, now, c); err != nil {
		return out, err
	}
	crlf := uniform(a) && uniform(b)
	walk(unified.Hunks, func(h hunk) {
		out.hunks = append(out.hunks, Hunk{From: h.from, Removed: h.removed, To: h.to, Added: h.added, Lines: []HunkLine{}})
	}, func(kind udiff.OpKind, i, j int) {
		l := hunkLine(kind, i, j, out, crlf)
		h := &out.hunks[len(out.hunks)-1]
		h.Lines = append(h.Lines, l)
	})
	return out, nil
}

// sides are the lines of both files, masked. What either file hides in a line
// that both have is hidden in both, in hunks and between them.
func (v veil) sides(edits []udiff.Edit, old, now *plan.File, c plan.Change) (before, after []string, err error) {
	if len(edits) == 0 {
		same := v.mask(now.Data, append(slices.Clone(c.Hidden), c.HiddenBefore...))
		return same, same, nil
	}
	all := bytes.Count(old.Data, []byte("\n")) + 1
	whole, err := udiff.ToUnifiedDiff("before", "after", string(old.Data), edits, all)
	if err != nil {
		return nil, nil, err
	}
	before = v.mask(old.Data, c.HiddenBefore)
	after = v.mask(now.Data, append(slices.Clone(c.Hidden), carried(whole.Hunks, old.Data, now.Data, c.HiddenBefore)...))
	walk(whole.Hunks, func(hunk) {}, func(kind udiff.OpKind, i, j int) {
		if kind == udiff.Equal {
			before[i] = after[j]
		}
	})
	return before, after, nil
}

func hunkLine(kind udiff.OpKind, i, j int, t texts, crlf bool) HunkLine {
	l := HunkLine{Op: OpSame, Before: i + 1, After: j + 1}
	var line string
	switch kind {
	case udiff.Delete:
		l.Op, l.After, line = OpRemoved, 0, t.before[i]
	case udiff.Insert:
		l.Op, l.Before, line = OpAdded, 0, t.after[j]
	default:
		line = t.after[j]
	}
	end := ending(line)
	l.Text, l.NoNewline = strings.TrimSuffix(line, end), end == ""
	if strings.HasPrefix(end, "\r") && !crlf {
		l.Text += `\r`
	}
	return l
}
