package xmledit

import "strings"

// children writes the new children of e, run by run between those that stay.
func (r *writer) children(e *elem) {
	var run []*elem
	var prev *elem
	for c := e.first; ; c = c.next {
		switch {
		case c == nil:
			r.run(e, prev, nil, run)
			return
		case c.removed():
		case c.made():
			run = append(run, c)
		default:
			r.run(e, prev, c, run)
			prev, run = c, nil
		}
	}
}

// run writes new children that stand between two old ones.
func (r *writer) run(parent, prev, next *elem, run []*elem) {
	n := 0
	for n < len(run) && (run[n].x.behind || next == nil) && prev != nil {
		n++
	}
	switch {
	case len(run) == 0:
	case prev == nil && next == nil:
		r.alone(parent, run)
	default:
		r.behind(prev, run[:n])
		r.ahead(next, run[n:])
	}
}

// behind writes on the lines that follow prev, or right after it if prev shares
// its line.
func (r *writer) behind(prev *elem, run []*elem) {
	if len(run) == 0 {
		return
	}
	at := int(prev.end)
	var b strings.Builder
	var f frame
	frames := r.framesBeside(prev)
	for _, e := range run {
		f = frames(e.x.name)
		if !f.inline {
			b.WriteString(strings.Repeat(f.newline, f.gap))
		}
		r.breakLine(&b, f)
		r.fresh(&b, e, f)
	}
	if !f.inline {
		at = r.restOfLine(at)
	}
	r.cut(at, at, b.String())
}

// ahead writes on the lines before next and the comments on top of it.
func (r *writer) ahead(next *elem, run []*elem) {
	if len(run) == 0 {
		return
	}
	at := int(next.start)
	var b strings.Builder
	var f frame
	frames := r.framesBeside(next)
	for _, e := range run {
		f = frames(e.x.name)
		if f.inline {
			r.fresh(&b, e, f)
			continue
		}
		b.WriteString(f.indent)
		r.fresh(&b, e, f)
		b.WriteString(strings.Repeat(f.newline, f.gap+1))
	}
	if !f.inline {
		at = r.top(next)
	}
	r.cut(at, at, b.String())
}

// alone writes into an element that has no other children (any more).
func (r *writer) alone(parent *elem, run []*elem) {
	f := r.inside(parent)
	var b strings.Builder
	closing, ownLine := r.lineStart(int(parent.close))
	switch {
	case f.inline:
		for _, e := range run {
			r.fresh(&b, e, f)
		}
	case ownLine && !parent.empty():
		for _, e := range run {
			b.WriteString(f.indent)
			r.fresh(&b, e, f)
			b.WriteString(f.newline)
		}
		r.cut(closing, closing, b.String())
		return
	default:
		r.lines(&b, parent, run, f)
	}
	if parent.empty() || !f.inline && allBlank(r.d.w[parent.open:parent.close]) {
		r.fill(parent, b.String())
		return
	}
	r.cut(int(parent.close), int(parent.close), b.String())
}

// lines writes each of run on lines of its own, and leads back to where the end
// tag of parent goes.
func (r *writer) lines(b *strings.Builder, parent *elem, run []*elem, f frame) {
	for _, e := range run {
		r.breakLine(b, f)
		r.fresh(b, e, f)
	}
	back := f
	back.indent, _ = r.indent(int(parent.start))
	r.breakLine(b, back)
}

// content writes children in place of all that was between the tags.
func (r *writer) content(e *elem) {
	var b strings.Builder
	f := r.inside(e)
	switch {
	case e.first == nil:
	case f.inline:
		for c := e.first; c != nil; c = c.next {
			r.fresh(&b, c, f)
		}
	default:
		var run []*elem
		for c := e.first; c != nil; c = c.next {
			run = append(run, c)
		}
		r.lines(&b, e, run, f)
	}
	r.fill(e, b.String())
}

// remove takes an element away, with its line if it has one, and with the blank
// lines that set it off from what remains. Neighbours that go too go with it.
func (r *writer) remove(e *elem) {
	switch {
	case r.preserved(e.parent):
		r.cut(int(e.start), int(e.end), "")
		return
	case r.mixed(e.parent):
		r.removeAmongText(int(e.start), int(e.end))
		return
	}
	if p := neighbour(e, func(e *elem) *elem { return e.prev }); p != nil && r.adjacent(p, e) {
		return
	}
	last := e
	for n := e; n != nil && r.adjacent(last, n); n = neighbour(n, func(e *elem) *elem { return e.next }) {
		last = n
	}
	r.removeLines(e.parent, int(e.start), int(last.end))
}

// neighbour is the next sibling in a direction that the source has, if it is to
// be removed.
func neighbour(e *elem, next func(*elem) *elem) *elem {
	e = next(e)
	for e != nil && e.made() {
		e = next(e)
	}
	if e == nil || !e.removed() {
		return nil
	}
	return e
}

// adjacent says whether nothing but blanks stands between two elements.
func (r *writer) adjacent(a, b *elem) bool {
	return a == b || allBlank(r.d.w[a.end:b.start])
}

// removeAmongText takes the line along, but no blank line: it may be a paragraph.
func (r *writer) removeAmongText(start, end int) {
	line, ownLine := r.lineStart(start)
	eol, clean := r.blanksToEnd(end)
	if ownLine && clean {
		start, end = line, r.newlineEnd(eol)
	}
	r.cut(start, end, "")
}

// removeLines removes whole lines where it can. Between what remains it leaves the
// smaller of the two gaps; at either end of the parent, none.
func (r *writer) removeLines(parent *elem, start, end int) {
	line, ownLine := r.lineStart(start)
	eol, clean := r.blanksToEnd(end)
	if !ownLine || !clean {
		r.cut(start, end, "")
		return
	}
	before, from := r.blankLinesBefore(line)
	after, closing := r.blankLinesAfter(eol)
	opening := from <= int(parent.open)
	above, below := min(before, after), 0
	switch {
	case closing:
		above = before
	case opening:
		below = max(0, after-before)
	}
	for ; above > 0; above-- {
		line, _ = r.lineStart(r.lineEndBefore(line))
	}
	for ; below > 0; below-- {
		eol, _ = r.blanksToEnd(r.newlineEnd(eol))
	}
	r.cut(line, r.newlineEnd(eol), "")
}
