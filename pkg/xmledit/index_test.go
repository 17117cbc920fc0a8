package xmledit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// keyedEdits are edits that name elements by what other edits change: the
// hardest case for an index.
func keyedEdits(rng *rand.Rand) []Edit {
	id := func() string { return fmt.Sprint(rng.IntN(6)) }
	item := func() string {
		return []string{"list/item[@id='" + id() + "']", "list/item[name='" + id() + "']", "list/item[.='" + id() + "']",
			"list/item[sub/name='" + id() + "']", "list/item[name='" + id() + "'][2]", fmt.Sprintf("list/item[%d]", 1+rng.IntN(6)), "list/*[@id='" + id() + "']"}[rng.IntN(7)]
	}
	var edits []Edit
	for range 1 + rng.IntN(5) {
		switch rng.IntN(8) {
		case 0:
			edits = append(edits, SetText(item()+"/name", id()))
		case 1:
			edits = append(edits, SetAttr(item(), "id", id()))
		case 2:
			edits = append(edits, Remove(item()))
		case 3:
			edits = append(edits, Upsert("list", Element{Name: "item", Key: "@id", Attrs: []Attribute{{"id", id()}}, Children: []Element{{Name: "name", Text: id()}}}, []Where{First, Last, After("item"), Before("item[2]")}[rng.IntN(4)]))
		case 4:
			edits = append(edits, SetContent(item(), Element{Name: "name", Text: id()}))
		case 5:
			edits = append(edits, InsertAfter(item(), Element{Name: "item", Attrs: []Attribute{{"id", id()}}, Text: id()}))
		case 6:
			edits = append(edits, SetProperties("list", "item", "id", KV{id(), id()}))
		case 7:
			edits = append(edits, SetText(item()+"/sub/name", id()))
		}
	}
	return edits
}

// TestIndexesChangeNothing applies the same edits with and without them.
func TestIndexesChangeNothing(t *testing.T) {
	done := 0
	for seed := range uint64(20000) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var b strings.Builder
		for range 1 + rng.IntN(6) {
			fmt.Fprintf(&b, []string{"<item id='%d'><name>%d</name></item>", "<item id='%d'><sub><name>%d</name></sub><name>1</name></item>", "<item id='%d'>%d</item>\n"}[rng.IntN(3)], rng.IntN(6), rng.IntN(6))
		}
		src := []byte("<list>" + b.String() + "</list>")
		edits := keyedEdits(rng)
		want, _, wantErr := applyIndexed(src, edits, 1<<30)
		got, _, err := applyIndexed(src, edits, 0)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %s\n%+v\nwith indexes    %s, %v\nwithout indexes %s, %v", seed, src, edits, got, err, want, wantErr)
		}
		if err != nil && strings.Contains(err.Error(), "internal") {
			t.Fatalf("seed %d: %s\n%+v: %v", seed, src, edits, err)
		}
		if err == nil {
			done++
		}
	}
	t.Logf("%d lists of edits applied", done)
}
