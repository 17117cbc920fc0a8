package carbon

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// node is an element. text is its own character data with comments left out
// and nothing trimmed: trimming is up to whoever reads, and most do not.
type node struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string
	children []*node
}

// parse reads a document as strictly as the server's parsers do, which is
// stricter than encoding/xml: the declaration comes first or not at all, there
// is one root with nothing but comments around it, prefixes are declared, and
// no attribute stands twice.
func parse(data []byte) (*node, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = latin1
	r := &reader{data: data}
	for {
		start := d.InputOffset()
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = r.take(token, start)
		}
		if err != nil {
			line, column := d.InputPos()
			return nil, fmt.Errorf("line %d, column %d: %w", line, column, err)
		}
	}
	if r.root == nil {
		return nil, errors.New("no root element")
	}
	return r.root, nil
}

type reader struct {
	data []byte
	root *node
	open []*node
}

func (r *reader) take(token xml.Token, start int64) error {
	switch t := token.(type) {
	case xml.StartElement:
		return r.begin(t)
	case xml.EndElement:
		r.open = r.open[:len(r.open)-1]
	case xml.CharData:
		return r.chars(t)
	case xml.ProcInst:
		if t.Target == "xml" && start != 0 {
			return errors.New("the XML declaration is not at the beginning of the file")
		}
	case xml.Directive:
		return errors.New("DOCTYPE is not allowed here")
	}
	return nil
}

func (r *reader) begin(t xml.StartElement) error {
	n := &node{name: t.Name, attrs: t.Copy().Attr}
	if err := n.check(); err != nil {
		return err
	}
	switch {
	case len(r.open) > 0:
		parent := r.open[len(r.open)-1]
		parent.children = append(parent.children, n)
	case r.root != nil:
		return fmt.Errorf("a second root element <%s>", t.Name.Local)
	default:
		r.root = n
	}
	r.open = append(r.open, n)
	return nil
}

func (r *reader) chars(t xml.CharData) error {
	if len(r.open) > 0 {
		r.open[len(r.open)-1].text += string(t)
		return nil
	}
	if len(bytes.TrimSpace(t)) > 0 {
		return errors.New("text outside of the root element")
	}
	return nil
}

// check finds what encoding/xml lets pass. An undeclared prefix is left in
// place of its namespace there, and every namespace in use here has a slash
// or a colon in it.
func (n *node) check() error {
	undeclared := func(space string) bool {
		return space != "" && space != "xmlns" && space != "xml" && !strings.ContainsAny(space, ":/")
	}
	if undeclared(n.name.Space) {
		return fmt.Errorf("the prefix of <%s:%s> is not declared", n.name.Space, n.name.Local)
	}
	seen := map[xml.Name]bool{}
	for _, a := range n.attrs {
		if undeclared(a.Name.Space) {
			return fmt.Errorf("the prefix of %s:%s is not declared", a.Name.Space, a.Name.Local)
		}
		if seen[a.Name] {
			return fmt.Errorf("attribute %s of <%s> stands twice", a.Name.Local, n.name.Local)
		}
		seen[a.Name] = true
	}
	return nil
}

// latin1 reads the one encoding that the files declare beside UTF-8.
func latin1(charset string, input io.Reader) (io.Reader, error) {
	if !strings.EqualFold(charset, "ISO-8859-1") {
		return nil, fmt.Errorf("encoding %s is not supported", charset)
	}
	data, err := io.ReadAll(input)
	if err != nil {
		return nil, err
	}
	runes := make([]rune, len(data))
	for i, b := range data {
		runes[i] = rune(b)
	}
	return strings.NewReader(string(runes)), nil
}

// all returns the children of that name in no namespace.
func (n *node) all(name string) []*node {
	var list []*node
	for _, c := range n.children {
		if c.name == (xml.Name{Local: name}) {
			list = append(list, c)
		}
	}
	return list
}

// first returns the first of them, or nil.
func (n *node) first(name string) *node {
	if list := n.all(name); len(list) > 0 {
		return list[0]
	}
	return nil
}

// last returns the last of them, or nil: what a map or a JAXB field keeps.
func (n *node) last(name string) *node {
	if list := n.all(name); len(list) > 0 {
		return list[len(list)-1]
	}
	return nil
}

// attr returns an attribute in no namespace.
func (n *node) attr(name string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name == (xml.Name{Local: name}) {
			return a.Value, true
		}
	}
	return "", false
}
