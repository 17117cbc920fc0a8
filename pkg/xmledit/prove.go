package xmledit

import (
	"bytes"
	"fmt"
	"slices"
)

// prove reads the result and compares it with what was meant: the tree of the
// source with the edits on it.
func (s *session) prove(out []byte, splices []Splice) error {
	for i := 1; i < len(splices); i++ {
		if splices[i].Start < splices[i-1].End {
			return fmt.Errorf("two splices overlap at byte %d", splices[i].Start)
		}
	}
	n, err := Parse(out)
	if err != nil {
		return fmt.Errorf("the result is not well-formed: %w", err)
	}
	p := proof{s.d, n}
	if n.cs.name != s.d.cs.name || !bytes.Equal(s.d.w[:s.d.root.start], n.w[:n.root.start]) ||
		!bytes.Equal(s.d.w[s.d.root.end:], n.w[n.root.end:]) {
		return fmt.Errorf("the result differs outside of the root element")
	}
	return p.tree()
}

// proof compares the tree wanted with the tree got.
type proof struct{ want, got *Doc }

// tree walks both side by side. That they have the same shape follows from
// every pair having the same number of children.
func (p proof) tree() error {
	a, b := p.want.root, p.got.root
	for a != nil && b != nil {
		same := p.untouched(a, b)
		if !same && !p.element(a, b) {
			return fmt.Errorf("the result differs in %s, line %d", p.got.path(b), p.got.line(b.start))
		}
		a, b = a.afterLive(p.want.root, same), b.after(p.got.root, same)
	}
	if a != nil || b != nil {
		return fmt.Errorf("the result has another number of elements")
	}
	return nil
}

// afterLive is after without what the edits removed.
func (e *elem) afterLive(top *elem, skip bool) *elem {
	e = e.after(top, skip)
	for e != nil && e.removed() {
		e = e.after(top, true)
	}
	return e
}

// untouched says whether no edit reached a or anything in it, and the bytes
// say so too.
func (p proof) untouched(a, b *elem) bool {
	return a.x == nil && !a.below && bytes.Equal(p.want.w[a.start:a.end], p.got.w[b.start:b.end])
}

func (p proof) element(a, b *elem) bool {
	n := 0
	for c := a.first.live(); c != nil; c = c.next.live() {
		n++
	}
	return n == int(b.kids) && bytes.Equal(p.want.rawName(a), p.got.rawName(b)) &&
		slices.Equal(p.want.allAttrs(a), p.got.allAttrs(b)) && p.content(a, b)
}

// allAttrs are names and values as the edits so far leave them.
func (d *Doc) allAttrs(e *elem) []wanted {
	var list, more []wanted
	set := map[string]string{}
	if e.x != nil {
		for _, a := range e.x.attrs {
			set[a.name] = a.value
			more = append(more, wanted{name: a.name, value: a.value})
		}
	}
	d.eachAttr(e, func(a rawAttr) bool {
		name := string(d.w[a.name:a.nameEnd])
		v, ok := set[name]
		if !ok {
			v = d.attrValue(a).s
		}
		delete(set, name)
		list = append(list, wanted{name: name, value: v})
		return true
	})
	return append(list, slices.DeleteFunc(more, func(a wanted) bool { _, isNew := set[a.name]; return !isNew })...)
}

// content compares what stands directly in the two elements. Adding or
// removing children may change blanks, and nothing else.
func (p proof) content(a, b *elem) bool {
	x := a.x
	switch {
	case x == nil || !(x.fresh || x.content || x.kids || x.write):
		return slices.Equal(p.want.pieces(a, false), p.got.pieces(b, false))
	case x.content || x.fresh && a.first != nil:
		return p.got.blankText(b)
	case x.text != nil:
		return p.got.text(b).is(*x.text)
	}
	return slices.Equal(p.want.pieces(a, true), p.got.pieces(b, true))
}

// pieces are the tokens directly in e as they are written, with neighbouring
// text in one piece.
func (d *Doc) pieces(e *elem, withoutBlanks bool) []string {
	var list []string
	var text []byte
	flush := func() {
		if len(text) > 0 {
			list = append(list, string(text))
		}
		text = nil
	}
	d.direct(e, func(kind Kind, i, end int) {
		if kind == Text {
			for _, b := range d.w[i:end] {
				if !withoutBlanks || !blank(b) {
					text = append(text, b)
				}
			}
			return
		}
		flush()
		list = append(list, string(d.w[i:end]))
	})
	flush()
	return list
}
