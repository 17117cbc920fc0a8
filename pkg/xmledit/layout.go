package xmledit

import (
	"bytes"
	"strings"
)

// nearby bounds how many siblings are looked at for a layout to take over.
const nearby = 64

// lineStart is where the line of pos begins, and whether only blanks stand
// between there and pos.
func (r *writer) lineStart(pos int) (int, bool) {
	i := pos
	for i > 0 && (r.d.w[i-1] == ' ' || r.d.w[i-1] == '\t') {
		i--
	}
	return i, i == 0 || r.d.w[i-1] == '\n' || r.d.w[i-1] == '\r'
}

func (r *writer) indent(pos int) (string, bool) {
	i, ok := r.lineStart(pos)
	if !ok {
		return "", false
	}
	return string(r.d.w[i:pos]), true
}

// blanksToEnd is where the line of pos ends, and whether only blanks come
// before that.
func (r *writer) blanksToEnd(pos int) (int, bool) {
	i := pos
	for i < len(r.d.w) && (r.d.w[i] == ' ' || r.d.w[i] == '\t') {
		i++
	}
	return i, i == len(r.d.w) || r.d.w[i] == '\n' || r.d.w[i] == '\r'
}

// restOfLine is the end of pos's line if nothing but blanks and comments comes
// before it, else pos.
func (r *writer) restOfLine(pos int) int {
	for i := pos; ; {
		end, clean := r.blanksToEnd(i)
		if clean {
			return end
		}
		if !bytes.HasPrefix(r.d.w[end:], []byte("<!--")) {
			return pos
		}
		_, i = r.d.token(end)
	}
}

// newlineEnd is behind the line end at pos.
func (r *writer) newlineEnd(pos int) int {
	switch w := r.d.w[pos:]; {
	case len(w) == 0:
		return pos
	case len(w) > 1 && w[0] == '\r' && w[1] == '\n':
		return pos + 2
	}
	return pos + 1
}

// lineEndBefore is where the line end begins that stands before a line.
func (r *writer) lineEndBefore(line int) int {
	if line > 1 && r.d.w[line-2] == '\r' && r.d.w[line-1] == '\n' {
		return line - 2
	}
	return line - 1
}

// newline is the line end nearest to pos: files may have mixed ones.
func (r *writer) newline(pos int) string {
	if r.uniform == "" {
		r.uniform = uniform(r.d.w)
	}
	if r.uniform != "mixed" {
		return r.uniform
	}
	at := bytes.LastIndexAny(r.d.w[:pos], "\r\n")
	if at > 0 && r.d.w[at] == '\n' && r.d.w[at-1] == '\r' {
		at--
	}
	if at < 0 {
		at = pos + bytes.IndexAny(r.d.w[pos:], "\r\n")
	}
	return string(r.d.w[at:r.newlineEnd(at)])
}

// uniform is the line end of a document that has one kind, or "mixed".
func uniform(w []byte) string {
	pairs := bytes.Count(w, []byte("\r\n"))
	cr, lf := bytes.Count(w, []byte("\r"))-pairs, bytes.Count(w, []byte("\n"))-pairs
	switch {
	case pairs == 0 && cr == 0:
		return "\n"
	case cr == 0 && lf == 0:
		return "\r\n"
	case pairs == 0 && lf == 0:
		return "\r"
	}
	return "mixed"
}

// blankLinesBefore counts the blank lines on top of a line, and says where the
// text above them ends.
func (r *writer) blankLinesBefore(line int) (n, from int) {
	for line > 0 {
		end := r.lineEndBefore(line)
		start, ok := r.lineStart(end)
		if !ok {
			return n, start
		}
		n, line = n+1, start
	}
	return n, 0
}

// blankLinesAfter counts the blank lines that follow a line end, and says
// whether an end tag comes next.
func (r *writer) blankLinesAfter(eol int) (n int, closing bool) {
	for i := r.newlineEnd(eol); ; n++ {
		end, clean := r.blanksToEnd(i)
		if !clean {
			return n, bytes.HasPrefix(r.d.w[end:], []byte("</"))
		}
		if end == len(r.d.w) {
			return n, false
		}
		i = r.newlineEnd(end)
	}
}

// top is the first line of an element and of the comments right on top of it.
func (r *writer) top(e *elem) int {
	line, _ := r.lineStart(int(e.start))
	floor := int(e.parent.open)
	for p := e.prev; p != nil; p = p.prev {
		if !p.made() {
			floor = int(p.end)
			break
		}
	}
	for line > floor {
		end := r.lineEndBefore(line)
		for end > floor && (r.d.w[end-1] == ' ' || r.d.w[end-1] == '\t') {
			end--
		}
		if end < floor || !bytes.HasSuffix(r.d.w[floor:end], []byte("-->")) {
			break
		}
		comment := bytes.LastIndex(r.d.w[floor:end], []byte("<!--"))
		start, ok := r.lineStart(floor + max(comment, 0))
		if comment < 0 || !ok {
			break // the --> is text, or stands behind something else
		}
		line = start
	}
	return line
}

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

// shares says whether e has no lines of its own, so that blanks beside it may
// mean something.
func (r *writer) shares(e *elem) bool {
	if _, own := r.lineStart(int(e.start)); !own || r.preserved(e.parent) {
		return true
	}
	if !r.mixed(e.parent) {
		return false
	}
	_, clean := r.blanksToEnd(r.restOfLine(int(e.end)))
	return !clean
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
