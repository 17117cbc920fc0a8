package xmledit

import "bytes"

// gap is the number of blank lines that a neighbour of e keeps from it.
func (r *writer) gap(e *elem) int {
	before, from := r.blankLinesBefore(r.top(e))
	after, closing := r.blankLinesAfter(r.restOfLine(int(e.end)))
	opening := from <= int(e.parent.open)
	switch {
	case opening && closing:
		return 0
	case opening:
		return after
	case closing:
		return before
	}
	return min(before, after)
}

// preserved says whether the document asks for blanks in e to be kept.
func (r *writer) preserved(e *elem) bool {
	for a := e; a != nil; a = a.parent {
		if v, ok := r.d.attr(a, "xml:space"); ok {
			return v.is("preserve")
		}
	}
	return false
}

// mixed says whether e has text beside its children. It may be no more than a
// stray --> that nobody noticed: a stock axis2.xml has one.
func (r *writer) mixed(e *elem) bool {
	mixed, ok := r.mix[e]
	if !ok {
		r.d.eachText(e, func(raw []byte, cdata bool) { mixed = mixed || cdata || !allBlank(raw) })
		r.mix[e] = mixed
	}
	return mixed
}

// shares says whether e shares its lines with others, or with text, so that no
// line should be put beside it.
func (r *writer) shares(e *elem) bool {
	if _, own := r.lineStart(int(e.start)); !own || r.preserved(e.parent) {
		return true
	}
	rest := r.restOfLine(int(e.end))
	end, clean := r.blanksToEnd(rest)
	return !clean && (r.mixed(e.parent) || !bytes.HasPrefix(r.d.w[end:], []byte("</")))
}

// framesBeside works a frame out once for each name: a run may be long.
func (r *writer) framesBeside(beside *elem) func(name string) frame {
	frames := map[string]frame{}
	return func(name string) frame {
		f, ok := frames[name]
		if !ok {
			f = r.frame(beside, name)
			frames[name] = f
		}
		return f
	}
}

// frame is how a new sibling of an old element is laid out.
func (r *writer) frame(beside *elem, name string) frame {
	f := frame{newline: r.newline(int(beside.start)), end: r.emptyEnd(beside), quote: r.quote(beside)}
	if f.inline = r.shares(beside); f.inline {
		return f
	}
	f.indent, _ = r.indent(int(beside.start))
	f.gap = r.gap(beside)
	model := r.model(beside, name)
	if model != nil {
		f.indent, _ = r.indent(int(model.start))
	}
	f.unit = r.unitNear(beside, model)
	return f
}

// inside is how a child of an element without other children is laid out.
func (r *writer) inside(parent *elem) frame {
	f := frame{newline: r.newline(int(parent.start)), end: r.emptyEnd(parent), quote: r.quote(parent)}
	var own bool
	f.indent, own = r.indent(int(parent.start))
	_, closing := r.lineStart(int(parent.close))
	f.inline = r.preserved(parent) || r.mixed(parent) || !own && (parent.empty() || !closing)
	f.unit = r.unitNear(parent, nil)
	child := parent.x.old
	if child == nil {
		child = parent.first
	}
	for ; child != nil; child = child.next {
		if in, ok := r.indent(int(child.start)); ok && !child.made() {
			f.indent = in
			if u := r.unitOf(child); u != "" {
				f.unit = u
			}
			return f
		}
	}
	f.indent += f.unit
	return f
}

// emptyEnd is how tags without content end around here.
func (r *writer) emptyEnd(e *elem) string {
	for s, n := e, 0; s != nil && n < nearby; s, n = s.prev, n+1 {
		if !s.made() && s.empty() && r.d.w[s.end-3] == ' ' {
			return " />"
		}
		if !s.made() && s.empty() {
			break
		}
	}
	return "/>"
}

// quote is what the attributes around here stand in.
func (r *writer) quote(e *elem) byte {
	q := byte(0)
	for ; e != nil && q == 0; e = e.parent {
		r.d.eachAttr(e, func(a rawAttr) bool {
			q = r.d.w[a.from-1]
			return false
		})
	}
	if q == 0 {
		q = '"'
	}
	return q
}
