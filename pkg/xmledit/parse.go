package xmledit

import (
	"bytes"
	"fmt"
	"math"
	"unicode/utf8"
)

// SyntaxError is why a document is not well-formed, and where. It never quotes
// the document.
type SyntaxError struct {
	Line, Column int // from 1, in characters
	Reason       string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Reason) }

func failAt(w []byte, pos int, reason string) error {
	line, column := lineColumn(w, pos)
	return &SyntaxError{line, column, reason}
}

func lineColumn(w []byte, pos int) (line, column int) {
	line, start := 1, 0
	for i, b := range w[:pos] {
		if b == '\n' || b == '\r' && (i+1 == len(w) || w[i+1] != '\n') {
			line, start = line+1, i+1
		}
	}
	return line, utf8.RuneCount(w[start:pos]) + 1
}

// Parse reads a document. It keeps src and expects it to stay as it is.
func Parse(src []byte) (*Doc, error) {
	w, cs, err := decode(src)
	if err != nil {
		return nil, err
	}
	if len(w) > math.MaxInt32 {
		return nil, failAt(nil, 0, "a file of 2 GiB or more is not supported")
	}
	d := &Doc{w: w, cs: cs}
	p := &parser{d: d, w: w}
	if err := p.document(); err != nil {
		return nil, err
	}
	d.root = p.top.first
	d.root.parent = nil
	return d, nil
}

// parser reads a document, or the replacement text of an entity, which must
// be well-formed by itself.
type parser struct {
	d        *Doc
	w        []byte
	top      elem  // stands above the root element
	cur      *elem // the innermost open element
	outer    *place
	depth    int // of entities within entities
	expanded int // bytes that the references met so far stand for
	doctype  bool
	names    []Span // of the attributes of the tag being read
	nameSet  map[string]bool
	pool     []elem
}

// place is where the reference to an entity stands in the document: the only
// place an error inside of the entity can be shown at.
type place struct {
	w   []byte
	pos int
}

func (p *parser) fail(pos int, reason string) error {
	if p.outer != nil {
		return failAt(p.outer.w, p.outer.pos, "in the entity used here: "+reason)
	}
	return failAt(p.w, min(pos, len(p.w)), reason)
}

func (p *parser) document() error {
	p.cur = &p.top
	i := 0
	if isDeclaration(p.w) {
		end, err := p.declaration()
		if err != nil {
			return err
		}
		i = end
	}
	if err := p.content(i); err != nil {
		return err
	}
	if p.top.first == nil {
		return p.fail(len(p.w), "there is no root element")
	}
	return nil
}

// content reads until the end. Elements are kept on p.cur, not on the stack:
// depth is the file's, not ours.
func (p *parser) content(i int) (err error) {
	for i < len(p.w) {
		switch {
		case p.w[i] != '<':
			i, err = p.text(i)
		case i+1 == len(p.w):
			return p.fail(i, "the file ends inside a tag")
		case p.w[i+1] == '!':
			i, err = p.bang(i)
		case p.w[i+1] == '?':
			i, err = p.instruction(i)
		case p.w[i+1] == '/':
			i, err = p.endTag(i)
		default:
			i, err = p.startTag(i)
		}
		if err != nil {
			return err
		}
	}
	if p.cur != &p.top {
		return p.fail(int(p.cur.start), "this element is not closed")
	}
	return nil
}

// outside says whether i is before or after the root element of a document.
func (p *parser) outside() bool { return p.outer == nil && p.cur == &p.top }

func (p *parser) text(i int) (int, error) {
	end := len(p.w)
	if n := bytes.IndexByte(p.w[i:], '<'); n >= 0 {
		end = i + n
	}
	t := p.w[i:end]
	if p.outside() {
		if n := skipSpace(t, 0); n < len(t) {
			return 0, p.fail(i+n, "text outside of the root element")
		}
		return end, nil
	}
	if n := bytes.Index(t, []byte("]]>")); n >= 0 {
		return 0, p.fail(i+n, "]]> in text, it must be written ]]&gt;")
	}
	return end, p.references(i, end, false)
}

func (p *parser) bang(i int) (int, error) {
	w := p.w[i:]
	switch {
	case bytes.HasPrefix(w, []byte("<!--")):
		return p.comment(i)
	case bytes.HasPrefix(w, []byte("<![CDATA[")) && !p.outside():
		n := bytes.Index(w, []byte("]]>"))
		if n < 0 {
			return 0, p.fail(i, "this CDATA section does not end")
		}
		return i + n + 3, nil
	case bytes.HasPrefix(w, []byte("<!DOCTYPE")) && p.outside():
		if p.doctype || p.top.first != nil {
			return 0, p.fail(i, "a document type declaration must come once, before the root element")
		}
		p.doctype = true
		end, err := p.readDoctype(i)
		p.d.doctypeEnd = end
		return end, err
	}
	return 0, p.fail(i, "neither a comment nor anything else that may stand here begins like this")
}

func (p *parser) comment(i int) (int, error) {
	n := bytes.Index(p.w[i+4:], []byte("--"))
	if n < 0 {
		return 0, p.fail(i, "this comment does not end")
	}
	end := i + 4 + n
	if end+2 >= len(p.w) || p.w[end+2] != '>' {
		return 0, p.fail(end, "-- inside a comment")
	}
	return end + 3, nil
}

func (p *parser) instruction(i int) (int, error) {
	n := nameLen(p.w[i+2:])
	if n == 0 {
		return 0, p.fail(i, "a processing instruction without a name")
	}
	name, rest := p.w[i+2:i+2+n], p.w[i+2+n:]
	if bytes.EqualFold(name, []byte("xml")) {
		return 0, p.fail(i, "an XML declaration is allowed at the very beginning only")
	}
	end := bytes.Index(rest, []byte("?>"))
	if end < 0 {
		return 0, p.fail(i, "this processing instruction does not end")
	}
	if end > 0 && !blank(rest[0]) {
		return 0, p.fail(i+2+n, "a blank must follow the name of a processing instruction")
	}
	return i + 2 + n + end + 2, nil
}
