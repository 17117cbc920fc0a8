package inventory_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

const example = "../../inventory.example.toml"

// parse is for inventories that must be right.
func parse(t *testing.T, src string) inventory.Inventory {
	t.Helper()
	inv, _, err := inventory.Parse("inventory.toml", []byte(src))
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	return inv
}

func TestExampleHasNoWarnings(t *testing.T) {
	src, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	inv, warnings, err := inventory.Parse("inventory.example.toml", src)
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	for _, w := range warnings {
		t.Errorf("warning: %s", w)
	}
	j, _ := json.MarshalIndent(inv, "", " ")
	t.Log(string(j))
}
