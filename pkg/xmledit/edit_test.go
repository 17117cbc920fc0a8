package xmledit

import (
	"bytes"
	"strings"
	"testing"
)

// editCase is a document before and after some edits. Every case is applied
// twice: the second time must change nothing.
type editCase struct {
	name          string
	before, after string
	edits         []Edit
}

func run(t *testing.T, cases []editCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out := apply(t, c.before, c.edits...)
			if string(out) != c.after {
				t.Errorf("got  %q\nwant %q", out, c.after)
			}
			if again, splices, err := Apply(out, c.edits...); err != nil || len(splices) > 0 || !bytes.Equal(again, out) {
				t.Errorf("second time: %d splices, %v", len(splices), err)
			}
		})
	}
}

func apply(t testing.TB, src string, edits ...Edit) []byte {
	t.Helper()
	out, splices, err := Apply([]byte(src), edits...)
	if err != nil {
		t.Fatal(err)
	}
	checkSplices(t, []byte(src), out, splices)
	if changed := string(out) != src; changed != (len(splices) > 0) {
		t.Errorf("changed: %v, splices: %d", changed, len(splices))
	}
	return out
}

// checkSplices says that the bytes outside of splices are the source's.
func checkSplices(t testing.TB, src, out []byte, splices []Splice) {
	t.Helper()
	var want []byte
	at := 0
	for _, s := range splices {
		if s.Start < at || s.End < s.Start || s.End > len(src) {
			t.Fatalf("splice %d-%d after byte %d of %d", s.Start, s.End, at, len(src))
		}
		want = append(append(want, src[at:s.Start]...), s.New...)
		at = s.End
	}
	if want = append(want, src[at:]...); !bytes.Equal(out, want) {
		t.Errorf("got %q\nthe splices say %q", out, want)
	}
}

func leaf(name, text string) Element { return Element{Name: name, Text: text} }

func prop(name, text string) Element {
	return Element{Name: "p", Attrs: []Attribute{{"name", name}}, Text: text, Key: "@name"}
}

func TestSetText(t *testing.T) {
	run(t, []editCase{
		{"leaf", "<a><b>1</b></a>", "<a><b>2</b></a>", []Edit{SetText("a/b", "2")}},
		{"empty", "<a><b></b></a>", "<a><b>2</b></a>", []Edit{SetText("a/b", "2")}},
		{"self closed", "<a><b/></a>", "<a><b>2</b></a>", []Edit{SetText("a/b", "2")}},
		{"self closed with blank", "<a><b x='1' /></a>", "<a><b x='1'>2</b></a>", []Edit{SetText("a/b", "2")}},
		{"to nothing", "<a><b>1</b></a>", "<a><b></b></a>", []Edit{SetText("a/b", "")}},
		{"nothing stays", "<a><b/></a>", "<a><b/></a>", []Edit{SetText("a/b", "")}},
		{"escaped once", "<a><b>1</b></a>", "<a><b>x&amp;y&lt;&gt;\"'</b></a>", []Edit{SetText("a/b", `x&y<>"'`)}},
		{"amp is not a reference", "<a><b>1</b></a>", "<a><b>&amp;amp;</b></a>", []Edit{SetText("a/b", "&amp;")}},
		{"there as entity", "<a><b>x&#38;y&lt;></b></a>", "<a><b>x&#38;y&lt;></b></a>", []Edit{SetText("a/b", "x&y<>")}},
		{"there as cdata", "<a><b>x<![CDATA[&y<]]>></b></a>", "<a><b>x<![CDATA[&y<]]>></b></a>", []Edit{SetText("a/b", "x&y<>")}},
		{"cdata stays cdata", "<a><b><![CDATA[1<2]]></b></a>", "<a><b><![CDATA[2<3]]></b></a>", []Edit{SetText("a/b", "2<3")}},
		{"cdata that cannot", "<a><b><![CDATA[1]]></b></a>", "<a><b>]]&gt;</b></a>", []Edit{SetText("a/b", "]]>")}},
		{"comment in value", "<a><b>x<!-- c -->y</b></a>", "<a><b>z</b></a>", []Edit{SetText("a/b", "z")}},
		{"comment in equal value", "<a><b>x<!-- c -->y</b></a>", "<a><b>x<!-- c -->y</b></a>", []Edit{SetText("a/b", "xy")}},
		{"not trimmed", "<a><b> 1 </b></a>", "<a><b>1</b></a>", []Edit{SetText("a/b", "1")}},
		{"newline in a crlf file", "<a>\r\n<b>1</b></a>", "<a>\r\n<b>x\r\ny</b></a>", []Edit{SetText("a/b", "x\ny")}},
		{"carriage return", "<a><b>1</b></a>", "<a><b>x&#13;y</b></a>", []Edit{SetText("a/b", "x\ry")}},
		{"root", "<a>1</a>", "<a>2</a>", []Edit{SetText("a", "2")}},
		{"by predicate", "<a><p name='x'>1</p><p name='y'>1</p></a>", "<a><p name='x'>1</p><p name='y'>2</p></a>", []Edit{SetText("a/p[@name='y']", "2")}},
		{"same twice", "<a><b>1</b></a>", "<a><b>2</b></a>", []Edit{SetText("a/b", "2"), SetText("a/b", "2")}},
	})
}

