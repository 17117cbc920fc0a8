package xmledit

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unicode/utf16"
)

// fixtures are the files of testdata, and small documents in every encoding
// and form that the library reads.
func fixtures(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	paths, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("testdata: %d files, %v", len(paths), err)
	}
	for _, path := range paths {
		if files[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	text := "<?xml version=\"1.0\"?>\r\n<a x='é€'>\n\t<b>Grüße 𝄞</b>\r\n\t<b>2</b>\n</a>"
	files["bom"] = []byte("\uFEFF" + text)
	files["utf-16le"] = utf16File(text, 0xFF, 0xFE)
	files["utf-16be"] = utf16File(text, 0xFE, 0xFF)
	files["windows-1252"] = []byte("<?xml version='1.0' encoding='windows-1252'?><a x=\"\x80\">\r<b>\xE9</b>\r</a>")
	files["iso-8859-15"] = []byte("<?xml version='1.0' encoding='iso-8859-15'?><a>\n<\xE9 x=\"\xA4\"/></a>")
	files["iso-8859-7"] = []byte("<?xml version='1.0' encoding='ISO-8859-7'?><a>\xE1</a>")
	files["ascii"] = []byte("<?xml version='1.0' encoding='US-ASCII'?><a>\n  <b>&#233;</b>\n</a>")
	files["one line"] = []byte("<a><b/><b x='1'>t</b><!-- c --><c><d/></c></a>")
	files["mixed content"] = []byte("<a>x<b>y</b>z<b/> <c xml:space='preserve'> <d/> </c></a>")
	files["smallest"] = []byte("<a/>")
	return files
}

func utf16File(s string, mark ...byte) []byte {
	out := slices.Clone(mark)
	for _, u := range utf16.Encode([]rune(s)) {
		if mark[0] == 0xFF {
			out = append(out, byte(u), byte(u>>8))
		} else {
			out = append(out, byte(u>>8), byte(u))
		}
	}
	return out
}

// corpus is everything there is to try a law on.
func corpus(t testing.TB) map[string][]byte {
	files := fixtures(t)
	maps.Copy(files, stockFiles(t))
	return files
}

func TestEveryFileIsWrittenBackUnchanged(t *testing.T) {
	for name, src := range corpus(t) {
		checkRoundTrip(t, name, src)
	}
}

func TestSpansAreThoseOfTheSource(t *testing.T) {
	for name, src := range corpus(t) {
		d, err := Parse(src)
		if err != nil {
			t.Fatal(name, err)
		}
		width := d.cs.width
		d.Walk(func(n Node) bool {
			s := n.Span()
			if got := src[s.Start : s.Start+width]; !bytes.Contains(got, []byte("<")) {
				t.Errorf("%s: %s begins with %q", name, n.Path(), got)
			}
			if got := src[s.End-width : s.End]; !bytes.Contains(got, []byte(">")) {
				t.Errorf("%s: %s ends with %q", name, n.Path(), got)
			}
			for _, a := range n.Attrs() {
				if q := src[a.Span.Start-width : a.Span.Start]; !bytes.ContainsAny(q, `"'`) || !bytes.Equal(q, src[a.Span.End:a.Span.End+width]) {
					t.Errorf("%s: %s: the value of %s does not stand between quotes", name, n.Path(), a.Name)
				}
			}
			return true
		})
	}
}
