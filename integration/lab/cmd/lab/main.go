// Command lab brings a deployment up to play with, and ends it:
//
//	go run ./integration/lab/cmd/lab up embedded
//	go run ./integration/lab/cmd/lab up real
//	go run ./integration/lab/cmd/lab visit DIRECTORY
//	go run ./integration/lab/cmd/lab down [DIRECTORY]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/mysqld"
	"github.com/appm-provision/appm-provision/integration/product"
)

const usage = `usage: lab up [flags] embedded|real    bring hosts, homes and a database up
       lab down [directory]          end the lab of that directory, or all that nobody works with
       lab list                      the directories of those
       lab visit directory           go through its servers as their users do: log in, publish an app, find it

An embedded lab needs no privilege and lives until Ctrl-C. A real lab needs
root on Linux and lives until lab down, or until the machine goes off.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := dispatch(ctx, os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(3)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	verb := ""
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	switch verb {
	case "up":
		return up(ctx, args)
	case "down":
		return down(ctx, args)
	case "visit":
		return visit(ctx, args)
	case "list":
		dirs, err := lab.List()
		for _, dir := range dirs {
			fmt.Println(dir)
		}
		return err
	}
	fmt.Fprint(os.Stderr, usage)
	return flag.ErrHelp
}

// labParent begins the name of the directory around a lab that up made.
const labParent = "appm-lab-"

func up(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("lab up", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage); flags.PrintDefaults() }
	dir := flags.String("dir", "", "where the lab lives (default a new directory below the temporary one)")
	kind := flags.String("database", "", "mariadb, mysql or mysql-5.6 (default what the machine has)")
	stock := flags.String("stock", os.Getenv("APPM_STOCK_CONF"), "the release's own configuration files, laid over the fixtures")
	pack := flags.Bool("pack", false, "hosts without homes, and the distribution zip to make them of")
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp
	}
	if *dir == "" {
		parent, err := os.MkdirTemp("", labParent)
		if err != nil {
			return err
		}
		*dir = filepath.Join(parent, "lab")
		defer os.Remove(parent) // stays while the lab is in it
	}
	o := lab.Options{Kind: mysqld.Kind(*kind), Product: product.Home{Stock: *stock}, Pack: *pack}
	switch flags.Arg(0) {
	case "embedded":
		return embedded(ctx, *dir, o)
	case "real":
		return real(ctx, *dir, o)
	}
	flags.Usage()
	return flag.ErrHelp
}

func embedded(ctx context.Context, dir string, o lab.Options) error {
	l, err := lab.Embedded(ctx, dir, o)
	if err != nil {
		return err
	}
	if err := explain(l); err != nil {
		return errors.Join(err, l.Close())
	}
	fmt.Println("\nCtrl-C ends the lab and removes it.")
	<-ctx.Done()
	return l.Close()
}

func real(ctx context.Context, dir string, o lab.Options) error {
	l, err := lab.Real(ctx, dir, o)
	if err != nil {
		return err
	}
	if err := errors.Join(explain(l), l.Keep()); err != nil {
		return errors.Join(err, l.Close())
	}
	return nil
}

func explain(l *lab.Lab) error {
	inventory, err := l.WriteInventory()
	if err != nil {
		return err
	}
	fmt.Printf("The lab is up. Its inventory:\n\n    %s\n\nTry:\n\n    appm-provision plan -i %[1]s\n    appm-provision apply -i %[1]s\n", inventory)
	for _, h := range l.Hosts {
		fmt.Printf("    ssh -i %s -o UserKnownHostsFile=%s -p %d %s@%s   # %s\n", l.KeyFile, l.KnownHosts, h.SSH.Port, l.User, h.SSH.Host, h.Name)
	}
	return nil
}

func visit(ctx context.Context, args []string) error {
	if len(args) != 1 {
		fmt.Fprint(os.Stderr, usage)
		return flag.ErrHelp
	}
	seen, err := lab.VisitInventory(ctx, filepath.Join(args[0], "inventory.toml"))
	if err != nil {
		return err
	}
	seen.Write(os.Stdout)
	return nil
}

func down(ctx context.Context, args []string) error {
	dirs := args
	if len(dirs) == 0 {
		all, err := lab.List()
		if err != nil {
			return err
		}
		dirs = all
	}
	for _, dir := range dirs {
		if err := lab.Down(ctx, dir); err != nil {
			return err
		}
		if parent := filepath.Dir(dir); strings.HasPrefix(filepath.Base(parent), labParent) {
			_ = os.Remove(parent) // made by up; it goes when it is empty
		}
		fmt.Println("ended and removed", dir)
	}
	return nil
}
