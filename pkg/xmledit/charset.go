package xmledit

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
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
	table *charmap.Charmap // nil: UTF-8, UTF-16 or ASCII
	ascii bool             // no byte above 0x7F can stand for a character
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
	return c.table.EncodeRune(r)
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
		r := c.table.DecodeByte(b)
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

// sniff follows appendix F of XML 1.0, without its guesses.
func sniff(src []byte) (*charset, error) {
	utf16 := func(order byteOrder, name string) (*charset, error) {
		c := &charset{name: name, width: 2, order: order, marks: []mark{{0, 2}}}
		return c, c.agree(declared(asciiOf16(src[2:], order)))
	}
	switch {
	case bytes.HasPrefix(src, []byte("\xFF\xFE\x00\x00")), bytes.HasPrefix(src, []byte("\x00\x00\xFE\xFF")):
		return nil, failAt(nil, 0, "UTF-32 is not supported")
	case bytes.HasPrefix(src, []byte("\xFF\xFE")):
		return utf16(binary.LittleEndian, "UTF-16LE")
	case bytes.HasPrefix(src, []byte("\xFE\xFF")):
		return utf16(binary.BigEndian, "UTF-16BE")
	case bytes.HasPrefix(src, []byte("\xEF\xBB\xBF")):
		c := &charset{name: "UTF-8", width: 1, marks: []mark{{0, 3}}}
		return c, c.agree(declared(src[3:]))
	case bytes.HasPrefix(src, []byte("<\x00")), bytes.HasPrefix(src, []byte("\x00<")):
		return nil, failAt(nil, 0, "this looks like UTF-16 without a byte order mark, which XML requires")
	}
	return named(declared(src))
}

// agree says whether what the declaration claims fits the byte order mark.
func (c *charset) agree(declared string) error {
	d := strings.ToUpper(declared)
	if d == "" || d == c.name || c.width == 2 && d == "UTF-16" || d == "UTF8" && c.name == "UTF-8" {
		return nil
	}
	return failAt(nil, 0, fmt.Sprintf("the byte order mark says %s, the declaration says %q", c.name, declared))
}

func asciiOf16(b []byte, order byteOrder) []byte {
	out := make([]byte, 0, 128)
	for i := 0; i+1 < len(b) && len(out) < cap(out); i += 2 {
		u := order.Uint16(b[i:])
		if u >= utf8.RuneSelf {
			break
		}
		out = append(out, byte(u))
	}
	return out
}

// declared is the encoding in the XML declaration, "" if there is none. The
// declaration's grammar is checked later, on the decoded text.
func declared(src []byte) string {
	if !bytes.HasPrefix(src, []byte("<?xml")) {
		return ""
	}
	end := bytes.Index(src, []byte("?>"))
	if end < 0 {
		return ""
	}
	_, rest, ok := bytes.Cut(src[:end], []byte("encoding"))
	if !ok {
		return ""
	}
	i := skipSpace(rest, 0)
	if i >= len(rest) || rest[i] != '=' {
		return ""
	}
	i = skipSpace(rest, i+1)
	if i >= len(rest) || rest[i] != '"' && rest[i] != '\'' {
		return ""
	}
	name, _, _ := bytes.Cut(rest[i+1:], rest[i:i+1])
	return string(name)
}

func named(name string) (*charset, error) {
	c := &charset{name: name, width: 1, marks: []mark{{0, 0}}}
	switch up := strings.ToUpper(name); up {
	case "", "UTF-8", "UTF8":
		c.name = "UTF-8"
		return c, nil
	case "US-ASCII", "ASCII", "ISO646-US":
		c.ascii = true
		return c, nil
	case "UTF-16", "UTF-16LE", "UTF-16BE":
		return nil, failAt(nil, 0, fmt.Sprintf("the declaration says %q, but there is no byte order mark and the bytes are not UTF-16", name))
	default:
		if c.table = tables[up]; c.table == nil {
			return nil, failAt(nil, 0, fmt.Sprintf("encoding %q is not supported", name))
		}
		return c, nil
	}
}

// tables holds the encodings of one byte a character that are ASCII below 0x80.
// ISO-8859-12 was never published, and ISO-8859-11 is not in the library.
var tables = func() map[string]*charmap.Charmap {
	t := map[string]*charmap.Charmap{"LATIN1": charmap.ISO8859_1, "WINDOWS-874": charmap.Windows874}
	iso := []*charmap.Charmap{
		charmap.ISO8859_1, charmap.ISO8859_2, charmap.ISO8859_3, charmap.ISO8859_4, charmap.ISO8859_5, charmap.ISO8859_6,
		charmap.ISO8859_7, charmap.ISO8859_8, charmap.ISO8859_9, charmap.ISO8859_10, nil, nil,
		charmap.ISO8859_13, charmap.ISO8859_14, charmap.ISO8859_15, charmap.ISO8859_16,
	}
	for i, m := range iso {
		if m != nil {
			t["ISO-8859-"+strconv.Itoa(i+1)] = m
		}
	}
	windows := []*charmap.Charmap{
		charmap.Windows1250, charmap.Windows1251, charmap.Windows1252, charmap.Windows1253, charmap.Windows1254,
		charmap.Windows1255, charmap.Windows1256, charmap.Windows1257, charmap.Windows1258,
	}
	for i, m := range windows {
		t["WINDOWS-"+strconv.Itoa(1250+i)] = m
		t["CP"+strconv.Itoa(1250+i)] = m
	}
	return t
}()
