package xmledit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// values to set: plain ones, and all that wants care in some context.
var trickyValues = []string{
	"", "x", "jdbc:mysql://db:3306/x?a=1&b=2", `^[^~!#$;%^*+={}\\|\\\\<>,\'\"]{3,30}$`, "&amp;", "]]>", "<!-- -->", "Grüße €", "𝄞",
	" \t", "a\nb", "a\r\nb", "\r", "$1 ${x} %s", "'", `"`, "\u0085\u2028", "&#1;",
}

// target is an element of the source, and what edits of it should lead to.
type target struct {
	path    string
	text    *string
	attr    Attribute
	removed bool
	content bool // all that was in it gave way to new elements
}

// lawful makes edits of a document that do not get in each other's way, and
// notes what they should lead to.
type lawful struct {
	rng     *rand.Rand
	d       *Doc
	targets []target
	edits   []Edit
	fresh   []Element // in the order of the edits
}

func newLawful(d *Doc, seed uint64) *lawful {
	l := &lawful{rng: rand.New(rand.NewPCG(seed, 1)), d: d}
	nodes := map[*elem]int{}
	d.Walk(func(n Node) bool {
		nodes[n.e] = len(l.targets)
		l.targets = append(l.targets, target{path: n.Path()})
		return len(l.targets) < 2000
	})
	for range 1 + l.rng.IntN(6) {
		i := l.rng.IntN(len(l.targets))
		n, err := d.One(l.targets[i].path)
		if err != nil {
			panic(err)
		}
		l.edit(n, &l.targets[i])
	}
	return l
}

func (l *lawful) value() string { return trickyValues[l.rng.IntN(len(trickyValues))] }

func (l *lawful) edit(n Node, t *target) {
	if t.text != nil || t.removed || t.content || t.attr.Name != "" {
		return
	}
	_, inside := n.Parent()
	leaf := len(n.Children()) == 0
	switch k := l.rng.IntN(10); {
	case k == 0 && leaf:
		v := l.value()
		t.text = &v
		l.edits = append(l.edits, SetText(t.path, v))
	case k == 1:
		t.attr = Attribute{"added", l.value()}
		if attrs := n.Attrs(); len(attrs) > 0 && !strings.HasPrefix(attrs[0].Name, "xmlns") && attrs[0].Name != "xml:space" {
			t.attr.Name = attrs[0].Name
		}
		l.edits = append(l.edits, SetAttr(t.path, t.attr.Name, t.attr.Value))
	case k == 2 && inside && l.removable(n):
		t.removed = true
		l.edits = append(l.edits, Remove(t.path))
	case k == 3:
		l.edits = append(l.edits, InsertFirst(t.path, l.element()))
	case k == 4:
		l.edits = append(l.edits, InsertLast(t.path, l.element()))
	case k == 5 && inside:
		l.edits = append(l.edits, InsertBefore(t.path, l.element()))
	case k == 6 && inside:
		l.edits = append(l.edits, InsertAfter(t.path, l.element()))
	case k == 7:
		e := l.element()
		e.Key = "@k"
		l.edits = append(l.edits, Upsert(t.path, e, Last))
	case k == 8 && inside:
		t.content = true
		l.edits = append(l.edits, SetContent(t.path, l.element(), l.element()))
	case k == 9:
		e := Element{Name: fmt.Sprintf("new%d", len(l.fresh)), Attrs: []Attribute{{"k", l.value()}}, Text: l.value()}
		l.fresh = append(l.fresh, e)
		l.edits = append(l.edits, SetProperties(t.path, e.Name, "k", KV{e.Attrs[0].Value, e.Text}))
	}
}

// removable says whether removing n leaves the paths of others as they are:
// an index counts what is there.
func (l *lawful) removable(n Node) bool {
	p, _ := n.Parent()
	same := 0
	for _, c := range p.Children() {
		if c.Local() == n.Local() {
			same++
		}
	}
	return same == 1
}

func (l *lawful) element() Element {
	e := Element{Name: fmt.Sprintf("new%d", len(l.fresh)), Attrs: []Attribute{{"k", l.value()}}}
	if l.rng.IntN(2) == 0 {
		e.Text = l.value()
	} else {
		e.Children = []Element{{Name: "newchild", Text: l.value()}, {Name: "newchild2"}}
	}
	l.fresh = append(l.fresh, e)
	return e
}

