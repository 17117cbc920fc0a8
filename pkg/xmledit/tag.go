package xmledit

import (
	"bytes"
	"fmt"
)

func (p *parser) endTag(i int) (int, error) {
	n := nameLen(p.w[i+2:])
	end := skipSpace(p.w, i+2+n)
	switch {
	case n == 0 || end >= len(p.w) || p.w[end] != '>':
		return 0, p.fail(i, "this end tag is broken")
	case p.cur == &p.top:
		return 0, p.fail(i, "an end tag without a start tag")
	}
	e := p.cur
	if !bytes.Equal(p.w[i+2:i+2+n], p.w[e.start+1:e.nameEnd]) {
		line, column := lineColumn(p.w, int(e.start))
		return 0, p.fail(i, fmt.Sprintf("this end tag does not match the start tag at %d:%d", line, column))
	}
	e.close, e.end = int32(i), int32(end+1)
	p.cur = e.parent
	return end + 1, nil
}

func (p *parser) startTag(i int) (int, error) {
	n := nameLen(p.w[i+1:])
	if n == 0 {
		return 0, p.fail(i, "a < that begins no tag, it must be written &lt;")
	}
	if p.outside() && p.top.first != nil {
		return 0, p.fail(i, "a second root element")
	}
	end, err := p.attributes(i + 1 + n)
	if err != nil {
		return 0, err
	}
	empty := p.w[end] == '/'
	if empty && (end+1 == len(p.w) || p.w[end+1] != '>') {
		return 0, p.fail(end, "a / inside of a tag")
	}
	e := p.add()
	e.start, e.nameEnd = int32(i), int32(i+1+n)
	if empty {
		e.open, e.close, e.end = int32(end+2), int32(end+2), int32(end+2)
		return end + 2, nil
	}
	e.open = int32(end + 1)
	p.cur = e
	return end + 1, nil
}

// add appends an element to the open one. Elements are made by the hundred.
func (p *parser) add() *elem {
	if len(p.pool) == 0 {
		p.pool = make([]elem, max(16, min(1024, len(p.w)/128)))
	}
	e := &p.pool[0]
	p.pool = p.pool[1:]
	e.linkBefore(p.cur, nil)
	return e
}

// attributes reads up to the > or /> of a start tag and returns where it is.
func (p *parser) attributes(i int) (int, error) {
	p.names = p.names[:0]
	for {
		at := skipSpace(p.w, i)
		if at >= len(p.w) {
			return 0, p.fail(at, "the file ends inside a tag")
		}
		if p.w[at] == '>' || p.w[at] == '/' {
			return at, nil
		}
		n := nameLen(p.w[at:])
		if n == 0 {
			return 0, p.fail(at, "this is no attribute")
		}
		if at == i {
			return 0, p.fail(at, "a blank is missing before an attribute")
		}
		if p.seen(Span{at, at + n}) {
			return 0, p.fail(at, "an attribute given twice")
		}
		end, err := p.attribute(at + n)
		if err != nil {
			return 0, err
		}
		i = end
	}
}

// seen notes the name of an attribute. Tags with many are kept linear by sorting
// them out through a map.
func (p *parser) seen(name Span) bool {
	p.names = append(p.names, name)
	if len(p.names) > 64 {
		return p.seenMany()
	}
	for _, s := range p.names[:len(p.names)-1] {
		if bytes.Equal(p.w[s.Start:s.End], p.w[name.Start:name.End]) {
			return true
		}
	}
	return false
}

func (p *parser) seenMany() bool {
	if len(p.names) == 65 {
		p.nameSet = map[string]bool{}
		for _, s := range p.names[:64] {
			p.nameSet[string(p.w[s.Start:s.End])] = true
		}
	}
	s := p.names[len(p.names)-1]
	name := string(p.w[s.Start:s.End])
	had := p.nameSet[name]
	p.nameSet[name] = true
	return had
}

func (p *parser) attribute(i int) (int, error) {
	i = skipSpace(p.w, i)
	if i >= len(p.w) || p.w[i] != '=' {
		return 0, p.fail(i, "an attribute without a value")
	}
	i = skipSpace(p.w, i+1)
	return p.attValue(i)
}

// attValue reads production 10 at i and returns its end.
func (p *parser) attValue(i int) (int, error) {
	if i >= len(p.w) || p.w[i] != '"' && p.w[i] != '\'' {
		return 0, p.fail(i, "the value of an attribute must stand in quotes")
	}
	n := bytes.IndexByte(p.w[i+1:], p.w[i])
	if n < 0 {
		return 0, p.fail(i, "the value of this attribute does not end")
	}
	if lt := bytes.IndexByte(p.w[i+1:i+1+n], '<'); lt >= 0 {
		return 0, p.fail(i+1+lt, "a < in the value of an attribute, it must be written &lt;")
	}
	return i + n + 2, p.references(i+1, i+1+n, true)
}
