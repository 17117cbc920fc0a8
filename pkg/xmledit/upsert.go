package xmledit

import (
	"fmt"
	"slices"
)

func (x upsert) make(s *session) error {
	if err := x.e.valid(); err != nil {
		return err
	}
	if _, err := x.e.key(); err != nil {
		return err
	}
	if err := x.e.distinct(); err != nil {
		return err
	}
	if err := x.where.valid(); err != nil {
		return err
	}
	parent, err := s.one(x.parent)
	if err != nil {
		return err
	}
	_, err = s.upsert(parent, x.e, func() (spot, error) { return s.spotIn(parent, x.where) })
	return err
}

// upsert returns the one child of parent that e means; at is asked where to put
// it if there is none.
func (s *session) upsert(parent *elem, e Element, at func() (spot, error)) (*elem, error) {
	found, err := s.keyed(parent, e)
	if err != nil {
		return nil, err
	}
	if len(found) == 1 {
		return found[0], s.merge(found[0], e)
	}
	where, err := at()
	if err != nil {
		return nil, err
	}
	return s.insert(where, e)
}

func (s *session) merge(e *elem, want Element) error {
	for _, a := range want.Attrs {
		if err := s.setAttr(e, a.Name, a.Value); err != nil {
			return err
		}
	}
	if len(want.Children) == 0 {
		if want.Text == "" && e.first.live() != nil {
			return nil
		}
		return s.setText(e, want.Text)
	}
	if !s.d.blankText(e) {
		return s.conflict(e, "has text, want child elements")
	}
	var prev *elem
	for i, c := range want.Children {
		n, err := s.upsert(e, c, func() (spot, error) { return s.spotInOrder(e, prev, want.Children[i+1:]) })
		if err != nil {
			return err
		}
		prev = n
	}
	return nil
}

// spotInOrder keeps the children of a merged element in the order wanted:
// behind the one before, else before one of those that follow, else last.
func (s *session) spotInOrder(parent, prev *elem, rest []Element) (spot, error) {
	if prev != nil {
		return spotAfter(prev), nil
	}
	for _, c := range rest {
		found, err := s.keyed(parent, c)
		if err != nil {
			return spot{}, err
		}
		if len(found) == 1 {
			return spotBefore(found[0]), nil
		}
	}
	return spot{parent: parent, behind: true}, nil
}

func (x setContent) make(s *session) error {
	if err := validAll(x.children); err != nil {
		return err
	}
	e, err := s.one(x.path)
	if err != nil {
		return err
	}
	same := s.d.equalContent(e, x.children)
	switch {
	case same && (e.made() || e.x != nil && (e.x.content || e.x.settled)):
		return nil
	case same:
		s.change(e).settled = true
		return nil
	case e.below || e.made() || e.x != nil && (e.x.text != nil || e.x.kids || e.x.content || e.x.settled):
		return s.conflict(e, "its content is set by one edit and changed by another")
	}
	return s.setContent(e, x.children)
}

func (s *session) setContent(e *elem, children []Element) error {
	if err := s.reach(e); err != nil {
		return err
	}
	var list []*elem
	for _, c := range children {
		n, err := s.create(e, c)
		if err != nil {
			return err
		}
		list = append(list, n)
	}
	defer s.d.unindex(e, "")()
	x := s.change(e)
	x.content, x.old = true, e.first
	e.first, e.last, e.kids = nil, nil, 0
	delete(s.d.indexes, e)
	for _, n := range list {
		n.linkBefore(e, nil)
	}
	return nil
}

func (x setProperties) make(s *session) error {
	if !isNameString(x.child) || !isNameString(x.keyAttr) {
		return fmt.Errorf("%s: these are no names for a child and its attribute: %s, %s", x.path, x.child, x.keyAttr)
	}
	e, err := s.one(x.path)
	if err != nil {
		return err
	}
	var prev *elem
	for _, kv := range x.values {
		if prev, err = s.setProperty(e, x, kv, prev); err != nil {
			return err
		}
	}
	return nil
}

// setProperty sets one of the values and returns the child behind which the
// next new one goes.
func (s *session) setProperty(parent *elem, x setProperties, kv KV, prev *elem) (*elem, error) {
	st := step{name: qname{local: string(local([]byte(x.child)))}}
	byKey := st
	byKey.preds = []predicate{{op: operand{attr: x.keyAttr}, value: kv.Key}}
	found := slices.Clone(s.d.below(parent, byKey))
	for _, c := range found {
		if err := s.setText(c, kv.Value); err != nil {
			return nil, err
		}
	}
	if len(found) > 0 {
		return prev, nil
	}
	at := spot{parent: parent, behind: true}
	if prev != nil {
		at = spotAfter(prev)
	} else if all := s.d.below(parent, st); len(all) > 0 {
		at = spotAfter(all[len(all)-1])
	}
	n := Element{Name: x.child, Attrs: []Attribute{{x.keyAttr, kv.Key}}, Text: kv.Value}
	if err := n.valid(); err != nil {
		return nil, err
	}
	return s.insert(at, n)
}
