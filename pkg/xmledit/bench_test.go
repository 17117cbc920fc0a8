package xmledit

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// axis2 is the product's axis2.xml, or a file of our own of its size.
func axis2(t testing.TB) (src []byte, edit Edit) {
	if data := stockFiles(t)["repository/conf/axis2/axis2.xml"]; data != nil {
		return data, SetProperties("axisconfig/clustering", "parameter", "name", KV{"domain", "bench.domain"})
	}
	data, err := os.ReadFile("testdata/cluster.xml")
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := bytes.Cut(data, []byte("<config"))
	body = append([]byte("<config"), body...)
	src = append(bytes.Clone(head), "<all>\n"...)
	src = append(src, bytes.Repeat(body, 30)...)
	return append(src, "</all>\n"...), SetProperties("all/config[7]/clustering", "parameter", "name", KV{"domain", "bench.domain"})
}

// tokenise reads a file with encoding/xml, and does nothing with it.
func tokenise(tb testing.TB, src []byte) {
	dec := xml.NewDecoder(bytes.NewReader(src))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			tb.Fatal(err)
		}
	}
}

func BenchmarkEncodingXML(b *testing.B) {
	src, _ := axis2(b)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		tokenise(b, src)
	}
}

func BenchmarkParse(b *testing.B) {
	src, _ := axis2(b)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(src); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply parses, makes one edit, and proves it.
func BenchmarkApply(b *testing.B) {
	src, edit := axis2(b)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, splices, err := Apply(src, edit); err != nil || len(splices) != 1 {
			b.Fatal(len(splices), err)
		}
	}
}

func BenchmarkApplyManyEdits(b *testing.B) {
	src, edits := manyEdits(10000)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Apply(src, edits...); err != nil {
			b.Fatal(err)
		}
	}
}

func TestOneEditCostsNoMoreThanThreeTokenisings(t *testing.T) {
	src, edit := axis2(t)
	theirs := fastest(t, 20, func() { tokenise(t, src) })
	ours := fastest(t, 20, func() {
		if _, _, err := Apply(src, edit); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%d bytes: encoding/xml tokenises them in %v; parse, one edit and its proof take %v: %.2f of that", len(src), theirs, ours, float64(ours)/float64(theirs))
	if ours > 3*theirs {
		t.Errorf("parse and one edit take %v, want at most 3 times %v", ours, theirs)
	}
}

// fastest is the processor's time of the best of n runs: the clock's says how
// busy the machine is.
func fastest(t *testing.T, n int, f func()) time.Duration {
	best := time.Hour
	for range n {
		start := spent(t)
		f()
		best = min(best, spent(t)-start)
	}
	return best
}

// manyEdits is a file of a thousand bytes an edit, and edits of every kind, all
// over it.
func manyEdits(n int) ([]byte, []Edit) {
	var b strings.Builder
	b.WriteString("<list>\n")
	pad := strings.Repeat("x", 90)
	for i := range 5 * n {
		fmt.Fprintf(&b, "  <item id=\"%d\">\n    <name>n%d</name>\n    <value>%s</value>\n    <p name=\"a\">1</p>\n  </item>\n", i, i, pad)
	}
	b.WriteString("</list>\n")
	var edits []Edit
	for i := range n {
		item := fmt.Sprintf("list/item[@id='%d']", 5*i)
		switch i % 8 {
		case 0:
			edits = append(edits, SetText(item+"/value", "new"))
		case 1:
			edits = append(edits, SetAttr(item, "state", "new"))
		case 2:
			edits = append(edits, Remove(item))
		case 3:
			edits = append(edits, SetProperties(item, "p", "name", KV{"a", "2"}, KV{"b", "3"}))
		case 4:
			edits = append(edits, Upsert("list", Element{Name: "item", Key: "@id", Attrs: []Attribute{{"id", fmt.Sprint(i, "new")}}, Text: "x"}, Last))
		case 5:
			edits = append(edits, SetText(fmt.Sprintf("list/item[name='n%d']/value", 5*i), "new"))
		case 6:
			edits = append(edits, InsertAfter(item, Element{Name: "extra", Attrs: []Attribute{{"id", fmt.Sprint(i)}}}))
		case 7:
			edits = append(edits, SetContent(item, Element{Name: "name", Text: "only"}))
		}
	}
	return []byte(b.String()), edits
}

func TestManyEditsAreLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("10 000 edits of 10 MB are left out of a short run")
	}
	took := func(n int) time.Duration {
		src, edits := manyEdits(n)
		return fastest(t, 3, func() {
			if _, splices, err := Apply(src, edits...); err != nil || len(splices) < n {
				t.Fatal(len(splices), err)
			}
		})
	}
	small, big := took(1000), took(10000)
	src, _ := manyEdits(10000)
	t.Logf("1000 edits of %d kB: %v; 10000 edits of %d kB: %v, %.1f times as long", len(src)/10000, small, len(src)/1000, big, float64(big)/float64(small))
	if big > 25*small {
		t.Errorf("ten times the work took %.1f times as long, want about 10", float64(big)/float64(small))
	}
}
