package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// strict makes every command below cmd, and itself, say what is wrong with a
// command line in one line that ends with what to do.
func strict(cmd *cobra.Command) {
	least, most := arity(cmd)
	cmd.Args = func(cmd *cobra.Command, given []string) error {
		if n := len(given); n < least || n > most {
			return usage("%s; see %s --help", miscounted(cmd, given, least, most), cmd.CommandPath())
		}
		return nil
	}
	for _, below := range cmd.Commands() {
		strict(below)
	}
}

// arity is how many arguments a command takes, as its own rule has it.
func arity(cmd *cobra.Command) (least, most int) {
	const tried = 3
	least = -1
	for n := range tried {
		if cmd.Args == nil || cmd.Args(cmd, make([]string, n)) == nil {
			if most = n; least < 0 {
				least = n
			}
		}
	}
	return max(least, 0), most
}

func miscounted(cmd *cobra.Command, given []string, least, most int) string {
	if cmd.HasAvailableSubCommands() && len(given) > 0 {
		return fmt.Sprintf("%s has no command %q%s", cmd.CommandPath(), given[0], inventory.DidYouMean(given[0], commandNames(cmd)))
	}
	_, wanted, _ := strings.Cut(cmd.Use, " ")
	switch n := len(given); {
	case most == 0 && filepath.Ext(given[0]) == ".toml" && cmd.Flags().Lookup("inventory") != nil:
		return fmt.Sprintf("%s takes no arguments, got %q (did you mean -i %s?)", cmd.CommandPath(), given[0], given[0])
	case most == 0:
		return fmt.Sprintf("%s takes no arguments, got %q", cmd.CommandPath(), given[0])
	case n < least:
		return fmt.Sprintf("%s takes %s, which is missing", cmd.CommandPath(), wanted)
	default:
		return fmt.Sprintf("%s takes %s and no more, got %q too", cmd.CommandPath(), wanted, given[most])
	}
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			names = append(names, c.Name())
		}
	}
	return names
}

// wrongFlag puts what pflag found wrong with a flag into words of ours.
func wrongFlag(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		lacks   *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	text := err.Error()
	switch {
	case errors.As(err, &unknown):
		text = unknownFlag(cmd, unknown)
	case errors.As(err, &lacks):
		_, about := pflag.UnquoteUsage(lacks.GetFlag())
		text = fmt.Sprintf("%s needs a value: %s", spelt(lacks.GetFlag()), about)
	case errors.As(err, &invalid):
		text = fmt.Sprintf("%s is %q; want %s", spelt(invalid.GetFlag()), invalid.GetValue(), valueOf(invalid.GetFlag()))
	}
	return usage("%s; see %s --help", text, cmd.CommandPath())
}

func unknownFlag(cmd *cobra.Command, err *pflag.NotExistError) string {
	name := err.GetSpecifiedName()
	if group := err.GetSpecifiedShortnames(); group != "" {
		return fmt.Sprintf("%s has no flag -%s%s", cmd.CommandPath(), name, elsewhere(cmd, func(f *pflag.Flag) bool { return f.Shorthand == name }))
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	hint := elsewhere(cmd, func(f *pflag.Flag) bool { return f.Name == name })
	if hint == "" {
		if near := inventory.Nearest(name, names); near != "" {
			hint = fmt.Sprintf(" (did you mean --%s?)", near)
		}
	}
	return fmt.Sprintf("%s has no flag --%s%s", cmd.CommandPath(), name, hint)
}

// elsewhere names the commands that know the flag.
func elsewhere(cmd *cobra.Command, is func(*pflag.Flag) bool) string {
	var names []string
	walk(cmd.Root(), func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if is(f) && f.Name != "help" && c.IsAvailableCommand() {
				names = append(names, strings.TrimPrefix(c.CommandPath(), program+" "))
			}
		})
	})
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return fmt.Sprintf(" (it is one of %s)", strings.Join(slices.Compact(names), ", "))
}

func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, below := range cmd.Commands() {
		walk(below, visit)
	}
}

func spelt(f *pflag.Flag) string {
	if f.Shorthand != "" {
		return fmt.Sprintf("-%s, --%s", f.Shorthand, f.Name)
	}
	return "--" + f.Name
}

// valueOf says what a flag takes.
func valueOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "int", "uint", "count":
		return "a number"
	case "duration":
		return `a duration ("30s", "5m")`
	}
	return "a " + f.Value.Type()
}
