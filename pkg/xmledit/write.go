package xmledit

import "strings"

// writer turns a tree with edits on it into cuts of the decoded text.
type writer struct {
	d       *Doc
	cuts    []cut
	mix     map[*elem]bool // answers of mixed
	unit    string         // of indentation, where nothing near says more
	uniform string         // the line end of all the document, or "mixed"
}

type cut struct {
	start, end int
	text       string
}

func (r *writer) cut(start, end int, text string) {
	r.cuts = append(r.cuts, cut{start, end, text})
}

// write makes the cuts for one element of the source.
func (r *writer) write(e *elem) {
	x := e.x
	switch {
	case x.fresh:
		return
	case x.gone:
		r.remove(e)
		return
	}
	r.attrs(e)
	switch {
	case x.content:
		r.content(e)
	case x.write:
		r.text(e)
	case x.kids:
		r.children(e)
	}
}

// attrs replaces values between their quotes, and adds new attributes behind
// the last one, on a line of their own if that one has one.
func (r *writer) attrs(e *elem) {
	at, separator, quote := int(e.nameEnd), " ", r.quote(e)
	r.d.eachAttr(e, func(a rawAttr) bool {
		for _, w := range e.x.attrs {
			if w.write && w.name == string(r.d.w[a.name:a.nameEnd]) {
				r.cut(a.from, a.to, escapeAttribute(w.value, r.d.w[a.from-1], r.d.cs.narrow()))
			}
		}
		at, separator = a.to+1, string(r.d.w[a.before:a.name])
		return true
	})
	if !strings.ContainsAny(separator, "\r\n") {
		separator = " "
	}
	var b strings.Builder
	for _, w := range e.x.attrs {
		if w.write && !r.d.inSource(e, w.name) {
			b.WriteString(separator + r.attribute(w, quote))
		}
	}
	if b.Len() > 0 {
		r.cut(at, at, b.String())
	}
}

func (r *writer) attribute(w wanted, quote byte) string {
	q := string(quote)
	return w.name + "=" + q + escapeAttribute(w.value, quote, r.d.cs.narrow()) + q
}

// text writes a new text; a CDATA section stays one where it can.
func (r *writer) text(e *elem) {
	s := *e.x.text
	escaped := escapeText(s, r.newline(int(e.open)), r.d.cs.narrow())
	if from, to, ok := r.cdata(e, s); ok {
		r.cut(from, to, strings.ReplaceAll(s, "\n", r.newline(from)))
		return
	}
	r.fill(e, escaped)
}

// cdata says where the inside of the CDATA section is that is all of e's
// content, and whether s may stand in it.
func (r *writer) cdata(e *elem, s string) (from, to int, ok bool) {
	if e.open == e.close || strings.Contains(s, "]]>") || strings.Contains(s, "\r") || s == "" {
		return 0, 0, false
	}
	kind, end := r.d.token(int(e.open))
	if kind != CDATA || end != int(e.close) || r.d.cs.narrow() && !isASCII([]byte(s)) {
		return 0, 0, false
	}
	return int(e.open) + len("<![CDATA["), end - len("]]>"), true
}

// fill replaces all that is between the tags; <a/> gets an end tag.
func (r *writer) fill(e *elem, content string) {
	if !e.empty() {
		r.cut(int(e.open), int(e.close), content)
		return
	}
	slash := int(e.end) - len("/>")
	for blank(r.d.w[slash-1]) {
		slash--
	}
	r.cut(slash, int(e.end), ">"+content+"</"+string(r.d.rawName(e))+">")
}

// frame is how an element is laid out.
type frame struct {
	indent, unit, newline string
	inline                bool   // no blanks may be added
	gap                   int    // blank lines between it and its neighbours
	end                   string // of a tag without content: "/>" or " />"
	quote                 byte
}

// fresh writes an element that an edit made, without what is around it.
func (r *writer) fresh(b *strings.Builder, e *elem, f frame) {
	b.WriteString("<" + e.x.name)
	for _, a := range e.x.attrs {
		b.WriteString(" " + r.attribute(a, f.quote))
	}
	switch {
	case e.first != nil:
		b.WriteString(">")
		in := f
		in.indent += f.unit
		for c := e.first; c != nil; c = c.next {
			r.breakLine(b, in)
			r.fresh(b, c, in)
		}
		r.breakLine(b, f)
	case e.x.text != nil && *e.x.text != "":
		b.WriteString(">" + escapeText(*e.x.text, f.newline, r.d.cs.narrow()))
	default:
		b.WriteString(f.end)
		return
	}
	b.WriteString("</" + e.x.name + ">")
}

func (r *writer) breakLine(b *strings.Builder, f frame) {
	if !f.inline {
		b.WriteString(f.newline + f.indent)
	}
}
