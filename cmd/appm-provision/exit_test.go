package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

func TestEachCauseHasItsExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{&inventory.Invalid{}, 3},
		{usage("wrong"), 3},
		{&sshexec.Error{Kind: sshexec.Unreachable}, 10},
		{&sshexec.Error{Kind: sshexec.Lost}, 10},
		{&sshexec.Error{Kind: sshexec.Authentication}, 11},
		{&sshexec.Error{Kind: sshexec.HostKey}, 12},
		{&sshexec.Error{Kind: sshexec.Sudo}, 13},
		{&plan.Error{Cause: plan.Missing}, 14},
		{&plan.Error{Cause: plan.Unread}, 14},
		{&plan.Error{Cause: plan.Conflict}, 15},
		{&plan.Error{Cause: plan.Denied}, 16},
		{&converge.Error{Cause: converge.Database}, 16},
		{&converge.Error{Cause: converge.Drift}, 17},
		{&converge.Error{Cause: converge.Write}, 18},
		{&converge.Error{Cause: converge.Server}, 19},
		{&converge.Error{Cause: converge.Verify}, 20},
		{&converge.Error{Cause: converge.Install}, 21},
		{&sshexec.Error{Kind: sshexec.Interrupted}, 130},
		{errors.New("anything else"), 1},
		{errors.Join(fmt.Errorf("a: %w", &sshexec.Error{Kind: sshexec.Sudo}), &sshexec.Error{Kind: sshexec.HostKey}), 13},
	} {
		if got := exitCode(context.Background(), c.err); got != c.want {
			t.Errorf("%T %v: exit code %d, want %d", c.err, c.err, got, c.want)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if got := exitCode(ended, errors.New("whatever")); got != 130 {
		t.Errorf("interrupted: exit code %d, want 130", got)
	}
}

// TestExitCodesAreDocumented compares the table of the page with the constants
// of exit.go, read from its source, and with what is said of them.
func TestExitCodesAreDocumented(t *testing.T) {
	source, err := parser.ParseFile(token.NewFileSet(), "exit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]string{0: causeOf(0).name}
	ast.Inspect(source, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if !is || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "exit") {
			return true
		}
		if lit, is := spec.Values[0].(*ast.BasicLit); is && lit.Kind == token.INT {
			code, _ := strconv.Atoi(lit.Value)
			want[code] = causeOf(code).name
		}
		return true
	})
	doc, err := os.ReadFile("../../docs/exit-codes.md")
	if err != nil {
		t.Fatal(err)
	}
	got := map[int]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| `+"`([a-z-]+)`"+` \| [^|]+ \|`).FindAllStringSubmatch(string(doc), -1) {
		code, _ := strconv.Atoi(row[1])
		got[code] = row[2]
	}
	if len(want) < 18 || !maps.Equal(got, want) {
		t.Errorf("docs/exit-codes.md has %v, exit.go %v", got, want)
	}
	for _, c := range causes {
		if want[c.code] != c.name || c.meaning == "" || c.advice == "" && c.code != 0 && c.code != exitChanges {
			t.Errorf("of %d it is said: %+v", c.code, c)
		}
	}
	if len(causes) != len(want) {
		t.Errorf("%d causes of %d codes", len(causes), len(want))
	}
}

func TestTheExitCodesFitAScreen(t *testing.T) {
	var b bytes.Buffer
	if err := exitHelp(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if len(lines) > helpLines {
		t.Errorf("%d lines", len(lines))
	}
	for _, l := range lines {
		if len(l) > helpWidth {
			t.Errorf("%d columns: %s", len(l), l)
		}
	}
}

func TestApplyWithoutATerminalNeedsYes(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	a := &app{stdin: in, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
	if err := a.confirm(t.Context(), true); err != nil {
		t.Errorf("with --yes: %v", err)
	}
	if err := a.confirm(t.Context(), false); err == nil || exitCode(context.Background(), err) != exitInput || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("without a terminal: %v", err)
	}
}

// TestTheErrorOfThePage makes the mistake that docs/json.md shows the answer to.
func TestTheErrorOfThePage(t *testing.T) {
	doc, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(string(doc), "```json\n")
	want, _, _ = strings.Cut(want, "```")
	example, err := os.ReadFile("../../inventory.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(example), "\n")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("shop.toml", []byte(first+"\nfrob = 1\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := Main([]string{"validate", "--json", "-i", "shop.toml"}, os.Stdin, &out, &errs); code != exitInput || errs.Len() > 0 {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
	if out.String() != want {
		t.Errorf("got\n%s\nthe page says\n%s", out.String(), want)
	}
}
