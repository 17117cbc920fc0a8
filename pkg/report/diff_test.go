package report

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// rounds of each property; the seed of a failing one is in its message.
const rounds = 3000

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// randomText has few different lines, so that edits can be ambiguous, and the
// line ends of a real file: all of a kind, mixed, or none at the end.
func randomText(r *rand.Rand) string {
	words := []string{"", "a", "b", "c", "  <x/>", "\ty", "a+b", "-c", "@@ -1 +1 @@", `\ No newline at end of file`, "ä€"}
	ends := [][]string{{"\n"}, {"\n"}, {"\r\n"}, {"\n", "\r\n"}}[r.IntN(4)]
	var b strings.Builder
	for range r.IntN(60) {
		b.WriteString(words[r.IntN(len(words))] + ends[r.IntN(len(ends))])
	}
	if r.IntN(4) == 0 {
		b.WriteString("last")
	}
	return b.String()
}

// edited changes, removes and adds lines here and there.
func edited(r *rand.Rand, text string) string {
	var out []string
	for l := range strings.Lines(text) {
		switch r.IntN(12) {
		case 0:
		case 1:
			out = append(out, "new\n")
		case 2:
			out = append(out, l, "more\r\n")
		case 3:
			out = append(out, strings.Replace(l, "\r\n", "\n", 1))
		default:
			out = append(out, l)
		}
	}
	if r.IntN(6) == 0 {
		out = append([]string{"first\n"}, out...)
	}
	if r.IntN(6) == 0 {
		return strings.TrimRight(strings.Join(out, ""), "\r\n")
	}
	return strings.Join(out, "")
}

func TestADiffLeadsFromBeforeToAfter(t *testing.T) {
	for seed := range uint64(rounds) {
		r := random(seed)
		before := randomText(r)
		after := edited(r, before)
		if r.IntN(10) == 0 {
			after = randomText(r)
		}
		lines, err := veil(nil).diff(&plan.File{Data: []byte(before)}, &plan.File{Data: []byte(after)}, nil, nil)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got, err := patched(before, lines, uniform(before) && uniform(after))
		if err != nil {
			t.Fatalf("seed %d: %v\n%s\nbefore %q\nafter  %q", seed, err, printed(lines), before, after)
		}
		if got != after {
			t.Fatalf("seed %d: the diff leads elsewhere\n%s\nbefore %q\nafter  %q\ngot    %q", seed, printed(lines), before, after, got)
		}
		if before == after && len(lines) > 0 {
			t.Fatalf("seed %d: equal texts differ:\n%s", seed, printed(lines))
		}
	}
}

func printed(lines []diffLine) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%c%s\n", l.kind, l.text)
	}
	return b.String()
}

var header = regexp.MustCompile(`^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@$`)

// patched applies a diff strictly: each hunk at the line it names, with the
// lines it names, as many as it says.
func patched(before string, lines []diffLine, crlf bool) (string, error) {
	old := slices.Collect(strings.Lines(before))
	var out []string
	at := 0 // lines of old that are done with
	for i := 0; i < len(lines); {
		m := header.FindStringSubmatch(lines[i].text)
		if lines[i].kind != '@' || m == nil {
			return "", fmt.Errorf("line %d: %q is no header", i, lines[i].text)
		}
		from, removed, to, added := number(m[1]), count1(m[2]), number(m[3]), count1(m[4])
		begin := from - 1
		if removed == 0 {
			begin = from
		}
		if begin < at || begin+removed > len(old) {
			return "", fmt.Errorf("hunk at %d,%d, but the file has %d lines and %d are used", from, removed, len(old), at)
		}
		out = append(out, old[at:begin]...)
		if place := len(out) + 1; added > 0 && place != to || added == 0 && place-1 != to {
			return "", fmt.Errorf("hunk says it goes to %d,%d, but %d lines are written", to, added, len(out))
		}
		at = begin
		for i++; i < len(lines) && lines[i].kind != '@'; i++ {
			text := raw(lines, i, crlf)
			switch lines[i].kind {
			case '\\':
				continue
			case '+', ' ':
				out = append(out, text)
				added--
			}
			if lines[i].kind != '+' {
				if at >= len(old) || old[at] != text {
					return "", fmt.Errorf("the diff has %q where the file has line %d", text, at+1)
				}
				at++
				removed--
			}
		}
		if removed != 0 || added != 0 {
			return "", fmt.Errorf("the header of a hunk counts %d old and %d new lines more than there are", removed, added)
		}
	}
	return strings.Join(append(out, old[at:]...), ""), nil
}

