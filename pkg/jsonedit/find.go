package jsonedit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A PointerError is why a pointer does not lead to exactly one value.
type PointerError struct {
	Pointer string
	Where   string // how far it leads
	Line    int    // of the value there
	Reason  string
}

func (e *PointerError) Error() string {
	if e.Where == "" {
		return fmt.Sprintf("%s: line %d: the document %s", e.Pointer, e.Line, e.Reason)
	}
	return fmt.Sprintf("%s: line %d: %s %s", e.Pointer, e.Line, e.Where, e.Reason)
}

// Text is the decoded string at a pointer, and whether there is one: nothing, or
// a value that is no string, is not an error.
func (d *Doc) Text(pointer string) (string, bool, error) {
	names, err := split(pointer)
	if err != nil {
		return "", false, err
	}
	n := d.top
	for i := range names {
		if n, err = d.step(n, names, i); err != nil || n == nil {
			return "", false, err
		}
	}
	if n.kind != text {
		return "", false, nil
	}
	return decode(d.src[n.Start:n.End]), true, nil
}

// Walk calls see for each member of each object, in the order of the source,
// with its pointer and the span of its value. Where it returns false, what is
// inside of the value is left out. Elements of arrays are walked through.
func (d *Doc) Walk(see func(pointer, name string, value Span) bool) {
	var walk func(n *node, at string)
	walk = func(n *node, at string) {
		for _, m := range n.members {
			if p := at + Pointer(m.name); see(p, m.name, m.value.Span) {
				walk(m.value, p)
			}
		}
		for i, e := range n.elements {
			walk(e, at+"/"+strconv.Itoa(i))
		}
	}
	walk(d.top, "")
}

// split takes a pointer apart.
func split(pointer string) ([]string, error) {
	if pointer == "" {
		return nil, nil
	}
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return nil, fmt.Errorf("%s: a pointer begins with a slash", pointer)
	}
	names := strings.Split(rest, "/")
	for i, n := range names {
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(n), "~") {
			return nil, fmt.Errorf(`%s: a "~" in a pointer is written "~0"`, pointer)
		}
		names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(n)
	}
	return names, nil
}

// walk is the value that all names but the last lead to, which must be there.
func (d *Doc) walk(names []string) (*node, error) {
	n := d.top
	for i := range len(names) - 1 {
		next, err := d.step(n, names, i)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return nil, d.lost(names, i, n, fmt.Sprintf("has no %q", names[i]))
		}
		n = next
	}
	return n, nil
}

// step goes from a value to what names[i] calls in it; nil where nothing is
// called so.
func (d *Doc) step(n *node, names []string, i int) (*node, error) {
	switch n.kind {
	case object:
		var found *node
		for _, m := range n.members {
			if m.name != names[i] {
				continue
			}
			if found != nil {
				return nil, d.lost(names, i, n, fmt.Sprintf("has %q twice, in lines %d and %d; readers do not agree on which counts: remove one", m.name, d.line(found.Start), d.line(m.value.Start)))
			}
			found = m.value
		}
		return found, nil
	case array:
		at, err := strconv.Atoi(names[i])
		if err != nil || at < 0 || strconv.Itoa(at) != names[i] {
			return nil, d.lost(names, i, n, "is an array, whose elements are named by numbers")
		}
		if at < len(n.elements) {
			return n.elements[at], nil
		}
		return nil, nil
	}
	return nil, d.lost(names, i, n, "is "+n.kind.String()+", which has nothing inside")
}

// lost says that names lead no further than to the i-th value, n.
func (d *Doc) lost(names []string, i int, n *node, reason string) error {
	return &PointerError{Pointer(names...), Pointer(names[:i]...), d.line(n.Start), reason}
}

func (d *Doc) line(at int) int { return 1 + bytes.Count(d.src[:at], []byte("\n")) }

// same tells whether a value says what the literal does, however it is written.
func (d *Doc) same(n *node, literal string) bool {
	is := d.src[n.Start:n.End]
	switch {
	case n.kind == text && literal[0] == '"':
		return decode(is) == decode([]byte(literal))
	case n.kind == number && (literal[0] == '-' || digit(literal[0])):
		have, err := strconv.ParseInt(string(is), 10, 64)
		want, _ := strconv.ParseInt(literal, 10, 64) // we wrote it
		return err == nil && have == want
	}
	return string(is) == literal
}

// decode is the value of a string that was read. Half a surrogate pair becomes
// U+FFFD, as nearly every reader takes it.
func decode(quoted []byte) string {
	var s string
	_ = json.Unmarshal(quoted, &s) // the parser has seen that it is one
	return s
}

// literal is how a value is written.
func literal(value any) (string, error) {
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) {
			return "", errors.New("the value is not UTF-8")
		}
		return quote(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	}
	return "", fmt.Errorf("a value of type %T is not written", value)
}

// quote writes a string with as few escapes as JSON allows: what a person reads
// and searches for stays as it is.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