func TestSetAttr(t *testing.T) {
	run(t, []editCase{
		{"value", `<a b="1"/>`, `<a b="2"/>`, []Edit{SetAttr("a", "b", "2")}},
		{"keeps its quotes", `<a b='1' c="3"/>`, `<a b='"&apos;' c="3"/>`, []Edit{SetAttr("a", "b", `"'`)}},
		{"escapes its quotes", `<a b="1"/>`, `<a b="&quot;'&amp;&lt;&gt;"/>`, []Edit{SetAttr("a", "b", `"'&<>`)}},
		{"blanks that would be lost", `<a b="1"/>`, `<a b="&#9;x&#10;&#13;"/>`, []Edit{SetAttr("a", "b", "\tx\n\r")}},
		{"there as reference", `<a b="&#x31;"/>`, `<a b="&#x31;"/>`, []Edit{SetAttr("a", "b", "1")}},
		{"there over a line", "<a b=\"x\ny\"/>", "<a b=\"x\ny\"/>", []Edit{SetAttr("a", "b", "x y")}},
		{"first", `<a></a>`, `<a b="1"></a>`, []Edit{SetAttr("a", "b", "1")}},
		{"first of an empty one", `<a />`, `<a b="1" />`, []Edit{SetAttr("a", "b", "1")}},
		{"behind the others", `<a b='1' >x</a>`, `<a b='1' c='2' >x</a>`, []Edit{SetAttr("a", "c", "2")}},
		{"on a line of its own", "<a b=\"1\"\n   c=\"2\"/>", "<a b=\"1\"\n   c=\"2\"\n   d=\"3\"/>", []Edit{SetAttr("a", "d", "3")}},
		{"two new ones", `<a b="1"/>`, `<a b="1" c="2" d="3"/>`, []Edit{SetAttr("a", "c", "2"), SetAttr("a", "d", "3")}},
		{"with text", `<a b="1"/>`, `<a b="2" c="3">x</a>`, []Edit{SetAttr("a", "b", "2"), SetText("a", "x"), SetAttr("a", "c", "3")}},
		{"prefix", `<a xmlns:s="u"/>`, `<a xmlns:s="u" s:b="1"/>`, []Edit{SetAttr("a", "s:b", "1")}},
	})
}

