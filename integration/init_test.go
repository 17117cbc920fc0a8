package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/appm-provision/appm-provision/integration/lab"
)

// TestInit goes from an empty folder to a deployment that runs: init, plan,
// apply. Nobody touches the file that init writes; what is peculiar about the
// lab is given as an operator of a peculiar site would give it.
func TestInit(t *testing.T) {
	t.Parallel()
	for _, d := range deployments[:2] {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if why := d.left(); why != "" {
				t.Skip("LEFT OUT: " + why)
			}
			w := up(t, d)
			w.inventory = filepath.Join(t.TempDir(), "inventory.toml")
			w.want(t, 0, append([]string{"init"}, asFlags(w.Lab)...)...)
			before, err := os.ReadFile(w.inventory)
			if err != nil {
				t.Fatal(err)
			}
			w.want(t, 0, "validate")
			w.want(t, 2, "plan", "--detailed-exitcode")
			w.want(t, 0, "apply", "--yes")
			w.want(t, 0, "plan", "--detailed-exitcode")
			w.want(t, 0, "status")
			if after, err := os.ReadFile(w.inventory); err != nil || string(after) != string(before) {
				t.Errorf("the inventory was touched: %v", err)
			}
		})
	}
}

// asFlags is what init has to be told of the lab.
func asFlags(l *lab.Lab) []string {
	flags := []string{"--name", "fresh", "--user", l.User, "--driver", l.Driver, "--database", databaseOf(l)}
	set := func(key string, value any) { flags = append(flags, "--set", fmt.Sprintf("%s=%v", key, value)) }
	if l.Form == "real" {
		flags = append(flags, "--sudo")
	}
	set("ssh.config", "none")
	set("ssh.key", l.KeyFile)
	set("ssh.known_hosts", l.KnownHosts)
	set("product.java_home", l.JavaHome)
	set("database.port", l.Database.Port)
	set("database.user", l.Database.App.User)
	set("database.password", "file:"+l.Database.App.PasswordFile)
	set("database.admin.user", l.Database.Admin.User)
	set("database.admin.password", "file:"+l.Database.Admin.PasswordFile)
	for _, h := range l.Hosts {
		set("host."+h.Name+".ssh.host", h.SSH.Host)
		set("host."+h.Name+".ssh.port", h.SSH.Port)
		if h.HostsFile != "/etc/hosts" {
			set("host."+h.Name+".hosts_file", h.HostsFile)
			set("host."+h.Name+".state_dir", filepath.Join(h.Root, "var", "lib", "appm-provision"))
		}
		for _, n := range h.Nodes {
			flags = append(flags, "--"+n.Role, h.Name+"="+h.Address)
			set("node."+h.Name+".home", n.Home)
			set("node."+h.Name+".offset", n.Offset)
			if n.ClusterPort != 0 {
				set("node."+h.Name+".cluster_port", n.ClusterPort)
			}
		}
	}
	return flags
}

// databaseOf is the database server: a host of the lab that the tool goes
// through, or an address.
func databaseOf(l *lab.Lab) string {
	if l.Database.Host == "" {
		return l.Database.Address
	}
	return l.Database.Host + "=" + l.Database.Address
}
