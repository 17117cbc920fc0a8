package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteOwn(t *testing.T) {
	dir := t.TempDir()
	ours := func(file string) error {
		data, err := os.ReadFile(file)
		if err == nil && !strings.HasPrefix(string(data), "ours") {
			err = errors.New("not ours")
		}
		return err
	}
	file, foreign, link := filepath.Join(dir, "new"), filepath.Join(dir, "foreign"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(foreign, []byte("somebody's"), 0o644), os.Symlink(foreign, link)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"ours, one", "ours, two"} {
		if err := writeOwn(file, []byte(text), ours); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		info, _ := os.Stat(file)
		if string(got) != text || err != nil || info.Mode() != 0o600 {
			t.Errorf("got %q, %v, mode %v", got, err, info.Mode())
		}
	}
	for path, want := range map[string]string{foreign: "not ours", link: "a symbolic link", dir: "a folder", filepath.Join(dir, "none", "x"): "no such file"} {
		if err := writeOwn(path, []byte("ours"), ours); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	if got, err := os.ReadFile(foreign); string(got) != "somebody's" || err != nil {
		t.Errorf("the foreign file is %q, %v", got, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 3 {
		t.Errorf("there are %d entries, want what was there and one more", len(entries))
	}
}

func TestAForeignPageIsNotReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.html")
	for text, want := range map[string]string{
		"": "is no page of appm-provision", "<!DOCTYPE html><html><head></head><body></body></html>": "give --html another name",
		`<!DOCTYPE html><html><head><meta name="generator" content="appm-provision"></head>`: "",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := isHTML(file); err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}
