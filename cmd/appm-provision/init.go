package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/draft"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/report"
)

// initial is what init was given, by flags or answers, and what there is to say
// of what it has made.
type initial struct {
	*app
	draft.Answers
	given    map[string]*string // by flag: texts that go into Answers
	settings []string
	wrote    report.Written // with --json
}

func (a *app) initCommand() *cobra.Command {
	in := &initial{app: a, given: map[string]*string{}}
	cmd := &cobra.Command{
		Use: "init", Short: "Write an inventory, from flags or by asking", Args: cobra.NoArgs,
		Example: "  appm-provision init                                  # asks for the rest\n" +
			"  appm-provision init --database db1=192.168.10.5 --set ssh.port=2222",
		RunE: func(cmd *cobra.Command, _ []string) error { return in.run(cmd) },
	}
	a.inventoryFlag(cmd)
	f := cmd.Flags()
	for _, q := range interview {
		if q.flag == "" {
			continue
		}
		in.given[q.flag] = f.String(q.flag, "", q.usage)
	}
	f.BoolVar(&in.Sudo, "sudo", false, "whoever logs in becomes root by sudo")
	f.StringArrayVar(&in.settings, "set", nil, "any `key=value`: node.idp1.offset=1, ssh.jump=bastion")
	return cmd
}

func (in *initial) run(cmd *cobra.Command) error {
	if err := in.free(); err != nil {
		return err
	}
	in.Answers = usualAnswers(in.Sudo)
	if err := in.ask(cmd); err != nil {
		return err
	}
	text, warnings, err := in.text(in.settings)
	if err != nil {
		return usage("nothing was written: what was given makes no inventory: %v", err)
	}
	for _, w := range warnings {
		in.warn("%s", w)
	}
	return in.write(text)
}

// free refuses to write over anything.
func (in *initial) free() error {
	switch _, err := os.Lstat(in.inventory); {
	case err == nil:
		return usage("%s: there is one already, and init writes over nothing; name another file with -i, or go elsewhere with -C", in.inventory)
	case !errors.Is(err, fs.ErrNotExist):
		return usage("%v; name another file with -i", err)
	}
	return nil
}

// text is the inventory, which is one only when it can be read back.
func (in *initial) text(settings []string) ([]byte, []inventory.Warning, error) {
	d, err := draft.New(in.Answers)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range settings {
		if err := d.Set(s); err != nil {
			return nil, nil, fmt.Errorf("--set %w", err)
		}
	}
	text := d.Text()
	_, warnings, err := inventory.Parse(in.inventory, text)
	return text, warnings, err
}

func (in *initial) write(text []byte) error {
	if err := writeNew(in.inventory, text); err != nil {
		return usage("%v; nothing was written", err)
	}
	inv, _, err := inventory.Parse(in.inventory, text)
	if err != nil {
		return err
	}
	driver, variables := in.left(inv)
	if in.json {
		in.wrote = report.Written{Inventory: unprefix(in.inventory), Deployment: inv.Name, Hosts: len(inv.Hosts), Nodes: len(inv.Nodes), Driver: driver, Variables: variables}
		in.answer(report.NewInit(in.wrote))
		return nil
	}
	fmt.Fprintf(in.stdout, "%s: written: deployment %s, %d nodes on %d hosts\n", unprefix(in.inventory), inv.Name, len(inv.Nodes), len(inv.Hosts))
	if driver != "" {
		fmt.Fprintf(in.stdout, "  put the JDBC driver there: %s\n", driver)
	}
	for _, v := range variables {
		fmt.Fprintf(in.stdout, "  export %s (%s)\n", v.Name, v.Of)
	}
	fmt.Fprintln(in.stdout, "Then: appm-provision check, plan, apply.")
	return nil
}

// left is what the operator has yet to do: where the driver is missing, and
// which variables.
func (in *initial) left(inv inventory.Inventory) (driver string, variables []report.Variable) {
	variables = []report.Variable{}
	if file := inv.Driver.File; file != "" {
		if name := resolve(filepath.Dir(in.inventory), file); !there(name) {
			driver = name
		}
	}
	for _, ref := range []inventory.SecretRef{inv.Database.Admin.Password, inv.Database.Password, inv.Admin.Password} {
		if name := ref.Env(); name != "" {
			if _, set := os.LookupEnv(name); !set {
				variables = append(variables, report.Variable{Name: name, Of: ref.Of()})
			}
		}
	}
	return driver, variables
}

func there(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// writeNew writes a file that is not there, for its owner only.
func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// ask puts the interview that no flag has answered. Without a terminal those
// that have no default end it.
func (in *initial) ask(cmd *cobra.Command) error {
	terminal := sources{stdin: in.stdin}.terminal()
	var lacking []string
	for _, q := range interview {
		if q.flag != "" && *in.given[q.flag] != "" {
			if err := q.answer(&in.Answers, *in.given[q.flag]); err != nil {
				return usage("--%s: %v", q.flag, err)
			}
			continue
		}
		switch {
		case terminal:
			if err := in.put(cmd.Context(), q); err != nil {
				return err
			}
		case q.usual == nil && !in.partial():
			lacking = append(lacking, "--"+q.flag)
		}
	}
	if len(lacking) > 0 {
		return usage("nothing was written: there is no terminal to ask on; give %s too (%s init --help)", strings.Join(lacking, ", "), program)
	}
	return nil
}

// partial deployments may lack a role.
func (in *initial) partial() bool {
	for _, s := range in.settings {
		if s == "partial=true" {
			return true
		}
	}
	return false
}

// put asks one question until the answer makes an inventory, as far as it goes.
func (in *initial) put(ctx context.Context, q question) error {
	byDefault := ""
	if q.usual != nil {
		byDefault = q.usual(in.Answers)
	}
	const patience = 5 // a terminal that is gone answers nothing for ever
	for range patience {
		text := q.text
		if byDefault != "" {
			text += " [" + byDefault + "]"
		}
		typed, err := in.reply(ctx, text+": ")
		if err != nil {
			return err
		}
		if typed == "" {
			typed = byDefault
		}
		next := in.with(q, typed)
		if err = next.err; err == nil {
			in.Answers = next.Answers
			return nil
		}
		fmt.Fprintf(in.stderr, "  %v\n", err)
	}
	return usage("nothing was written: no answer to %q", q.text)
}
