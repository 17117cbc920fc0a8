package xmledit

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value is a decoded text or attribute. One that depends on what we don't read,
// or that holds elements by way of an entity, is opaque: it equals nothing.
type value struct {
	s      string
	opaque bool
}

func (v value) is(s string) bool { return !v.opaque && v.s == s }

// decodeValue replaces references and line ends, and in an attribute blanks
// (sections 2.11 and 3.3.3).
func (d *Doc) decodeValue(raw []byte, attribute bool) value {
	special := "&\r"
	if attribute {
		special = "&\r\n\t"
	}
	if !bytes.ContainsAny(raw, special) {
		return value{s: string(raw)}
	}
	r := reader{d: d, attribute: attribute}
	r.read(raw)
	return value{r.out.String(), r.opaque}
}

type reader struct {
	d         *Doc
	attribute bool
	out       strings.Builder
	opaque    bool
}

func (r *reader) read(raw []byte) {
	for i := 0; i < len(raw); i++ {
		switch b := raw[i]; {
		case b == '&':
			name, n := refName(raw[i:])
			r.refer(name, raw[i:i+n])
			i += n - 1
		case b == '\r':
			if i+1 < len(raw) && raw[i+1] == '\n' {
				i++
			}
			r.blank('\n')
		case b == '\n' || b == '\t':
			r.blank(b)
		default:
			r.out.WriteByte(b)
		}
	}
}

func (r *reader) blank(b byte) {
	if r.attribute {
		b = ' '
	}
	r.out.WriteByte(b)
}

func (r *reader) refer(name string, raw []byte) {
	if name[0] == '#' {
		c, _ := charRef(name)
		r.out.WriteRune(c)
		return
	}
	if s := builtin[name]; s != "" {
		r.out.WriteString(s)
		return
	}
	e := r.d.entities[name]
	if e == nil || e.external || e.unparsed || bytes.IndexByte(e.text, '<') >= 0 {
		r.opaque = true
		r.out.Write(raw)
		return
	}
	r.read(e.text)
}

// newlines does section 2.11 only: that is all a CDATA section wants.
func newlines(raw []byte) string {
	if bytes.IndexByte(raw, '\r') < 0 {
		return string(raw)
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\r", "\n")
}

// writable says whether XML can carry s at all.
func writable(s string) bool {
	for i, r := range s {
		if !isChar(r) {
			return false
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
	}
	return true
}

// escapeText writes a value as text. The newline is the neighbourhood's.
func escapeText(s, newline string, narrow bool) string {
	return escape(s, narrow, func(r rune) string {
		switch r {
		case '&':
			return "&amp;"
		case '<':
			return "&lt;"
		case '>':
			return "&gt;"
		case '\n':
			return newline
		case '\r':
			return "&#13;"
		}
		return ""
	})
}

// escapeAttribute writes a value as it stands between quotes.
func escapeAttribute(s string, quote byte, narrow bool) string {
	return escape(s, narrow, func(r rune) string {
		switch {
		case r == '&':
			return "&amp;"
		case r == '<':
			return "&lt;"
		case r == '>':
			return "&gt;"
		case r == '"' && quote == '"':
			return "&quot;"
		case r == '\'' && quote == '\'':
			return "&apos;"
		case r < ' ':
			return "&#" + strconv.Itoa(int(r)) + ";"
		}
		return ""
	})
}

// escape writes s, each character as special says or else as it is; where the
// encoding is narrow everything above ASCII becomes a reference.
func escape(s string, narrow bool, special func(rune) string) string {
	var b strings.Builder
	for _, r := range s {
		if e := special(r); e != "" {
			b.WriteString(e)
		} else if narrow && r >= utf8.RuneSelf {
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
