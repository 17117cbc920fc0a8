package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// prefix is that of the variables which set flags: APPM_PROVISION_DRY_RUN is
// --dry-run.
const prefix = "APPM_PROVISION_"

// begin is what every command does first: it takes what the environment has of
// its flags, and goes to the folder of -C.
func (a *app) begin(cmd *cobra.Command) error {
	if err := a.flagsOfEnvironment(cmd); err != nil {
		return err
	}
	if err := errors.Join(a.loudness(), a.colorable(), a.answerable(cmd)); err != nil {
		return err
	}
	return a.enter()
}

// colorable refuses a --color that is none, before anything is done.
func (a *app) colorable() error {
	if words := []string{"auto", "always", "never", ""}; !slices.Contains(words, a.color) {
		return usage("--color is %q%s", a.color, inventory.DidYouMean(a.color, words[:3]))
	}
	return nil
}

// enter goes to the folder of -C: files are then named as from there.
func (a *app) enter() error {
	if a.directory == "" {
		return nil
	}
	if err := os.Chdir(a.directory); err != nil {
		var path *os.PathError
		errors.As(err, &path)
		return usage("-C %s: %v; name a folder that is there", a.directory, path.Err)
	}
	return nil
}

// flagsOfEnvironment sets the flags of the command that the command line has
// not. A variable of another command's flag is none of its business; one of no
// flag at all is a slip.
func (a *app) flagsOfEnvironment(cmd *cobra.Command) error {
	known := variables(cmd.Root())
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if !slices.Contains(known, name) {
			a.warn("%s is the variable of no flag%s", name, inventory.DidYouMean(name, known))
			continue
		}
		if err := a.setByVariable(cmd, name, value); err != nil {
			return err
		}
	}
	return nil
}

// setByVariable also adds the flag to the command line that is recorded: the
// record of a run would not tell otherwise what it was told to do.
func (a *app) setByVariable(cmd *cobra.Command, name, value string) error {
	f := cmd.Flags().Lookup(flagOf(name))
	if f == nil || f.Changed || value == "" {
		return nil
	}
	if err := cmd.Flags().Set(f.Name, value); err != nil {
		return usage("%s is %q, and sets %s; want %s", name, value, spelt(f), valueOf(f))
	}
	a.args = append(slices.Clone(a.args), fmt.Sprintf("--%s=%s", f.Name, value))
	return nil
}

func flagOf(variable string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(variable, prefix)), "_", "-")
}

func variableOf(f *pflag.Flag) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
}

// variables are those of all flags of all commands.
func variables(root *cobra.Command) []string {
	var names []string
	walk(root, func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				names = append(names, variableOf(f))
			}
		})
	})
	slices.Sort(names)
	return slices.Compact(names)
}
