package dbinit

import (
	"bytes"
	"fmt"
	"strings"
)

// Split cuts a script as the mysql client does in batch mode, for a session
// whose sql_mode lacks NO_BACKSLASH_ESCAPES:
//
//   - the delimiter ends a statement outside strings, quoted names and
//     comments, and so do \g and \G; the last statement needs none;
//   - "--" begins a comment before white space, before the end of the line,
//     or where a statement would begin; "#" always; "/*" to "*/";
//   - DELIMITER at the start of a line changes the delimiter;
//   - a byte order mark is dropped, CR LF becomes LF (in strings too), a NUL
//     byte is an error.
//
// It differs where the client would send something broken or do something
// that a load must not: an unclosed string or comment, a delimiter within a
// /*! */ comment, and every client command but DELIMITER is an error.
func Split(name string, src []byte) ([]Statement, error) { return SplitMode("", name, src) }

// SplitMode is Split for a session with the given sql_mode.
func SplitMode(sqlMode, name string, src []byte) ([]Statement, error) {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	s := &splitter{
		file:    name,
		src:     string(src),
		line:    1,
		delim:   ";",
		escapes: !hasMode(sqlMode, "NO_BACKSLASH_ESCAPES"),
	}
	if n := bytes.IndexByte(src, 0); n >= 0 {
		s.advance(n)
		return nil, s.errorf("a NUL byte, which the mysql client refuses too; is this file text?")
	}
	for s.pos < len(s.src) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	return s.out, nil
}

func hasMode(sqlMode, mode string) bool {
	for m := range strings.SplitSeq(sqlMode, ",") {
		if strings.EqualFold(strings.TrimSpace(m), mode) {
			return true
		}
	}
	return false
}

type splitter struct {
	file    string
	src     string
	pos     int
	line    int // of pos
	delim   string
	escapes bool
	out     []Statement
}

func (s *splitter) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", s.file, s.line, fmt.Sprintf(format, args...))
}

// advance moves to pos, counting lines.
func (s *splitter) advance(pos int) {
	s.line += strings.Count(s.src[s.pos:pos], "\n")
	s.pos = pos
}

// step takes one thing from where a statement may begin.
func (s *splitter) step() error {
	rest := s.src[s.pos:]
	// The client looks for the delimiter first, so "#" can be one.
	if strings.HasPrefix(rest, s.delim) {
		s.advance(s.pos + len(s.delim)) // an empty statement
		return nil
	}
	if strings.HasPrefix(rest, "--") {
		s.advance(lineEnd(s.src, s.pos))
		return nil
	}
	end, k := lexeme(s.src, s.pos, s.escapes)
	switch k {
	case blank, comment:
		s.advance(end)
		return nil
	case word:
		if command := strings.ToLower(s.src[s.pos:end]); clientCommands[command] {
			return s.command(command, end)
		}
	}
	return s.statement()
}

// clientCommands are the words that the client takes for itself where a
// statement would begin, so that they never reach a server.
var clientCommands = map[string]bool{
	"charset": true, "clear": true, "connect": true, "costs": true, "delimiter": true,
	"edit": true, "ego": true, "exit": true, "go": true, "help": true, "nopager": true,
	"notee": true, "nowarning": true, "pager": true, "print": true, "prompt": true,
	"query_attributes": true, "quit": true, "rehash": true, "resetconnection": true,
	"sandbox": true, "source": true, "ssl_session_data_print": true, "status": true,
	"system": true, "tee": true, "use": true, "warnings": true,
}

// advice says what to do instead of a command that is more than cosmetic.
var advice = map[string]string{
	"source": "list the other script as one of the schema's scripts instead",
	"use":    "the schema is chosen by the inventory, not by a script",
}

func (s *splitter) command(name string, end int) error {
	if name == "delimiter" {
		return s.setDelimiter(end)
	}
	return s.refuse(strings.ToUpper(name), advice[name])
}

