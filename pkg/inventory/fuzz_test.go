package inventory

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// fuzzSeeds are the inventories of all cases, and the example.
func fuzzSeeds(tb testing.TB) []string {
	src, err := os.ReadFile("../../inventory.example.toml")
	files, globErr := filepath.Glob("testdata/*/*.txtar")
	if err != nil || globErr != nil || len(files) == 0 {
		tb.Fatal(err, globErr, len(files))
	}
	seeds := []string{string(src), strings.ReplaceAll(string(src), "\n", "\r\n")}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		seeds = append(seeds, string(archive.Files[0].Data))
	}
	return seeds
}

// FuzzParse: whatever the file, there is an answer; an inventory without an
// error keeps what the steps rely on, and every problem is in the file.
func FuzzParse(f *testing.F) {
	for _, src := range fuzzSeeds(f) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		inv, warnings, err := Parse("f", []byte(src))
		var invalid *Invalid
		switch {
		case err == nil:
			reliable(t, inv)
		case !errors.As(err, &invalid) || len(invalid.Problems) == 0:
			t.Errorf("error is %T %v, want *Invalid with problems", err, err)
		default:
			warnings = append(warnings, invalid.Problems...)
		}
		for _, p := range warnings {
			if p.Line < 1 || p.Line > strings.Count(src, "\n")+1 || strings.ContainsAny(p.Text, "\n\r") {
				t.Errorf("problem %q is in line %d of %d", p.Text, p.Line, strings.Count(src, "\n")+1)
			}
		}
	})
}

func reliable(t *testing.T, inv Inventory) {
	db := inv.Database
	for _, must := range []struct{ what, text string }{
		{"name", inv.Name}, {"database address", db.Address}, {"admin address", db.AdminAddress},
		{"user", db.User}, {"password", string(db.Password.Kind())}, {"publisher", inv.Publisher.Name},
		{"store", inv.Store.Name}, {"driver", inv.Driver.File + inv.Driver.URL},
	} {
		if must.text == "" {
			t.Errorf("%s is empty in an inventory without errors", must.what)
		}
	}
	for _, n := range inv.Nodes {
		if h := inv.HostOf(n); n.Name == "" || n.Home == "" || h.Address == "" || h.SSH.Host == "" {
			t.Errorf("node %+v on host %+v lacks something", n, h)
		}
	}
}
