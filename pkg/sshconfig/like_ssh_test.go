package sshconfig

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// openSSH is the program that the tests compare with.
func openSSH(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("ssh")
	if err != nil {
		fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s: there is no ssh to compare with ***\n\n", t.Name())
		t.Skip("no ssh to compare with")
	}
	return path
}

// here is who runs the tests, as ssh sees it.
func here(t *testing.T) Local {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	name, _ := os.Hostname()
	return Local{User: u.Username, UID: uid, Home: u.HomeDir, Hostname: name, Getenv: os.LookupEnv}
}

// compared are the lines of `ssh -G` that say what we honour; algorithms are
// compared where a config names ones that both know.
var compared = []string{
	"user", "hostname", "port", "identityfile", "certificatefile", "identitiesonly", "identityagent", "proxyjump", "proxycommand",
	"userknownhostsfile", "globalknownhostsfile", "hostkeyalias", "connecttimeout", "serveraliveinterval", "serveralivecountmax",
	"stricthostkeychecking", "addressfamily", "bindaddress", "pubkeyauthentication", "ciphers", "macs",
}

// asked is what ssh makes of a file, one value a keyword; an error where it
// refuses the file.
func asked(ssh, file, alias string) (map[string]string, error) {
	cmd := exec.Command(ssh, "-G", "-F", file, alias)
	cmd.Stdin = nil
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	got := map[string]string{}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if slices.Contains(compared, key) {
			got[key] = strings.TrimPrefix(got[key]+" "+value, " ")
		}
	}
	return got, nil
}

// ours is the same by this package: what is compared must come from Resolve
// where it gives it, from the settings where ssh prints what was written.
func ours(file, alias string, local Local) (map[string]string, error) {
	files := Files{User: file, Alone: true, Local: local}
	set, err := files.settings(alias, Given{})
	if err != nil {
		return nil, err
	}
	h, err := set.host()
	if err != nil {
		return nil, err
	}
	got := map[string]string{
		"user": h.User, "hostname": h.HostName, "port": strconv.Itoa(h.Port),
		"identitiesonly": yesNo(h.IdentitiesOnly), "identityfile": written(set.keys), "certificatefile": written(set.certs),
		"userknownhostsfile": orNone(h.UserKnownHosts), "globalknownhostsfile": orNone(h.GlobalKnownHosts),
		"hostkeyalias": h.HostKeyAlias, "identityagent": set.text("identityagent"),
		"connecttimeout": "none", "serveraliveinterval": fmt.Sprint(int(max(h.KeepAlive, 0).Seconds())),
		"serveralivecountmax": strconv.Itoa(h.KeepAliveCount), "addressfamily": "any", "bindaddress": h.BindAddress,
		"stricthostkeychecking": "ask", "pubkeyauthentication": map[bool]string{true: "false", false: "true"}[h.NoKeys],
		"ciphers": strings.Join(h.Ciphers, ","), "macs": strings.Join(h.MACs, ","),
	}
	fill(got, set, h)
	for key, value := range got {
		if value == "" {
			delete(got, key)
		}
	}
	return got, nil
}

// fill adds what ssh prints in words of its own.
func fill(got map[string]string, set *settings, h Host) {
	if h.ConnectTimeout > 0 {
		got["connecttimeout"] = fmt.Sprint(int(h.ConnectTimeout.Seconds()))
	}
	if h.KeepAliveCount == 0 {
		got["serveralivecountmax"] = "3"
	}
	if len(h.Network) > 3 {
		got["addressfamily"] = map[string]string{"tcp4": "inet", "tcp6": "inet6"}[h.Network]
	}
	if strings.HasPrefix(got["identityagent"], "~") {
		got["identityagent"] = h.IdentityAgent
	}
	switch {
	case h.AcceptNew:
		got["stricthostkeychecking"] = "accept-new"
	case len(h.Warnings) > 0:
		got["stricthostkeychecking"] = "false"
	case strings.EqualFold(set.text("stricthostkeychecking"), "yes"):
		got["stricthostkeychecking"] = "true"
	}
	if jump := set.text("proxyjump"); !isNone(jump) {
		got["proxyjump"] = strings.TrimPrefix(jump, "ssh://")
	}
	if command := set.first["proxycommand"]; command.args != nil && !isNone(command.args[0]) {
		got["proxycommand"] = strings.TrimSpace(command.rest)
	}
}

