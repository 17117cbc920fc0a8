package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/docs"
)

const tag = "v1.2.3"

// TestRelease builds every target twice, from two clones at two places, and
// runs what this machine can run.
func TestRelease(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "dist"), filepath.Join(t.TempDir(), "elsewhere", "dist")
	source := clone(t, "../..")
	list, err := Make(t.Context(), source, first, Targets)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Make(t.Context(), clone(t, source), second, Targets)
	if err != nil {
		t.Fatal(err)
	}
	got, want := tree(t, second), tree(t, first)
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s: two builds of one commit differ", name)
		}
	}
	if len(got) != len(want) || len(want) != 3*len(Targets)+1 || len(again) != len(list) {
		t.Errorf("got %d and %d files, want a program, an archive and a bill for each of %d targets, and the sums", len(got), len(want), len(Targets))
	}
	for _, b := range list {
		complete(t, b)
		billed(t, b)
		if b.Target == here {
			runs(t, b)
		}
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = first
	if out, err := check.CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
		t.Log("no sha256sum here: what it says of the sums is not known")
	} else if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// clone is a repository of its own with the module at source as its only commit.
// The same files give the same commit.
func clone(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	if err := docs.Copy(source, dir); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "-m", "a release"}, {"tag", tag}} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_AUTHOR_DATE=2026-03-04T12:00:00Z",
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_COMMITTER_DATE=2026-03-04T12:00:00Z")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return dir
}

func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, file)
		files[rel], err = os.ReadFile(file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// complete looks into an archive: sorted, dated as the commit, with all that
// belongs beside the program.
func complete(t *testing.T, b Built) {
	t.Helper()
	var names []string
	for _, f := range unpacked(t, b) {
		names = append(names, f.name)
	}
	if !slices.IsSorted(names) {
		t.Errorf("%s is not sorted: %v", b.Archive, names)
	}
	folder := "appm-provision_" + tag + "_" + b.OS + "_" + b.Arch + "/"
	for _, want := range []string{b.exe(), "LICENSE", "README.md", "CHANGELOG.md", "inventory.example.toml", "docs/inventory.md", "docs/tutorial.md", "docs/how-to/jump-host.md",
		"completions/appm-provision.bash", "completions/_appm-provision", "completions/appm-provision.fish", "completions/appm-provision.ps1",
		"man/man1/appm-provision.1", "man/man1/appm-provision-plan.1"} {
		if !slices.Contains(names, folder+want) {
			t.Errorf("%s lacks %s", b.Archive, folder+want)
		}
	}
}

func unpacked(t *testing.T, b Built) (list []entry) {
	t.Helper()
	data, err := os.ReadFile(b.Archive)
	if err != nil {
		t.Fatal(err)
	}
	if b.OS == "windows" {
		r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.File {
			if !f.Modified.Equal(b.Time()) {
				t.Errorf("%s: %s is of %s", b.Archive, f.Name, f.Modified)
			}
			list = append(list, entry{name: f.Name, mode: f.Mode()})
		}
		return list
	}
	packed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(packed); ; {
		h, err := r.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(b.Time()) || h.Uid != 0 || h.Uname != "" {
			t.Errorf("%s: %s is of %s and belongs to %d %s", b.Archive, h.Name, h.ModTime, h.Uid, h.Uname)
		}
		list = append(list, entry{name: h.Name, mode: h.FileInfo().Mode()})
	}
}

// billed compares the bill with what the program says of itself.
func billed(t *testing.T, b Built) {
	t.Helper()
	data, err := os.ReadFile(b.BOM)
	if err != nil {
		t.Fatal(err)
	}
	var got bom
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	exe, err := os.ReadFile(b.Program)
	if err != nil {
		t.Fatal(err)
	}
	if self := got.Metadata.Component; self.Version != tag || self.Hashes[0].Content != digest(exe) {
		t.Errorf("%s is about %+v", b.BOM, self)
	}
	if len(got.Components) != len(b.Info.Deps)+1 {
		t.Errorf("%s lists %d components, the program is made of %d", b.BOM, len(got.Components), len(b.Info.Deps)+1)
	}
	for _, m := range b.Info.Deps {
		if !slices.ContainsFunc(got.Components, func(c component) bool { return c.Name == m.Path && c.Version == m.Version }) {
			t.Errorf("%s lacks %s", b.BOM, m.Path)
		}
	}
}

// runs asks the program for its version, and that it needs no library.
func runs(t *testing.T, b Built) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), b.Program, "version").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"appm-provision " + tag, b.Info.GoVersion, b.Target.String(), "commit ", "2026-03-04T12:00:00Z"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("version does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "not committed") {
		t.Errorf("the version of a clean commit is\n%s", out)
	}
	if b.setting("CGO_ENABLED") != "0" || b.setting("-trimpath") != "true" {
		t.Errorf("it was built with %v", b.Info.Settings)
	}
}
