package xmledit

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

const pathDoc = `<s:root xmlns:s="u" xmlns:t="v">
<a k="1">x</a>
<s:a k="2">y</s:a>
<t:a k="it's">z<b><c d="e">deep</c></b></t:a>
<a k='"'><b/><b><c>deep</c></b></a>
</s:root>`

func TestFind(t *testing.T) {
	d, err := Parse([]byte(pathDoc))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path  string
		lines string
	}{
		{"root", "1"}, {"s:root", "1"}, {"t:root", ""}, {"*", "1"}, {"root[@xmlns:s='u']", "1"}, {"root[2]", ""},
		{"root/a", "2 3 4 5"}, {"root/s:a", "3"}, {"*/*", "2 3 4 5"}, {"root/A", ""},
		{"root/a[@k='2']", "3"}, {"root/a[@k='it''s']", "4"}, {`root/a[@k="it's"]`, "4"}, {`root/a[@k='"']`, "5"}, {`root/a[@k=""""]`, "5"},
		{"root/a[.='x']", "2"}, {"root/a[.=' x']", ""}, {"root/a[b/c='deep']", "4 5"}, {"root/a[b/c/@d='e']", "4"}, {"root/a[b='']", "4 5"},
		{"root/a[2]", "3"}, {"root/a[b/c='deep'][2]", "5"}, {"root/a[2][@k='2']", "3"}, {"root/a[2][@k='1']", ""}, {"root/a[5]", ""},
		{"root/a/b", "4 5 5"}, {"root/a/b[1]", "4 5"}, {"root/a/b/c[.='deep']", "4 5"}, {"root/nothing/at/all", ""},
	} {
		found, err := d.Find(c.path)
		var got []string
		for _, n := range found {
			got = append(got, string(rune('0'+n.Line())))
		}
		if err != nil || strings.Join(got, " ") != c.lines {
			t.Errorf("%s: got lines %v, %v, want %s", c.path, got, err, c.lines)
		}
	}
}

func TestPathErrors(t *testing.T) {
	d, err := Parse([]byte("<a/>"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"path , column 1: a name is expected here",
		"path /a, column 1: a name is expected here",
		"path a//b, column 3: a name is expected here",
		"path a/, column 3: a name is expected here",
		"path a b, column 2: a / or a [ is expected here",
		"path a[, column 3: a name is expected here",
		"path a[b], column 4: = is expected here",
		"path a[b=c], column 5: a value in quotes is expected here",
		"path a[b='c, column 5: this value does not end",
		"path a[b='c', column 8: ] is expected here",
		"path a[0], column 3: an index counts from 1",
		"path a[99999999999999999999], column 3: an index counts from 1",
		"path a[@*='c'], column 4: a name is expected here",
		"path a[*='c'], column 3: a name is expected here",
		"path a/@b, column 3: a name is expected here",
	} {
		path := strings.TrimPrefix(want[:strings.LastIndex(want, ", column")], "path ")
		if _, err := d.Find(path); err == nil || err.Error() != want {
			t.Errorf("Find: got %v\nwant %s", err, want)
		}
		if _, err := d.One(path); err == nil || err.Error() != want {
			t.Errorf("One: got %v\nwant %s", err, want)
		}
		if _, _, err := Apply([]byte("<a/>"), SetText(path, "")); err == nil || err.Error() != want {
			t.Errorf("Apply: got %v\nwant %s", err, want)
		}
	}
	_, _, err = Apply([]byte("<a/>"), Upsert("a", Element{Name: "b"}, After("c/d")))
	if want := "path c/d, column 3: only a sibling's name and predicates may stand here, not a path"; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestNode(t *testing.T) {
	src := "<?xml version='1.0'?>\r\n<r>\r\n<x:a xmlns:x='u' k = \"&lt;\tv\"\r\n>a&amp;<!-- c --><b/><![CDATA[&]]>\r\n</x:a><x:a xmlns:x='u'/></r>"
	d, err := Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	n, err := d.One("r/a[1]")
	if err != nil {
		t.Fatal(err)
	}
	if n.Name() != "x:a" || n.Local() != "a" || n.Path() != "r/x:a[1]" || n.Line() != 3 || n.Text() != "a&&\n" {
		t.Errorf("got %s, %s, %s, line %d, %q", n.Name(), n.Local(), n.Path(), n.Line(), n.Text())
	}
	if s := n.Span(); !strings.HasPrefix(src[s.Start:], "<x:a xmlns") || !strings.HasSuffix(src[:s.End], "\r\n</x:a>") {
		t.Errorf("span: got %q", src[s.Start:s.End])
	}
	if s := n.Content(); src[s.Start:s.End] != "a&amp;<!-- c --><b/><![CDATA[&]]>\r\n" {
		t.Errorf("content: got %q", src[s.Start:s.End])
	}
	attrs := n.Attrs()
	if len(attrs) != 2 || attrs[1].Name != "k" || attrs[1].Value != "< v" || src[attrs[1].Span.Start:attrs[1].Span.End] != "&lt;\tv" {
		t.Errorf("attributes: got %+v", attrs)
	}
	if v, ok := n.Attr("k"); v != "< v" || !ok {
		t.Errorf("k: got %q, %v", v, ok)
	}
	if v, ok := n.Attr("none"); v != "" || ok {
		t.Errorf("none: got %q, %v", v, ok)
	}
	if p, ok := n.Parent(); !ok || p.Name() != "r" || len(p.Children()) != 2 {
		t.Errorf("parent: got %s, %v", p.Name(), ok)
	}
	if _, ok := d.Root().Parent(); ok {
		t.Error("the root element has a parent")
	}
	var names []string
	d.Walk(func(n Node) bool {
		names = append(names, n.Name())
		return n.Name() != "x:a"
	})
	if want := []string{"r", "x:a", "x:a"}; !slices.Equal(names, want) {
		t.Errorf("walk: got %v, want %v", names, want)
	}
}

// TestDocIsSafeForReaders is for go test -race.
func TestDocIsSafeForReaders(t *testing.T) {
	d, err := Parse([]byte(pathDoc))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			d.Walk(func(n Node) bool {
				if found, err := d.One(n.Path()); err != nil || found.Line() != n.Line() {
					t.Errorf("%s: got line %d, %v", n.Path(), found.Line(), err)
				}
				return true
			})
		})
	}
	wg.Wait()
}

func TestNoNode(t *testing.T) {
	var n Node
	_, attr := n.Attr("a")
	_, parent := n.Parent()
	if n.Name()+n.Local()+n.Path()+n.Text() != "" || n.Line() != 0 || n.Span() != n.Content() || n.Attrs() != nil || n.Children() != nil || attr || parent {
		t.Error("a Node that is none says something")
	}
}
