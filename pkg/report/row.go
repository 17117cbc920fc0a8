package report

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// row is one line of a report, before it is colored and wrapped.
type row struct {
	lead, leadCode string // indentation, line number, sign
	text, code     string
	hang           string // what the further lines of a wrapped one begin with
	words          bool   // it is broken between words; else anywhere, as its blanks may matter
}

// row writes a row. Where it is longer than the terminal is wide it is wrapped:
// nothing of a plan is ever cut off.
func (t *text) row(r row) {
	lead := r.lead
	for i, piece := range wrap(r, t.Width) {
		if i > 0 {
			lead = r.hang
		}
		if piece == "" {
			lead = strings.TrimRight(lead, " ")
		}
		t.line("%s%s", t.paint(r.leadCode, lead), t.paint(r.code, piece))
	}
}

// least is how much of a text a line must have room for, or it is not wrapped.
const least = 20

// wrap is the text in pieces that fit.
func wrap(r row, wide int) []string {
	room := wide - max(columns(r.lead, 0), columns(r.hang, 0))
	if wide == 0 || room < least {
		return []string{r.text}
	}
	var pieces []string
	text, at := r.text, columns(r.lead, 0)
	for {
		n := fits(text, at, room)
		if n == len(text) {
			return append(pieces, text)
		}
		if blank := strings.LastIndexByte(text[:n], ' '); r.words && blank > 0 {
			pieces = append(pieces, text[:blank])
			text = text[blank+1:]
		} else {
			pieces = append(pieces, text[:n])
			text = text[n:]
		}
		at = columns(r.hang, 0)
	}
}

// fits is how many bytes of the text fit into so many columns, one character at
// least; at is the column where it begins.
func fits(text string, at, room int) int {
	from := at
	for i, c := range text {
		at += columnsOf(c, at)
		if at-from > room && i > 0 {
			return i
		}
	}
	return len(text)
}

// columns is how wide a terminal shows the text that begins at a column.
func columns(text string, at int) int {
	from := at
	for _, c := range text {
		at += columnsOf(c, at)
	}
	return at - from
}

func columnsOf(c rune, at int) int {
	switch kind := width.LookupRune(c).Kind(); {
	case c == '\t':
		return 8 - at%8
	case unicode.In(c, unicode.Mn, unicode.Me):
		return 0
	case kind == width.EastAsianWide, kind == width.EastAsianFullwidth:
		return 2
	}
	return 1
}
