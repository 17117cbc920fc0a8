package steps_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// run plans the case and proves the laws that hold for every one of them.
func (c *testCase) run(t *testing.T) string {
	t.Helper()
	list, before := c.list(t), c.w.print()
	p, err := c.w.build(list)
	got := render(t, p, err)
	if again, err := c.w.build(c.list(t)); render(t, again, err) != got {
		t.Errorf("planning twice gives two texts:\n%s\nand\n%s", got, render(t, again, err))
	}
	if c.w.print() != before {
		t.Error("planning changed the world")
	}
	noSecret(t, got)
	if err != nil {
		return got
	}
	for _, change := range p.Changes {
		exact(t, change, got)
	}
	if err := c.w.apply(p); err != nil {
		t.Fatal(err)
	}
	if left, err := c.w.build(c.list(t)); err != nil || !left.Empty() {
		t.Errorf("after the apply there is more to do:\n%s", render(t, left, err))
	}
	return got
}

// noSecret fails where a text holds a part of a password, plain or encoded.
func noSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{"S3cret", "Pl4nted"} {
		forms := []string{secret, hex.EncodeToString([]byte(secret))}
		for shift := range 3 {
			// Without what the neighbours of the secret decide.
			coded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("-", shift) + secret))
			forms = append(forms, coded[(shift*8+5)/6:len(secret)*8/6])
		}
		for _, form := range forms {
			if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
				t.Errorf("the text shows a secret (as %q)", form)
			}
		}
	}
}

// exact proves that a file changes in the lines that are shown and in nothing
// else: as many lines go and come as the plan shows, line ends stay what they
// were, and so do mode, owner and where a link leads.
func exact(t *testing.T, c plan.Change, shown string) {
	t.Helper()
	after, isAfter := c.After.(*plan.File)
	before, isBefore := c.Before.(*plan.File)
	if !isAfter || !isBefore {
		return
	}
	if after.Mode != before.Mode || after.Owner != before.Owner || after.Group != before.Group || after.Real != before.Real {
		t.Errorf("%s: %+v became %+v", c.Ref, before.Meta, after.Meta)
	}
	if crlf(before.Data) != crlf(after.Data) && len(before.Data) > 0 {
		t.Errorf("%s: its line ends were %s and are %s", c.Ref, crlf(before.Data), crlf(after.Data))
	}
	removed, added := differing(before.Data, after.Data)
	minus, plus := counted(shown, c.Ref)
	if minus != removed || plus != added {
		t.Errorf("%s: %d lines go and %d come, but the plan shows %d and %d", c.Ref, removed, added, minus, plus)
	}
}

// crlf says how a file's lines end.
func crlf(data []byte) string {
	switch n := bytes.Count(data, []byte("\r\n")); n {
	case 0:
		return "LF"
	case bytes.Count(data, []byte("\n")):
		return "CRLF"
	}
	return "mixed"
}

// differing counts the lines outside of a longest common subsequence.
func differing(a, b []byte) (removed, added int) {
	x, y := slices.Collect(bytes.Lines(a)), slices.Collect(bytes.Lines(b))
	for len(x) > 0 && len(y) > 0 && bytes.Equal(x[0], y[0]) {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && bytes.Equal(x[len(x)-1], y[len(y)-1]) {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	row := make([]int, len(y)+1)
	for i := range x {
		diagonal := 0
		for j := range y {
			was := row[j+1]
			if bytes.Equal(x[i], y[j]) {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(row[j], row[j+1])
			}
			diagonal = was
		}
	}
	return len(x) - row[len(y)], len(y) - row[len(y)]
}

// counted counts the lines of a file's diff in a rendered plan.
func counted(shown string, r plan.Ref) (minus, plus int) {
	of(shown, r, func(line string) {
		switch line[0] {
		case '-':
			minus++
		case '+':
			plus++
		}
	})
	return minus, plus
}

// numbered is a line of a file in a rendered plan: its number, its sign, itself.
var numbered = regexp.MustCompile(`^ {6} *\d+ ([ +-]) ?(.*)$`)

// of calls see for each line of one file's diff in a rendered plan, the sign
// first.
func of(shown string, r plan.Ref, see func(string)) {
	target, inside := "", false
	for l := range strings.Lines(shown) {
		l = strings.TrimSuffix(l, "\n")
		switch change, isChange := strings.CutPrefix(l, "  "); {
		case strings.HasPrefix(l, "      "):
			if line := numbered.FindStringSubmatch(l); line != nil && inside {
				see(line[1] + line[2])
			}
		case isChange:
			inside = target == r.Target && strings.HasPrefix(change[min(2, len(change)):], r.Path+":")
		default:
			target, _, _ = strings.Cut(l, ": ")
		}
	}
}
