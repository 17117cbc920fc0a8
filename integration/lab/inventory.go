package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// InventoryOptions vary the inventory that the lab writes.
type InventoryOptions struct {
	Name   string // of the deployment; "" is lab. Nodes of that deployment, where the layout has some, are all that it has
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
	fmt.Fprintf(&b, "[product]\njava_home = %q\n", l.JavaHome)
	l.packTOML(&b)
	fmt.Fprintf(&b, "[driver]\nfile = %q\n\n", or(o.Driver, l.Driver))
	l.databaseTOML(&b, o)
	which := l.deployment(o.Name)
	fmt.Fprintf(&b, "[cluster]\ndomain = %q\nport = %d\n", or(which, "wso2.pub.store")+".domain", clusterPort)
	l.rolesTOML(&b, which, o.Extra)
	if o.Extra != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(o.Extra))
	}
	for _, h := range l.Hosts {
		h.toml(&b, which)
	}
	return b.String()
}

// deployment is whose nodes an inventory of that name has: "" is the lab's own.
func (l *Lab) deployment(name string) string {
	for _, h := range l.Hosts {
		for _, n := range h.Nodes {
			if n.Deployment == name {
				return name
			}
		}
	}
	return ""
}

// rolesTOML says where a role of several nodes is reached, at its first one,
// and what another deployment's roles are called. What Extra has stands as it is.
func (l *Lab) rolesTOML(b *strings.Builder, deployment, extra string) {
	for _, role := range []string{"idp", "gateway", "publisher", "store"} {
		hosts, nodes := l.NodesOf(role)
		var address string
		count := 0
		for i, n := range nodes {
			if n.Deployment != deployment {
				continue
			}
			if count++; count == 1 {
				address = hosts[i].Address
			}
		}
		if strings.Contains(extra, "["+role+"]") || deployment == "" && count < 2 {
			continue
		}
		fmt.Fprintf(b, "\n[%s]\n", role)
		if count > 1 {
			fmt.Fprintf(b, "address = %q\n", address)
		}
		if deployment != "" {
			fmt.Fprintf(b, "name = %q\n", role+"."+deployment+".example.org")
		}
	}
}

// packTOML says what homes are to be made of, and whose they are.
func (l *Lab) packTOML(b *strings.Builder) {
	if l.Pack == "" {
		b.WriteString("\n")
		return
	}
	owner := l.User // an embedded lab's may be root, whom the tool wants to be told of
	if l.Form == "real" {
		owner = "wso2"
	}
	fmt.Fprintf(b, "service_user = %q\n\n[pack]\nfile = %q\n\n", owner, l.Pack)
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
	which := l.deployment(o.Name)
	fmt.Fprintf(b, "user = %q\npassword = { file = %q }\n\n", or(which, d.App.User), d.App.PasswordFile)
	if which != "" { // the databases are beside the lab's own
		fmt.Fprintf(b, "[database.schemas]\nam = \"%[1]s_AM\"\num = \"%[1]s_UM\"\nreg = \"%[1]s_REG\"\nes = \"%[1]s_ES\"\n\n", strings.ToUpper(which))
	}
}

func (h *Host) toml(b *strings.Builder, deployment string) {
	fmt.Fprintf(b, "\n[[host]]\nname = %q\naddress = %q\nssh = { host = %q, port = %d }\n", h.Name, h.Address, h.SSH.Host, h.SSH.Port)
	if h.HostsFile != "/etc/hosts" {
		fmt.Fprintf(b, "hosts_file = %q\nstate_dir = %q\n", h.HostsFile, h.stateDir())
	}
	mine := slices.DeleteFunc(slices.Clone(h.Nodes), func(n Node) bool { return n.Deployment != deployment })
	if len(mine) == 0 {
		return
	}
	b.WriteString("nodes = [\n")
	for _, n := range mine {
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
