package xmledit

import "strings"

// nearby bounds how many siblings are looked at for a layout to take over.
const nearby = 64

// model finds the sibling to imitate: of the same name, laid out regularly,
// nearest before, else nearest after.
func (r *writer) model(beside *elem, name string) *elem {
	try := func(e *elem) bool {
		return !e.made() && !e.removed() && string(r.d.rawName(e)) == name && r.regular(e)
	}
	for e, n := beside, 0; e != nil && n < nearby; e, n = e.prev, n+1 {
		if try(e) {
			return e
		}
	}
	for e, n := beside.next, 0; e != nil && n < nearby; e, n = e.next, n+1 {
		if try(e) {
			return e
		}
	}
	return nil
}

// regular says whether all lines of an element are indented by the same unit a
// level. It looks at the first of them only: enough to tell.
func (r *writer) regular(e *elem) bool {
	indent, ok := r.indent(int(e.start))
	if !ok {
		return false
	}
	unit := r.unitOf(e)
	if unit == "" {
		return e.first == nil
	}
	for c, n := e.first, 0; c != nil && n < nearby; c, n = c.after(e, false), n+1 {
		outer, _ := r.indent(int(c.parent.start))
		if in, ok := r.indent(int(c.start)); !ok || in != outer+unit {
			return false
		}
	}
	back, ok := r.indent(int(e.close))
	return ok && back == indent
}

// unitOf is what the first child is indented more than e, "" if that cannot
// be told.
func (r *writer) unitOf(e *elem) string {
	if e.made() || e.first == nil || e.first.made() {
		return ""
	}
	outer, ok1 := r.indent(int(e.start))
	in, ok2 := r.indent(int(e.first.start))
	if unit, ok := strings.CutPrefix(in, outer); ok && ok1 && ok2 {
		return unit
	}
	return ""
}

// unitNear asks the model, the siblings around, the parents, the document.
func (r *writer) unitNear(e, model *elem) string {
	if model != nil {
		if u := r.unitOf(model); u != "" {
			return u
		}
	}
	for _, next := range []func(*elem) *elem{func(e *elem) *elem { return e.prev }, func(e *elem) *elem { return e.next }} {
		for s, n := e, 0; s != nil && n < nearby; s, n = next(s), n+1 {
			if u := r.unitOf(s); u != "" && r.regular(s) {
				return u
			}
		}
	}
	for p := e.parent; p != nil; p = p.parent {
		if u := r.unitOf(p); u != "" {
			return u
		}
	}
	return r.unitOfDoc()
}

func (r *writer) unitOfDoc() string {
	if r.unit == "" {
		r.unit = "    "
		for e, n := r.d.root, 0; e != nil && n < 16*nearby; e, n = e.after(r.d.root, false), n+1 {
			if u := r.unitOf(e); u != "" {
				r.unit = u
				break
			}
		}
	}
	return r.unit
}
