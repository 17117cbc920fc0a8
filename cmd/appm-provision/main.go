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

	"github.com/appm-provision/appm-provision/pkg/report"
)

func main() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Main runs one command line and returns its exit code.
func Main(args []string, stdin *os.File, stdout, stderr io.Writer) (code int) {
	out, errs, end := screens(stdout, stderr)
	defer end()
	app := &app{args: args, stdin: stdin, stdout: out, stderr: errs}
	defer app.crashed(&code)
	ctx, stop := interruptible(context.Background())
	defer stop()

	root := app.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	app.json = app.json || asksForJSON(args)
	if app.json {
		if broken := app.conclude(ctx, err); broken == nil && err != nil {
			return exitCode(ctx, err)
		} else if err == nil {
			err = broken
		}
	}
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

	directory string // of -C; files are named from there
	inventory string
	limit     []string
	hostsOnly bool         // the databases are neither read nor changed
	takeBack  bool         // a node that does not come up is put back
	verbosity int          // -v, -vv, -vvv
	quiet     bool         // -q
	waiting   *report.Wait // what the terminal shows; nil: nothing
	followed  bool         // it shows a run or a watch, and nothing beside
	asks      bool         // before it applies the plan that it shows
	color     string
	addresses map[string]string // of the hosts, once the inventory is read
	json      bool
	data      data                // what is to be said with --json
	clean     func(string) string // takes secrets out of what is told; nil until they are known
}

const long = `Set up a distributed WSO2 App Manager 1.2.0 over SSH. Hosts need no software.`

const examples = `  appm-provision plan     what inventory.toml would change`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: program, Short: "Set up a distributed WSO2 App Manager over SSH", Long: long, Example: examples,
		SilenceUsage: true, SilenceErrors: true,
		Args:              cobra.NoArgs,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.begin(cmd) },
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cobra.EnableCommandSorting = false // they stand in the order in which one needs them
	root.PersistentFlags().BoolVar(&a.json, "json", false, "answer in JSON, errors too")
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(wrongFlag)
	root.PersistentFlags().StringVarP(&a.directory, "directory", "C", "", "go to this `folder` first")
	root.AddCommand(
		a.initCommand(), a.importCommand(), a.validateCommand(), a.checkCommand(), a.planCommand(), a.applyCommand(), a.showCommand(),
		a.statusCommand(), a.runsCommand(), a.rollbackCommand(), a.unlockCommand(), a.destroyCommand(),
		a.completionCommand(), a.manCommand(), a.versionCommand(),
	)
	a.helps(root)
	a.completes(root)
	strict(root)
	return root
}

// deploymentFlags are those of every command that reads an inventory.
func (a *app) deploymentFlags(cmd *cobra.Command) {
	a.inventoryFlag(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&a.limit, "limit", nil, "only these `names`: hosts, nodes, roles, database")
	a.verbosityFlags(cmd)
	a.colorFlag(cmd)
}

func (a *app) colorFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.color, "color", "auto", "`when` to color: auto, always or never")
}

func (a *app) inventoryFlag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&a.inventory, "inventory", "i", "inventory.toml", "the deployment's `file`")
}
