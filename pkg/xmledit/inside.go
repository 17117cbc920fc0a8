package xmledit

import (
	"bytes"
	"strings"
)

// text is the decoded text directly inside of e, as the edits so far leave it.
func (d *Doc) text(e *elem) value {
	if e.x != nil && e.x.text != nil {
		return value{s: *e.x.text}
	}
	var b strings.Builder
	var v value
	d.eachText(e, func(raw []byte, cdata bool) {
		if cdata {
			b.WriteString(newlines(raw))
			return
		}
		part := d.decodeValue(raw, false)
		b.WriteString(part.s)
		v.opaque = v.opaque || part.opaque
	})
	v.s = b.String()
	return v
}

// eachText calls see for each run of text directly inside of an element of the
// source.
func (d *Doc) eachText(e *elem, see func(raw []byte, cdata bool)) {
	d.direct(e, func(kind Kind, i, end int) {
		switch kind {
		case Text:
			see(d.w[i:end], false)
		case CDATA:
			see(d.w[i+len("<![CDATA["):end-len("]]>")], true)
		}
	})
}

// direct calls see for each token between the children of an element of the
// source.
func (d *Doc) direct(e *elem, see func(kind Kind, start, end int)) {
	if e.x != nil && (e.x.fresh || e.x.content) {
		return
	}
	child := e.first
	for i := int(e.open); i < int(e.close); {
		for child != nil && child.made() {
			child = child.next
		}
		if child != nil && int(child.start) == i {
			i, child = int(child.end), child.next
			continue
		}
		kind, end := d.token(i)
		see(kind, i, end)
		i = end
	}
}

// rawAttr holds the offsets of an attribute.
type rawAttr struct{ before, name, nameEnd, from, to int }

// eachAttr calls see for each attribute of an element of the source, while it
// returns true.
func (d *Doc) eachAttr(e *elem, see func(rawAttr) bool) {
	if e.made() {
		return
	}
	for i := int(e.nameEnd); ; {
		a := rawAttr{before: i, name: skipSpace(d.w, i)}
		if d.w[a.name] == '>' || d.w[a.name] == '/' {
			return
		}
		a.nameEnd = a.name + tokenLen(d.w[a.name:])
		a.from = skipSpace(d.w, skipSpace(d.w, a.nameEnd)+1) + 1
		a.to = a.from + bytes.IndexByte(d.w[a.from:], d.w[a.from-1])
		if !see(a) {
			return
		}
		i = a.to + 1
	}
}

func (d *Doc) attrValue(a rawAttr) value { return d.decodeValue(d.w[a.from:a.to], true) }

// attr is an attribute as the edits so far leave it.
func (d *Doc) attr(e *elem, name string) (v value, ok bool) {
	if e.x != nil {
		for _, a := range e.x.attrs {
			if a.name == name {
				return value{s: a.value}, true
			}
		}
	}
	d.eachAttr(e, func(a rawAttr) bool {
		if string(d.w[a.name:a.nameEnd]) == name {
			v, ok = d.attrValue(a), true
		}
		return !ok
	})
	return v, ok
}