// seen is what is compared of an element. Blanks move where children come and go.
type seen struct {
	name, text string
	attrs      string
}

func look(n Node, attr Attribute, text *string) seen {
	var attrs []string
	had := attr.Name == ""
	for _, a := range n.Attrs() {
		if a.Name == attr.Name {
			a.Value, had = attr.Value, true
		}
		attrs = append(attrs, fmt.Sprintf("%s=%q", a.Name, a.Value))
	}
	if !had {
		attrs = append(attrs, fmt.Sprintf("%s=%q", attr.Name, attr.Value))
	}
	s := seen{n.Name(), strings.Join(strings.Fields(n.Text()), ""), strings.Join(attrs, " ")}
	if text != nil {
		s.text = strings.Join(strings.Fields(*text), "")
	}
	return s
}

// wanted is the sequence of elements of the source with the edits on it.
func (l *lawful) wanted() []seen {
	byPath := map[string]target{}
	for _, t := range l.targets {
		byPath[t.path] = t
	}
	var list []seen
	l.d.Walk(func(n Node) bool {
		t := byPath[n.Path()]
		if t.content {
			t.text = new(string)
		}
		if !t.removed {
			list = append(list, look(n, t.attr, t.text))
		}
		return !t.removed && !t.content
	})
	return list
}

// checkLaws applies edits to a document and says whether all that the library
// promises is so. It reports how many splices there were.
func checkLaws(t testing.TB, name string, src []byte, seed uint64) int {
	t.Helper()
	d, err := Parse(src)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	l := newLawful(d, seed)
	out, splices, err := Apply(src, l.edits...)
	if err != nil {
		if strings.Contains(err.Error(), "internal error") {
			t.Fatalf("%s, seed %d: %+v: %v", name, seed, l.edits, err)
		}
		return 0 // the edits got in each other's way after all: refused, as it should be
	}
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s, seed %d: %s\nedits %+v\nfrom %q\nto   %q", name, seed, fmt.Sprintf(format, args...), l.edits, src, out)
	}
	checkSplices(t, src, out, splices)
	again, second, err := Apply(out, l.edits...)
	if err != nil || len(second) > 0 || !bytes.Equal(again, out) {
		fail("the second time made %d splices, %v", len(second), err)
		return 0
	}
	n, err := Parse(out)
	if err != nil {
		fail("not well-formed: %v", err)
		return 0
	}
	var got []seen
	n.Walk(func(n Node) bool {
		if strings.HasPrefix(n.Name(), "new") {
			l.checkFresh(fail, n)
			return false
		}
		got = append(got, look(n, Attribute{}, nil))
		return true
	})
	if want := l.wanted(); !slices.Equal(got, want) {
		fail("got tree %q\nwant %q", got, want)
	}
	l.checkExact(fail, n)
	return len(splices)
}

func (l *lawful) checkFresh(fail func(string, ...any), n Node) {
	var i int
	if _, err := fmt.Sscanf(n.Name(), "new%d", &i); err != nil || i >= len(l.fresh) {
		fail("an element %s that nobody wanted", n.Name())
		return
	}
	want := l.fresh[i]
	if v, ok := n.Attr("k"); !ok || v != want.Attrs[0].Value {
		fail("%s: attribute %q, want %q", n.Name(), v, want.Attrs[0].Value)
	}
	if len(want.Children) == 0 {
		if n.Text() != want.Text || len(n.Children()) > 0 {
			fail("%s: text %q, want %q", n.Name(), n.Text(), want.Text)
		}
		return
	}
	if c := n.Children(); len(c) != 2 || c[0].Text() != want.Children[0].Text {
		fail("%s: children differ", n.Name())
	}
}

