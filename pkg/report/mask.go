package report

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

const hidden = "(secret)"

// A veil is what is shown in the place of a secret; nil shows "(secret)".
type veil func(secret []byte) string

func (v veil) over(secret []byte) string {
	if v == nil {
		return hidden
	}
	return v(secret)
}

// mask returns the lines of data with the hidden spans replaced, one for one:
// line i of the result is line i of the data. A span over several lines hides
// all of them.
func (v veil) mask(data []byte, spans []plan.Span) []string {
	spans = merge(spans, len(data))
	var lines []string
	offset, next := 0, 0
	for l := range strings.Lines(string(data)) {
		start, end := offset, offset+len(l)-len(ending(l))
		offset += len(l)
		var b strings.Builder
		at := start
		for i := next; i < len(spans) && spans[i].Start < offset; i++ {
			if s := spans[i]; s.End > start {
				from, to := min(max(s.Start, start), end), min(s.End, end)
				b.Write(data[at:from])
				b.WriteString(v.over(data[s.Start:s.End]))
				at = to
			}
		}
		b.Write(data[at:end])
		lines = append(lines, visible(b.String())+ending(l))
		for next < len(spans) && spans[next].End <= offset {
			next++
		}
	}
	return lines
}

// merge sorts the spans and joins those that touch.
func merge(spans []plan.Span, size int) []plan.Span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b plan.Span) int { return a.Start - b.Start })
	var out []plan.Span
	for _, s := range spans {
		s.Start, s.End = max(s.Start, 0), min(s.End, size)
		if s.Start >= s.End {
			continue
		}
		if n := len(out); n > 0 && s.Start <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}

// ending is the part of a line that is no text; "" on the last line of a file
// without a final line end.
func ending(line string) string {
	for _, end := range []string{"\r\n", "\n"} {
		if strings.HasSuffix(line, end) {
			return end
		}
	}
	return ""
}

// visible makes control characters harmless: what a host sends must not move
// the cursor of the terminal it is shown on. A tab stays a tab.
func visible(s string) string {
	if !strings.ContainsFunc(s, unprintable) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + hex(s[i]))
		case r < utf8.RuneSelf && unprintable(r):
			b.WriteString(`\x` + hex(byte(r)))
		case unprintable(r):
			b.WriteString("\uFFFD")
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func unprintable(r rune) bool {
	return r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp))
}

func hex(b byte) string { return string([]byte{"0123456789abcdef"[b>>4], "0123456789abcdef"[b&15]}) }
