package docs

import (
	"os"
	"path/filepath"
	"testing"
)

func TestShows(t *testing.T) {
	const printed = "one\ntwo of three\nfour\nfive\n"
	for page, fits := range map[string]bool{
		"one\ntwo of three\nfour\nfive\n": true, "one\ntwo … three\n…\nfive\n": true, "…\nfive\n": true, "one\n…\n": true, "…\nfour\n…\n": true,
		"one\n": false, "two of three\n…\n": false, "one\nfour\n…\n": false, "…\nfour\n": false, "…\nsix\n": false, "one\n…\ntwo of two\n…\n": false,
	} {
		if err := Shows(page, printed); (err == nil) != fits {
			t.Errorf("%q: got %v", page, err)
		}
	}
}

func TestBlocks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	const page = "# A\n\n**`a/b.go`**\n\n```go\npackage b\n```\n\n<!-- not run: why -->\n```sh\nx\n```\ntext\n```console\n$ a \\\n  b\nout\n$ c\n```\n"
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Blocks(file)
	if err != nil || len(got) != 3 {
		t.Fatalf("got %v %v", got, err)
	}
	if got[0].Title != "a/b.go" || got[0].Text != "package b\n" || got[0].Lang != "go" || got[0].Line != 6 {
		t.Errorf("got %+v", got[0])
	}
	if got[1].Mark != "not run: why" || got[1].Title != "" {
		t.Errorf("got %+v", got[1])
	}
	calls := got[2].Calls()
	if len(calls) != 2 || calls[0] != (Call{"a \\\n  b\n", "out\n"}) || calls[1].Command != "c\n" || got[2].Mark != "" {
		t.Errorf("got %+v", calls)
	}
}

func TestFollowRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, b := range []Block{
		{Title: "absent.go", Lang: "diff", Text: " a\n+b\n"},
		{Title: "there.go", Lang: "go", Text: "x\n"},
		{Title: "there.go", Lang: "diff", Text: " not in it\n+b\n"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "there.go"), []byte("a\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.write(filepath.Join(dir, b.Title)); err == nil {
			t.Errorf("%+v was followed", b)
		}
	}
}
