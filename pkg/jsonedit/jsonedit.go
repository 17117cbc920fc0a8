// Package jsonedit changes values in a JSON file by splicing bytes, so that line
// ends, indentation, blanks around colons and the order of members stay as they
// were.
//
// Parse takes what RFC 8259 allows and nothing else, in UTF-8; a byte order mark
// before it is kept. Values are named by JSON pointers (RFC 6901):
//
//	/ssoConfiguration/issuer    a member of a member of the outermost object
//	/pages/0                    the first element of an array
//	/permissions/~1admin        "~1" is "/" in a name, "~0" is "~"; Pointer writes them
//
// An Edit says how the file should be. One whose value is already there, however
// it is written, makes no Splice. After splicing the result is read again and
// compared with what was meant; if anything else differs nothing is returned but
// an error.
//
// A member that is there twice on the way of a pointer is an error: readers of
// JSON do not agree on which of them counts.
//
// Errors carry positions and pointers, never what stands in the file: that may
// be a password.
package jsonedit

import (
	"fmt"
	"slices"
	"strings"
)

// A Span is a half open range of bytes of the source.
type Span struct{ Start, End int }

// A Splice is what Apply did in one place: the bytes of the source in Span gave
// way to New.
type Splice struct {
	Span
	New []byte
}

// An Edit is one thing that a file should say. Make it with Set.
type Edit struct {
	pointer string
	value   any
}

// Set sees to it that the value at the pointer is a string, a bool or an int. A
// member that is absent is added behind the last one of its object, which must
// be there; so must an array's element.
func Set(pointer string, value any) Edit { return Edit{pointer, value} }

// Pointer writes names as a pointer to what they lead to.
func Pointer(names ...string) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(n))
	}
	return b.String()
}

// Apply returns src with the edits spliced in, and the splices in the order of
// the source. Every byte of out that is not in a splice is copied from src. All
// or nothing: after an error out is nil.
func Apply(src []byte, edits ...Edit) (out []byte, splices []Splice, err error) {
	doc, err := Parse(src)
	if err != nil {
		return nil, nil, err
	}
	s := session{doc: doc, set: map[string]string{}, added: map[*node][]addition{}}
	for _, e := range edits {
		if err := s.see(e); err != nil {
			return nil, nil, err
		}
	}
	splices = s.splices()
	out = make([]byte, 0, len(src)+64)
	at := 0
	for _, p := range splices {
		out = append(append(out, src[at:p.Start]...), p.New...)
		at = p.End
	}
	out = append(out, src[at:]...)
	if err := s.prove(out); err != nil {
		return nil, nil, fmt.Errorf("the edits cannot be made safely: %w; please report it", err)
	}
	return out, splices, nil
}

// session is what the edits have come to so far.
type session struct {
	doc     *Doc
	set     map[string]string // the value wanted, by pointer
	changed []change
	added   map[*node][]addition
	order   []*node // the keys of added, as they came
}

type change struct {
	of   *node
	text string
}

type addition struct{ name, text string }

func (s *session) see(e Edit) error {
	text, err := literal(e.value)
	if err != nil {
		return fmt.Errorf("%s: %w", e.pointer, err)
	}
	names, err := split(e.pointer)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("the pointer is empty: the document as a whole is not set")
	}
	key := Pointer(names...)
	if before, twice := s.set[key]; twice {
		if before != text {
			return fmt.Errorf("%s: two edits want different values", key)
		}
		return nil
	}
	s.set[key] = text
	parent, err := s.doc.walk(names)
	if err != nil {
		return err
	}
	n, err := s.doc.step(parent, names, len(names)-1)
	switch {
	case err != nil:
		return err
	case n == nil && parent.kind != object:
		return s.doc.lost(names, len(names)-1, parent, "has fewer elements")
	case n == nil:
		s.add(parent, addition{names[len(names)-1], text})
	case n.kind == object || n.kind == array:
		return s.doc.lost(names, len(names), n, "is "+n.kind.String()+", and is not replaced by a plain value")
	case !s.doc.same(n, text):
		s.changed = append(s.changed, change{n, text})
	}
	return nil
}

func (s *session) add(parent *node, a addition) {
	if s.added[parent] == nil {
		s.order = append(s.order, parent)
	}
	s.added[parent] = append(s.added[parent], a)
}

func (s *session) splices() []Splice {
	var list []Splice
	for _, c := range s.changed {
		list = append(list, Splice{c.of.Span, []byte(c.text)})
	}
	for _, parent := range s.order {
		list = append(list, s.doc.insertion(parent, s.added[parent]))
	}
	slices.SortFunc(list, func(a, b Splice) int { return a.Start - b.Start })
	return list
}

// insertion is how new members are written: each as the last one that is there,
// its line, its indentation and the blanks around its colon.
func (d *Doc) insertion(parent *node, list []addition) Splice {
	var b strings.Builder
	if len(parent.members) == 0 {
		for i, a := range list {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quote(a.name) + ": " + a.text)
		}
		return Splice{Span{parent.Start + 1, parent.End - 1}, []byte(b.String())}
	}
	last := parent.members[len(parent.members)-1]
	before, colon := d.gap(parent, last), string(d.src[last.key.End:last.value.Start])
	for _, a := range list {
		b.WriteString("," + before + quote(a.name) + colon + a.text)
	}
	return Splice{Span{last.value.End, last.value.End}, []byte(b.String())}
}

// gap is the white space before a member.
func (d *Doc) gap(parent *node, m member) string {
	from := m.key.Start
	for from > parent.Start+1 && strings.IndexByte(" \t\r\n", d.src[from-1]) >= 0 {
		from--
	}
	return string(d.src[from:m.key.Start])
}
