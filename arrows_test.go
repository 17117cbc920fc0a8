package provision

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/appm-provision/appm-provision/"

// arrows are the imports that docs/architecture.md allows.
func arrows(t *testing.T) map[string][]string {
	t.Helper()
	doc, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(doc), "```arrows\n")
	if !found {
		t.Fatal("docs/architecture.md has no arrows block")
	}
	block, _, _ = strings.Cut(block, "```")
	allowed := map[string][]string{}
	for l := range strings.Lines(block) {
		from, to, ok := strings.Cut(l, "->")
		if !ok {
			t.Fatalf("docs/architecture.md: %q is no arrow", l)
		}
		allowed[strings.TrimSpace(from)] = strings.Fields(to)
	}
	return allowed
}

// sources calls f for every Go file below pkg that is no test.
func sources(t *testing.T, f func(pkg, file string)) {
	t.Helper()
	err := filepath.WalkDir("pkg", func(file string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go") {
			f(strings.Split(filepath.ToSlash(file), "/")[1], file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, i := range parsed.Imports {
		list = append(list, strings.Trim(i.Path.Value, `"`))
	}
	return list
}

func TestImportsFollowTheArrows(t *testing.T) {
	allowed := arrows(t)
	seen := map[string]bool{}
	sources(t, func(pkg, file string) {
		seen[pkg] = true
		may, drawn := allowed[pkg]
		if !drawn {
			t.Errorf("%s: package %s is not in the picture", file, pkg)
		}
		for _, path := range imports(t, file) {
			ours, is := strings.CutPrefix(path, module)
			if other, below := strings.CutPrefix(ours, "pkg/"); is && !(below && slices.Contains(append(may, pkg), strings.Split(other, "/")[0])) {
				t.Errorf("%s imports %s, which the picture does not allow", file, ours)
			}
		}
	})
	for _, pkg := range slices.Sorted(maps.Keys(allowed)) {
		if !seen[pkg] {
			t.Errorf("docs/architecture.md draws package %s, which does not exist", pkg)
		}
	}
}

func TestPurePackagesTouchNothing(t *testing.T) {
	pure := []string{"plan", "steps", "xmledit", "jsonedit", "inventory", "draft"}
	forbidden := []string{"os", "net", "os/exec", "net/http", "database/sql", "syscall"}
	sources(t, func(pkg, file string) {
		if !slices.Contains(pure, pkg) {
			return
		}
		for _, path := range imports(t, file) {
			if slices.Contains(forbidden, path) {
				t.Errorf("%s imports %s; whoever touches the outside is not pure", file, path)
			}
		}
	})
}

func TestSecretsAreRevealedInFewPlaces(t *testing.T) {
	reveal := regexp.MustCompile(`\.Reveal\(\)`)
	sources(t, func(pkg, file string) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if pkg != "steps" && pkg != "inventory" && reveal.Match(src) {
			t.Errorf("%s reveals a secret; only steps and cmd may", file)
		}
	})
}