func TestRemove(t *testing.T) {
	run(t, []editCase{
		{"with its line", "<a>\n  <b/>\n  <c/>\n</a>", "<a>\n  <c/>\n</a>", []Edit{Remove("a/b")}},
		{"with all its lines", "<a>\r\n\t<b>\r\n\t\t<x/>\r\n\t</b>\r\n\t<c/>\r\n</a>", "<a>\r\n\t<c/>\r\n</a>", []Edit{Remove("a/b")}},
		{"from a shared line", "<a><b/><c/></a>", "<a><c/></a>", []Edit{Remove("a/b")}},
		{"beside a comment", "<a>\n  <b/> <!-- c -->\n</a>", "<a>\n   <!-- c -->\n</a>", []Edit{Remove("a/b")}},
		{"blank lines around", "<a>\n  <b/>\n\n  <c/>\n\n  <d/>\n</a>", "<a>\n  <b/>\n\n  <d/>\n</a>", []Edit{Remove("a/c")}},
		{"blank lines before the end", "<a>\n  <b/>\n\n  <c/>\n</a>", "<a>\n  <b/>\n</a>", []Edit{Remove("a/c")}},
		{"neighbours", "<a>\n  <b/>\n\n  <c/>\n\n  <d/>\n</a>", "<a>\n  <d/>\n</a>", []Edit{Remove("a/b"), Remove("a/c")}},
		{"all of them", "<a>\n  <b/>\n  <c/>\n</a>", "<a>\n</a>", []Edit{Remove("a/b"), Remove("a/c")}},
		{"absent", "<a/>", "<a/>", []Edit{Remove("a/b/c")}},
		{"among text", "<a>x\n<b/>\n\ny <b2/> <b3/></a>", "<a>x\n\ny  </a>", []Edit{Remove("a/b"), Remove("a/b2"), Remove("a/b3")}},
		{"where blanks count", "<a xml:space='preserve'>\n <b/>\n</a>", "<a xml:space='preserve'>\n \n</a>", []Edit{Remove("a/b")}},
		{"second of two", "<a>\n <b/>\n <b/>\n</a>", "<a>\n <b/>\n</a>", []Edit{Remove("a/b[2]")}},
		{"and its successor comes", "<a>\n <b/>\n <d/>\n</a>", "<a>\n <c/>\n <d/>\n</a>", []Edit{Remove("a/b"), InsertFirst("a", leaf("c", ""))}},
		{"the only one, and another comes", "<a>\n <b/>\n</a>", "<a>\n <c/>\n</a>", []Edit{Remove("a/b"), InsertLast("a", leaf("c", ""))}},
	})
}

