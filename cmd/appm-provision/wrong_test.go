package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestWrongCommandLines has one file for each mistake: what the environment and
// the folder hold, the command line, the exact text, and the exit code.
func TestWrongCommandLines(t *testing.T) {
	wrongs(t, "testdata/wrong/*.txtar", func(t *testing.T, file string, archive *txtar.Archive) {
		dir := t.TempDir()
		last := len(archive.Files) - 1
		for _, f := range archive.Files[:last] {
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		env, args := commandLine(t, dir, string(archive.Comment))
		got := answer(t, dir, env, args)
		if want := string(archive.Files[last].Data); got == want {
			return
		} else if !*update {
			t.Errorf("%s: got\n%s\nwant\n%s(if the new text is right: go test -update)", file, got, want)
			return
		}
		archive.Files[last].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	})
}

// TestWrongInventories takes those of pkg/inventory, whose texts are tested
// there, through the command: each ends with 3, and says the same.
func TestWrongInventories(t *testing.T) {
	wrongs(t, "../../pkg/inventory/testdata/wrong/*.txtar", func(t *testing.T, file string, archive *txtar.Archive) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "inventory.toml"), archive.Files[0].Data, 0o600); err != nil {
			t.Fatal(err)
		}
		got := answer(t, dir, nil, []string{"validate"})
		if want := visibleText(string(archive.Files[1].Data)) + "exit code 3\n"; got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	})
}

// visibleText is what the last gate makes of a text.
func visibleText(text string) string {
	var b strings.Builder
	out, _, end := screens(&b, &b)
	_, _ = out.Write([]byte(text)) // a builder takes everything
	end()
	return b.String()
}

func wrongs(t *testing.T, glob string, run func(*testing.T, string, *txtar.Archive)) {
	files, err := filepath.Glob(glob)
	if err != nil || len(files) < 20 {
		t.Fatalf("%s: %d cases, want 20 at least; %v", glob, len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil || len(archive.Files) == 0 {
				t.Fatalf("%s: no output in it; %v", file, err)
			}
			run(t, file, archive)
		})
	}
}

// commandLine reads the case: lines NAME=value, then the command line; a line
// that begins with # says what is wrong.
func commandLine(t *testing.T, dir, comment string) (env, args []string) {
	t.Helper()
	for line := range strings.Lines(strings.ReplaceAll(comment, "$WORK", dir)) {
		line = strings.TrimSpace(line)
		if command, is := strings.CutPrefix(line, "$ "+program); is {
			return env, strings.Fields(command)
		}
		if line != "" && !strings.HasPrefix(line, "#") {
			env = append(env, line)
		}
	}
	t.Fatal("no command line in the case")
	return nil, nil
}

// answer is what the tool writes to stderr, and how it ends.
func answer(t *testing.T, dir string, env, args []string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_STATE_HOME=" + filepath.Join(dir, "state")}, env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if len(out) > 0 {
		t.Errorf("%v: stdout holds %q, want nothing", args, out)
	}
	return strings.ReplaceAll(stderr.String(), dir, "$WORK") + "exit code " + strconv.Itoa(cmd.ProcessState.ExitCode()) + "\n"
}
