package inventory

import (
	"strings"

	"github.com/BurntSushi/toml"
)

// deepest is how deep tables and lists may lie in each other, and how many
// parts a dotted key may have. The schema needs five; the decoder's time grows
// with the square of it, and its stack with it.
const deepest = 32

// scanner finds the places in a file that the decoder accepts. On any other
// input it comes to an end too, with places of no meaning.
type scanner struct {
	src  string
	at   int
	line int
	// tooDeep is the first line that nests deeper than allowed.
	tooDeep  int
	comments []stretch
}

// stretch is a range of the text.
type stretch struct{ from, to int }

// locate returns the places of all values, and the line that nests too deep
// to be decoded, 0 if none does.
func locate(src string) (*place, int) {
	root, s := scan(src)
	return root, s.tooDeep
}

func scan(src string) (*place, *scanner) {
	s := &scanner{src: strings.TrimPrefix(src, "\xef\xbb\xbf"), line: 1}
	root := &place{line: 1}
	current := root
	for s.skip(); s.at < len(s.src) && s.tooDeep == 0; s.skip() {
		before := s.at
		if s.peek() == '[' {
			current = s.header(root)
		} else {
			s.pair(current, 0)
		}
		s.advanceFrom(before)
	}
	return root, s
}

// header reads [a.b] or [[a.b]] and returns the table that follows.
func (s *scanner) header(root *place) *place {
	line := s.line
	list := s.take("[[")
	if !list {
		s.take("[")
	}
	p := root
	path := s.path()
	for i, name := range path {
		p = p.sub(name, line)
		if last := i == len(path)-1; list && last {
			p = p.add(line)
		} else {
			p = p.latest()
		}
	}
	_ = s.take("]]") || s.take("]")
	return p
}

// pair reads key = value into the table.
func (s *scanner) pair(p *place, depth int) {
	line := s.line
	for _, name := range s.path() {
		p = p.latest().sub(name, line)
	}
	if s.take("=") {
		s.value(p, depth)
	}
}

func (s *scanner) value(p *place, depth int) {
	s.blanks()
	p.from = s.at
	defer func() { p.to = s.at }()
	if depth > deepest {
		s.deep()
		return
	}
	switch s.peek() {
	case '"', '\'':
		s.quoted()
	case '[':
		s.list(p, depth)
	case '{':
		s.inline(p, depth)
	default:
		s.run(",]}#\r\n")
	}
}

// list reads [a, b], over any number of lines.
func (s *scanner) list(p *place, depth int) {
	s.at++
	for s.skipCommas(); s.at < len(s.src) && s.tooDeep == 0 && !s.take("]"); s.skipCommas() {
		before := s.at
		s.value(p.add(s.line), depth+1)
		s.advanceFrom(before)
	}
}

// inline reads { a = b, c = d }, over any number of lines.
func (s *scanner) inline(p *place, depth int) {
	s.at++
	for s.skipCommas(); s.at < len(s.src) && s.tooDeep == 0 && !s.take("}"); s.skipCommas() {
		before := s.at
		s.pair(p, depth+1)
		s.advanceFrom(before)
	}
}

// path reads a key: bare, quoted, dotted.
func (s *scanner) path() []string {
	var path []string
	for {
		s.blanks()
		path = append(path, s.part())
		s.blanks()
		if len(path) > deepest {
			s.deep()
		}
		if s.tooDeep > 0 || !s.take(".") {
			return path
		}
	}
}

func (s *scanner) part() string {
	if c := s.peek(); c != '"' && c != '\'' {
		return s.run(" \t\r\n.=[]{},#\"'")
	}
	raw := s.quoted()
	var decoded struct{ K string }
	if _, err := toml.Decode("K = "+raw, &decoded); err != nil {
		return raw
	}
	return decoded.K
}

// quoted reads a text of any of the four forms and returns it with its quotes.
func (s *scanner) quoted() string {
	start, quote := s.at, s.src[s.at:s.at+1]
	end := quote
	if strings.HasPrefix(s.src[s.at:], strings.Repeat(quote, 3)) {
		end = strings.Repeat(quote, 3)
	}
	s.at += len(end)
	for s.at < len(s.src) && !s.take(end) {
		if s.peek() == '\\' && quote == `"` {
			s.step()
		}
		s.step()
	}
	// A text in three quotes may end with up to two quotes of its own.
	for i := 0; i < 2 && len(end) == 3 && s.take(quote); i++ {
	}
	return s.src[start:s.at]
}

// skip passes over what stands between values.
func (s *scanner) skip() { s.skipAny(" \t\r\n") }

func (s *scanner) skipCommas() { s.skipAny(" \t\r\n,") }

func (s *scanner) skipAny(set string) {
	for s.at < len(s.src) {
		switch c := s.peek(); {
		case c == '#':
			from := s.at
			s.run("\r\n")
			s.comments = append(s.comments, stretch{from, s.at})
		case strings.IndexByte(set, c) >= 0:
			s.step()
		default:
			return
		}
	}
}

func (s *scanner) blanks() {
	for s.peek() == ' ' || s.peek() == '\t' {
		s.at++
	}
}

// run reads up to one of the bytes of stop, which includes the line end.
func (s *scanner) run(stop string) string {
	rest := s.src[s.at:]
	n := strings.IndexAny(rest, stop)
	if n < 0 {
		n = len(rest)
	}
	s.at += n
	return rest[:n]
}

// peek is the next byte; at the end 0, which no caller looks for.
func (s *scanner) peek() byte {
	if s.at < len(s.src) {
		return s.src[s.at]
	}
	return 0
}

func (s *scanner) take(want string) bool {
	if !strings.HasPrefix(s.src[s.at:], want) {
		return false
	}
	s.at += len(want)
	return true
}

// step passes one byte and counts lines.
func (s *scanner) step() {
	if s.at >= len(s.src) {
		return
	}
	if s.src[s.at] == '\n' {
		s.line++
	}
	s.at++
}

// advanceFrom makes sure that bad input does not hold the scanner up.
func (s *scanner) advanceFrom(before int) {
	if s.at == before {
		s.step()
	}
}

func (s *scanner) deep() {
	if s.tooDeep == 0 {
		s.tooDeep = s.line
	}
}
