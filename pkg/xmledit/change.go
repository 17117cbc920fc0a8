package xmledit

// change is what edits want of an element.
type change struct {
	fresh   bool // made by an edit
	behind  bool // fresh: belongs to the sibling before it, not to the one after it
	gone    bool
	kids    bool // children were added or removed
	content bool // its children are those now listed and nothing else, comments included
	settled bool // … and were so from the beginning

	name  string // of a fresh one
	text  *string
	write bool // text is not what the source has
	attrs []wanted
	old   *elem // the first child before content was replaced
}

// wanted is an attribute that an edit set; of a fresh element, every attribute.
type wanted struct {
	name, value string
	write       bool
}

func (e *elem) made() bool    { return e.x != nil && e.x.fresh }
func (e *elem) removed() bool { return e.x != nil && e.x.gone }

// live returns e, or the first of its following siblings that is not removed.
func (e *elem) live() *elem {
	for e != nil && e.removed() {
		e = e.next
	}
	return e
}

// equal says whether e is, decoded, the element wanted and nothing more.
func (d *Doc) equal(e *elem, want Element) bool {
	if string(d.rawName(e)) != want.Name || d.attrCount(e) != len(want.Attrs) {
		return false
	}
	for _, a := range want.Attrs {
		if v, ok := d.attr(e, a.Name); !ok || !v.is(a.Value) {
			return false
		}
	}
	if len(want.Children) > 0 {
		return d.equalContent(e, want.Children)
	}
	return e.first.live() == nil && d.text(e).is(want.Text)
}

// equalContent says whether e has exactly these children and no text.
func (d *Doc) equalContent(e *elem, want []Element) bool {
	c := e.first.live()
	for _, w := range want {
		if c == nil || !d.equal(c, w) {
			return false
		}
		c = c.next.live()
	}
	return c == nil && d.blankText(e)
}

// blankText says whether there is nothing but blanks directly inside of e.
func (d *Doc) blankText(e *elem) bool {
	t := d.text(e)
	return !t.opaque && allBlank([]byte(t.s))
}

func (d *Doc) attrCount(e *elem) int {
	n := 0
	if e.x != nil {
		for _, a := range e.x.attrs {
			if !d.inSource(e, a.name) {
				n++
			}
		}
	}
	d.eachAttr(e, func(rawAttr) bool { n++; return true })
	return n
}

func (d *Doc) inSource(e *elem, name string) bool {
	found := false
	d.eachAttr(e, func(a rawAttr) bool {
		found = found || string(d.w[a.name:a.nameEnd]) == name
		return !found
	})
	return found
}
