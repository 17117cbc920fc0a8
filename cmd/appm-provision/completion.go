package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/run"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "completion SHELL", Short: "Print what makes a shell complete this program's words", Args: cobra.ExactArgs(1), ValidArgs: shells,
		Long: "Print what makes a SHELL (bash, zsh, fish, powershell) complete commands, flags,\n" +
			"and the names of your hosts, nodes, roles, runs and deployments. They come from\n" +
			"the inventory and this machine's records: no secret is read, nothing connected.",
		Example: "  appm-provision completion bash >/etc/bash_completion.d/appm-provision\n" +
			"  appm-provision completion zsh >\"${fpath[1]}/_appm-provision\"\n" +
			"  appm-provision completion fish >~/.config/fish/completions/appm-provision.fish\n" +
			"  source <(appm-provision completion bash)       # in this shell only",
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.stdout)
			}
			return usage("completion is not made for the shell %q%s", args[0], inventory.DidYouMean(args[0], shells))
		},
	}
}

// completes gives the commands below root what their flags and arguments can be.
func (a *app) completes(root *cobra.Command) {
	flags := map[string]cobra.CompletionFunc{
		"limit":      a.completeLimit,
		"deployment": a.completeDeployment,
		"inventory":  cobra.FixedCompletions([]string{"toml"}, cobra.ShellCompDirectiveFilterFileExt),
		"directory":  cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs),
		"color":      cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp),
	}
	walk(root, func(c *cobra.Command) {
		for name, complete := range flags {
			if c.LocalFlags().Lookup(name) != nil {
				_ = c.RegisterFlagCompletionFunc(name, complete) // fails for a flag that is not there only
			}
		}
		switch _, argument, _ := strings.Cut(c.Use, " "); {
		case strings.HasPrefix(argument, "ID") || argument == "RUN":
			c.ValidArgsFunction = a.completeRun
		case argument == "" && c.ValidArgsFunction == nil:
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
	})
}

// completeLimit completes the last of the words, which commas part.
func (a *app) completeLimit(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	const done = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	inv, err := a.glance(cmd)
	if err != nil {
		return cobra.AppendActiveHelp(nil, firstLine(err)), cobra.ShellCompDirectiveNoFileComp
	}
	before := typed[:strings.LastIndex(typed, ",")+1]
	given := strings.Split(before, ",")
	var words []string
	for _, word := range inv.Words() {
		if !slices.Contains(given, word) {
			words = append(words, cobra.CompletionWithDesc(before+word, meaning(inv, word)))
		}
	}
	return words, done
}

// glance reads the inventory as a command would, but says nothing of it.
func (a *app) glance(cmd *cobra.Command) (inventory.Inventory, error) {
	if err := a.begin(cmd); err != nil {
		return inventory.Inventory{}, err
	}
	src, err := os.ReadFile(a.inventory)
	if err != nil {
		return inventory.Inventory{}, a.noInventory(err)
	}
	inv, _, err := inventory.Parse(unprefix(a.inventory), src)
	return inv, err
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// meaning describes a word of --limit.
func meaning(inv inventory.Inventory, word string) string {
	if word == "database" {
		return "the databases"
	}
	h, isHost := inv.Host(word)
	for _, n := range inv.Nodes {
		switch {
		case n.Name == word:
			return string(n.Role) + " on " + n.Host
		case string(n.Role) == word:
			return fmt.Sprintf("%d with this role", len(inv.NodesOf(n.Role)))
		}
	}
	if isHost {
		return "host " + h.Address
	}
	return ""
}

func (a *app) completeRun(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, err := a.pastRuns(cmd)
	if err != nil {
		return cobra.AppendActiveHelp(nil, firstLine(err)), cobra.ShellCompDirectiveNoFileComp
	}
	var ids []string
	for _, p := range list {
		if strings.HasPrefix(p.ID, typed) {
			ids = append(ids, cobra.CompletionWithDesc(p.ID, p.Begin.Deployment+", "+strings.Join(p.Begin.Command, " ")))
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

func (a *app) completeDeployment(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	list, err := a.pastRuns(cmd)
	if err != nil {
		return cobra.AppendActiveHelp(nil, firstLine(err)), cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, p := range list {
		names = append(names, p.Begin.Deployment)
	}
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) pastRuns(cmd *cobra.Command) ([]*run.Past, error) {
	if err := a.begin(cmd); err != nil {
		return nil, err
	}
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	return run.List(dir, "")
}

// noInventory says what was looked for, and where else to look.
func (a *app) noInventory(err error) error {
	if stat, statErr := os.Stat(a.inventory); statErr == nil && stat.IsDir() {
		return usage("%s is a folder; name the file with -i, or go there with -C", a.inventory)
	}
	if !os.IsNotExist(err) {
		return usage("%v; name the inventory with -i", err)
	}
	dir, file := filepath.Split(a.inventory)
	here, absErr := filepath.Abs(dir)
	if absErr != nil {
		here = dir
	}
	const otherwise = "name another with -i, go elsewhere with -C, or let appm-provision init write one"
	return usage("%s: there is no such file in %s%s; %s", file, here, meantFile(file, inventoriesIn(here)), otherwise)
}

// meantFile suggests one of the files, or says which few there are.
func meantFile(file string, files []string) string {
	if near := inventory.Nearest(file, files); near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	if n := len(files); n > 0 && n < 5 {
		return fmt.Sprintf(" (there is %s)", strings.Join(files, ", "))
	}
	return ""
}

// inventoriesIn are the files of a folder that could be one.
func inventoriesIn(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.toml")) // the pattern is sound unless dir is odd: then there are none
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	return files
}
