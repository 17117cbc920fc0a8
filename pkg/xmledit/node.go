package xmledit

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// Doc is a document that was read. It does not change, and may be used by
// several goroutines at once.
type Doc struct {
	subset
	w    []byte // the document as UTF-8, without a byte order mark
	cs   *charset
	root *elem

	lineOnce sync.Once
	lines    []int // where each line begins

	indexes   map[*elem]*index // nil unless only Apply sees the document
	indexFrom int32            // number of children worth one
}

// Node is an element of a document.
type Node struct {
	d *Doc
	e *elem
}

// Attr is an attribute as it stands in the source. Span is that of the value,
// between its quotes.
type Attr struct {
	Name, Value string
	Span        Span
}

// Encoding is the name of the encoding that the document is written in.
func (d *Doc) Encoding() string { return d.cs.name }

// Root is the root element.
func (d *Doc) Root() Node { return Node{d, d.root} }

// Walk calls see for every element in document order. Where it returns false,
// the element's children are left out.
func (d *Doc) Walk(see func(Node) bool) {
	for e := d.root; e != nil; {
		e = e.after(d.root, !see(Node{d, e}))
	}
}

func (d *Doc) span(start, end int) Span { return Span{d.cs.toSource(start), d.cs.toSource(end)} }

// line is the number of the line that an offset of the decoded text is in.
func (d *Doc) line(pos int32) int {
	d.lineOnce.Do(func() {
		for i, b := range d.w {
			if b == '\n' || b == '\r' && (i+1 == len(d.w) || d.w[i+1] != '\n') {
				d.lines = append(d.lines, i+1)
			}
		}
	})
	return 1 + sort.Search(len(d.lines), func(i int) bool { return d.lines[i] > int(pos) })
}

// rawName is the name with its prefix.
func (d *Doc) rawName(e *elem) []byte {
	if e.x != nil && e.x.fresh {
		return []byte(e.x.name)
	}
	return d.w[e.start+1 : e.nameEnd]
}

func local(name []byte) []byte {
	_, rest := cutName(name)
	return rest
}

// cutName cuts a prefix off. A colon at either end is part of the name: XML by
// itself does not mind.
func cutName(name []byte) (prefix, rest []byte) {
	i := bytes.IndexByte(name, ':')
	if i <= 0 || i == len(name)-1 {
		return nil, name
	}
	return name[:i], name[i+1:]
}

// Name is the name as it is written, prefix and all.
func (n Node) Name() string {
	if n.e == nil {
		return ""
	}
	return string(n.d.rawName(n.e))
}

// Local is the name without its prefix.
func (n Node) Local() string { return string(local([]byte(n.Name()))) }

// Attrs are the attributes in the order of the source. Defaults that a document
// type declares are not among them.
func (n Node) Attrs() []Attr {
	var list []Attr
	if n.e == nil {
		return nil
	}
	n.d.eachAttr(n.e, func(a rawAttr) bool {
		list = append(list, Attr{string(n.d.w[a.name:a.nameEnd]), n.d.attrValue(a).s, n.d.span(a.from, a.to)})
		return true
	})
	return list
}

// Attr is the decoded value of the attribute of that very name.
func (n Node) Attr(name string) (string, bool) {
	if n.e == nil {
		return "", false
	}
	v, ok := n.d.attr(n.e, name)
	return v.s, ok
}

// Text is the decoded text that stands directly in the element, CDATA included:
// nothing is trimmed, comments are dropped.
func (n Node) Text() string {
	if n.e == nil {
		return ""
	}
	return n.d.text(n.e).s
}

// Content is what is between the tags; for <a/> it is empty and stands behind it.
func (n Node) Content() Span {
	if n.e == nil {
		return Span{}
	}
	return n.d.span(int(n.e.open), int(n.e.close))
}

// Span is the element from its start tag to its end tag.
func (n Node) Span() Span {
	if n.e == nil {
		return Span{}
	}
	return n.d.span(int(n.e.start), int(n.e.end))
}

// Line is the line that the element begins in, from 1.
func (n Node) Line() int {
	if n.e == nil {
		return 0
	}
	return n.d.line(n.e.start)
}

// Children are the elements directly inside.
func (n Node) Children() []Node {
	if n.e == nil {
		return nil
	}
	var list []Node
	for c := n.e.first; c != nil; c = c.next {
		list = append(list, Node{n.d, c})
	}
	return list
}

// Parent is the element around; the root element has none.
func (n Node) Parent() (Node, bool) {
	if n.e == nil || n.e.parent == nil {
		return Node{}, false
	}
	return Node{n.d, n.e.parent}, true
}

// Path is the way from the root element, for messages: it has an index where
// siblings share a name.
func (n Node) Path() string {
	if n.e == nil {
		return ""
	}
	return n.d.path(n.e)
}

func (d *Doc) path(e *elem) string {
	var steps []string
	for ; e != nil; e = e.parent {
		step := string(d.rawName(e))
		if i, several := d.position(e); several {
			step += "[" + strconv.Itoa(i) + "]"
		}
		steps = append(steps, step)
	}
	for i, j := 0, len(steps)-1; i < j; i, j = i+1, j-1 {
		steps[i], steps[j] = steps[j], steps[i]
	}
	return strings.Join(steps, "/")
}

// position counts e among its siblings as an index in a path does.
func (d *Doc) position(e *elem) (index int, several bool) {
	if e.parent == nil {
		return 1, false
	}
	name, n := nameOf(d.rawName(e)), 0
	for c := e.parent.first; c != nil; c = c.next {
		if !c.removed() && name.matches(d.rawName(c)) {
			n++
		}
		if c == e {
			index = n
		}
	}
	return index, n > 1
}
