package xmledit

import "unicode/utf8"

// What a byte may be part of, for ASCII; runes above are in nameRanges.
const (
	isNameStart = 1 << iota
	isName
	isSpace
	isPubid
)

var class = func() (t [utf8.RuneSelf]uint8) {
	for c := range t {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			t[c] = isNameStart | isName | isPubid
		case '0' <= c && c <= '9':
			t[c] = isName | isPubid
		}
	}
	for _, c := range "-'()+,./:=?;!*#@$_% \r\n" {
		t[c] |= isPubid
	}
	for _, c := range "_:" {
		t[c] |= isNameStart | isName
	}
	for _, c := range "-." {
		t[c] |= isName
	}
	for _, c := range " \t\r\n" {
		t[c] |= isSpace
	}
	return t
}()

// nameRange is a row of production 4 (start) or of what 4a adds to it.
type nameRange struct {
	lo, hi rune
	start  bool
}

var nameRanges = []nameRange{
	{0xB7, 0xB7, false}, {0xC0, 0xD6, true}, {0xD8, 0xF6, true}, {0xF8, 0x2FF, true},
	{0x300, 0x36F, false}, {0x370, 0x37D, true}, {0x37F, 0x1FFF, true}, {0x200C, 0x200D, true},
	{0x203F, 0x2040, false}, {0x2070, 0x218F, true}, {0x2C00, 0x2FEF, true}, {0x3001, 0xD7FF, true},
	{0xF900, 0xFDCF, true}, {0xFDF0, 0xFFFD, true}, {0x10000, 0xEFFFF, true},
}

func isWideName(r rune, start bool) bool {
	for _, x := range nameRanges {
		if r <= x.hi {
			return r >= x.lo && (x.start || !start)
		}
	}
	return false
}

func blank(b byte) bool { return b < utf8.RuneSelf && class[b]&isSpace != 0 }

// nameLen is the length of the Name that w begins with, 0 if there is none.
func nameLen(w []byte) int {
	if len(w) == 0 {
		return 0
	}
	if w[0] < utf8.RuneSelf {
		if class[w[0]]&isNameStart == 0 {
			return 0
		}
	} else if r, _ := utf8.DecodeRune(w); !isWideName(r, true) {
		return 0
	}
	return tokenLen(w)
}

// tokenLen is the length of the Nmtoken that w begins with.
func tokenLen(w []byte) int {
	i := 0
	for i < len(w) {
		if w[i] < utf8.RuneSelf {
			if class[w[i]]&isName == 0 {
				break
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(w[i:])
		if !isWideName(r, false) {
			break
		}
		i += n
	}
	return i
}

func isNameString(s string) bool { return s != "" && nameLen([]byte(s)) == len(s) }

// isChar is production 2; a surrogate never gets here as a valid rune.
func isChar(r rune) bool {
	switch {
	case r < 0x20:
		return r == '\t' || r == '\n' || r == '\r'
	case r < 0xD800:
		return true
	}
	return r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

func skipSpace(w []byte, i int) int {
	for i < len(w) && blank(w[i]) {
		i++
	}
	return i
}

func allBlank(w []byte) bool { return skipSpace(w, 0) == len(w) }