// checkExact reads back to the byte what was set.
func (l *lawful) checkExact(fail func(string, ...any), n *Doc) {
	for _, t := range l.targets {
		if t.text == nil && t.attr.Name == "" {
			continue
		}
		e, err := n.One(t.path)
		if err != nil {
			continue // removed with what was around it
		}
		if t.text != nil && e.Text() != *t.text {
			fail("%s: text %q, want %q", t.path, e.Text(), *t.text)
		}
		if v, _ := e.Attr(t.attr.Name); t.attr.Name != "" && v != t.attr.Value {
			fail("%s: attribute %q, want %q", t.path, v, t.attr.Value)
		}
	}
}

func TestLaws(t *testing.T) {
	splices, seeds := 0, uint64(100)
	if testing.Short() {
		seeds = 10
	}
	files := corpus(t)
	for name, src := range files {
		for seed := range seeds {
			splices += checkLaws(t, name, src, seed)
		}
	}
	t.Logf("%d files, %d seeds, %d splices", len(files), seeds, splices)
	if splices == 0 {
		t.Error("nothing was edited")
	}
}

// FuzzParse: no input makes Parse panic; what it accepts is tiled and written
// back unchanged, and every element is found at its path.
func FuzzParse(f *testing.F) {
	for _, src := range corpus(f) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := Parse(src)
		if err != nil {
			return
		}
		checkRoundTrip(t, "fuzz", src)
		left := 20
		d.Walk(func(n Node) bool {
			found, err := d.One(n.Path())
			if err != nil || found != n {
				t.Errorf("%s: got %v, %v", n.Path(), found.Path(), err)
			}
			left--
			return left > 0
		})
	})
}

// FuzzApply: the laws of editing hold for every document.
func FuzzApply(f *testing.F) {
	for _, src := range corpus(f) {
		if len(src) < 8000 {
			for seed := range uint64(4) {
				f.Add(src, seed)
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, seed uint64) {
		if _, err := Parse(src); err == nil {
			checkLaws(t, "fuzz", src, seed)
		}
	})
}

// FuzzValue: whatever is set is read back, in every encoding, or refused
// because XML cannot carry it.
func FuzzValue(f *testing.F) {
	for _, v := range trickyValues {
		f.Add(v)
	}
	f.Add("\xff")
	f.Add("\x00")
	files := fixtures(f)
	f.Fuzz(func(t *testing.T, v string) {
		for name, src := range files {
			d, err := Parse(src)
			if err != nil {
				t.Fatal(err)
			}
			root := d.Root().Name()
			e := Element{Name: "fresh", Attrs: []Attribute{{"k", v}}, Text: v}
			out, _, err := Apply(src, SetAttr(root, "set", v), InsertLast(root, e))
			if (err == nil) != writable(v) {
				t.Fatalf("%s: %q: %v", name, v, err)
			}
			if err != nil {
				continue
			}
			if d, err = Parse(out); err != nil {
				t.Fatalf("%s: %q: %v", name, v, err)
			}
			set, _ := d.Root().Attr("set")
			fresh, err := d.One(root + "/fresh")
			if err != nil {
				t.Fatal(err)
			}
			if k, _ := fresh.Attr("k"); set != v || fresh.Text() != v || k != v {
				t.Errorf("%s: set %q, read back %q, %q and %q", name, v, set, fresh.Text(), k)
			}
		}
	})
}

// FuzzPath: no path makes the library panic, and a value survives Quote.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"a/b", "*/x:y[@k='v'][2]", "a[b/c='']/d", "a[.=\"x\"\"y\"]", "a[b/@c='d']", "a[0]", "a//b", "a[", "a[@='x']", ":a", ""} {
		f.Add(p)
	}
	d, err := Parse([]byte("<a k='v'><b k='v'>t</b><b/><c><b/></c></a>"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		steps, err := parsePath(path)
		found, ferr := d.Find(path)
		if (err == nil) != (ferr == nil) || err != nil && found != nil {
			t.Errorf("%q: %v, %v", path, err, ferr)
		}
		for i := 1; err == nil && i < len(steps); i++ {
			if st, err := parseStep(steps[i].text); err != nil || st.text != steps[i].text {
				t.Errorf("%q: step %q: %v", path, steps[i].text, err)
			}
		}
		if st, err := parseStep("x[y=" + Quote(path) + "]"); err != nil || st.preds[0].value != path {
			t.Errorf("%q quoted: %+v, %v", path, st, err)
		}
	})
}
