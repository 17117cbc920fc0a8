package provision

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/docs"
)

// TestAddAStep follows docs/add-a-step.md in a copy of the module: four files
// make a step, its cases are what the page shows, and all other cases of the
// steps still hold once make update has rewritten what they show.
func TestAddAStep(t *testing.T) {
	dir := t.TempDir()
	if err := docs.Copy(".", dir); err != nil {
		t.Fatal(err)
	}
	wrote, err := docs.Follow("docs/add-a-step.md", dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(wrote) == 0 || len(wrote) > 4 {
		t.Fatalf("the page writes %d files, want one to four: %v", len(wrote), wrote)
	}
	before := contents(t, dir)
	inCopy(t, dir, "go", "test", "-trimpath", "./pkg/steps", "-run", "TestCases|TestTheSteps", "-update")
	inCopy(t, dir, "go", "vet", "./pkg/steps")
	inCopy(t, dir, "go", "test", "-trimpath", "./pkg/steps")
	inCopy(t, dir, "go", "test", "-trimpath", ".", "-run", "Arrows|Pure|Secrets")
	for file, now := range contents(t, dir) {
		expected := strings.HasPrefix(file, "pkg/steps/testdata/deployment/") || file == "pkg/steps/testdata/steps.golden"
		switch was := before[file]; {
		case was == now:
		case slices.Contains(wrote, file):
			t.Errorf("the page shows of %s\n%s\nbut it should be\n%s", file, was, now)
		case !expected:
			t.Errorf("the new step changes %s as well:\n%s", file, now)
		}
	}
	for _, file := range wrote {
		if strings.HasSuffix(file, ".txtar") && !strings.Contains(before[file], "-- want --\n") {
			t.Errorf("%s has no want", file)
		}
	}
}

// contents are the files of the copy that a step may have to do with.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "pkg"), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		rel, _ := filepath.Rel(dir, file)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func inCopy(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