func (s *splitter) refuse(command, what string) error {
	if what == "" {
		what = "take it out of the script"
	}
	return s.errorf("%s is a command of the mysql client, not SQL, and a load cannot follow it; %s", command, what)
}

// setDelimiter reads the rest of a DELIMITER line; what follows the new
// delimiter there is ignored, as the client does.
func (s *splitter) setDelimiter(end int) error {
	lineStart := strings.LastIndexByte(s.src[:s.pos], '\n') + 1
	if strings.TrimSpace(s.src[lineStart:s.pos]) != "" {
		return s.errorf("DELIMITER works only at the start of a line; put it on a line of its own")
	}
	eol := lineEnd(s.src, end)
	args := strings.Fields(s.src[end:eol])
	if len(args) == 0 {
		return s.errorf("DELIMITER without a delimiter; write it as DELIMITER //")
	}
	if strings.ContainsAny(args[0], "\\'\"`") {
		return s.errorf("DELIMITER %s: a delimiter cannot hold a backslash or a quote", args[0])
	}
	s.delim = args[0]
	s.advance(eol)
	return nil
}

// statement reads from its first token to its delimiter.
func (s *splitter) statement() error {
	b := body{splitter: s, start: s.pos, line: s.line, openedAt: -1}
	for i := s.pos; i < len(s.src); {
		next, done, err := b.next(i)
		if err != nil {
			return err
		}
		if done {
			b.emit(i)
			s.advance(next)
			return nil
		}
		i = next
	}
	if b.openedAt >= 0 {
		return b.at(b.openedAt).errorf("the /*! opened here is never closed")
	}
	b.emit(len(s.src))
	s.advance(len(s.src))
	return nil
}

// body is one statement being read.
type body struct {
	*splitter
	start, line int
	openedAt    int // of the /*! that is open, or -1
}

// next reads what begins at i; done says that it is the statement's end.
func (b *body) next(i int) (next int, done bool, err error) {
	if strings.HasPrefix(b.src[i:], b.delim) {
		if b.openedAt >= 0 {
			return 0, false, b.at(i).errorf("%q within a /*! */ comment would cut the statement in two; set another DELIMITER around it", b.delim)
		}
		return i + len(b.delim), true, nil
	}
	switch c := b.src[i]; {
	case c == '\\':
		return b.backslash(i)
	case isWord(c):
		return i + 1, false, nil // byte by byte: the delimiter may begin within a word, as in END$$
	}
	end, k := lexeme(b.src, i, b.escapes)
	switch k {
	case unclosed:
		return 0, false, b.at(i).errorf("the %s opened here is never closed", opener(b.src[i:]))
	case versionOpen:
		b.openedAt = i
	case versionClose:
		b.openedAt = -1
	}
	return end, false, nil
}

// backslash outside a string is a command of the client; \N alone is SQL.
func (b *body) backslash(i int) (int, bool, error) {
	if i+1 == len(b.src) {
		return 0, false, b.at(i).errorf(`a lone \ at the end`)
	}
	switch c := b.src[i+1]; c {
	case 'N':
		return i + 2, false, nil
	case 'g', 'G':
		return i + 2, true, nil
	case '.':
		return 0, false, b.at(i).refuse(`\.`, advice["source"])
	case 'u':
		return 0, false, b.at(i).refuse(`\u`, advice["use"])
	default:
		return 0, false, b.at(i).refuse(`\`+strings.ToValidUTF8(b.src[i+1:i+2], "?"), "")
	}
}

func (b *body) emit(end int) {
	sql := strings.TrimFunc(b.src[b.start:end], func(r rune) bool { return r < 0x80 && isSpace(byte(r)) })
	if sql == "" {
		return
	}
	b.out = append(b.out, Statement{SQL: sql, File: b.file, Line: b.line})
}

// at is the splitter as it would stand at pos, for a message.
func (b *body) at(pos int) *splitter {
	c := *b.splitter
	c.advance(pos)
	return &c
}

func opener(src string) string {
	switch src[0] {
	case '`':
		return "quoted name"
	case '/':
		return "comment"
	}
	return "string"
}
