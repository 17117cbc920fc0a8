package integration_test

import (
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// TestJumpHosts plans and applies over real hosts that are reached through one
// another, as ssh_config or the inventory says.
func TestJumpHosts(t *testing.T) {
	t.Parallel()
	d := deployment{name: "OpenSSH and MariaDB", real: true, kind: mysqld.MariaDB}
	if why := d.left(); why != "" {
		fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s: %s ***\n\n", t.Name(), why)
		t.Skip(why)
	}
	w := up(t, d)
	wanted := w.want(t, 0, "plan").out
	before := w.look(t)
	for _, c := range []struct {
		name      string
		inventory func(*testing.T, *world) string
		way       map[string]string // from where each host is logged in to; "" is this machine
	}{
		{"one, by the inventory", func(t *testing.T, w *world) string {
			return w.withSSH(t, `jump = "db1"`)
		}, map[string]string{"db1": "", "idp1": "db1", "gw1": "db1", "pub1": "db1", "store1": "db1"}},
		{"two, by the inventory", func(t *testing.T, w *world) string {
			return w.withSSH(t, `jump = ["gw1", "db1"]`)
		}, map[string]string{"gw1": "", "db1": "gw1", "idp1": "db1", "pub1": "db1", "store1": "db1"}},
		{"one, by ssh_config", func(t *testing.T, w *world) string {
			return w.withConfig(t, "Host pub1.lab store1.lab\n\tProxyJump "+w.User+"@"+w.Host("db1").SSH.Host+"\n")
		}, map[string]string{"db1": "", "idp1": "", "gw1": "", "pub1": "db1", "store1": "db1"}},
		{"two, by ssh_config", func(t *testing.T, w *world) string {
			return w.withConfig(t, "Host store1.lab\n\tProxyJump pub1.lab\nHost pub1.lab\n\tProxyJump db1.lab\n")
		}, map[string]string{"db1": "", "idp1": "", "gw1": "", "pub1": "db1", "store1": "pub1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := w.logins(t)
			r := w.runOn(t, c.inventory(t, w), "plan")
			if r.code != 0 || r.out != wanted {
				t.Fatalf("the plan ended with %d:\n%s%s", r.code, r.out, r.err)
			}
			for name, from := range c.way {
				got := w.logins(t)[name][len(was[name]):]
				if want := w.addressOf(from); len(got) != 1 || got[0] != want {
					t.Errorf("%s was logged in to from %v, want once from %s", name, got, want)
				}
			}
		})
	}
	w.same(t, before, "plans through jump hosts")
	t.Run("refusals", w.jumpRefusals)
	t.Run("an apply through two", func(t *testing.T) {
		inventory := w.withConfig(t, "Host store1.lab idp1.lab\n\tProxyJump gw1.lab,db1.lab\nHost pub1.lab\n\tProxyJump db1.lab\n")
		if r := w.runOn(t, inventory, "apply", "--yes"); r.code != 0 {
			t.Fatalf("the apply ended with %d:\n%s%s", r.code, r.out, r.err)
		}
		if r := w.run(t, "plan", "--detailed-exitcode"); r.code != 0 {
			t.Errorf("after it a direct plan ends with %d:\n%s%s", r.code, r.out, r.err)
		}
	})
}

// jumpRefusals are ways that lead nowhere: one clear error each, before anything
// is changed.
func (w *world) jumpRefusals(t *testing.T) {
	locked := w.lockedKey(t, "hush-open")
	w.env = append(w.env, "LAB_PASSPHRASE=hush-open", "LAB_WRONG=hush-wrong")
	for _, r := range []refusal{
		{name: "a jump host that is down", code: 10, want: []string{"idp1: ", "gw1: ", "store1: ", "127.0.0.1", "refused"}, not: []string{"db1: no"}, make: func(t *testing.T, w *world) string {
			jump := fmt.Sprintf("jump = \"127.0.0.1:%d\"", closedPort(t))
			return w.vary(t, "config = \"none\"\n", "config = \"none\"\n"+jump+"\n")
		}},
		{name: "a jump host that is unknown", code: 12, want: []string{"store1: jump host unknown: ", "SHA256:", "in no known_hosts file"}, make: func(t *testing.T, w *world) string {
			return w.withConfig(t, "Host store1.lab\n\tProxyJump unknown\nHost unknown\n\tHostName "+w.Host("db1").SSH.Host+"\n\tHostKeyAlias localhost\n")
		}},
		{name: "a jump host that forbids tunnels", code: 10, want: []string{"store1: ", "db1"}, make: func(t *testing.T, w *world) string {
			w.withoutForwarding(t, "db1")
			return w.withSSH(t, `jump = "db1"`)
		}},
		{name: "a jump host that takes no key", code: 11, want: []string{"store1: ", "nobody"}, make: func(t *testing.T, w *world) string {
			return w.withConfig(t, "Host store1.lab\n\tProxyJump nobody@db1.lab\n")
		}},
		{name: "a wrong passphrase", code: 3, want: []string{"key " + locked, "ssh.passphrase (env LAB_WRONG)", "ssh-add"}, make: func(t *testing.T, w *world) string {
			return w.vary(t, fmt.Sprintf("key = %q", w.KeyFile), fmt.Sprintf("key = %q\npassphrase = { env = \"LAB_WRONG\" }", locked))
		}},
		{name: "no passphrase", code: 3, want: []string{"key " + locked, "no terminal", "ssh-add"}, make: func(t *testing.T, w *world) string {
			return w.vary(t, w.KeyFile, locked)
		}},
		{name: "a directive that is not supported", code: 3, want: []string{"gw1: ", "config:2: ProxyCommand is not supported"}, not: []string{"idp1"}, make: func(t *testing.T, w *world) string {
			return w.withConfig(t, "Host gw1.lab\n\tProxyCommand nc %h %p\n")
		}},
	} {
		t.Run(r.name, func(t *testing.T) { refused(t, w, r) })
	}
	t.Run("the right passphrase", func(t *testing.T) {
		inventory := w.vary(t, fmt.Sprintf("key = %q", w.KeyFile), fmt.Sprintf("key = %q\npassphrase = { env = \"LAB_PASSPHRASE\" }", locked))
		if r := w.runOn(t, inventory, "plan"); r.code != 0 {
			t.Errorf("the plan ended with %d: %s", r.code, r.err)
		}
	})
}

// withSSH is the lab's inventory with a line more in [ssh].
func (w *world) withSSH(t *testing.T, line string) string {
	t.Helper()
	return w.vary(t, "config = \"none\"\n", "config = \"none\"\n"+line+"\n")
}

// withConfig is the lab's inventory whose hosts have names that only an
// ssh_config knows; it begins with these lines.
func (w *world) withConfig(t *testing.T, lines string) string {
	t.Helper()
	text := lines
	var pairs []string
	for _, h := range w.Hosts {
		text += fmt.Sprintf("Host %s.lab\n\tHostName %s\n", h.Name, h.SSH.Host)
		pairs = append(pairs, endpoint(h), fmt.Sprintf("ssh = { host = %q }", h.Name+".lab"))
	}
	text += fmt.Sprintf("Host *\n\tUser %s\n\tIdentityFile %s\n\tUserKnownHostsFile %s\n", w.User, w.KeyFile, w.KnownHosts)
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("config = \"none\"\nuser = %q\nkey = %q\nknown_hosts = [%q]\n", w.User, w.KeyFile, w.KnownHosts)
	return w.vary(t, append(pairs, own, fmt.Sprintf("config = %q\n", file))...)
}

// addressOf is where a host's connections come from; "" is this machine.
func (w *world) addressOf(host string) string {
	if host == "" {
		address := w.Hosts[0].Address
		return address[:strings.LastIndex(address, ".")+1] + "1"
	}
	return w.Host(host).Address
}

// logins are from where each host was logged in to, as its sshd says.
func (w *world) logins(t *testing.T) map[string][]string {
	t.Helper()
	from := map[string][]string{}
	for _, h := range w.Hosts {
		log, err := os.ReadFile(h.Path("/var/log/sshd.log"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(log)) {
			if _, after, accepted := strings.Cut(line, "Accepted publickey for "+w.User+" from "); accepted {
				address, _, _ := strings.Cut(after, " ")
				from[h.Name] = append(from[h.Name], address)
			}
		}
	}
	return from
}

// withoutForwarding is a host that allows our key no tunnels, until the test
// ends.
func (w *world) withoutForwarding(t *testing.T, host string) {
	t.Helper()
	file := w.Host(host).Path("/home/" + w.User + "/.ssh/authorized_keys")
	line := keep(t, file)
	if err := os.WriteFile(file, append([]byte("no-port-forwarding "), line...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lockedKey is the lab's key in a file with a passphrase.
func (w *world) lockedKey(t *testing.T, passphrase string) string {
	t.Helper()
	text, err := os.ReadFile(w.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "locked")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
