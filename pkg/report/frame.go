package report

import (
	"fmt"
	"slices"
	"strings"
)

// A frame is what a screen keeps below all that is written to it: lines about
// what is under way, drawn again whenever they change. Callers give texts and
// colors; the escapes that move the cursor are written here and nowhere else, so
// that no text of a host is ever one of them.
//
// Flicker: a frame is one write, each line is drawn over the old one and only its
// rest erased. Resize: the size is asked for at each drawing. No line is as wide
// as the terminal, so none is wrapped when it is drawn; but a terminal that has
// become narrower since wraps what is there already, and the frame is then as
// much higher, and erased whole.
type frame struct {
	size    func() (columns, rows int)
	want    []line
	drawn   []int // the columns of each line that is on the terminal
	shown   string
	columns int  // of the terminal, when it was drawn
	open    bool // what was written last has no line end yet, so that there is no place for a frame
}

// line is one of a frame.
type line []bit

// bit is a text in one color.
type bit struct{ text, code string }

// Keep begins a frame; size is asked for the terminal's size at each drawing.
func (s *Screen) Keep(size func() (columns, rows int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frame = &frame{size: size}
}

// show draws the lines, if they are others than those that are there or the
// terminal has another size.
func (s *Screen) show(lines []line) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frame == nil {
		return nil
	}
	s.frame.want = lines
	return s.put(s.frame.redrawn())
}

// Drop ends the frame and erases it.
func (s *Screen) Drop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frame == nil {
		return nil
	}
	erased := s.frame.erased()
	s.frame = nil
	return s.put(erased)
}

// around is a text that is written while there is a frame.
func (f *frame) around(text string) string {
	if text == "" {
		return ""
	}
	erased := f.erased()
	f.open = !strings.HasSuffix(text, "\n")
	return erased + text + f.redrawn()
}

// redrawn draws the frame over the one that is there.
func (f *frame) redrawn() string {
	columns, rows := f.size()
	var b strings.Builder
	lines := fitting(f.want, rows-1)
	widths := make([]int, len(lines))
	for i, l := range lines {
		text, wide := l.cut(columns - 1)
		widths[i] = wide
		b.WriteString(text + "\x1b[K\n")
	}
	said := fmt.Sprint(columns, rows) + b.String()
	if f.open || said == f.shown {
		return ""
	}
	up := f.up(columns)
	if up != "" && columns != f.columns {
		up += "\x1b[J" // or the terminal would take the rows of a line that it wrapped for one still
	}
	f.drawn, f.shown, f.columns = widths, said, columns
	if up+b.String() == "" {
		return ""
	}
	return up + b.String() + "\x1b[J"
}

// erased takes the frame away.
func (f *frame) erased() string {
	columns, _ := f.size()
	up := f.up(columns)
	f.drawn, f.shown = nil, ""
	if up == "" {
		return ""
	}
	return up + "\x1b[J"
}

// up goes to where the frame begins.
func (f *frame) up(columns int) string {
	rows := 0
	for _, wide := range f.drawn {
		rows += max(1, (wide+columns-1)/max(columns, 1))
	}
	if rows == 0 {
		return ""
	}
	return fmt.Sprintf("\r\x1b[%dA", rows)
}

// fitting are as many lines as there are rows for, the last of them included.
func fitting(lines []line, rows int) []line {
	if len(lines) <= rows || rows < 3 {
		return lines[:min(len(lines), max(rows, 0))]
	}
	left := len(lines) - (rows - 1)
	short := slices.Clone(lines[:rows-2])
	return append(short, line{{text: fmt.Sprintf("... and %d lines more", left), code: faint}}, lines[len(lines)-1])
}

// cut is the line in colors, as far as it fits, and how wide that is.
func (l line) cut(room int) (text string, wide int) {
	var b strings.Builder
	whole := 0
	for _, s := range l {
		whole += columns(visible(s.text), whole)
	}
	const mark = "..."
	if whole > room {
		room -= len(mark)
	}
	for _, s := range l {
		said := strings.ReplaceAll(visible(s.text), "\t", " ")
		if n := upTo(said, room-wide); n < len(said) {
			said = said[:n]
		}
		wide += columns(said, wide)
		b.WriteString(painted(s.code, said))
	}
	if whole > room && room > 0 {
		b.WriteString(mark)
		wide += len(mark)
	}
	return b.String(), wide
}

// upTo is how many bytes of the text fit into so many columns; none may.
func upTo(text string, room int) int {
	if room <= 0 || text == "" {
		return 0
	}
	if n := fits(text, 0, room); columns(text[:n], 0) <= room {
		return n
	}
	return 0
}

func painted(code, text string) string {
	if code == "" || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
