package xmledit

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// diff counts the lines of a that are not in b and the other way round, for
// texts that differ in one place.
func diff(a, b []byte) (removed, added int) {
	x, y := bytes.SplitAfter(a, []byte("\n")), bytes.SplitAfter(b, []byte("\n"))
	for len(x) > 0 && len(y) > 0 && bytes.Equal(x[0], y[0]) {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && bytes.Equal(x[len(x)-1], y[len(y)-1]) {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return len(x), len(y)
}

// tableFiles are the files the tables are about: the product's, and our own of
// the same shapes.
func tableFiles(t *testing.T) map[string][]byte {
	files := map[string][]byte{}
	for name, src := range corpus(t) {
		if bytes.Count(src, []byte("\n")) > 12 {
			files[strings.TrimPrefix(name, "repository/")] = src
		}
	}
	return files
}

// TestDiffLinesForOneChangedValue changes every value of every file, one at a
// time: each makes a diff of two lines, or a line more for each that the old
// value went over.
func TestDiffLinesForOneChangedValue(t *testing.T) {
	files := tableFiles(t)
	t.Logf("%-44s %6s %10s %10s", "file", "values", "attributes", "diff lines")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		src := files[name]
		d, err := Parse(src)
		if err != nil {
			t.Fatal(name, err)
		}
		texts, attrs, most := 0, 0, 0
		change := func(path string, old Span, e Edit) {
			out := apply(t, string(src), e)
			removed, added := diff(src, out)
			over := bytes.Count(src[old.Start:old.End], []byte("\n"))
			if removed != 1+over || added != 1 {
				t.Errorf("%s: %s: the diff is -%d +%d, want -%d +1", name, path, removed, added, 1+over)
			}
			most = max(most, removed+added-over)
		}
		d.Walk(func(n Node) bool {
			if len(n.Children()) == 0 {
				change(n.Path(), n.Content(), SetText(n.Path(), "changed & new"))
				texts++
			}
			for _, a := range n.Attrs() {
				change(n.Path(), a.Span, SetAttr(n.Path(), a.Name, "changed & new"))
				attrs++
			}
			return true
		})
		t.Logf("%-44s %6d %10d %10d", name, texts, attrs, most)
	}
}

// TestDiffLinesForOneInsertedElement inserts an element of three lines beside
// every child of every file that stands on a line of its own: nothing but the
// new lines, and the blank line that sets them off, are in the diff.
func TestDiffLinesForOneInsertedElement(t *testing.T) {
	files := tableFiles(t)
	e := Element{Name: "inserted", Attrs: []Attribute{{"name", "x"}}, Children: []Element{{Name: "child", Text: "1"}}}
	t.Logf("%-44s %10s %7s %9s", "file", "insertions", "removed", "added")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		src := files[name]
		d, err := Parse(src)
		if err != nil {
			t.Fatal(name, err)
		}
		n, removed, least, most := 0, 0, 99, 0
		insert := func(path string, edit Edit) {
			out := apply(t, string(src), edit)
			minus, plus := diff(src, out)
			if minus != 0 || plus < 3 || plus > 5 {
				t.Errorf("%s: %s: the diff is -%d +%d, want 3 lines and what sets them off", name, path, minus, plus)
			}
			n, removed, least, most = n+1, removed+minus, min(least, plus), max(most, plus)
		}
		d.Walk(func(c Node) bool {
			if _, inside := c.Parent(); inside && ownLines(src, c) {
				insert(c.Path(), InsertAfter(c.Path(), e))
				insert(c.Path(), InsertBefore(c.Path(), e))
			}
			return true
		})
		t.Logf("%-44s %10d %7d %9s", name, n, removed, fmt.Sprintf("%d to %d", least, most))
	}
}

// ownLines says whether nothing else stands on the lines of an element.
func ownLines(src []byte, n Node) bool {
	s := n.Span()
	before := src[bytes.LastIndexByte(src[:s.Start], '\n')+1 : s.Start]
	behind, _, _ := bytes.Cut(src[s.End:], []byte("\n"))
	return len(bytes.TrimSpace(before)) == 0 && len(bytes.TrimSpace(behind)) == 0
}
