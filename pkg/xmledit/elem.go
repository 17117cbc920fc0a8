package xmledit

// elem is an element: of the source, or made by an edit. Offsets are those of
// the decoded text.
type elem struct {
	parent, first, last, prev, next *elem

	start, nameEnd int32 // <name
	open           int32 // behind the start tag
	close          int32 // before the end tag
	end            int32 // behind it; <a/> has open, close and end in one place

	kids  int32   // number of children
	below bool    // an edit decides something in its content
	guide bool    // an edit found its place by it
	x     *change // what edits want of it
}

// empty says whether e is written <a/>.
func (e *elem) empty() bool { return e.open == e.end }

// linkBefore makes e a child of parent, before next or as the last one.
func (e *elem) linkBefore(parent, next *elem) {
	prev := parent.last
	if next != nil {
		prev = next.prev
	}
	e.parent, e.prev, e.next = parent, prev, next
	if prev == nil {
		parent.first = e
	} else {
		prev.next = e
	}
	if next == nil {
		parent.last = e
	} else {
		next.prev = e
	}
	parent.kids++
}

// after returns the element that follows e in document order, below top. With
// skip the ones inside of e are left out. It keeps no stack: a document may be
// a million elements deep.
func (e *elem) after(top *elem, skip bool) *elem {
	if e.first != nil && !skip {
		return e.first
	}
	for e != top && e != nil {
		if e.next != nil {
			return e.next
		}
		e = e.parent
	}
	return nil
}
