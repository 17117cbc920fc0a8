package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is that of a plain terminal; a help also fits its 24 lines, which a
// test watches.
const helpWidth = 80

// helps gives all commands the help that fits a screen.
func (a *app) helps(root *cobra.Command) {
	cobra.AddTemplateFunc("flags", flagLines)
	root.SetHelpTemplate(`{{with or .Long .Short}}{{.}}{{end}}

{{.UsageString}}`)
	root.SetUsageTemplate(`Usage: {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND{{if not .HasParent}}   (exit codes: appm-provision help exit-codes){{end}}{{else}}{{.UseLine}}{{end}}{{if .HasExample}}
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}
{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}

{{flags .}}
`)
	root.InitDefaultHelpFlag()
	root.SetHelpCommand(&cobra.Command{
		Use: "help [COMMAND]", Short: "Show the help of a command",
		Example: "  appm-provision help apply\n  appm-provision help runs show",
		Args:    cobra.ArbitraryArgs,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			cmd, _, _ := root.Find(args)
			names := commandNames(cmd)
			if len(args) == 0 {
				names = append(names, exitTopic)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if slices.Equal(args, []string{exitTopic}) {
				return exitHelp(a.stdout)
			}
			cmd, rest, err := root.Find(args)
			if err == nil && len(rest) == 0 {
				cmd.InitDefaultHelpFlag()
				return cmd.Help()
			}
			return usage("%s; see %s --help", miscounted(cmd, rest, 0, 0), cmd.CommandPath())
		},
	})
}

// flagLines are the flags of a command, and how else to set them.
func flagLines(cmd *cobra.Command) string {
	if !cmd.HasParent() { // whose help has no line to spare
		data := cmd.PersistentFlags().Lookup("json")
		data.Hidden = true
		defer func() { data.Hidden = false }()
	}
	text := strings.TrimRight(cmd.Flags().FlagUsagesWrapped(helpWidth), "\n")
	var first string
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if first == "" && f.Name != "help" && f.Name != "directory" && f.Name != "json" {
			first = f.Name
		}
	})
	if first == "" {
		return text
	}
	return text + "\nOr by variables: " + prefix + strings.ToUpper(strings.ReplaceAll(first, "-", "_")) + "=… is --" + first + "; a flag wins."
}
