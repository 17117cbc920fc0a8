package provision

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityIsTested: each test that docs/security.md rests on is there.
func TestSecurityIsTested(t *testing.T) { restsOnTests(t, "docs/security.md", "consequence", 50) }

// TestGuaranteesAreTested: the same of docs/guarantees.md.
func TestGuaranteesAreTested(t *testing.T) { restsOnTests(t, "docs/guarantees.md", "guarantee", 20) }

// restsOnTests wants the tests that a page names, at least some, and one in each
// row of its tables.
func restsOnTests(t *testing.T, page, column string, least int) {
	t.Helper()
	doc, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)`").FindAllSubmatch(doc, -1)
	if len(named) < least {
		t.Errorf("%s names %d tests", page, len(named))
	}
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err = filepath.WalkDir(".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		src, err := os.ReadFile(file)
		for _, m := range declared.FindAllSubmatch(src, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range named {
		if !there[string(m[1])] {
			t.Errorf("%s rests on %s, which there is not", page, m[1])
		}
	}
	for l := range strings.Lines(string(doc)) {
		if cells := strings.Split(l, "|"); len(cells) == 4 && !strings.HasPrefix(l, "|---") && !strings.HasPrefix(l, "| "+column) && !strings.Contains(cells[2], "`") {
			t.Errorf("no test holds %s", cells[1])
		}
	}
}

// TestNoAgentIsForwarded: whoever is root on a host could use it to log in
// elsewhere. No code asks for it.
func TestNoAgentIsForwarded(t *testing.T) {
	forwards := regexp.MustCompile(`auth-agent-req|RequestAgentForwarding|ForwardToAgent|ForwardToRemote`)
	seen := 0
	sources(t, func(_, file string) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if forwards.Match(src) {
			t.Errorf("%s forwards an agent", file)
		}
	})
	if seen < 100 {
		t.Errorf("only %d files were read", seen)
	}
}
