package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// described is an inventory of these hosts, whose ssh part is the test's own.
func described(t *testing.T, ssh string, hosts ...string) inventory.Inventory {
	t.Helper()
	text := "name = \"lab\"\npartial = true\n[ssh]\n" + ssh + `
[product]
home = "/opt/wso2appm"
[driver]
file = "driver.jar"
[database]
address = "10.0.0.9"
admin = { password = { env = "A" } }
user = "appm"
password = { env = "B" }
[idp]
address = "10.0.0.1"
[gateway]
address = "10.0.0.2"
`
	for i, host := range hosts {
		name, ssh, _ := strings.Cut(host, " ")
		role := inventory.Roles[i%4]
		text += fmt.Sprintf("[[host]]\nname = %q\naddress = \"10.0.0.%d\"\n%s\nnodes = [{ role = %q }]\n", name, i+1, ssh, role)
	}
	inv, _, err := inventory.Parse("inventory.toml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return inv
}

// athome is an operator's machine with this ssh_config.
func athome(t *testing.T, config string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("SSH_AUTH_SOCK", "/run/agent")
	if err := os.MkdirAll(filepath.Join(dir, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"config": config, "id_rsa": "no key", "id_ed25519": "no key"} {
		if err := os.WriteFile(filepath.Join(dir, ".ssh", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func ways(t *testing.T, inv inventory.Inventory, names ...string) (*logins, string, error) {
	t.Helper()
	var warnings []string
	l := newLogins(t.TempDir(), inv, func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) })
	l.files.System = "" // this machine's own
	err := l.read(names)
	return l, strings.Join(warnings, "\n"), err
}

// way is who is passed on the way to a host, the host last.
func (w *login) way() string {
	var hops []string
	for _, stop := range w.stops() {
		hops = append(hops, fmt.Sprintf("%s=%s@%s:%d", stop.Host, stop.User, stop.Address, stop.Port))
	}
	slices.Reverse(hops)
	return strings.Join(hops, " ")
}

func TestWays(t *testing.T) {
	const config = `
Host bastion
	HostName b.example
	User ops
	Port 2222
Host 10.0.0.2
	ProxyJump bastion
Host 10.0.0.3
	ProxyJump 10.0.0.1
Host gw.example
	HostName gw.internal
	User fromconfig
	ProxyJump bastion,second
Host own
	ProxyJump bastion
`
	for _, c := range []struct {
		name, ssh string
		hosts     []string
		want      []string // the way to each host
	}{
		{"ssh_config alone", "", []string{"a", "b", "c"}, []string{
			"a=ME@10.0.0.1:22", "bastion=ops@b.example:2222 b=ME@10.0.0.2:22", "a=ME@10.0.0.1:22 c=ME@10.0.0.3:22"}},
		{"the inventory wins", "user = \"deploy\"\nport = 22022", []string{"a", "b"}, []string{
			"a=deploy@10.0.0.1:22022", "bastion=ops@b.example:2222 b=deploy@10.0.0.2:22022"}},
		{"none", "config = \"none\"", []string{"a", "b"}, []string{"a=ME@10.0.0.1:22", "b=ME@10.0.0.2:22"}},
		{"no jump", "jump = \"none\"", []string{"a", "b"}, []string{"a=ME@10.0.0.1:22", "b=ME@10.0.0.2:22"}},
		{"the name that is typed", "", []string{"a ssh = { host = \"gw.example\" }"}, []string{
			"bastion=ops@b.example:2222 second=ME@second:22 a=fromconfig@gw.internal:22"}},
		{"a hop of the inventory", "jump = \"a\"", []string{"a", "b"}, []string{"a=ME@10.0.0.1:22", "a=ME@10.0.0.1:22 b=ME@10.0.0.2:22"}},
		{"two hops of the inventory", "jump = [\"a\", \"b\"]", []string{"a", "b ssh = { user = \"other\" }", "c"}, []string{
			"a=ME@10.0.0.1:22", "a=ME@10.0.0.1:22 b=other@10.0.0.2:22", "a=ME@10.0.0.1:22 b=other@10.0.0.2:22 c=ME@10.0.0.3:22"}},
		{"a hop elsewhere", "user = \"deploy\"\njump = \"bastion\"", []string{"a"}, []string{"bastion=deploy@b.example:2222 a=deploy@10.0.0.1:22"}},
		{"a hop elsewhere with all", "jump = \"u@bastion:3\"", []string{"a"}, []string{"bastion=u@b.example:3 a=ME@10.0.0.1:22"}},
		{"a hop elsewhere with its own way", "jump = [\"own\", \"x\"]", []string{"a"}, []string{
			"bastion=ops@b.example:2222 own=ME@own:22 x=ME@x:22 a=ME@10.0.0.1:22"}},
		{"the first hop's own way, not the second's", "", []string{"a ssh = { jump = [\"b\", \"c\"] }", "b", "c"}, []string{
			"bastion=ops@b.example:2222 b=ME@10.0.0.2:22 c=ME@10.0.0.3:22 a=ME@10.0.0.1:22", "bastion=ops@b.example:2222 b=ME@10.0.0.2:22"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			athome(t, config)
			inv := described(t, c.ssh, c.hosts...)
			var names []string
			for _, h := range inv.Hosts {
				names = append(names, h.Name)
			}
			l, _, err := ways(t, inv, names...)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range c.want {
				if got := strings.ReplaceAll(l.hosts[names[i]].way(), me()+"@", "ME@"); got != want {
					t.Errorf("the way to %s:\ngot  %s\nwant %s", names[i], got, want)
				}
			}
		})
	}
}

func TestAJumpHostThatIsAHostIsTheSameStop(t *testing.T) {
	athome(t, "Host 10.0.0.2 10.0.0.3\n ProxyJump 10.0.0.1\n")
	inv := described(t, "key = \"k\"", "a ssh = { key = \"own\", host_key = \"SHA256:"+strings.Repeat("A", 43)+"\" }", "b", "c")
	l, _, err := ways(t, inv, "b", "a", "c")
	if err != nil {
		t.Fatal(err)
	}
	a, b := l.hosts["a"].config(), l.hosts["b"].config()
	if got := b.Jump; got.Host != "a" || got.HostKey != a.HostKey || !slices.Equal(got.KeyFiles, a.KeyFiles) {
		t.Errorf("the hop is %+v, the host %+v", got, a)
	}
}

func TestLoginSettings(t *testing.T) {
	home := athome(t, `
Host 10.0.0.1
	IdentityFile ~/.ssh/one
	CertificateFile ~/.ssh/one-cert.pub
	IdentitiesOnly yes
	IdentityAgent none
	UserKnownHostsFile ~/kh
	GlobalKnownHostsFile /kh
	HostKeyAlias alias
	StrictHostKeyChecking no
	ConnectTimeout 3
	ServerAliveInterval 4
	ServerAliveCountMax 5
	Ciphers aes256-ctr
	BindAddress 127.0.0.1
	AddressFamily inet
Host 10.0.0.2
	StrictHostKeyChecking accept-new
	PubkeyAuthentication no
`)
	inv := described(t, "", "a", "b", "c", "d ssh = { key = \"mine\" }")
	l, warnings, err := ways(t, inv, "a", "b", "c", "d")
	if err != nil {
		t.Fatal(err)
	}
	a, b, c, d := l.hosts["a"], l.hosts["b"], l.hosts["c"], l.hosts["d"]
	if fmt.Sprint(a.KeyFiles, a.Certificates, a.IdentitiesOnly, a.AgentSocket, a.KnownHosts, a.HostKeyAlias, a.AcceptNew, a.ConnectTimeout, a.KeepAlive, a.KeepAliveCount, a.Ciphers, a.BindAddress, a.Network) !=
		fmt.Sprint([]string{home + "/.ssh/one"}, []string{home + "/.ssh/one-cert.pub"}, true, "", []string{home + "/kh", "/kh"}, "alias", false, 3*time.Second, 4*time.Second, 5, []string{"aes256-ctr"}, "127.0.0.1", "tcp4") {
		t.Errorf("got %+v", a.Config)
	}
	if strings.Count(warnings, "StrictHostKeyChecking no") != 1 {
		t.Errorf("the warnings are %q", warnings)
	}
	if len(b.KeyFiles) > 0 || b.AgentSocket != "" || !b.AcceptNew {
		t.Errorf("got %+v", b.Config)
	}
	if want := []string{home + "/.ssh/id_ed25519", home + "/.ssh/id_rsa"}; !slices.Equal(c.KeyFiles, want) || c.AgentSocket != "/run/agent" || !c.usual || c.ConnectTimeout != connectTimeout {
		t.Errorf("got %+v", c.Config)
	}
	if len(d.KeyFiles) != 1 || filepath.Base(d.KeyFiles[0]) != "mine" || d.usual {
		t.Errorf("got %+v", d.Config)
	}
	inv.SSH.KnownHosts, inv.SSH.ConnectTimeout, inv.SSH.AcceptNew = []string{"/only"}, time.Second, true
	l, _, err = ways(t, inv, "a")
	if a := l.hosts["a"]; err != nil || !slices.Equal(a.KnownHosts, []string{"/only"}) || a.ConnectTimeout != time.Second || !a.AcceptNew {
		t.Errorf("the inventory does not win: %+v %v", a, err)
	}
}

func TestWaysThatCannotBe(t *testing.T) {
	home := athome(t, "Host 10.0.0.*\n\tProxyCommand nc %h %p\n")
	_, _, err := ways(t, described(t, "", "a", "b"), "a", "b")
	if want := "a, b: " + home + "/.ssh/config:2: ProxyCommand is not supported"; err == nil || !strings.HasPrefix(err.Error(), want) || strings.Count(err.Error(), "\n") > 0 {
		t.Errorf("got %v, want %s…", err, want)
	}
	if _, _, err := ways(t, described(t, "jump = \"none\"", "a", "b"), "a", "b"); err != nil {
		t.Errorf("jump = none does not help: %v", err)
	}
	if _, _, err := ways(t, described(t, "config = \"not-there\"", "a"), "a"); err == nil || !strings.HasSuffix(err.Error(), "not-there: no such file or directory") {
		t.Errorf("got %v", err)
	}
	athome(t, "Host 10.0.0.2\n\tProxyJump 10.0.0.1\n")
	if l, _, err := ways(t, described(t, "", "a ssh = { jump = \"b\" }", "b"), "a"); err != nil || strings.Count(l.hosts["a"].way(), " ") != 2 {
		t.Errorf("got %v", err)
	}
}
