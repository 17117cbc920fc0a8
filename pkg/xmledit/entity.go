package xmledit

import (
	"bytes"
	"strconv"
)

// What references may stand for in all, and how deep entities may nest. A
// configuration file uses none; "billion laughs" wants gigabytes.
const (
	maxExpansion = 1 << 20
	maxNesting   = 64
)

// entity is a general or a parameter entity of the internal subset.
type entity struct {
	text     []byte // the replacement text, section 4.5
	external bool   // never fetched
	unparsed bool

	open    bool // being looked at: meeting it again is a loop
	content usage
	value   usage // in the value of an attribute
}

// usage is what is known of an entity in one of its two contexts.
type usage struct {
	ok   bool
	size int // bytes it stands for
}

// builtin holds what needs no declaration.
var builtin = map[string]string{"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": `"`}

// references checks every reference between i and end.
func (p *parser) references(i, end int, value bool) error {
	for {
		n := bytes.IndexByte(p.w[i:end], '&')
		if n < 0 {
			return nil
		}
		i += n
		after, err := p.reference(i, end, value)
		if err != nil {
			return err
		}
		i = after
	}
}

func (p *parser) reference(i, end int, value bool) (int, error) {
	name, n := refName(p.w[i:end])
	if n == 0 {
		return 0, p.fail(i, "a & that begins no reference, it must be written &amp;")
	}
	if name[0] == '#' {
		if _, ok := charRef(name); !ok {
			return 0, p.fail(i, "a reference to a character that XML does not allow")
		}
		return i + n, nil
	}
	if builtin[name] != "" {
		return i + n, nil
	}
	e := p.d.entities[name]
	if e == nil {
		if p.d.mayDeclare() {
			return i + n, nil
		}
		return 0, p.fail(i, "a reference to an entity that is not declared")
	}
	return i + n, p.use(e, i, value)
}

// refName returns what stands between & and ;, and the length of it all.
func refName(w []byte) (string, int) {
	n := bytes.IndexByte(w, ';')
	if n < 0 {
		return "", 0
	}
	name := w[1:n]
	if len(name) > 1 && name[0] == '#' {
		return string(name), n + 1
	}
	if len(name) == 0 || nameLen(name) != len(name) {
		return "", 0
	}
	return string(name), n + 1
}

// charRef is the character that #… stands for.
func charRef(name string) (rune, bool) {
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	v, err := strconv.ParseUint(digits, base, 32)
	if err != nil || v > 0x10FFFF || !isChar(rune(v)) {
		return 0, false
	}
	return rune(v), true
}

// use checks an entity where it is referred to, once in each context, and adds
// up what it stands for.
func (p *parser) use(e *entity, at int, value bool) error {
	u := &e.content
	if value {
		u = &e.value
	}
	switch {
	case e.unparsed:
		return p.fail(at, "a reference to an entity that is not text")
	case e.external && value:
		return p.fail(at, "a reference to an external entity in the value of an attribute")
	case e.external:
		return nil
	case e.open:
		return p.fail(at, "an entity that contains itself")
	case p.depth >= maxNesting:
		return p.fail(at, "entities nested too deep")
	}
	if !u.ok {
		size, err := p.look(e, at, value)
		if err != nil {
			return err
		}
		*u = usage{true, size}
	}
	if p.expanded += u.size; p.expanded > maxExpansion {
		return p.fail(at, "the entities used here stand for more than "+strconv.Itoa(maxExpansion)+" bytes")
	}
	return nil
}

// look reads the replacement text as content or as a value.
func (p *parser) look(e *entity, at int, value bool) (int, error) {
	outer := p.outer
	if outer == nil {
		outer = &place{p.w, at}
	}
	sub := &parser{d: p.d, w: e.text, outer: outer, depth: p.depth + 1, expanded: len(e.text)}
	e.open = true
	defer func() { e.open = false }()
	if !value {
		sub.cur = &sub.top
		return sub.whole()
	}
	if bytes.IndexByte(e.text, '<') >= 0 {
		return 0, sub.fail(0, "a < in the value of an attribute")
	}
	err := sub.references(0, len(e.text), true)
	return sub.expanded, err
}

func (p *parser) whole() (int, error) {
	err := p.content(0)
	return p.expanded, err
}
