package inventory_test

import (
	"os"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// TestReference: the tables of docs/inventory.md are what the schema says, word
// for word. With -update they are made anew.
func TestReference(t *testing.T) {
	const file = "../../docs/inventory.md"
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := inventory.PageOf(string(src))
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got := strings.Split(string(src), "\n")
	for i, line := range strings.Split(want, "\n") {
		if i >= len(got) || got[i] != line {
			t.Fatalf("docs/inventory.md:%d is\n%s\nand the schema says\n%s\n(if the schema is right: make update)", i+1, got[min(i, len(got)-1)], line)
		}
	}
}
