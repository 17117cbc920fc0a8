package xmledit

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Find returns the elements that a path leads to, in document order; none is
// not an error.
func (d *Doc) Find(path string) ([]Node, error) {
	steps, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	var list []Node
	for _, e := range d.match(steps) {
		list = append(list, Node{d, e})
	}
	return list, nil
}

// One returns the one element that a path leads to. None, or several, is a
// [MatchError].
func (d *Doc) One(path string) (Node, error) {
	steps, err := parsePath(path)
	if err != nil {
		return Node{}, err
	}
	e, err := d.one(path, steps)
	if err != nil {
		return Node{}, err
	}
	return Node{d, e}, nil
}

// MatchError is why a path does not lead to exactly one element.
type MatchError struct {
	Path     string
	Count    int    // of elements found
	Lines    []int  // of those among them that stand in the source
	Comments []int  // of comments that hold what was looked for, when there is none
	Where    string // how far the path leads, when there is none
}

func (e *MatchError) Error() string {
	switch {
	case e.Count > 0:
		return fmt.Sprintf("%s: %d elements, lines %s, want 1", e.Path, e.Count, join(e.Lines))
	case len(e.Comments) == 1:
		return fmt.Sprintf("%s: only in a comment, line %d", e.Path, e.Comments[0])
	case len(e.Comments) > 1:
		return fmt.Sprintf("%s: only in comments, lines %s", e.Path, join(e.Comments))
	}
	return e.Path + ": " + e.Where
}

func join(numbers []int) string {
	var list []string
	for _, n := range numbers {
		list = append(list, strconv.Itoa(n))
	}
	return strings.Join(list, ", ")
}

func (d *Doc) one(path string, steps []step) (*elem, error) {
	found := d.match(steps)
	switch len(found) {
	case 0:
		return nil, d.explain(path, steps)
	case 1:
		return found[0], nil
	}
	return nil, d.several(path, found)
}

func (d *Doc) several(path string, found []*elem) error {
	m := &MatchError{Path: path, Count: len(found)}
	for _, e := range found {
		if !e.made() {
			m.Lines = append(m.Lines, d.line(e.start))
		}
	}
	return m
}

func (d *Doc) match(steps []step) []*elem {
	if !steps[0].name.matches(d.rawName(d.root)) {
		return nil
	}
	found := d.filter([]*elem{d.root}, steps[0].preds)
	for _, st := range steps[1:] {
		var next []*elem
		for _, e := range found {
			next = append(next, d.below(e, st)...)
		}
		found = next
	}
	return found
}

// below returns the children of e that a step asks for.
func (d *Doc) below(e *elem, st step) []*elem {
	if d.indexes != nil && e.kids >= d.indexFrom {
		return d.lookup(e, st)
	}
	var list []*elem
	for c := e.first; c != nil; c = c.next {
		if !c.removed() && st.name.matches(d.rawName(c)) {
			list = append(list, c)
		}
	}
	return d.filter(list, st.preds)
}

func (d *Doc) filter(list []*elem, preds []predicate) []*elem {
	for _, p := range preds {
		if p.index > 0 {
			if p.index > len(list) {
				return nil
			}
			list = list[p.index-1 : p.index]
			continue
		}
		var kept []*elem
		for _, e := range list {
			if d.holds(e, p.op, p.value) {
				kept = append(kept, e)
			}
		}
		list = kept
	}
	return list
}

// holds says whether any of what op names has the value.
func (d *Doc) holds(e *elem, op operand, want string) (found bool) {
	d.values(e, op, func(v value) { found = found || v.is(want) })
	return found
}

// values calls see for each value that op names, seen from e.
func (d *Doc) values(e *elem, op operand, see func(value)) {
	if len(op.steps) > 0 {
		for c := e.first; c != nil; c = c.next {
			if !c.removed() && op.steps[0].matches(d.rawName(c)) {
				d.values(c, operand{op.steps[1:], op.attr}, see)
			}
		}
		return
	}
	if op.attr == "" {
		see(d.text(e))
	} else if v, ok := d.attr(e, op.attr); ok {
		see(v)
	}
}

// explain says how far a path leads, and whether what is missing stands in a
// comment.
func (d *Doc) explain(path string, steps []step) error {
	m := &MatchError{Path: path}
	if d.match(steps[:1]) == nil {
		m.Where = fmt.Sprintf("the root element is %s", d.rawName(d.root))
		return m
	}
	n := 1
	for n < len(steps) && len(d.match(steps[:n+1])) > 0 {
		n++
	}
	parents, missing := d.match(steps[:n]), steps[n]
	for _, e := range parents {
		d.comments(e, missing, func(line int) { m.Comments = append(m.Comments, line) })
	}
	m.Where = fmt.Sprintf("no %s in %s", missing.text, d.path(parents[0]))
	if !parents[0].made() {
		m.Where += fmt.Sprintf(", line %d", d.line(parents[0].start))
	}
	if other := d.otherCase(parents[0], missing.name.local); other != "" {
		m.Where += "; there is " + other
	}
	return m
}

// otherCase finds a child whose name differs in nothing but case.
func (d *Doc) otherCase(e *elem, name string) string {
	for c := e.first; c != nil; c = c.next {
		if n := string(local(d.rawName(c))); n != name && strings.EqualFold(n, name) {
			return n
		}
	}
	return ""
}

// comments calls see with the line of each comment directly inside of e that
// holds an element like the one asked for: its name as a tag, <!--name …
// included, and the values of its predicates somewhere.
func (d *Doc) comments(e *elem, st step, see func(line int)) {
	d.direct(e, func(kind Kind, i, end int) {
		if kind != Comment {
			return
		}
		if at := inComment(d.w[i:end], st); at >= 0 {
			see(d.line(int32(i + at)))
		}
	})
}

func inComment(w []byte, st step) int {
	for _, p := range st.preds {
		if !bytes.Contains(w, []byte(p.value)) {
			return -1
		}
	}
	name := []byte(st.name.String())
	for i := 0; ; {
		n := bytes.Index(w[i:], name)
		if n < 0 {
			return -1
		}
		i += n
		before := bytes.TrimSuffix(w[:i], []byte("<"))
		opens := w[i-1] == '<' || len(bytes.TrimSpace(before)) == len("<!--")
		if opens && tokenLen(w[i+len(name):]) == 0 {
			return i
		}
		i += len(name)
	}
}