// raw is a shown line as it stands in the file.
func raw(lines []diffLine, i int, crlf bool) string {
	text := lines[i].text
	if i+1 < len(lines) && lines[i+1].kind == '\\' {
		return text
	}
	if cut, is := strings.CutSuffix(text, `\r`); crlf || is {
		return cut + "\r\n"
	}
	return text + "\n"
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func count1(s string) int {
	if s == "" {
		return 1
	}
	return number(s)
}

// A text in which what is hidden is upper case and nothing else is.
func secretText(r *rand.Rand) (string, []plan.Span) {
	var b strings.Builder
	var spans []plan.Span
	for range r.IntN(12) {
		b.WriteString([]string{"a", "b\n", "c\r\n", "\n", "é", "\xff", "\x1b"}[r.IntN(7)])
		if r.IntN(2) == 0 {
			start := b.Len()
			b.WriteString([]string{"X", "XY\nZ", "\nX", "X\r\nY\r\n", "X\xc3", "\r", "\n", "\nX\n\nY\n"}[r.IntN(8)])
			spans = append(spans, plan.Span{Start: start, End: b.Len()})
			if r.IntN(4) == 0 { // overlapping, reversed in order, beyond the end, empty
				spans = append([]plan.Span{{Start: start, End: start + 1}, {Start: start, End: start}}, spans...)
			}
		}
	}
	if r.IntN(8) == 0 {
		spans = append(spans, plan.Span{Start: b.Len(), End: b.Len() + 9}, plan.Span{Start: -3, End: 0})
	}
	return b.String(), spans
}

var upper = regexp.MustCompile(`[A-Z]`)

func TestAMaskShowsNoByteOfASpan(t *testing.T) {
	for seed := range uint64(rounds) {
		text, spans := secretText(random(seed))
		lines := veil(nil).mask([]byte(text), spans)
		if got := strings.Join(lines, ""); upper.MatchString(strings.ReplaceAll(got, "\uFFFD", "")) {
			t.Fatalf("seed %d: %q %v shows %q", seed, text, spans, got)
		}
		if want := len(slices.Collect(strings.Lines(text))); len(lines) != want {
			t.Fatalf("seed %d: %q has %d lines masked, want %d", seed, text, len(lines), want)
		}
	}
}

func TestAMaskChangesNothingElse(t *testing.T) {
	text := "a\tb\r\nc\nlast"
	if got := strings.Join(veil(nil).mask([]byte(text), nil), ""); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
	got := veil(nil).mask([]byte("user=u;password=XYZ;db=d\nnext\n"), []plan.Span{{Start: 16, End: 19}})
	if want := []string{"user=u;password=(secret);db=d\n", "next\n"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What one of the files hides in a line that both have is hidden, whatever the
// other says of it.
func TestADiffShowsNoByteOfASpan(t *testing.T) {
	for seed := range uint64(rounds) {
		r := random(seed)
		var before, after strings.Builder
		var hiddenBefore, hiddenAfter []plan.Span
		write := func(b *strings.Builder, spans *[]plan.Span, line string, hide bool) {
			if at := strings.Index(line, "SECRET"); hide && at >= 0 {
				*spans = append(*spans, plan.Span{Start: b.Len() + at, End: b.Len() + at + len("SECRET")})
			}
			b.WriteString(line)
		}
		for i := range 40 {
			line := fmt.Sprintf("line %d\n", i)
			if r.IntN(3) == 0 {
				line = fmt.Sprintf("line %d SECRET end\n", i)
			}
			switch r.IntN(8) {
			case 0:
				write(&before, &hiddenBefore, line, true)
			case 1:
				write(&after, &hiddenAfter, line, true)
			default:
				where := r.IntN(3)
				write(&before, &hiddenBefore, line, where != 0)
				write(&after, &hiddenAfter, line, where != 1)
			}
		}
		lines, err := veil(nil).diff(&plan.File{Data: []byte(before.String())}, &plan.File{Data: []byte(after.String())}, hiddenBefore, hiddenAfter)
		if got := printed(lines); err != nil || strings.Contains(got, "SECRET") {
			t.Fatalf("seed %d: %v\n%s", seed, err, got)
		}
	}
}

func TestADiffOfPasswordsIsAChangedLine(t *testing.T) {
	span := []plan.Span{{Start: 3, End: 6}}
	lines, err := veil(nil).diff(&plan.File{Data: []byte("<p>OLD</p>\n")}, &plan.File{Data: []byte("<p>NEW</p>\n")}, span, span)
	if want := "@@@ -1 +1 @@\n-<p>(secret)</p>\n+<p>(secret)</p>\n"; err != nil || printed(lines) != want {
		t.Errorf("got %q, %v, want %q", printed(lines), err, want)
	}
}

func TestLineEndsAreShownWhereTheyDiffer(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{"a\r\nb\r\n", "a\r\nc\r\n", "@@@ -1,2 +1,2 @@\n a\n-b\n+c\n"},
		{"a\r\nb\n", "a\r\nc\n", "@@@ -1,2 +1,2 @@\n a\\r\n-b\n+c\n"},
		{"a\n", "a\r\n", "@@@ -1 +1 @@\n-a\n+a\\r\n"},
		{"a", "a\n", "@@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"", "a\n", "@@@ -0,0 +1 @@\n+a\n"},
		{"a\n", "", "@@@ -1 +0,0 @@\n-a\n"},
		{"a\r", "a\r\n", "@@@ -1 +1 @@\n-a\\x0d\n\\ No newline at end of file\n+a\n"},
		{"", "", ""},
	} {
		lines, err := veil(nil).diff(&plan.File{Data: []byte(c.before)}, &plan.File{Data: []byte(c.after)}, nil, nil)
		if got := printed(lines); err != nil || got != strings.ReplaceAll(c.want, "\n\\ No", "\n\\ No") {
			t.Errorf("%q to %q: %v\n got %q\nwant %q", c.before, c.after, err, got, c.want)
		}
	}
}

func TestAnAbsentFileDiffsAsAnEmptyOne(t *testing.T) {
	lines, err := veil(nil).diff(nil, &plan.File{Data: []byte("a\n")}, nil, nil)
	if want := "@@@ -0,0 +1 @@\n+a\n"; err != nil || printed(lines) != want {
		t.Errorf("got %q, %v", printed(lines), err)
	}
	lines, err = veil(nil).diff(&plan.File{Data: []byte("a\n")}, nil, nil, nil)
	if want := "@@@ -1 +0,0 @@\n-a\n"; err != nil || printed(lines) != want {
		t.Errorf("got %q, %v", printed(lines), err)
	}
}

func TestWhatAHostSendsCannotMoveTheCursor(t *testing.T) {
	for text, want := range map[string]string{
		"plain ä\ttext":                       "plain ä\ttext",
		"\x1b[2J\x1b]0;title\x07":             `\x1b[2J\x1b]0;title\x07`,
		"back\b\b\rover":                      `back\x08\x08\x0dover`,
		"\x00\x7f":                            `\x00\x7f`,
		"latin1 \xe4 end":                     `latin1 \xe4 end`,
		"c1 \u009b31m":                        "c1 \uFFFD31m",
		"bidi \u202eevil\u202c":               "bidi \uFFFDevil\uFFFD",
		"zero width\u200b and mark \ufeff":    "zero width\uFFFD and mark \uFFFD",
		"the replacement \uFFFD itself stays": "the replacement \uFFFD itself stays",
		"lines \u2028 and \u2029":             "lines \uFFFD and \uFFFD",
	} {
		if got := visible(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
