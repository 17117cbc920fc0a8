package inventory_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the output of the cases in testdata")

// TestWrong has one file for each mistake: the inventory and the exact text
// that its author gets to see.
func TestWrong(t *testing.T) {
	cases(t, "testdata/wrong/*.txtar", func(t *testing.T, err error) {
		var invalid *inventory.Invalid
		if !errors.As(err, &invalid) || len(invalid.Problems) == 0 {
			t.Errorf("error is %T, want *Invalid with its problems", err)
		}
	})
}

// TestWarned holds inventories that are doubtful.
func TestWarned(t *testing.T) {
	cases(t, "testdata/warned/*.txtar", func(*testing.T, error) {})
}

func cases(t *testing.T, glob string, check func(*testing.T, error)) {
	files, err := filepath.Glob(glob)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", glob, len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil || len(archive.Files) != 2 {
				t.Fatalf("%s: %d files in it, want inventory.toml and output; %v", file, len(archive.Files), err)
			}
			got, err := output(archive.Files[0].Data)
			check(t, err)
			compare(t, file, archive, got)
		})
	}
}

// output is what validate prints. It must never hold the word that all secrets
// of these cases contain.
func output(src []byte) (string, error) {
	inv, warnings, err := inventory.Parse("inventory.toml", src)
	var b strings.Builder
	for _, w := range warnings {
		b.WriteString("warning: " + w.String() + "\n")
	}
	if err != nil {
		b.WriteString(err.Error() + "\n")
		if inv.Name != "" || inv.Hosts != nil {
			b.WriteString("an inventory beside the error\n")
		}
	}
	return b.String(), err
}

func compare(t *testing.T, file string, archive *txtar.Archive, got string) {
	t.Helper()
	if strings.Contains(strings.ToLower(got), "hunter") {
		t.Errorf("the output holds a secret:\n%s", got)
	}
	if want := string(archive.Files[1].Data); got == want {
		return
	} else if !*update {
		t.Errorf("got\n%s\nwant\n%s(if the new text is right: go test -update)", got, want)
		return
	}
	archive.Files[1].Data = []byte(got)
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