// orNone is how ssh prints a list of files.
func orNone(files []string) string {
	if len(files) == 0 {
		return "none"
	}
	return strings.Join(files, " ")
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func written(lines []setting) string {
	var words []string
	for _, l := range lines {
		words = append(words, l.args[0])
	}
	return strings.Join(words, " ")
}

// same compares all that either side says; what only ssh says is its default.
func same(t *testing.T, ssh, file, alias string, local Local) {
	t.Helper()
	want, refused := asked(ssh, file, alias)
	got, err := ours(file, alias, local)
	if (err != nil) != (refused != nil) {
		t.Errorf("for %s: error %v, and ssh says %v", alias, err, refused)
		return
	}
	for key, value := range got {
		if want[key] != value {
			t.Errorf("for %s: %s is %q, and in ssh it is %q", alias, key, value, want[key])
		}
	}
	for _, key := range []string{"hostkeyalias", "certificatefile", "proxyjump", "proxycommand", "bindaddress", "identityagent"} {
		if got[key] == "" && want[key] != "" {
			t.Errorf("for %s: %s is not set, and in ssh it is %q", alias, key, want[key])
		}
	}
}

var (
	hostNames = []string{"gw1", "gw2", "idp", "IDP", "bastion", "db.example.com", "192.168.10.11", "a.b", "fe80::1"}
	patterns  = []string{"*", "gw*", "gw?", "?w1", "idp", "!gw2", "*.example.com", "192.168.*", "IDP", "i*p", "bastion", "a?b", "!idp", "192.168.10.1?", "gw1", "*?", "**", "fe80::?"}
	values    = []string{
		"HostName %h.internal", "HostName gw1.internal", "HostName=10.0.0.1", "hostname \"quoted.example\"", "HostName Mixed.Case", "HostName %%x",
		"User deploy", "User \"a b\"", "user = root", "User='wso2'", "USER deploy # with a comment", "User de\\\"ploy",
		"Port 2222", "Port=22022", "Port \"23\"", "Port 0", "Port x",
		"IdentityFile ~/.ssh/id_a", "IdentityFile ~/.ssh/id_b", "IdentityFile \"~/my keys/id\"", "IdentityFile none", "IdentityFile %d/%r_%h_%p",
		"CertificateFile ~/.ssh/a-cert.pub", "IdentitiesOnly yes", "IdentitiesOnly no", "IdentitiesOnly TRUE", "IdentitiesOnly perhaps",
		"IdentityAgent none", "IdentityAgent ~/agent.sock", "IdentityAgent SSH_AUTH_SOCK",
		"ProxyJump bastion", "ProxyJump none", "ProxyJump u@a:1,b", "ProxyJump a,,b", "ProxyJump [::1]:22", "ProxyJump ssh://u@h:3",
		"ProxyCommand none", "ProxyCommand ssh -W %h:%p bastion", "ProxyCommand nc \"%h\" %p",
		"UserKnownHostsFile /a /b", "UserKnownHostsFile none", "UserKnownHostsFile ~/.ssh/kh", "GlobalKnownHostsFile /c", "GlobalKnownHostsFile none",
		"HostKeyAlias alias", "ConnectTimeout 10", "ConnectTimeout 1m30s", "ConnectTimeout none", "ConnectTimeout 1x", "ServerAliveInterval 7", "ServerAliveInterval 0", "ServerAliveCountMax 9",
		"StrictHostKeyChecking yes", "StrictHostKeyChecking no", "StrictHostKeyChecking accept-new", "StrictHostKeyChecking ask", "StrictHostKeyChecking maybe",
		"AddressFamily inet", "AddressFamily inet6", "AddressFamily any", "BindAddress 127.0.0.1", "PubkeyAuthentication no", "PubkeyAuthentication yes",
		"Ciphers aes128-ctr,aes256-ctr", "MACs hmac-sha2-256,hmac-sha2-512", "Ciphers aes256-gcm@openssh.com",
		"ForwardAgent yes", "SendEnv LANG LC_*", "LogLevel QUIET", "ControlMaster auto", "", "# a comment", "   # another", "\t",
	}
	criteria = []string{
		"all", "host gw*", "host gw1,idp", "host !gw2", "!host gw1", "originalhost gw1", "originalhost g*,!gw2", "user deploy", "!user deploy", "user d*,root",
		"localuser root", "!localuser root", "final", "canonical", "!final", "host *.internal", "host=idp", "host \"gw1\"", "Host 10.*", "originalhost idp", "final all",
	}
)

// generated is a file of blocks and values; now and then one includes another.
func generated(r *rand.Rand, dir string, depth int) string {
	var b strings.Builder
	for range 2 + r.Intn(9) {
		switch n := r.Intn(12); {
		case n == 0 && depth < 3:
			name := filepath.Join(dir, fmt.Sprintf("included_%d_%d", depth, r.Intn(1e6)))
			os.WriteFile(name, []byte(generated(r, dir, depth+1)), 0o600)
			fmt.Fprintf(&b, "Include %s\n", []string{name, name + "*", "\"" + name + "\" /not/there", filepath.Join(dir, "none_*")}[r.Intn(4)])
		case n < 4:
			fmt.Fprintf(&b, "Host %s\n", strings.Join(some(r, patterns, 3), " "))
		case n < 6:
			fmt.Fprintf(&b, "Match %s\n", strings.Join(some(r, criteria, 2), " "))
		}
		for range r.Intn(3) {
			value := values[r.Intn(len(values))]
			if r.Intn(6) > 0 && wrongValue(value) { // few, or no file would be sound
				continue
			}
			fmt.Fprintf(&b, "%s%s%s", []string{"", "  ", "\t"}[r.Intn(3)], value, []string{"\n", "\n", " \n", "\r\n"}[r.Intn(4)])
		}
	}
	return b.String()
}

func wrongValue(value string) bool {
	for _, w := range []string{"Port 0", "Port x", "perhaps", "a,,b", "1x", "maybe"} {
		if strings.HasSuffix(value, w) {
			return true
		}
	}
	return false
}

func some(r *rand.Rand, from []string, most int) []string {
	var out []string
	for range 1 + r.Intn(most) {
		out = append(out, from[r.Intn(len(from))])
	}
	return out
}

// TestGeneratedFilesMeanWhatTheyMeanToSSH compares with `ssh -G`. A file that
// ssh refuses for a line that does not apply is left out: only lines that apply
// matter to us.
func TestGeneratedFilesMeanWhatTheyMeanToSSH(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("LEFT OUT: the paths of the files are those of Unix")
	}
	ssh, local := openSSH(t), here(t)
	files, both := 120, 0
	if testing.Short() {
		files = 20
	}
	for seed := range files {
		r := rand.New(rand.NewSource(int64(seed)))
		dir := t.TempDir()
		file := filepath.Join(dir, "config")
		text := generated(r, dir, 0)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, alias := range some(r, hostNames, 3) {
			if _, err := asked(ssh, file, alias); err != nil {
				if _, our := ours(file, alias, local); our == nil {
					continue
				}
			}
			both++
			same(t, ssh, file, alias, local)
		}
		if t.Failed() {
			all := text
			included, _ := filepath.Glob(filepath.Join(dir, "included_*"))
			for _, f := range included {
				data, _ := os.ReadFile(f)
				all += "\n=== " + f + "\n" + string(data)
			}
			t.Fatalf("seed %d:\n%s", seed, all)
		}
	}
	if both < files {
		t.Errorf("only %d of %d files could be compared", both, files)
	}
}
