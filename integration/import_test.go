package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestImport reads a deployment that was made by hand: on the inventory that
// comes of it a plan has nothing to change.
func TestImport(t *testing.T) {
	t.Parallel()
	for _, d := range deployments[:2] {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if why := d.left(); why != "" {
				t.Skip("LEFT OUT: " + why)
			}
			w := up(t, d)
			w.env = append(w.env, "APPM_DB_PASSWORD="+w.Database.App.Password)
			w.byHand(t)
			before := w.look(t)
			w.inventory = filepath.Join(t.TempDir(), "inventory.toml")
			r := w.want(t, 0, append([]string{"import"}, w.importFlags()...)...)
			if !strings.Contains(r.out, "No changes.") {
				t.Errorf("import says\n%s%s", r.out, r.err)
			}
			w.same(t, before, "import")
			text, err := os.ReadFile(w.inventory)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s\n%s", r.out, text)
			if strings.Contains(string(text), w.Database.App.Password) {
				t.Error("the inventory holds the password")
			}
			w.want(t, 0, "validate")
			if plan := w.want(t, 0, "plan", "--detailed-exitcode"); !strings.Contains(plan.out, "No changes.") {
				t.Errorf("plan says\n%s", plan.out)
			}
			w.row(t, "store1", "store", "1.2.0", "current", "all 2", "ok", "none")
			w.unusual(t)
		})
	}
}

// unusual makes what nobody would make on purpose, and has it told.
func (w *world) unusual(t *testing.T) {
	h, n := w.node(t, "publisher")
	replace(t, h, n.Home+"/"+conf+"axis2/axis2.xml", ">wso2.pub.store.domain<", ">wso2.other.domain<")
	replace(t, h, n.Home+"/"+conf+"user-mgt.xml", "\n    <Property name=\"ReadOnly\">false<", "\n    <Property name=\"ReadOnly\">true<")
	w.inventory = filepath.Join(t.TempDir(), "inventory.toml")
	r := w.want(t, 0, append([]string{"import", "--secret-file", "appm.secret"}, w.importFlags()...)...)
	for _, want := range []string{
		`unusual: store1: its cluster domain is "wso2.pub.store.domain", that of pub1 is "wso2.other.domain"`,
		"unusual: pub1: the user store of user-mgt.xml is not the page's, and stays as it is",
		"A plan on it would change this",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("import does not say %q:\n%s", want, r.out)
		}
	}
	secret := filepath.Join(filepath.Dir(w.inventory), "appm.secret")
	if data, err := os.ReadFile(secret); err != nil || strings.TrimSpace(string(data)) != w.Database.App.Password {
		t.Errorf("the file of the secret: %v", err)
	}
	if stat, err := os.Stat(secret); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("the file of the secret: %v, %v", stat.Mode(), err)
	}
	if again := w.run(t, append([]string{"import"}, w.importFlags()...)...); again.code != 3 || !strings.Contains(again.err, "writes over nothing") {
		t.Errorf("a second import ended with %d: %s", again.code, again.err)
	}
}

func (w *world) importFlags() []string {
	flags := []string{"--user", w.User}
	set := func(key string, value any) { flags = append(flags, "--set", fmt.Sprintf("%s=%v", key, value)) }
	if w.Form == "real" {
		flags = append(flags, "--sudo")
	}
	set("ssh.config", "none")
	set("ssh.key", w.KeyFile)
	set("ssh.known_hosts", w.KnownHosts)
	set("product.java_home", w.JavaHome)
	for _, h := range w.Hosts {
		if len(h.Nodes) == 0 {
			continue
		}
		flags = append(flags, "--host", h.Name+"="+h.Address)
		set("host."+h.Name+".ssh.host", h.SSH.Host)
		set("host."+h.Name+".ssh.port", h.SSH.Port)
		if w.Form == "embedded" {
			set("host."+h.Name+".hosts_file", h.HostsFile)
			set("host."+h.Name+".state_dir", filepath.Join(h.Root, "var", "lib", "appm-provision"))
			flags = append(flags, "--node", h.Name+"="+h.Nodes[0].Home) // its processes are this machine's, and so are the others'
		}
	}
	return flags
}
