package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A plain terminal, less the line on which the shell asks again.
const helpLines = 23

func TestEveryHelpFitsAScreen(t *testing.T) {
	root := (&app{stdin: os.Stdin, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}).root()
	walk(root, func(cmd *cobra.Command) {
		text := helpOf(t, cmd)
		lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
		if len(lines) > helpLines {
			t.Errorf("%s: %d lines of help, want at most %d:\n%s", cmd.CommandPath(), len(lines), helpLines, text)
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > helpWidth {
				t.Errorf("%s: %d columns, want at most %d: %s", cmd.CommandPath(), n, helpWidth, line)
			}
		}
		if !strings.Contains(text, "\n  appm-provision ") {
			t.Errorf("%s: no example in the help:\n%s", cmd.CommandPath(), text)
		}
	})
}

func helpOf(t *testing.T, cmd *cobra.Command) string {
	t.Helper()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.InitDefaultHelpFlag()
	if err := cmd.Help(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// One name is one flag everywhere, or a variable would mean two things.
func TestAVariableMeansOneThing(t *testing.T) {
	root := (&app{stdin: os.Stdin, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}).root()
	kinds := map[string]string{}
	walk(root, func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if flagOf(variableOf(f)) != f.Name {
				t.Errorf("--%s is not what %s sets", f.Name, variableOf(f))
			}
			if was := kinds[f.Name]; was != "" && was != f.Value.Type() {
				t.Errorf("--%s is a %s here and a %s there", f.Name, was, f.Value.Type())
			}
			kinds[f.Name] = f.Value.Type()
		})
	})
}
