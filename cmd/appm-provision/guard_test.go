package main

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func crash(value any) (text string, code int) {
	var out bytes.Buffer
	func() {
		defer (&app{stderr: &out}).crashed(&code)
		if value == nil {
			var none []int
			_ = none[len(text)]
		}
		panic(value)
	}()
	return out.String(), code
}

func TestCrashShowsNoValue(t *testing.T) {
	for _, value := range []any{"Geheim-77", errors.New("Geheim-77"), struct{ Password string }{"Geheim-77"}} {
		text, code := crash(value)
		if code != exitOther || strings.Contains(text, "Geheim") || !strings.Contains(text, "please report it") || !strings.Contains(text, ".crash.func1") {
			t.Errorf("%T ends with %d:\n%s", value, code, text)
		}
	}
	if text, _ := crash(nil); !strings.Contains(text, "index out of range [0] with length 0") {
		t.Errorf("what the runtime says is not shown:\n%s", text)
	}
}

// TestNothingPanicsByItself: a panic in a goroutine cannot be caught by main,
// and would print its value. The runtime's own hold none.
func TestNothingPanicsByItself(t *testing.T) {
	seen := 0
	for _, root := range []string{".", "../../pkg"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			seen++
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, is := n.(*ast.CallExpr)
				if !is {
					return true
				}
				if name, is := call.Fun.(*ast.Ident); is && name.Name == "panic" {
					t.Errorf("%s panics; return an error", path)
				}
				if sel, is := call.Fun.(*ast.SelectorExpr); is && (strings.HasPrefix(sel.Sel.Name, "Panic") || strings.HasPrefix(sel.Sel.Name, "Fatal")) {
					t.Errorf("%s calls %s; return an error", path, sel.Sel.Name)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 100 {
		t.Errorf("only %d files were read", seen)
	}
}

// TestEscapesStayOffTheTerminal: of files that somebody else wrote, and of the
// command line itself.
func TestEscapesStayOffTheTerminal(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	const escape = "\x1b]0;mine\x07\x1b[2J\u009b1m\r"
	file := filepath.Join(dir, "x.toml")
	if err := os.WriteFile(file, []byte("name = '"+escape+"'\n"+escape), 0o600); err != nil {
		t.Fatal(err)
	}
	record := filepath.Join(dir, "x.jsonl")
	if err := os.WriteFile(record, []byte(`{"at":"2026-01-01T00:00:00Z","begin":{"format":1,"id":"x","deployment":"\u001b[2J","operator":"\u001b]0;\u0007"}}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"validate", "-i", file}, {"validate", "-i", escape}, {escape}, {"plan", "--" + escape}, {"plan", "--color", escape, "-i", file},
		{"show", file}, {"show", escape}, {"apply", escape}, {"runs", "show", record}, {"runs", "show", escape}, {"runs", "--deployment", escape},
	} {
		var out, stderr bytes.Buffer
		stdin, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		Main(args, stdin, &out, &stderr)
		stdin.Close()
		if text := out.String() + stderr.String(); strings.ContainsAny(text, "\x1b\x07\r\u009b") || text == "" {
			t.Errorf("%q prints %q", args, text)
		}
	}
}
