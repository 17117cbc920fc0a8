package xmledit

import (
	"errors"
	"fmt"
)

// session is one Apply: the source as a tree, and on it what the edits want.
type session struct {
	d     *Doc
	dirty []*elem // elements of the source that must be written differently
}

func (s *session) change(e *elem) *change {
	if e.x == nil {
		e.x = &change{}
		s.dirty = append(s.dirty, e)
	}
	return e.x
}

// reach notes that something in the content of e is decided by an edit, and
// refuses where the content as a whole already is.
func (s *session) reach(e *elem) error {
	for a := e; a != nil; a = a.parent {
		if a.x != nil && (a.x.content || a.x.settled) {
			return s.conflict(a, "its content is set by one edit and changed by another")
		}
		a.below = true
	}
	return nil
}

func (s *session) conflict(e *elem, reason string) error {
	return fmt.Errorf("%s: %s", s.d.path(e), reason)
}

func (s *session) one(path string) (*elem, error) {
	steps, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	return s.d.one(path, steps)
}

func (x setText) make(s *session) error {
	e, err := s.one(x.path)
	if err != nil {
		return err
	}
	return s.setText(e, x.value)
}

func (s *session) setText(e *elem, text string) error {
	switch {
	case !writable(text):
		return s.conflict(e, "the value has a character that XML cannot carry")
	case e.first.live() != nil:
		return s.conflict(e, "has child elements, so its text cannot be set")
	case e.x != nil && e.x.text != nil && *e.x.text != text, e.made() && e.x.text == nil && text != "":
		return s.conflict(e, "its text is set twice, to different values")
	case e.x != nil && e.x.kids:
		return s.conflict(e, "its children are removed by one edit and its text is set by another")
	}
	if err := s.reach(e); err != nil {
		return err
	}
	if e.made() {
		return nil
	}
	same := s.d.text(e).is(text)
	defer s.d.unindex(e, string(local(s.d.rawName(e))))()
	c := s.change(e)
	c.text, c.write = &text, c.write || !same
	return nil
}

func (x setAttr) make(s *session) error {
	if !isNameString(x.name) {
		return errors.New(x.path + ": this is no name for an attribute: " + x.name)
	}
	e, err := s.one(x.path)
	if err != nil {
		return err
	}
	return s.setAttr(e, x.name, x.value)
}

func (s *session) setAttr(e *elem, name, value string) error {
	if !writable(value) {
		return s.conflict(e, "attribute "+name+": the value has a character that XML cannot carry")
	}
	if e.x != nil {
		for _, a := range e.x.attrs {
			if a.name != name {
				continue
			}
			if a.value == value {
				return nil
			}
			return s.conflict(e, "attribute "+name+" is set twice, to different values")
		}
	}
	if e.parent != nil {
		if err := s.reach(e.parent); err != nil {
			return err
		}
	}
	had, ok := s.d.attr(e, name)
	if !ok && !s.bound(e, name, nil) {
		return s.conflict(e, "attribute "+name+": its prefix is not bound here")
	}
	same := ok && had.is(value)
	defer s.d.unindex(e, name)()
	c := s.change(e)
	c.attrs = append(c.attrs, wanted{name, value, !same})
	return nil
}

func (x remove) make(s *session) error {
	steps, err := parsePath(x.path)
	if err != nil {
		return err
	}
	found := s.d.match(steps)
	if len(found) == 0 {
		return nil
	}
	if len(found) > 1 {
		return s.d.several(x.path, found)
	}
	return s.remove(found[0])
}

func (s *session) remove(e *elem) error {
	switch {
	case e.parent == nil:
		return s.conflict(e, "the root element cannot be removed")
	case e.below || e.x != nil:
		return s.conflict(e, "is changed by one edit and removed by another")
	case e.guide:
		return s.conflict(e, "one edit goes beside it and another removes it")
	}
	if err := s.reach(e.parent); err != nil {
		return err
	}
	s.d.indexRemoving(e)
	defer s.d.unindex(e.parent, string(local(s.d.rawName(e))))()
	s.change(e).gone = true
	s.change(e.parent).kids = true
	return nil
}
