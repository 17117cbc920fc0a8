package provision

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// everyPage calls f for each of the project's pages.
func everyPage(t *testing.T, f func(page, text string)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && slices.Contains([]string{".git", "dist", "bin", "testdata"}, d.Name()) {
			if err == nil {
				err = fs.SkipDir
			}
			return err
		}
		if filepath.Ext(file) == ".md" {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			seen++
			f(filepath.ToSlash(file), string(text))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Errorf("only %d pages were found", seen)
	}
}

var (
	fences = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```")
	codes  = regexp.MustCompile("`[^`\n]*`")
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// prose is a page without its code.
func prose(text string) string {
	return codes.ReplaceAllString(fences.ReplaceAllString(text, ""), "code")
}

// TestLinksResolve: each link of a page leads to a file that is there, and to a
// heading of it.
func TestLinksResolve(t *testing.T) {
	count := 0
	everyPage(t, func(page, text string) {
		for _, m := range link.FindAllStringSubmatch(prose(text), -1) {
			to, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(to, "://") {
				continue
			}
			count++
			file := page
			if to != "" {
				file = filepath.Join(filepath.Dir(page), to)
			}
			target, err := os.ReadFile(file)
			if info, statErr := os.Stat(file); statErr == nil && info.IsDir() {
				continue
			}
			if err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(string(target)), anchor) {
				t.Errorf("%s: there is no heading for the link %s", page, m[1])
			}
		}
	})
	if count < 50 {
		t.Errorf("only %d links were found", count)
	}
}

// anchors are the names that a page's headings have in links.
func anchors(page string) []string {
	drop := regexp.MustCompile(`[^\p{L}\p{N}\p{M}_ -]`)
	var list []string
	for line := range strings.Lines(fences.ReplaceAllString(page, "")) {
		if title := strings.TrimLeft(line, "#"); title != line && strings.HasPrefix(title, " ") {
			list = append(list, strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), ""), " ", "-"))
		}
	}
	return list
}

// TestReadmeNamesEveryPage: once, in the index.
func TestReadmeNamesEveryPage(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, index, found := strings.Cut(string(readme), "\n## Documentation\n")
	if !found {
		t.Fatal("README.md has no index")
	}
	everyPage(t, func(page, _ string) {
		if n := strings.Count(index, "]("+page+")"); strings.HasPrefix(page, "docs/") && n != 1 {
			t.Errorf("the index of README.md names %s %d times, want once", page, n)
		}
	})
}

// TestPagesNameNoMachine: a page is for all machines, so it names no folder and no
// host of the one that it was written on.
func TestPagesNameNoMachine(t *testing.T) {
	home, _ := os.UserHomeDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	machine, _ := os.Hostname()
	private := regexp.MustCompile(`(?:^|[\s"'(=` + "`" + `])(/(?:home|root|Users|work|workspace|builds|mnt|private)/[\w./-]+)|\b((?:[\w-]+\.)+(?:internal|corp|local|lan))\b`)
	registry := regexp.MustCompile(`(?i)\b(?:artifactory|nexus|goproxy|verdaccio|(?:registry|mirror|proxy)\.[\w-]+\.[\w.-]+)\b`)
	everyPage(t, func(page, text string) {
		for _, m := range append(private.FindAllString(text, -1), registry.FindAllString(text, -1)...) {
			t.Errorf("%s names %s", page, strings.TrimSpace(m))
		}
		for _, own := range []string{home, filepath.Dir(here), machine} {
			if len(own) > 5 && strings.Contains(text, own) {
				t.Errorf("%s names %s of this machine", page, own)
			}
		}
	})
}
