// Command demo shows the main job on a lab of four hosts on this machine, from
// a distribution zip to servers that work together:
// plan, apply, a visit by a user, plan again, a drift made by hand, plan, apply,
// status. It needs no privilege and leaves nothing behind.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/product"
)

// shown is how many lines of a long plan the demo shows.
const shown = 64

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "appm-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := demo{ctx: ctx, tool: filepath.Join(dir, "appm-provision")}
	if err := os.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state")); err != nil { // a demo leaves no records
		return err
	}
	say("Building appm-provision, and a lab: four hosts behind SSH on this machine with nothing on them, a distribution\nzip (of a stand-in that checks its configuration as the product would), and a database server.")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", d.tool, "./cmd/appm-provision").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	l, err := lab.Embedded(ctx, filepath.Join(dir, "lab"), lab.Options{Pack: true, Product: product.Home{Standin: map[string]string{"start_ms": "1000"}}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if _, err := l.WriteInventory(); err != nil {
		return err
	}
	d.dir = l.Dir
	return d.story(l)
}

// demo runs the tool where the inventory is.
type demo struct {
	ctx       context.Context
	tool, dir string
}

func (d demo) story(l *lab.Lab) error {
	publisher := l.Host("pub1")
	file := publisher.Path(publisher.Nodes[0].Home + "/repository/conf/axis2/axis2.xml")
	acts := []func() error{
		func() error {
			say("What would be done? Nothing is changed by this.")
			return d.call("plan")
		},
		func() error {
			say("Do it. Asked on a terminal, here with --yes: the zip unpacked into the homes, databases, files, then the servers in role order, each waited for.")
			return d.call("apply", "--yes")
		},
		func() error {
			say("Do the four work together? A user logs in at Publisher and Store, publishes an app, and looks for it: everything\ngoes over the servers' own ports, to wherever they send a browser and each other.")
			return d.visit(l)
		},
		func() error {
			say("Again: nothing is left to do. This costs one connection and one command on each host.")
			return d.call("plan")
		},
		func() error {
			say("Somebody edits pub1's axis2.xml by hand: the Publisher would leave the cluster.")
			return edit(file, `<parameter name="domain">wso2.pub.store.domain<`, `<parameter name="domain">wso2.other.domain<`)
		},
		func() error {
			say("The plan shows exactly that, and the restart that follows from it.")
			return d.call("plan")
		},
		func() error {
			say("Apply heals that and touches nothing else.")
			return d.call("apply", "--yes")
		},
		func() error {
			say("How is everything?")
			return d.call("status")
		},
	}
	for _, act := range acts {
		if err := act(); err != nil {
			return err
		}
	}
	say("That was all; the lab is removed now. To keep one up and play with it: make lab")
	return nil
}

func say(text string) { fmt.Printf("\n### %s\n", strings.ReplaceAll(text, "\n", "\n### ")) }

// visit goes through the deployment as its users do, and shows what it met.
func (d demo) visit(l *lab.Lab) error {
	seen, err := l.Visit(d.ctx, lab.Visitor{})
	if err != nil {
		return err
	}
	fmt.Println()
	seen.Write(&shortening{dir: d.dir})
	return nil
}

// call runs the tool and shows what it prints, a long plan cut in the middle.
func (d demo) call(args ...string) error {
	fmt.Printf("\n$ appm-provision %s\n\n", strings.Join(args, " "))
	cmd := exec.CommandContext(d.ctx, d.tool, args...)
	cmd.Dir = d.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &shortening{dir: d.dir}
	err := cmd.Run()
	lines := strings.SplitAfter(out.String(), "\n")
	if args[0] == "apply" && err == nil { // the plan that it begins with was shown a moment ago
		lines = lines[max(0, len(lines)-3):]
	}
	if cut := len(lines) - shown - 2; cut > 0 {
		lines = append(append(lines[:shown:shown], fmt.Sprintf("\n    … %d more lines …\n\n", cut)), lines[len(lines)-2:]...)
	}
	fmt.Print(strings.ReplaceAll(strings.Join(lines, ""), d.dir, "…"))
	if err != nil {
		return fmt.Errorf("appm-provision %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// shortening prints progress as it comes, the lab's long paths cut. The tool
// writes whole lines.
type shortening struct{ dir string }

func (s *shortening) Write(p []byte) (int, error) {
	_, err := os.Stdout.WriteString(strings.ReplaceAll(string(p), s.dir, "…"))
	return len(p), err
}

func edit(file, from, to string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !bytes.Contains(data, []byte(from)) {
		return fmt.Errorf("%s holds no %s", file, from)
	}
	return os.WriteFile(file, bytes.Replace(data, []byte(from), []byte(to), 1), 0o644)
}