func TestInsert(t *testing.T) {
	run(t, []editCase{
		{"last", "<a>\n\t<b/>\n</a>", "<a>\n\t<b/>\n\t<c>1</c>\n</a>", []Edit{InsertLast("a", leaf("c", "1"))}},
		{"first", "<a>\n\t<b/>\n</a>", "<a>\n\t<c>1</c>\n\t<b/>\n</a>", []Edit{InsertFirst("a", leaf("c", "1"))}},
		{"before", "<a>\n  <b/>\n  <d/>\n</a>", "<a>\n  <b/>\n  <c/>\n  <d/>\n</a>", []Edit{InsertBefore("a/d", leaf("c", ""))}},
		{"after", "<a>\n  <b/>\n  <d/>\n</a>", "<a>\n  <b/>\n  <c/>\n  <d/>\n</a>", []Edit{InsertAfter("a/b", leaf("c", ""))}},
		{"before, above its comment", "<a>\n  <b/>\n\n  <!-- d -->\n  <!-- d -->\n  <d/>\n</a>", "<a>\n  <b/>\n\n  <c/>\n\n  <!-- d -->\n  <!-- d -->\n  <d/>\n</a>", []Edit{InsertBefore("a/d", leaf("c", ""))}},
		{"before, below a heading", "<a>\n\n  <!-- all -->\n\n  <d/>\n  <e/>\n</a>", "<a>\n\n  <!-- all -->\n\n  <c/>\n  <d/>\n  <e/>\n</a>", []Edit{InsertBefore("a/d", leaf("c", ""))}},
		{"after, behind its comment", "<a>\n  <b/> <!-- b -->\n  <d/>\n</a>", "<a>\n  <b/> <!-- b -->\n  <c/>\n  <d/>\n</a>", []Edit{InsertAfter("a/b", leaf("c", ""))}},
		{"crlf", "<a>\r\n <b/>\r\n</a>", "<a>\r\n <b/>\r\n <c>\r\n  <d/>\r\n </c>\r\n</a>", []Edit{InsertLast("a", Element{Name: "c", Children: []Element{leaf("d", "")}})}},
		{"mixed line ends", "<a>\n <b/>\r\n <c/>\n</a>", "<a>\n <b/>\r\n <x/>\r\n <c/>\n</a>", []Edit{InsertBefore("a/c", leaf("x", ""))}},
		{"one line", "<a><b/></a>", "<a><b/><c><d/></c></a>", []Edit{InsertLast("a", Element{Name: "c", Children: []Element{leaf("d", "")}})}},
		{"into <a/>", "<r>\n  <a/>\n</r>", "<r>\n  <a>\n    <b/>\n  </a>\n</r>", []Edit{InsertLast("r/a", leaf("b", ""))}},
		{"into <a></a>", "<r>\n  <a></a>\n</r>", "<r>\n  <a>\n    <b/>\n  </a>\n</r>", []Edit{InsertFirst("r/a", leaf("b", ""))}},
		{"into a comment's company", "<r>\n  <a>\n    <!-- b -->\n  </a>\n</r>", "<r>\n  <a>\n    <!-- b -->\n    <b/>\n  </a>\n</r>", []Edit{InsertLast("r/a", leaf("b", ""))}},
		{"into text", "<a>x</a>", "<a>x<b/></a>", []Edit{InsertLast("a", leaf("b", ""))}},
		{"into an empty document", "<a/>", "<a>\n    <b/>\n</a>", []Edit{InsertLast("a", leaf("b", ""))}},
		{"blank lines between", "<a>\n\n <b>\n </b>\n\n <b>\n </b>\n</a>", "<a>\n\n <b>\n </b>\n\n <b>\n </b>\n\n <c/>\n</a>", []Edit{InsertLast("a", leaf("c", ""))}},
		{"no blank lines between", "<a>\n <b/>\n\n <!-- c -->\n <c/>\n <d/>\n</a>", "<a>\n <b/>\n\n <!-- c -->\n <c/>\n <x/>\n <d/>\n</a>", []Edit{InsertAfter("a/c", leaf("x", ""))}},
		{"siblings' quotes", "<a>\n <b x='1'/>\n</a>", "<a>\n <b x='1'/>\n <c y='&apos;'/>\n</a>", []Edit{InsertLast("a", Element{Name: "c", Attrs: []Attribute{{"y", "'"}}})}},
		{"siblings' empty tags", "<a>\n <b />\n</a>", "<a>\n <b />\n <c />\n</a>", []Edit{InsertLast("a", leaf("c", ""))}},
		{"beside a stray -->", "<a>\n <b/>-->\n <c/>\n</a>", "<a>\n <b/><x/>-->\n <y/>\n <c/>\n <z/>\n</a>", []Edit{InsertAfter("a/b", leaf("x", "")), InsertBefore("a/c", leaf("y", "")), InsertLast("a", leaf("z", ""))}},
		{"where blanks count", "<a xml:space='preserve'>\n <b/>\n</a>", "<a xml:space='preserve'>\n <b/><x/>\n</a>", []Edit{InsertLast("a", leaf("x", ""))}},
		{"two on a line", "<a>\n  <b/><c/>\n</a>", "<a>\n  <b/><x/><c/>\n</a>", []Edit{InsertAfter("a/b", leaf("x", ""))}},
		{"before the end tag's line", "<a>\n  <b/> </a>", "<a>\n  <b/>\n  <x/> </a>", []Edit{InsertAfter("a/b", leaf("x", ""))}},
		{"into blanks that count", "<a xml:space='preserve'> </a>", "<a xml:space='preserve'> <x/></a>", []Edit{InsertLast("a", leaf("x", ""))}},
		{"into blank lines", "<a>\n\n</a>", "<a>\n\n    <x/>\n</a>", []Edit{InsertLast("a", leaf("x", ""))}},
		{"below an end tag that ends like a comment", "<a>\n <b-->\n  <!-- c -->\n </b-->\n <c/>\n</a>", "<a>\n <b-->\n  <!-- c -->\n </b-->\n <x/>\n <y/>\n <c/>\n</a>", []Edit{InsertBefore("a/c", leaf("x", "")), InsertBefore("a/c", leaf("y", ""))}},
		{"prefix bound above", "<s:a xmlns:s='u'>\n <b/>\n</s:a>", "<s:a xmlns:s='u'>\n <b/>\n <s:c xml:lang='de'/>\n</s:a>", []Edit{InsertLast("a", Element{Name: "s:c", Attrs: []Attribute{{"xml:lang", "de"}}})}},
		{"prefix bound by itself", "<a>\n <b/>\n</a>", "<a>\n <b/>\n <s:c xmlns:s=\"u\"/>\n</a>", []Edit{InsertLast("a", Element{Name: "s:c", Attrs: []Attribute{{"xmlns:s", "u"}}})}},
		{"several in order", "<a>\n <b/>\n</a>", "<a>\n <b/>\n <c/>\n <d/>\n</a>", []Edit{InsertLast("a", leaf("c", "")), InsertLast("a", leaf("d", ""))}},
		{"several around", "<a>\n <b/>\n <e/>\n</a>", "<a>\n <b/>\n <c/>\n <d/>\n <e/>\n</a>", []Edit{InsertAfter("a/b", leaf("c", "")), InsertBefore("a/e", leaf("d", ""))}},
		{"beside a new one", "<a>\n <b/>\n</a>", "<a>\n <b/>\n <c/>\n <d/>\n</a>", []Edit{InsertLast("a", leaf("d", "")), InsertBefore("a/d", leaf("c", ""))}},
		{"into a new one", "<a>\n <b/>\n</a>", "<a>\n <b/>\n <c>\n  <d/>\n </c>\n</a>", []Edit{Upsert("a", Element{Name: "c"}, Last), InsertLast("a/c", leaf("d", ""))}},
		{"equal one is there", "<a><b x='1'>&#49;</b></a>", "<a><b x='1'>&#49;</b></a>", []Edit{InsertLast("a", Element{Name: "b", Attrs: []Attribute{{"x", "1"}}, Text: "1"})}},
		{"regular sibling is imitated", "<a>\n  <b>\n    <c/>\n  </b>\n\t<b>\n       <c/>\n </b>\n</a>", "<a>\n  <b>\n    <c/>\n  </b>\n\t<b>\n       <c/>\n </b>\n  <b>\n    <d/>\n  </b>\n</a>", []Edit{InsertLast("a", Element{Name: "b", Children: []Element{leaf("d", "")}})}},
	})
}

