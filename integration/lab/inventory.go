package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// InventoryOptions vary the inventory that the lab writes.
type InventoryOptions struct {
	Name   string // of the deployment; "" is lab
	Via    string // the host through whose SSH connection the database is reached; "" is the lab's own way, "-" direct
	Extra  string // TOML put before the hosts, for example another [publisher]
	Driver string // another driver; "" is the lab's
}

// WriteInventory writes inventory.toml into the lab's directory.
func (l *Lab) WriteInventory() (string, error) {
	path := filepath.Join(l.Dir, "inventory.toml")
	return path, os.WriteFile(path, []byte(l.Inventory(InventoryOptions{})), 0o600)
}

// Inventory is the text of an inventory of this lab.
func (l *Lab) Inventory(o InventoryOptions) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name = %q\n\n", or(o.Name, "lab"))
	fmt.Fprintf(&b, "[ssh]\nconfig = \"none\"\nuser = %q\nkey = %q\nknown_hosts = [%q]\nsudo = %v\n\n", l.User, l.KeyFile, l.KnownHosts, l.Form == "real")
	fmt.Fprintf(&b, "[product]\njava_home = %q\n\n", l.JavaHome)
	fmt.Fprintf(&b, "[driver]\nfile = %q\n\n", or(o.Driver, l.Driver))
	l.databaseTOML(&b, o)
	fmt.Fprintf(&b, "[cluster]\ndomain = \"wso2.pub.store.domain\"\nport = %d\n", clusterPort)
	if o.Extra != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(o.Extra))
	}
	for _, h := range l.Hosts {
		h.toml(&b)
	}
	return b.String()
}

func (l *Lab) databaseTOML(b *strings.Builder, o InventoryOptions) {
	d := l.Database
	if len(l.Options.Packages) > 0 {
		d.installTOML(b)
	} else {
		fmt.Fprintf(b, "[database]\nname = %q\naddress = %q\nport = %d\n", d.Name, d.Address, d.Port)
	}
	if via := or(o.Via, d.Host); via != "" && via != "-" {
		fmt.Fprintf(b, "via = %q\n", via)
	}
	fmt.Fprintf(b, "admin = { user = %q, password = { file = %q } }\n", d.Admin.User, d.Admin.PasswordFile)
	fmt.Fprintf(b, "user = %q\npassword = { file = %q }\n\n", d.App.User, d.App.PasswordFile)
}

func (h *Host) toml(b *strings.Builder) {
	fmt.Fprintf(b, "\n[[host]]\nname = %q\naddress = %q\nssh = { host = %q, port = %d }\n", h.Name, h.Address, h.SSH.Host, h.SSH.Port)
	if h.HostsFile != "/etc/hosts" {
		fmt.Fprintf(b, "hosts_file = %q\nstate_dir = %q\n", h.HostsFile, h.stateDir())
	}
	if len(h.Nodes) == 0 {
		return
	}
	b.WriteString("nodes = [\n")
	for _, n := range h.Nodes {
		fmt.Fprintf(b, "\t{ role = %q, home = %q, offset = %d%s },\n", n.Role, n.Home, n.Offset, n.clusterTOML())
	}
	b.WriteString("]\n")
}

// clusterTOML is "" for those that are no members of the cluster.
func (n Node) clusterTOML() string {
	if n.ClusterPort == 0 {
		return ""
	}
	return fmt.Sprintf(", cluster_port = %d", n.ClusterPort)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
