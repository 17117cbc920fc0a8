package xmledit

import (
	"slices"
	"strings"
)

// spot is a place among the children of parent: before next, or last.
type spot struct {
	parent, next *elem
	behind       bool // belongs to the sibling before it
}

func spotAfter(e *elem) spot  { return spot{e.parent, e.next, !e.made() || e.x.behind} }
func spotBefore(e *elem) spot { return spot{e.parent, e, e.made() && e.x.behind} }

// valid refuses a path that is none, whether or not it will be needed.
func (w Where) valid() error {
	if w.side == first || w.side == last {
		return nil
	}
	_, err := parseStep(w.anchor)
	return err
}

func (s *session) spotIn(parent *elem, w Where) (spot, error) {
	switch w.side {
	case first:
		if f := parent.first.live(); f != nil {
			return spotBefore(f), nil
		}
		return spot{parent: parent}, nil
	case last:
		return spot{parent: parent, behind: true}, nil
	}
	st, err := parseStep(w.anchor)
	if err != nil {
		return spot{}, err
	}
	list := s.d.below(parent, st)
	if len(list) == 0 {
		return spot{}, s.conflict(parent, "has no child "+w.anchor+" to put a new element beside")
	}
	if w.side == before {
		return spotBefore(list[0]), nil
	}
	return spotAfter(list[len(list)-1]), nil
}

func (x insert) make(s *session) error {
	if err := x.e.valid(); err != nil {
		return err
	}
	e, err := s.one(x.path)
	if err != nil {
		return err
	}
	at := spot{}
	switch {
	case x.side == first || x.side == last:
		at, err = s.spotIn(e, Where{side: x.side})
	case e.parent == nil:
		err = s.conflict(e, "the root element has no siblings")
	case x.side == before:
		at = spotBefore(e)
	default:
		at = spotAfter(e)
	}
	if err != nil {
		return err
	}
	e.guide = true
	if s.has(at.parent, x.e) {
		return nil
	}
	_, err = s.insert(at, x.e)
	return err
}

// has says whether parent has a child that equals e entirely.
func (s *session) has(parent *elem, e Element) bool {
	st := step{name: qname{local: string(local([]byte(e.Name)))}}
	if op, value, ok := e.telling(); ok {
		st.preds = []predicate{{op: op, value: value}}
	}
	return slices.ContainsFunc(s.d.below(parent, st), func(c *elem) bool { return s.d.equal(c, e) })
}

// insert makes e a child of what at names.
func (s *session) insert(at spot, e Element) (*elem, error) {
	p := at.parent
	if p.x != nil && p.x.text != nil && (*p.x.text != "" || !p.made()) {
		return nil, s.conflict(p, "its text is set by one edit and a child is added by another")
	}
	if err := s.reach(p); err != nil {
		return nil, err
	}
	n, err := s.create(p, e)
	if err != nil {
		return nil, err
	}
	n.x.behind = at.behind
	defer s.d.unindex(p, string(local(s.d.rawName(n))))()
	n.linkBefore(p, at.next)
	s.change(p).kids = true
	s.d.indexAdded(n)
	return n, nil
}

// create makes an element and what is in it, not yet linked to parent.
func (s *session) create(parent *elem, e Element) (*elem, error) {
	n := &elem{parent: parent, x: &change{fresh: true, name: e.Name}}
	for _, a := range e.Attrs {
		n.x.attrs = append(n.x.attrs, wanted{a.Name, a.Value, true})
	}
	for _, name := range append([]string{e.Name}, attrNames(e)...) {
		if !s.bound(parent, name, e.Attrs) {
			return nil, s.conflict(parent, "new element "+e.Name+": the prefix of "+name+" is not bound here")
		}
	}
	if len(e.Children) == 0 {
		n.x.text = &e.Text
	}
	for _, child := range e.Children {
		c, err := s.create(n, child)
		if err != nil {
			return nil, err
		}
		c.linkBefore(n, nil)
	}
	return n, nil
}

// bound says whether the prefix of a name is declared at e, or by the
// attributes to be written: whoever reads the file with namespaces would
// refuse it otherwise.
func (s *session) bound(e *elem, name string, own []Attribute) bool {
	prefix, _, ok := strings.Cut(name, ":")
	if !ok || prefix == "xml" || prefix == "xmlns" {
		return true
	}
	want := "xmlns:" + prefix
	if slices.ContainsFunc(own, func(a Attribute) bool { return a.Name == want }) {
		return true
	}
	for ; e != nil; e = e.parent {
		if _, ok := s.d.attr(e, want); ok {
			return true
		}
	}
	return false
}

// keyed finds the children of parent that e means.
func (s *session) keyed(parent *elem, e Element) ([]*elem, error) {
	st, err := e.key()
	if err != nil {
		return nil, err
	}
	list := s.d.below(parent, st)
	if len(list) > 1 {
		return nil, s.d.several(s.d.path(parent)+"/"+st.text, list)
	}
	return list, nil
}
