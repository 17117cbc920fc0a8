package jsonedit

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// deepest is how far values may be nested: far more than any file of a person,
// far less than a stack holds.
const deepest = 1000

// A SyntaxError is why a document is no JSON, and where. It never quotes the
// document.
type SyntaxError struct {
	Line, Column int // from 1; the column in characters
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// A Doc is a document that was read. It does not change.
type Doc struct {
	src []byte
	top *node
}

type kind uint8

const (
	object kind = iota
	array
	text
	number
	boolean
	null
)

func (k kind) String() string {
	return [...]string{"an object", "an array", "a string", "a number", "a boolean", "null"}[k]
}

// node is a value. Members keep their order, and their doubles.
type node struct {
	Span
	kind     kind
	members  []member
	elements []*node
}

type member struct {
	name  string
	key   Span // with its quotes
	value *node
}

// Parse reads a document. It keeps src and expects it to stay as it is.
func Parse(src []byte) (*Doc, error) {
	p := parser{src: src}
	if at := invalid(src); at >= 0 {
		return nil, p.fail(at, "not UTF-8")
	}
	p.at = len(src) - len(bytes.TrimPrefix(src, []byte("\ufeff")))
	p.space()
	top, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(src) {
		return nil, p.fail(p.at, "there is more behind the end of the document")
	}
	return &Doc{src, top}, nil
}

// invalid is where src is not UTF-8; -1 where it is throughout.
func invalid(src []byte) int {
	for at := 0; at < len(src); {
		r, n := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && n == 1 {
			return at
		}
		at += n
	}
	return -1
}

type parser struct {
	src []byte
	at  int
}

func (p *parser) fail(at int, reason string) error {
	before := p.src[:min(at, len(p.src))]
	return &SyntaxError{
		Line:   1 + bytes.Count(before, []byte("\n")),
		Column: 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]),
		Reason: reason,
	}
}

func (p *parser) space() {
	for p.at < len(p.src) {
		switch p.src[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

// next is the byte that comes next; 0 at the end, which no document holds.
func (p *parser) next() byte {
	if p.at < len(p.src) {
		return p.src[p.at]
	}
	return 0
}

func (p *parser) value(depth int) (*node, error) {
	if depth > deepest {
		return nil, p.fail(p.at, fmt.Sprintf("nested more than %d deep", deepest))
	}
	n := &node{Span: Span{Start: p.at}}
	var err error
	switch c := p.next(); {
	case c == '{':
		n.kind, err = object, p.object(n, depth)
	case c == '[':
		n.kind, err = array, p.array(n, depth)
	case c == '"':
		n.kind, err = text, p.text()
	case c == '-' || '0' <= c && c <= '9':
		n.kind, err = number, p.number()
	default:
		n.kind, err = p.word()
	}
	n.End = p.at
	return n, err
}

func (p *parser) word() (kind, error) {
	for _, w := range []struct {
		word string
		kind kind
	}{{"true", boolean}, {"false", boolean}, {"null", null}} {
		if bytes.HasPrefix(p.src[p.at:], []byte(w.word)) {
			p.at += len(w.word)
			return w.kind, nil
		}
	}
	if p.at >= len(p.src) {
		return null, p.fail(p.at, "the document ends where a value should stand")
	}
	return null, p.fail(p.at, "a value should stand here: an object, an array, a string in double quotes, a number, true, false or null")
}

func (p *parser) object(n *node, depth int) error {
	return p.list('}', func() error {
		m := member{key: Span{Start: p.at}}
		if p.next() != '"' {
			return p.fail(p.at, "a name in double quotes should stand here")
		}
		if err := p.text(); err != nil {
			return err
		}
		m.key.End = p.at
		m.name = decode(p.src[m.key.Start:m.key.End])
		if p.space(); p.next() != ':' {
			return p.fail(p.at, "a colon should stand here")
		}
		p.at++
		p.space()
		var err error
		m.value, err = p.value(depth + 1)
		n.members = append(n.members, m)
		return err
	})
}

func (p *parser) array(n *node, depth int) error {
	return p.list(']', func() error {
		v, err := p.value(depth + 1)
		n.elements = append(n.elements, v)
		return err
	})
}

// list reads what stands between brackets, with commas in between.
func (p *parser) list(end byte, one func() error) error {
	p.at++
	if p.space(); p.next() == end {
		p.at++
		return nil
	}
	for {
		if err := one(); err != nil {
			return err
		}
		p.space()
		switch p.next() {
		case end:
			p.at++
			return nil
		case ',':
			p.at++
			p.space()
		default:
			return p.fail(p.at, fmt.Sprintf("a comma or a %q should stand here", end))
		}
	}
}

func (p *parser) text() error {
	for p.at++; p.at < len(p.src); p.at++ {
		switch c := p.src[p.at]; {
		case c == '"':
			p.at++
			return nil
		case c < ' ':
			return p.fail(p.at, "a control character in a string, which is written as an escape")
		case c == '\\':
			if err := p.escape(); err != nil {
				return err
			}
		}
	}
	return p.fail(p.at, "the document ends within a string")
}

// escape stops at the last byte of an escape.
func (p *parser) escape() error {
	at := p.at
	p.at++
	switch p.next() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
		for range 4 {
			p.at++
			if c := p.next(); !(digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f') {
				return p.fail(at, `an escape of \u without four hexadecimal digits`)
			}
		}
		return nil
	}
	return p.fail(at, "an escape that JSON does not have")
}

func (p *parser) number() error {
	if p.next() == '-' {
		p.at++
	}
	zero := p.next() == '0'
	switch n := p.digits(); {
	case n == 0:
		return p.fail(p.at, "a digit should stand here")
	case zero && n > 1:
		return p.fail(p.at, "a number with a zero in front")
	}
	if p.next() == '.' {
		p.at++
		if p.digits() == 0 {
			return p.fail(p.at, "a digit should stand here")
		}
	}
	if p.next()|0x20 == 'e' {
		p.at++
		if c := p.next(); c == '+' || c == '-' {
			p.at++
		}
		if p.digits() == 0 {
			return p.fail(p.at, "a digit should stand here")
		}
	}
	return nil
}

func (p *parser) digits() int {
	from := p.at
	for digit(p.next()) {
		p.at++
	}
	return p.at - from
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
