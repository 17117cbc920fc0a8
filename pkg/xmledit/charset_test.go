package xmledit

import (
	"strings"
	"testing"
)

func TestEncodings(t *testing.T) {
	for _, c := range []struct {
		name, src, text, out string // out: SetText to ü€
	}{
		{"UTF-8", "<a>é</a>", "é", "<a>ü€</a>"},
		{"UTF-8", "\uFEFF<?xml version='1.0' encoding='utf-8'?><a>é</a>", "é", "\uFEFF<?xml version='1.0' encoding='utf-8'?><a>ü€</a>"},
		{"ISO-8859-1", "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>", "é", "<?xml version='1.0' encoding='ISO-8859-1'?><a>&#252;&#8364;</a>"},
		{"iso-8859-15", "<?xml version='1.0' encoding='iso-8859-15'?><a>\xA4</a>", "€", "<?xml version='1.0' encoding='iso-8859-15'?><a>&#252;&#8364;</a>"},
		{"ISO-8859-5", "<?xml version='1.0' encoding='ISO-8859-5'?><\xB0>\xB1</\xB0>", "Б", "<?xml version='1.0' encoding='ISO-8859-5'?><\xB0>&#252;&#8364;</\xB0>"},
		{"ISO-8859-11", "<?xml version='1.0' encoding='ISO-8859-11'?><a>\xA1</a>", "ก", "<?xml version='1.0' encoding='ISO-8859-11'?><a>&#252;&#8364;</a>"},
		{"windows-1252", "<?xml version='1.0' encoding='windows-1252'?><a>\x80</a>", "€", "<?xml version='1.0' encoding='windows-1252'?><a>&#252;&#8364;</a>"},
		{"cp1251", "<?xml version='1.0' encoding='cp1251'?><a>\xE9</a>", "й", "<?xml version='1.0' encoding='cp1251'?><a>&#252;&#8364;</a>"},
		{"US-ASCII", "<?xml version='1.0' encoding='US-ASCII'?><a>&#xE9;</a>", "é", "<?xml version='1.0' encoding='US-ASCII'?><a>&#252;&#8364;</a>"},
		{"UTF-16LE", string(utf16File("<?xml version='1.0' encoding='UTF-16'?><a>é𝄞</a>", 0xFF, 0xFE)), "é𝄞", string(utf16File("<?xml version='1.0' encoding='UTF-16'?><a>ü€</a>", 0xFF, 0xFE))},
		{"UTF-16BE", string(utf16File("<a>𝄞é</a>", 0xFE, 0xFF)), "𝄞é", string(utf16File("<a>ü€</a>", 0xFE, 0xFF))},
	} {
		d, err := Parse([]byte(c.src))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d.Encoding() != c.name || d.Root().Text() != c.text {
			t.Errorf("got %s, %q\nwant %s, %q", d.Encoding(), d.Root().Text(), c.name, c.text)
		}
		if out := apply(t, c.src, SetText(d.Root().Name(), "ü€")); string(out) != c.out {
			t.Errorf("%s: got %q\nwant %q", c.name, out, c.out)
		}
		apply(t, c.src, SetText(d.Root().Name(), c.text))
	}
}

func TestEncodingsThatAreRefused(t *testing.T) {
	utf16 := func(s string) string { return string(utf16File(s, 0xFF, 0xFE)) }
	for _, c := range []struct{ src, want string }{
		{"<a>\n\xE9</a>", "2:1: a byte that is not UTF-8, and no other encoding is declared"},
		{"<?xml version='1.0' encoding='UTF-8'?><a>\xED\xA0\x80</a>", "1:42: a byte that is not UTF-8"},
		{"<?xml version='1.0' encoding='US-ASCII'?><a>\xC3\xA9</a>", "1:45: a byte above 0x7F in a file that is declared US-ASCII"},
		{"<?xml version='1.0' encoding='ISO-8859-3'?><a>\xA5</a>", "1:47: a byte that stands for nothing in ISO-8859-3"},
		{"<?xml version='1.0' encoding='windows-1253'?><a>\xAA</a>", "1:49: a byte that stands for nothing in windows-1253"},
		{"<?xml version='1.0' encoding='EBCDIC-CP-DE'?><a/>", `1:1: encoding "EBCDIC-CP-DE" is not supported`},
		{"<?xml version='1.0' encoding='ISO-8859-12'?><a/>", `1:1: encoding "ISO-8859-12" is not supported`},
		{"<?xml version='1.0' encoding='UTF-16'?><a/>", `1:1: the declaration says "UTF-16", but there is no byte order mark`},
		{"\uFEFF<?xml version='1.0' encoding='ISO-8859-1'?><a/>", `1:1: the byte order mark says UTF-8, the declaration says "ISO-8859-1"`},
		{utf16("<?xml version='1.0' encoding='UTF-8'?><a/>"), `1:1: the byte order mark says UTF-16LE, the declaration says "UTF-8"`},
		{utf16("<?xml version='1.0' encoding='UTF-16BE'?><a/>"), `1:1: the byte order mark says UTF-16LE, the declaration says "UTF-16BE"`},
		{utf16("<a/>")[2:], "1:1: this looks like UTF-16 without a byte order mark"},
		{utf16("<a/>") + "x", "1:5: half a character: this is not UTF-16LE"},
		{utf16("<a>") + "\x00\xD8<\x00", "1:4: half a character: this is not UTF-16LE"},
		{"\xFF\xFE\x00\x00<\x00\x00\x00", "1:1: UTF-32 is not supported"},
	} {
		if _, err := Parse([]byte(c.src)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: got %v\nwant %s", c.src, err, c.want)
		}
	}
}
