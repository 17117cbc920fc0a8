package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Copy copies the module at root, without what git and make leave in it.
func Copy(root, dir string) error {
	return filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		if slices.Contains([]string{".git", "bin", "dist"}, rel) { // in a worktree .git is a file, and the copy would be the repository's own
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(dir, rel), 0o755)
		}
		data, err := os.ReadFile(file)
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return os.WriteFile(filepath.Join(dir, rel), data, 0o644)
	})
}

// Follow does in the module at root what the titled blocks of a page say: a
// block in diff changes a file that is there, any other one is a new file. It
// returns the files that it wrote.
func Follow(page, root string) ([]string, error) {
	blocks, err := Blocks(page)
	if err != nil {
		return nil, err
	}
	var wrote []string
	for _, b := range blocks {
		if b.Title == "" {
			continue
		}
		if err := b.write(filepath.Join(root, b.Title)); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", page, b.Line, err)
		}
		if !slices.Contains(wrote, b.Title) {
			wrote = append(wrote, b.Title)
		}
	}
	return wrote, nil
}

func (b Block) write(file string) error {
	text := b.Text
	if b.Lang == "diff" {
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		before, after := b.sides()
		if n := strings.Count(string(src), before); n != 1 {
			return fmt.Errorf("%s holds this %d times, want once:\n%s", file, n, before)
		}
		text = strings.Replace(string(src), before, after, 1)
	} else if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("%s is there already", file)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// sides are what a diff's lines say before and after.
func (b Block) sides() (before, after string) {
	for l := range strings.Lines(b.Text) {
		rest := l[1:]
		if l[0] != '+' {
			before += rest
		}
		if l[0] != '-' {
			after += rest
		}
	}
	return before, after
}
