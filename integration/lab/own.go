package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed init_own.sh
var initOwnScript string

// hasOwnRoot tells whether the host can install packages: its root is a layer of
// its own over the machine's.
func (h *Host) hasOwnRoot() bool {
	return len(h.lab.Options.Packages) > 0 && h.Name == DatabaseHost
}

// initScript is what the host begins with, and its arguments.
func (h *Host) initScript() (text string, args []string) {
	if h.hasOwnRoot() {
		return initOwnScript, []string{h.lab.packages.dir}
	}
	if h.hasSystemd() {
		return initSystemdScript, []string{h.lab.state.group(h.Name)}
	}
	bound, extra := "0", ""
	if h.Name == h.lab.Options.BoundHosts {
		bound = "1"
	}
	if h.Name == DatabaseHost {
		extra = h.lab.databaseBase()
	}
	return initScript, []string{bound, extra}
}

// inside is where this machine sees the root of a host that has its own.
func (h *Host) inside() string { return fmt.Sprintf("/proc/%d/root", h.init.PID) }

// treeRoot is below what HashTree looks: of a host with a root of its own at
// what differs from the machine's.
func (h *Host) treeRoot() string {
	if h.hasOwnRoot() {
		return filepath.Join(h.inside(), "run/layer")
	}
	return h.Root
}

// Bare takes the database servers off the host that the machine has, or that
// were installed since, down to their data: none of it is left for a package
// manager to see.
func (h *Host) Bare(ctx context.Context) error {
	if gone := h.lab.packages.gone; len(gone) > 0 {
		purge := append([]string{"env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--purge"}, gone...)
		if _, err := h.Exec(ctx, purge...); err != nil {
			return err
		}
	}
	_, err := h.Exec(ctx, "rm", "-rf", "/var/lib/mysql", "/var/log/mysql", "/etc/mysql/mariadb.conf.d", "/etc/mysql/mysql.conf.d")
	return err
}

// noDatabase is a lab whose database server is yet to be installed, on the host
// that has a root of its own.
func (l *Lab) noDatabase(ctx context.Context, h *Host) (err error) {
	l.Database = Database{Name: "carbondb.mysql-wso2.com", Address: h.Address, Port: 3306, Host: h.Name}
	if l.Database.Admin, err = l.account("root", "admin-password"); err != nil {
		return err
	}
	if l.Database.App, err = l.account("appm", "app-password"); err != nil {
		return err
	}
	return h.Bare(ctx)
}

// WritePackageSources says where the host's package manager looks: at the
// lab's own source, or at text. Its lists are emptied, as on a machine that
// was set up long ago.
func (h *Host) WritePackageSources(text string) error {
	if !h.hasOwnRoot() {
		return errors.New("lab: " + h.Name + " shares the machine's root and installs nothing")
	}
	if text == "" {
		text = "deb [trusted=yes] file:/srv/packages ./\n"
	}
	lists := h.Path("/var/lib/apt/lists")
	return errors.Join(os.WriteFile(h.Path("/etc/apt/sources.list"), []byte(text), 0o644), emptyDir(lists))
}

// installTOML is how an inventory names the server that is to be installed.
func (d Database) installTOML(b *strings.Builder) {
	fmt.Fprintf(b, "[database]\nname = %q\nhost = %q\ninstall = true\nport = %d\n", d.Name, d.Host, d.Port)
}