func TestUpsert(t *testing.T) {
	two := Element{Name: "x", Key: "id", Children: []Element{leaf("id", "1"), leaf("v", "2")}}
	run(t, []editCase{
		{"absent", "<a>\n <b/>\n</a>", "<a>\n <b/>\n <p name=\"k\">v</p>\n</a>", []Edit{Upsert("a", prop("k", "v"), Last)}},
		{"absent, first", "<a>\n <b/>\n</a>", "<a>\n <p name=\"k\">v</p>\n <b/>\n</a>", []Edit{Upsert("a", prop("k", "v"), First)}},
		{"absent, before", "<a>\n <b/>\n <c/>\n</a>", "<a>\n <b/>\n <p name=\"k\">v</p>\n <c/>\n</a>", []Edit{Upsert("a", prop("k", "v"), Before("c"))}},
		{"absent, after the last", "<a>\n <b/>\n <b/>\n <c/>\n</a>", "<a>\n <b/>\n <b/>\n <p name=\"k\">v</p>\n <c/>\n</a>", []Edit{Upsert("a", prop("k", "v"), After("b"))}},
		{"present", "<a><p name='j'>v</p><p name='k' x=''>w</p></a>", "<a><p name='j'>v</p><p name='k' x=''>v</p></a>", []Edit{Upsert("a", prop("k", "v"), First)}},
		{"key in a child", "<a><x><id>0</id></x><x><!-- c --><w/><id>1</id></x></a>", "<a><x><id>0</id></x><x><!-- c --><w/><id>1</id><v>2</v></x></a>", []Edit{Upsert("a", two, Last)}},
		{"by name alone", "<a><x><id>0</id></x></a>", "<a><x y=\"1\"><id>0</id></x></a>", []Edit{Upsert("a", Element{Name: "x", Attrs: []Attribute{{"y", "1"}}}, Last)}},
		{"empty element is emptied", "<a><p name='k'>v</p></a>", "<a><p name='k'></p></a>", []Edit{Upsert("a", prop("k", ""), Last)}},
		{"order of new children", "<a><x><b/></x></a>", "<a><x><a/><b/><c/></x></a>", []Edit{Upsert("a", Element{Name: "x", Children: []Element{leaf("a", ""), leaf("b", ""), leaf("c", "")}}, Last)}},
		{"behind one that is new too", "<a>\n <b/>\n <c/>\n</a>", "<a>\n <b/>\n <x/>\n <y/>\n <c/>\n</a>", []Edit{Upsert("a", leaf("x", ""), After("b")), Upsert("a", leaf("y", ""), After("x"))}},
		{"default namespace", "<a xmlns='u'>\n <b>1</b>\n</a>", "<a xmlns='u'>\n <b>2</b>\n</a>", []Edit{Upsert("a", leaf("b", "2"), Last)}},
		{"deep key", "<a><x><j><n>1</n></j></x></a>", "<a><x><j><n>1</n></j><v>2</v></x></a>", []Edit{Upsert("a", Element{Name: "x", Key: "j/n", Children: []Element{{Name: "j", Children: []Element{leaf("n", "1")}}, leaf("v", "2")}}, Last)}},
	})
}

