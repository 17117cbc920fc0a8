package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func onScreen(t *testing.T, text string, size int, paint bool) string {
	t.Helper()
	var out bytes.Buffer
	s := NewScreen(&out)
	if paint {
		s.Paint()
	}
	for len(text) > 0 {
		n := min(size, len(text))
		if wrote, err := s.Write([]byte(text[:n])); wrote != n || err != nil {
			t.Fatal(wrote, err)
		}
		text = text[n:]
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestScreen(t *testing.T) {
	for _, c := range []struct{ name, text, plain, painted string }{
		{"text", "a\tb\nc é €𝄞\n", "a\tb\nc é €𝄞\n", "a\tb\nc é €𝄞\n"},
		{"our colors", "\x1b[31m-\x1b[0m", `\x1b[31m-\x1b[0m`, "\x1b[31m-\x1b[0m"},
		{"other escapes", "\x1b]0;t\x07\x1b[2J\x1b[31;1m\x1bc", `\x1b]0;t\x07\x1b[2J\x1b[31;1m\x1bc`, `\x1b]0;t\x07\x1b[2J\x1b[31;1m\x1bc`},
		{"carriage return", "good\rbad\n", `good\x0dbad` + "\n", `good\x0dbad` + "\n"},
		{"eight-bit escapes", "\u009b2J", "\uFFFD2J", "\uFFFD2J"},
		{"text that runs backwards", "a\u202eb", "a\uFFFDb", "a\uFFFDb"},
		{"bytes that are no text", "\x9b2J\xff\xc3", `\x9b2J\xff\xc3`, `\x9b2J\xff\xc3`},
		{"half a color", "\x1b[3", `\x1b[3`, `\x1b[3`},
	} {
		for _, size := range []int{1, 2, 3, 100} {
			if got := onScreen(t, c.text, size, false); got != c.plain {
				t.Errorf("%s in parts of %d: %q, want %q", c.name, size, got, c.plain)
			}
			if got := onScreen(t, c.text, size, true); got != c.painted {
				t.Errorf("%s in parts of %d, painted: %q, want %q", c.name, size, got, c.painted)
			}
		}
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestScreenTellsErrors(t *testing.T) {
	if n, err := NewScreen(closed{}).Write([]byte("x")); err == nil || n != 0 {
		t.Errorf("writing to what is closed gives %d, %v", n, err)
	}
}

func FuzzScreen(f *testing.F) {
	f.Add("\x1b[31ma\x1b[2J\r\n\xff", 3)
	f.Fuzz(func(t *testing.T, text string, size int) {
		if size < 1 {
			return
		}
		whole := onScreen(t, text, len(text)+1, true)
		if parts := onScreen(t, text, size, true); parts != whole {
			t.Fatalf("in parts of %d: %q, whole %q", size, parts, whole)
		}
		for _, c := range colors {
			whole = strings.ReplaceAll(whole, c, "")
		}
		if !utf8.ValidString(whole) || strings.ContainsFunc(whole, func(r rune) bool { return r != '\n' && unprintable(r) }) {
			t.Fatalf("%q became %q", text, whole)
		}
	})
}
