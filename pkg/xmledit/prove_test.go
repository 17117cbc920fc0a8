package xmledit

import (
	"strings"
	"testing"
)

// TestProofFindsWhatWasNotMeant hands the proof results that no edit asked for.
func TestProofFindsWhatWasNotMeant(t *testing.T) {
	src := `<?xml version="1.0"?>
<!-- head -->
<a k="1">
  <b>old</b>
  <c x="1" y="2">text<!-- c --></c>
  <d/>
  <e>gone</e>
  <g><h/></g>
</a>
<!-- tail -->
`
	d, err := Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	d.indexes = map[*elem]*index{}
	s := &session{d: d}
	for _, e := range []Edit{SetText("a/b", "new"), SetAttr("a/c", "x", "3"), Remove("a/e"), InsertAfter("a/d", prop("n", "v")), SetContent("a/g", leaf("i", "1"))} {
		if err := e.make(s); err != nil {
			t.Fatal(err)
		}
	}
	splices, err := s.splices()
	if err != nil {
		t.Fatal(err)
	}
	good := string(splice([]byte(src), splices))
	if err := s.prove([]byte(good), splices); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"declaration", `"1.0"?`, `"1.0" ?`},
		{"head", "head", "hid"},
		{"tail", " tail ", ""},
		{"attribute of a parent", `k="1"`, `k="2"`},
		{"attribute lost", ` y="2"`, ""},
		{"attribute added", `y="2"`, `y="2" z=""`},
		{"attribute not set", `x="3"`, `x="1"`},
		{"quotes", `y="2"`, "y='2'"},
		{"blanks in a tag", `y="2"`, ` y="2"`},
		{"attributes swapped", `x="3" y="2"`, `y="2" x="3"`},
		{"text not set", "new", "old"},
		{"text beside", ">text<", ">test<"},
		{"comment lost", "<!-- c -->", ""},
		{"comment changed", "<!-- c -->", "<!-- d -->"},
		{"untouched element", "<d/>", "<d></d>"},
		{"renamed", "<d/>", "<D/>"},
		{"element lost", "<d/>", ""},
		{"element added", "<d/>", "<d/><d/>"},
		{"element nested", `<d/>`, `<d><x/></d>`},
		{"removed one is back", "<g>", "<e>gone</e><g>"},
		{"inserted one's text", ">v<", ">w<"},
		{"inserted one's attribute", `name="n"`, `name="m"`},
		{"inserted one lost", `<p name="n">v</p>`, ""},
		{"content", "<i>1</i>", "<i>2</i>"},
		{"text among content", "<i>1</i>", "<i>1</i>x"},
		{"text among children", "<d/>", "<d/>x"},
		{"comment among children", "<d/>", "<d/><!-- x -->"},
		{"cdata among children", "<d/>", "<d/><![CDATA[ ]]>"},
		{"instruction", "<d/>", "<d/><?x?>"},
		{"not well-formed", "</a>", ""},
		{"encoding", `version="1.0"`, `version="1.0" encoding="US-ASCII"`},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%s: nothing was changed in %s", c.name, good)
		}
		if err := s.prove([]byte(bad), splices); err == nil {
			t.Errorf("%s: not found", c.name)
		}
	}
	if err := s.prove([]byte(good), []Splice{{Span{1, 5}, nil}, {Span{4, 6}, nil}}); err == nil {
		t.Error("overlapping splices: not found")
	}
}
