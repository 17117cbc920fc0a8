// Command appm-provision sets up a distributed WSO2 App Manager 1.2.0 over
// SSH: it gathers what the hosts have, plans what differs from the inventory,
// applies exactly that and verifies that nothing is left to do.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func main() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Main runs one command line and returns its exit code.
func Main(args []string, stdin *os.File, stdout, stderr io.Writer) (code int) {
	out, errs, end := screens(stdout, stderr)
	defer end()
	defer crashed(errs, &code)
	ctx, stop := interruptible(context.Background())
	defer stop()

	app := &app{args: args, stdin: stdin, stdout: out, stderr: errs}
	root := app.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(errs, text)
	}
	return exitCode(ctx, err)
}

// app is the command line: where it reads and writes, and its flags.
type app struct {
	args           []string   // the command line, for the record
	source         []byte     // the inventory as it was read
	saved          *savedPlan // that apply was given; nil: none
	stdin          *os.File
	stdout, stderr io.Writer

	inventory string
	limit     []string
	hostsOnly bool // the databases are neither read nor changed
	takeBack  bool // a node that does not come up is put back
	verbosity int  // -v, -vv, -vvv
	quiet     bool // -q
	asks      bool // before it applies the plan that it shows
	color     string
	clean     func(string) string // takes secrets out of what is told; nil until they are known
}

const long = `appm-provision sets up a distributed WSO2 App Manager 1.2.0 over SSH: JDBC driver,
host entries, databases, configuration files and restarts, in the right order.
Nothing is installed on the hosts.

  appm-provision check   -i inventory.toml    is every host ready, and what to do if not
  appm-provision plan    -i inventory.toml    what would change, exactly
  appm-provision apply   -i inventory.toml    show that, ask, do it, verify
  appm-provision status  -i inventory.toml    how the nodes are
  appm-provision rollback RUN                 take a run back`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "appm-provision", Short: "Set up a distributed WSO2 App Manager over SSH", Long: long,
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%v; see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(a.validateCommand(), a.checkCommand(), a.planCommand(), a.applyCommand(), a.showCommand(), a.statusCommand(), a.rollbackCommand(), a.runsCommand(), a.unlockCommand(), a.versionCommand())
	for _, cmd := range root.Commands() {
		args := cmd.Args
		cmd.Args = func(cmd *cobra.Command, given []string) error {
			if err := args(cmd, given); err != nil {
				return usage("%v; see %s --help", err, cmd.CommandPath())
			}
			return a.loudness()
		}
	}
	return root
}

// deploymentFlags are those of every command that reads an inventory.
func (a *app) deploymentFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&a.inventory, "inventory", "i", "inventory.toml", "the deployment's inventory")
	f.StringSliceVar(&a.limit, "limit", nil, `hosts, nodes or roles, comma-separated, or "database": nothing outside is touched`)
	a.verbosityFlags(cmd)
	f.StringVar(&a.color, "color", "auto", "auto, always or never")
}
