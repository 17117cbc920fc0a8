package xmledit

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
	"unicode/utf16"
	"unicode/utf8"
)

// charset is how the bytes of a file stand for characters.
//
// Everything below works on UTF-8. A file in another encoding is decoded once,
// and every offset is carried back to the file's own bytes by its marks, so
// that a splice never transcodes a neighbour.
type charset struct {
	name  string // as it is called in messages
	width int    // bytes of an ASCII character: 2 in UTF-16, else 1
	order byteOrder
	table *[128]rune // what the bytes above 0x7F are; nil: UTF-8, UTF-16 or ASCII
	ascii bool       // no byte above 0x7F can stand for a character
	marks []mark
}

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// mark says that from here on the two offsets run in step.
type mark struct{ work, src int }

// narrow says whether values must be written with character references.
func (c *charset) narrow() bool { return c.table != nil || c.ascii }

func (c *charset) toSource(work int) int {
	i := sort.Search(len(c.marks), func(i int) bool { return c.marks[i].work > work }) - 1
	return c.marks[i].src + (work-c.marks[i].work)*c.width
}

// encode turns what is to be written into the file's encoding. Values have
// their character references already; what is left to refuse are names.
func (c *charset) encode(s string) ([]byte, error) {
	switch {
	case c.width == 2:
		out := make([]byte, 0, 2*len(s))
		for _, u := range utf16.Encode([]rune(s)) {
			out = c.order.AppendUint16(out, u)
		}
		return out, nil
	case !c.narrow():
		return []byte(s), nil
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		b, ok := c.encodeRune(r)
		if !ok {
			return nil, fmt.Errorf("%U in a name cannot be written in %s, the file's encoding", r, c.name)
		}
		out = append(out, b)
	}
	return out, nil
}

func (c *charset) encodeRune(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r), true
	}
	if c.table == nil {
		return 0, false
	}
	i := slices.Index(c.table[:], r)
	return byte(utf8.RuneSelf + i), i >= 0 && r != utf8.RuneError
}

// decode returns the document as UTF-8 without its byte order mark.
func decode(src []byte) ([]byte, *charset, error) {
	c, err := sniff(src)
	if err != nil {
		return nil, nil, err
	}
	body := src[c.marks[0].src:]
	var work []byte
	switch {
	case c.width == 2:
		work, err = c.decode16(body)
	case c.table != nil && !isASCII(body):
		work, err = c.decode8(body)
	default:
		work = body
	}
	if err != nil {
		return nil, nil, err
	}
	if err := c.check(work); err != nil {
		return nil, nil, err
	}
	return work, c, nil
}

func isASCII(b []byte) bool {
	for _, x := range b {
		if x >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (c *charset) decode8(body []byte) ([]byte, error) {
	work := make([]byte, 0, len(body)+len(body)/8)
	for i, b := range body {
		if b < utf8.RuneSelf {
			work = append(work, b)
			continue
		}
		r := c.table[b-utf8.RuneSelf]
		if r == utf8.RuneError {
			return nil, failAt(work, len(work), "a byte that stands for nothing in "+c.name+", the declared encoding")
		}
		work = utf8.AppendRune(work, r)
		c.marks = append(c.marks, mark{len(work), c.marks[0].src + i + 1})
	}
	return work, nil
}

func (c *charset) decode16(body []byte) ([]byte, error) {
	work := make([]byte, 0, len(body)/2+len(body)/8)
	for i := 0; i < len(body); {
		r, n := c.rune16(body[i:])
		if r == utf8.RuneError && n != 2 {
			return nil, failAt(work, len(work), "half a character: this is not "+c.name)
		}
		work = utf8.AppendRune(work, r)
		i += n
		if r >= utf8.RuneSelf {
			c.marks = append(c.marks, mark{len(work), c.marks[0].src + i})
		}
	}
	return work, nil
}

// rune16 reads one character; a broken one has a length that is not 2.
func (c *charset) rune16(b []byte) (rune, int) {
	if len(b) < 2 {
		return utf8.RuneError, 1
	}
	r := rune(c.order.Uint16(b))
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(b) >= 4 {
		if r = utf16.DecodeRune(r, rune(c.order.Uint16(b[2:]))); r != utf8.RuneError {
			return r, 4
		}
	}
	return utf8.RuneError, 1
}

// check refuses what production 2 excludes, so that nobody below has to.
func (c *charset) check(w []byte) error {
	for i := 0; i < len(w); {
		if b := w[i]; b >= 0x20 && b < utf8.RuneSelf || b == '\n' || b == '\t' || b == '\r' {
			i++
			continue
		}
		if c.ascii && w[i] >= utf8.RuneSelf {
			return failAt(w, i, "a byte above 0x7F in a file that is declared "+c.name)
		}
		r, n := utf8.DecodeRune(w[i:])
		if r == utf8.RuneError && n == 1 {
			return failAt(w, i, "a byte that is not UTF-8, and no other encoding is declared")
		}
		if !isChar(r) {
			return failAt(w, i, "a character that XML does not allow")
		}
		i += n
	}
	return nil
}
