package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite docs/commands.md, and the output of the cases in testdata")

const commandsDoc = "../../docs/commands.md"

// The page is made from the commands themselves, so it is what they say.
func TestTheCommandsAreDocumented(t *testing.T) {
	want := commandsPage((&app{stdin: os.Stdin, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}).root())
	got, err := os.ReadFile(commandsDoc)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if string(got) == want {
		return
	}
	if !*update {
		t.Fatalf("docs/commands.md is not what the commands say; go test ./cmd/appm-provision -update, then look at git diff")
	}
	if err := os.WriteFile(commandsDoc, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

const commandsIntro = `# The commands

Made from the program itself. ` + "`appm-provision COMMAND --help`" + ` says the same on one screen, ` + "`appm-provision man DIR`" + ` writes man pages, and
` + "`appm-provision completion bash`" + ` (zsh, fish, powershell) what makes a shell complete commands, flags and your own host, node, role and run names.

* **The inventory** is ` + "`inventory.toml`" + ` in the working directory, or the file of ` + "`-i`" + `. ` + "`-C FOLDER`" + ` goes to another folder first, like that of
  make and git. Folders above are not searched: which deployment a command acts on shall not depend on where one happens to stand.
* **Every flag has a variable**, by which it is set where the command line does not: ` + "`APPM_PROVISION_LIMIT=gateway1`" + ` is ` + "`--limit gateway1`" + `,
  ` + "`APPM_PROVISION_DRY_RUN=true`" + ` is ` + "`--dry-run`" + `. An empty one counts as none; one that belongs to no flag is warned about. The record of a run
  has what was set so among its command's words.
* **What went wrong** is told by the [exit code](exit-codes.md). The plan and tables go to stdout, all else to stderr.

`

func commandsPage(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(commandsIntro)
	b.WriteString("| command | |\n|---|---|\n")
	walk(root, func(cmd *cobra.Command) {
		if cmd.HasParent() {
			fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", cmd.CommandPath(), strings.ReplaceAll(cmd.CommandPath(), " ", "-"), cmd.Short)
		}
	})
	walk(root, func(cmd *cobra.Command) {
		if cmd.HasParent() {
			commandSection(&b, cmd)
		}
	})
	return b.String()
}

func commandSection(b *strings.Builder, cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n```\n%s\n\n%s\n```\n", cmd.CommandPath(), strings.TrimSuffix(text, ".")+".", cmd.UseLine(), strings.TrimRight(cmd.Example, "\n"))
	var rows strings.Builder
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && f.Name != "directory" {
			rows.WriteString(flagRow(f))
		}
	})
	if rows.Len() > 0 {
		fmt.Fprintf(b, "\n| flag | default | |\n|---|---|---|\n%s", rows.String())
	}
}

func flagRow(f *pflag.Flag) string {
	value, text := pflag.UnquoteUsage(f)
	name := "`" + spelt(f)
	if value != "" {
		name += " " + value
	}
	byDefault := ""
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
		byDefault = "`" + f.DefValue + "`"
	}
	return fmt.Sprintf("| %s` | %s | %s |\n", name, byDefault, strings.ReplaceAll(text, "|", "\\|"))
}
