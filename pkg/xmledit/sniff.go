package xmledit

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

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
// ISO-8859-12 was never published.
var tables = func() map[string]*[128]rune {
	t := map[string]*[128]rune{"LATIN1": high(charmap.ISO8859_1), "WINDOWS-874": high(charmap.Windows874)}
	iso := []*charmap.Charmap{
		charmap.ISO8859_1, charmap.ISO8859_2, charmap.ISO8859_3, charmap.ISO8859_4, charmap.ISO8859_5, charmap.ISO8859_6,
		charmap.ISO8859_7, charmap.ISO8859_8, charmap.ISO8859_9, charmap.ISO8859_10, nil, nil,
		charmap.ISO8859_13, charmap.ISO8859_14, charmap.ISO8859_15, charmap.ISO8859_16,
	}
	for i, m := range iso {
		if m != nil {
			t["ISO-8859-"+strconv.Itoa(i+1)] = high(m)
		}
	}
	t["ISO-8859-11"] = thai()
	windows := []*charmap.Charmap{
		charmap.Windows1250, charmap.Windows1251, charmap.Windows1252, charmap.Windows1253, charmap.Windows1254,
		charmap.Windows1255, charmap.Windows1256, charmap.Windows1257, charmap.Windows1258,
	}
	for i, m := range windows {
		t["WINDOWS-"+strconv.Itoa(1250+i)] = high(m)
		t["CP"+strconv.Itoa(1250+i)] = high(m)
	}
	return t
}()

func high(m *charmap.Charmap) *[128]rune {
	t := new([128]rune)
	for i := range t {
		t[i] = m.DecodeByte(byte(utf8.RuneSelf + i))
	}
	return t
}

// thai is windows-874 without what it added to ISO-8859-11.
func thai() *[128]rune {
	t := high(charmap.Windows874)
	for i := range 0x20 {
		t[i] = rune(utf8.RuneSelf + i)
	}
	return t
}