func TestSetContent(t *testing.T) {
	run(t, []editCase{
		{"equal", "<a><b x='1'>&#49;</b><!-- c --> <c/></a>", "<a><b x='1'>&#49;</b><!-- c --> <c/></a>", []Edit{SetContent("a", Element{Name: "b", Attrs: []Attribute{{"x", "1"}}, Text: "1"}, leaf("c", ""))}},
		{"laid out as before", "<a>\n   <b>\n     <c/>\n   </b>\n</a>", "<a>\n   <b>\n     <d/>\n   </b>\n   <b/>\n</a>", []Edit{SetContent("a", Element{Name: "b", Children: []Element{leaf("d", "")}}, leaf("b", ""))}},
		{"opened up", "<r>\n <a/>\n</r>", "<r>\n <a>\n  <b/>\n </a>\n</r>", []Edit{SetContent("r/a", leaf("b", ""))}},
		{"emptied", "<a>\n <b/>\n</a>", "<a></a>", []Edit{SetContent("a")}},
		{"another order", "<a><b/><c/></a>", "<a>\n    <c/>\n    <b/>\n</a>", []Edit{SetContent("a", leaf("c", ""), leaf("b", ""))}},
		{"instead of text", "<r>\n  <a>x</a>\n</r>", "<r>\n  <a>\n    <b/>\n  </a>\n</r>", []Edit{SetContent("r/a", leaf("b", ""))}},
	})
}

func TestSetProperties(t *testing.T) {
	run(t, []editCase{
		{"set, add, duplicates", "<a>\n <p name=\"x\">1</p>\n <p name=\"y\">1</p>\n <p name=\"x\">2</p>\n <q/>\n</a>",
			"<a>\n <p name=\"x\">3</p>\n <p name=\"y\">1</p>\n <p name=\"x\">3</p>\n <p name=\"z\">4</p>\n <p name=\"w\">5</p>\n <q/>\n</a>",
			[]Edit{SetProperties("a", "p", "name", KV{"x", "3"}, KV{"z", "4"}, KV{"y", "1"}, KV{"w", "5"})}},
		{"none yet", "<a>\n <q/>\n</a>", "<a>\n <q/>\n <p name=\"x\">3</p>\n</a>", []Edit{SetProperties("a", "p", "name", KV{"x", "3"})}},
		{"dollars and backslashes", "<a><p name='x'/></a>", `<a><p name='x'>^[^~!#$;%^*+={}\\|\\\\&lt;&gt;,\'\"]{3,30}$1</p></a>`, []Edit{SetProperties("a", "p", "name", KV{"x", `^[^~!#$;%^*+={}\\|\\\\<>,\'\"]{3,30}$1`})}},
	})
}

