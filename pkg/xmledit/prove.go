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
		untouched := a.x == nil && !a.below
		same := untouched && bytes.Equal(p.want.w[a.start:a.end], p.got.w[b.start:b.end])
		if !same && (untouched || !p.element(a, b)) {
			return fmt.Errorf("the result differs in %s, line %d", p.got.path(b), p.got.line(b.start))
		}
		a, b = a.afterLive(p.want.root, untouched), b.after(p.got.root, untouched)
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

func (p proof) element(a, b *elem) bool {
	n := 0
	for c := a.first.live(); c != nil; c = c.next.live() {
		n++
	}
	return n == int(b.kids) && bytes.Equal(p.want.rawName(a), p.got.rawName(b)) &&
		slices.Equal(p.want.wantedAttrs(a), p.got.gotAttrs(b, a)) && p.content(a, b)
}

// wantedAttrs are the attributes as the edits leave them: those that an edit
// writes by name and value, the others as they stand in the source.
func (d *Doc) wantedAttrs(e *elem) []string {
	var list []string
	written := e.written()
	d.eachAttr(e, func(a rawAttr) bool {
		name := string(d.w[a.name:a.nameEnd])
		if v, ok := written[name]; ok {
			list = append(list, name+"="+v)
			delete(written, name)
		} else {
			list = append(list, string(d.w[a.before:a.to+1]))
		}
		return true
	})
	if e.x == nil {
		return list
	}
	for _, a := range e.x.attrs {
		if _, isNew := written[a.name]; isNew {
			list = append(list, a.name+"="+a.value)
		}
	}
	return list
}

// gotAttrs are the attributes of e in the same form, to be compared with want's.
func (d *Doc) gotAttrs(e, want *elem) []string {
	var list []string
	written := want.written()
	d.eachAttr(e, func(a rawAttr) bool {
		name := string(d.w[a.name:a.nameEnd])
		if _, ok := written[name]; ok {
			list = append(list, name+"="+d.attrValue(a).s)
		} else {
			list = append(list, string(d.w[a.before:a.to+1]))
		}
		return true
	})
	return list
}

// written are the attributes that an edit writes.
func (e *elem) written() map[string]string {
	written := map[string]string{}
	if e.x != nil {
		for _, a := range e.x.attrs {
			if a.write {
				written[a.name] = a.value
			}
		}
	}
	return written
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
