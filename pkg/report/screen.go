package report

import (
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// A Screen is the last gate before a terminal: whatever hosts, servers, files
// or inventories had to say and by whatever way it came here, no escape of
// theirs passes. Lines stay lines. It may be used by several goroutines.
type Screen struct {
	w     io.Writer
	mu    sync.Mutex
	paint bool
	rest  string // the beginning of something that is not all there yet
	frame *frame // what stays below all that is written; nil without
}

// NewScreen writes to w.
func NewScreen(w io.Writer) *Screen { return &Screen{w: w} }

// Paint lets the colors of this package through.
func (s *Screen) Paint() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paint = true
}

// Unwrap is what the screen writes to.
func (s *Screen) Unwrap() io.Writer { return s.w }

// Write writes p with what would move a cursor made visible.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.rest + string(p)
	whole := len(text) - s.unfinished(text)
	s.rest = text[whole:]
	clean := s.harmless(text[:whole])
	if s.frame != nil {
		clean = s.frame.around(clean)
	}
	if err := s.put(clean); err != nil {
		return 0, err
	}
	return len(p), nil
}

// put writes what is clean, at once.
func (s *Screen) put(text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(s.w, text)
	return err
}

// Close writes what never came to its end.
func (s *Screen) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := Visible(s.rest)
	if s.rest = ""; s.frame != nil {
		rest = s.frame.erased() + rest
		s.frame = nil
	}
	return s.put(rest)
}

// colors are the escapes that this package writes, and no others.
var colors = []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"}

// harmless is the text with no escapes but our own colors.
func (s *Screen) harmless(text string) string {
	var b strings.Builder
	for s.paint {
		i := strings.IndexByte(text, '\x1b')
		if i < 0 {
			break
		}
		b.WriteString(Visible(text[:i]))
		n := 1
		for _, c := range colors {
			if strings.HasPrefix(text[i:], c) {
				n = len(c)
			}
		}
		if n == 1 {
			b.WriteString(Visible(text[i : i+1]))
		} else {
			b.WriteString(text[i : i+n])
		}
		text = text[i+n:]
	}
	b.WriteString(Visible(text))
	return b.String()
}

// unfinished is how many bytes at the end may still become a rune or a color.
func (s *Screen) unfinished(text string) int {
	if i := strings.LastIndexByte(text, '\x1b'); s.paint && i >= 0 {
		for _, c := range colors {
			if len(text)-i < len(c) && strings.HasPrefix(c, text[i:]) {
				return len(text) - i
			}
		}
	}
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if end := text[len(text)-n:]; utf8.RuneStart(end[0]) {
			if utf8.FullRuneInString(end) {
				return 0
			}
			return n
		}
	}
	return 0
}