func TestRefusals(t *testing.T) {
	manyChildren := "<a>" + strings.Repeat("<p name='k'/>", 40) + "</a>"
	for _, c := range []struct {
		name, src string
		edits     []Edit
		want      string
	}{
		{"no match", "<a>\n<b/></a>", []Edit{SetText("a/b/c", "")}, "a/b/c: no c in a/b, line 2"},
		{"another case", "<a><Conf/></a>", []Edit{SetText("a/conf", "")}, "a/conf: no conf in a, line 1; there is Conf"},
		{"another root", "<a/>", []Edit{SetText("b", "")}, "b: the root element is a"},
		{"two matches", "<a>\n<b/>\n<b/></a>", []Edit{SetAttr("a/b", "x", "")}, "a/b: 2 elements, lines 2, 3, want 1"},
		{"only in a comment", "<a>\n<!--\n<b x='1'/>\n--></a>", []Edit{SetText("a/b[@x='1']", "")}, "a/b[@x='1']: only in a comment, line 3"},
		{"only in a comment, as a name", "<a>\n<!--b x='1'/--></a>", []Edit{SetText("a/b", "")}, "a/b: only in a comment, line 2"},
		{"only in comments", "<a>\n<!--b/-->\n<!-- <b> --></a>", []Edit{SetText("a/b", "")}, "a/b: only in comments, lines 2, 3"},
		{"removing two", "<a><b/><b/></a>", []Edit{Remove("a/b")}, "a/b: 2 elements, lines 1, 1, want 1"},
		{"removing the root", "<a/>", []Edit{Remove("a")}, "a: the root element cannot be removed"},
		{"beside the root", "<a/>", []Edit{InsertAfter("a", leaf("b", ""))}, "a: the root element has no siblings"},
		{"key twice", manyChildren, []Edit{Upsert("a", prop("k", "v"), Last)}, "a/p[@name='k']: 40 elements, lines 1, 1"},
		{"no anchor", "<a/>", []Edit{Upsert("a", prop("k", "v"), After("z"))}, "a: has no child z to put a new element beside"},
		{"key missing", "<a/>", []Edit{Upsert("a", Element{Name: "p", Key: "id"}, Last)}, "element p to write: it lacks its key id"},
		{"content set to nonsense", "<a/>", []Edit{SetContent("a", leaf("", ""))}, "this is no name for an element: "},
		{"content with an unbound prefix", "<a/>", []Edit{SetContent("a", Element{Name: "b", Children: []Element{leaf("s:c", "")}})}, "a/b: new element s:c: the prefix of s:c is not bound here"},
		{"property without a name", "<a/>", []Edit{SetProperties("a", "p", "", KV{"x", "1"})}, "a: these are no names for a child and its attribute: p, "},
		{"property that cannot be written", "<a/>", []Edit{SetProperties("a", "p", "k", KV{"x", "\x00"})}, "element p to write: its text has a character that XML cannot carry"},
		{"property with children", "<a><p k='x'><q/></p></a>", []Edit{SetProperties("a", "p", "k", KV{"x", "1"})}, "a/p: has child elements, so its text cannot be set"},
		{"children removed and text set", "<a><b/></a>", []Edit{Remove("a/b"), SetText("a", "x")}, "a: its children are removed by one edit and its text is set by another"},
		{"key broken", "<a/>", []Edit{Upsert("a", Element{Name: "b", Children: []Element{{Name: "c", Key: "@"}}}, Last)}, "path @, column 2: a name is expected here"},
		{"anchor broken, though not needed", "<a><b/></a>", []Edit{Upsert("a", leaf("b", ""), After("c["))}, "path c[, column 3: a name is expected here"},
		{"text of a parent", "<a><b/></a>", []Edit{SetText("a", "x")}, "a: has child elements, so its text cannot be set"},
		{"children of a text", "<a><b>x</b></a>", []Edit{Upsert("a", Element{Name: "b", Children: []Element{leaf("c", "")}}, Last)}, "a/b: has text, want child elements"},
		{"set twice", "<a/>", []Edit{SetText("a", "x"), SetText("a", "y")}, "a: its text is set twice, to different values"},
		{"set back", "<a>x</a>", []Edit{SetText("a", "y"), SetText("a", "x")}, "a: its text is set twice, to different values"},
		{"attribute twice", "<a/>", []Edit{SetAttr("a", "b", "x"), SetAttr("a", "b", "y")}, "a: attribute b is set twice, to different values"},
		{"set and removed", "<a><b/></a>", []Edit{SetText("a/b", "x"), Remove("a/b")}, "a/b: is changed by one edit and removed by another"},
		{"guide removed", "<a><b/></a>", []Edit{InsertAfter("a/b", leaf("c", "")), Remove("a/b")}, "a/b: one edit goes beside it and another removes it"},
		{"removed and set", "<a><b/></a>", []Edit{Remove("a/b"), SetText("a/b", "x")}, "a/b: no b in a, line 1"},
		{"set inside of what is removed", "<a><b><c/></b></a>", []Edit{SetText("a/b/c", "x"), Remove("a/b")}, "a/b: is changed by one edit and removed by another"},
		{"set inside of what is replaced", "<a><b><c/></b></a>", []Edit{SetText("a/b/c", "x"), SetContent("a/b")}, "a/b: its content is set by one edit and changed by another"},
		{"replaced and set inside", "<a><b><c/></b></a>", []Edit{SetContent("a/b", leaf("c", "")), SetText("a/b/c", "x")}, "a/b: its content is set by one edit and changed by another"},
		{"replaced twice", "<a><b/></a>", []Edit{SetContent("a", leaf("c", "")), SetContent("a", leaf("d", ""))}, "a: its content is set by one edit and changed by another"},
		{"new one set to something else", "<a/>", []Edit{InsertLast("a", leaf("b", "1")), SetText("a/b", "2")}, "a/b: its text is set twice, to different values"},
		{"child into a text to be", "<a/>", []Edit{SetText("a", "1"), InsertLast("a", leaf("b", ""))}, "a: its text is set by one edit and a child is added by another"},
		{"not writable", "<a/>", []Edit{SetText("a", "\x01")}, "a: the value has a character that XML cannot carry"},
		{"not utf-8", "<a/>", []Edit{SetAttr("a", "b", "\xff")}, "a: attribute b: the value has a character that XML cannot carry"},
		{"no name", "<a/>", []Edit{InsertLast("a", leaf("b c", ""))}, "this is no name for an element: b c"},
		{"no attribute name", "<a/>", []Edit{SetAttr("a", "1", "")}, "a: this is no name for an attribute: 1"},
		{"attribute given twice", "<a/>", []Edit{InsertLast("a", Element{Name: "b", Attrs: []Attribute{{"c", ""}, {"c", ""}}})}, "element b to write: attribute c is there twice"},
		{"mixed content", "<a/>", []Edit{InsertLast("a", Element{Name: "b", Text: "x", Children: []Element{leaf("c", "")}})}, "element b to write: has text and children, want one of them"},
		{"children that nothing tells apart", "<a/>", []Edit{Upsert("a", Element{Name: "b", Children: []Element{leaf("c", ""), leaf("c", "")}}, Last)}, "element b to write: two children c that no key tells apart"},
		{"unbound prefix", "<a/>", []Edit{InsertLast("a", leaf("s:b", ""))}, "a: new element s:b: the prefix of s:b is not bound here"},
		{"unbound prefix of an attribute", "<a/>", []Edit{SetAttr("a", "s:b", "")}, "a: attribute s:b: its prefix is not bound here"},
		{"name outside the encoding", `<?xml version="1.0" encoding="US-ASCII"?><a/>`, []Edit{InsertLast("a", leaf("ü", ""))}, "U+00FC in a name cannot be written in US-ASCII, the file's encoding"},
		{"no edit", "<a/>", []Edit{nil}, "one of the edits is nil"},
		{"not well-formed", "<a>\n<b></a>", nil, "2:4: this end tag does not match the start tag at 2:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, splices, err := Apply([]byte(c.src), c.edits...)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
			if out != nil || splices != nil {
				t.Errorf("got %q and %d splices with an error", out, len(splices))
			}
		})
	}
}
