package sshconfig

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// me is an operator of these tests' own.
func me(home string) Local {
	env := map[string]string{"SSH_AUTH_SOCK": "/run/agent", "OTHER": "/run/other", "KEYS": "/keys"}
	return Local{User: "op", UID: 1000, Home: home, Hostname: "desk.example", Getenv: func(name string) (string, bool) {
		value, set := env[name]
		return value, set
	}}
}

// files writes the user's file, and more files by name.
func files(t *testing.T, user string, more ...string) Files {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".ssh/config"), user)
	for i := 0; i < len(more); i += 2 {
		write(t, filepath.Join(dir, more[i]), more[i+1])
	}
	return Files{User: filepath.Join(dir, ".ssh/config"), System: filepath.Join(dir, "system"), Local: me(dir)}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func resolved(t *testing.T, f Files, alias string, given Given) Host {
	t.Helper()
	h, err := f.Resolve(alias, given)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestNothingSaid(t *testing.T) {
	f := Files{User: filepath.Join(t.TempDir(), "none"), Local: me("/home/op")}
	got := resolved(t, f, "192.168.10.11", Given{})
	want := Host{
		Alias: "192.168.10.11", HostName: "192.168.10.11", User: "op", Port: 22, IdentityAgent: "/run/agent", Network: "tcp",
		UserKnownHosts:   []string{"/home/op/.ssh/known_hosts", "/home/op/.ssh/known_hosts2"},
		GlobalKnownHosts: []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestValues(t *testing.T) {
	f := files(t, `
Host gw1
	HostName %h.example.com
	User deploy
	Port 2222
	IdentityFile ~/.ssh/%r@%h:%p
	IdentityFile ${KEYS}/%n_%u_%i_%L_%l_%%_%k
	CertificateFile %d/cert.pub
	IdentitiesOnly yes
	IdentityAgent $OTHER
	UserKnownHostsFile ~/kh /b
	HostKeyAlias gateway
	ConnectTimeout 1m30
	ServerAliveInterval 0
	ServerAliveCountMax 9
	StrictHostKeyChecking accept-new
	AddressFamily inet6
	BindAddress ::1
Host *
	User nobody
	IdentityFile /last
`, "system", "GlobalKnownHostsFile /global\nPort 1\n")
	got, home := resolved(t, f, "gw1", Given{}), f.Local.Home
	want := Host{
		Alias: "gw1", HostName: "gw1.example.com", User: "deploy", Port: 2222,
		IdentityFiles:    []string{home + "/.ssh/deploy@gw1.example.com:2222", "/keys/gw1_op_1000_desk_desk.example_%_gateway", "/last"},
		CertificateFiles: []string{home + "/cert.pub"}, IdentitiesOnly: true, IdentityAgent: "/run/other",
		UserKnownHosts: []string{home + "/kh", "/b"}, GlobalKnownHosts: []string{"/global"}, HostKeyAlias: "gateway",
		AcceptNew: true, Network: "tcp6", BindAddress: "::1", ConnectTimeout: 90 * time.Second, KeepAlive: -1, KeepAliveCount: 9,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	given := resolved(t, f, "gw1", Given{User: "wso2", Port: 22})
	if given.User != "wso2" || given.Port != 22 || given.IdentityFiles[0] != home+"/.ssh/wso2@gw1.example.com:22" {
		t.Errorf("what is given does not win: %+v", given)
	}
}

func TestAgents(t *testing.T) {
	for text, want := range map[string]string{
		"none": "", "SSH_AUTH_SOCK": "/run/agent", "$OTHER": "/run/other", "${OTHER}": "/run/other", "$UNSET": "", "~/a": "~/a", "/x/%r": "/x/op",
	} {
		f := files(t, "IdentityAgent "+text)
		want = strings.Replace(want, "~", f.Local.Home, 1)
		if got := resolved(t, f, "gw1", Given{}).IdentityAgent; got != want {
			t.Errorf("IdentityAgent %s is %q, want %q", text, got, want)
		}
	}
}

func TestNoIdentityIsNotTheSameAsNoneSaid(t *testing.T) {
	if h := resolved(t, files(t, "IdentityFile none\nPubkeyAuthentication no"), "gw1", Given{}); h.IdentityFiles == nil || len(h.IdentityFiles) > 0 || !h.NoKeys {
		t.Errorf("got %#v", h)
	}
}

// way is who is passed, as user@name:port.
func way(h Host) string {
	var hops []string
	for _, j := range append(slices.Clone(h.Jump), h) {
		hops = append(hops, j.User+"@"+j.HostName)
	}
	return strings.Join(hops, " ")
}

func TestJumps(t *testing.T) {
	const config = `
Host inner
	ProxyJump outer
Host outer
	HostName outer.example
	ProxyJump first
	User o
Host two
	ProxyJump u@first:2201,outer
Host second
	ProxyJump outer,inner
Host self
	ProxyJump self
Host circle
	ProxyJump round
Host round
	ProxyJump circle
Host none
	ProxyJump none
Host dots
	HostName d.example
	ProxyJump %h-jump
Host both
	ProxyJump first
	ProxyCommand /bin/false
Host odd
	ProxyJump first,,outer
Match host grow*
	ProxyJump %nx
`
	for alias, want := range map[string]string{
		"inner": "op@first o@outer.example op@inner", "two": "u@first o@outer.example op@two", "plain": "op@plain", "none": "op@none",
		"second": "op@first o@outer.example op@inner op@second", "dots": "op@d.example-jump op@d.example", "both": "op@first op@both",
		"self":   "config:13: ProxyJump leads in a circle: self → self; put `Host self` with `ProxyJump none` above it",
		"circle": "config:17: ProxyJump leads in a circle: circle → round → circle; put `Host circle` with `ProxyJump none` above it",
		"grow":   "config:29: ProxyJump leads over more than 16 hops: grow" + growing(16),
		"odd":    "config:27: ProxyJump first,,outer: want [user@]host[:port], with commas between",
	} {
		h, err := files(t, config).Resolve(alias, Given{})
		got := way(h)
		if err != nil {
			got = short(err)
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", alias, got, want)
		}
	}
	if h := resolved(t, files(t, config), "self", Given{Jump: true}); len(h.Jump) > 0 {
		t.Errorf("a way that is given is %v", way(h))
	}
}

func growing(n int) string {
	text := ""
	for i := 1; i <= n; i++ {
		text += " → grow" + strings.Repeat("x", i)
	}
	return text
}

// short is an error without the folder of the test.
func short(err error) string {
	_, text, _ := strings.Cut(err.Error(), "/.ssh/")
	if text == "" {
		return err.Error()
	}
	return text
}

func TestLinesThatCannotBeHonoured(t *testing.T) {
	for config, want := range map[string]string{
		"ProxyCommand nc %h %p":                   `config:1: ProxyCommand is not supported, and without it we might not talk to whom you mean; use ProxyJump, or jump in the inventory; jump = "none" there connects directly, whatever this line says`,
		"\n\nHost *\n CanonicalizeHostname yes":   "config:4: CanonicalizeHostname is not supported, and without it we might not talk to whom you mean; write the full name into the inventory",
		"Include more\nPKCS11Provider /lib/x":     "more:2: KnownHostsCommand is not supported, and without it we might not talk to whom you mean; put the host's key into a known_hosts file, or its fingerprint into host_key of the inventory",
		"Match exec \"test -f x\"\n Port 3":       "config:1: Match exec cannot be decided by this tool; use Host, or Match host, or point ssh.config in the inventory to a file without it",
		"Match host gw1 tagged x":                 "config:1: Match tagged cannot be decided by this tool; use Host, or Match host, or point ssh.config in the inventory to a file without it",
		"ProxyComand x":                           "config:1: no directive is called proxycomand (did you mean ProxyCommand?)",
		"SomethingQuiteDifferent x":               "config:1: no directive is called somethingquitedifferent; if your ssh knows it, name it in IgnoreUnknown, or leave it out for this host",
		"Port":                                    "config:1: no value after Port",
		"User \"x":                                "config:1: a quote is not closed",
		"HostName a b":                            "config:1: HostName has more than one value; put quotes around one with blanks",
		"HostName %p":                             "config:1: HostName %p: the token %p is not supported here",
		"IdentityFile %C":                         "config:1: IdentityFile %C: the token %C is not supported here",
		"IdentityFile ${UNSET}/x":                 "config:1: IdentityFile ${UNSET}/x: the environment variable UNSET is not set",
		"IdentityFile ~else/x":                    "config:1: IdentityFile ~else/x: ~else/x: the home of another user is not supported; write the path",
		"Port ssh":                                "config:1: Port ssh is no number from 1 to 65535",
		"User %r":                                 "config:1: User %r: tokens and variables are not supported here",
		"Ciphers 3des-ctr,blowfish":               "config:1: Ciphers leaves no algorithm that this tool knows; it knows aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr",
		"BindAddress eth0":                        "config:1: BindAddress eth0 is no IP address; names are not supported here",
		"ConnectTimeout 99999999999999999999":     "config:1: ConnectTimeout 99999999999999999999 is no time, want such as 30 or 1m30s",
		"StrictHostKeyChecking maybe":             "config:1: StrictHostKeyChecking maybe: want yes, ask, accept-new or no",
		"Include ~/.ssh/config":                   "config:1: files include each other; a file must not include itself",
		"Match":                                   "config:1: Match without a criterion",
		"Match user":                              "config:1: Match user names nothing",
		"Match host gw1 host gw1 all":             "config:1: Match all stands with other criteria",
		"Host gw*\n VerifyHostKeyDNS yes\n Mac x": "config:3: no directive is called mac (did you mean MACs?)",
	} {
		f := files(t, config, ".ssh/more", "# more\nKnownHostsCommand /bin/x\n")
		_, err := f.Resolve("gw1", Given{})
		var ours *Error
		if !errors.As(err, &ours) || short(err) != want {
			t.Errorf("%q:\ngot  %v\nwant %s", config, err, want)
		}
	}
}

func TestLinesThatDoNotMatter(t *testing.T) {
	for _, config := range []string{
		"Host other\n ProxyCommand nc %h %p\n NoSuchThing x\n Port x\n User \"x",
		"Match host other exec \"exit 1\"\n ProxyCommand x",
		"Match !final\nMatch user root exec x",
		"ProxyCommand none\nHost *\n ProxyCommand nc %h %p",
		"Host gw1\nProxyJump first\nProxyCommand nc %h %p",
		"CanonicalizeHostname no\nPKCS11Provider none\nKnownHostsCommand none",
		"IgnoreUnknown Use*,Odd\nUseThis x\nodd x",
		"ProxyUseFdpass yes\nForwardX11 yes\nSendEnv A B\nLocalForward 80 x:80\nControlMaster auto\nUseKeychain yes",
		"Include not/there *.none",
		"Host other\nInclude more",
	} {
		f := files(t, config, ".ssh/more", "KnownHostsCommand /bin/x\nHost gw1\nProxyCommand x\nMatch all\nProxyCommand x\n")
		if _, err := f.Resolve("gw1", Given{}); err != nil {
			t.Errorf("%q: %v", config, err)
		}
	}
	if _, err := files(t, "ProxyCommand nc %h %p").Resolve("gw1", Given{Jump: true}); err != nil {
		t.Errorf("a ProxyCommand matters although the way is given: %v", err)
	}
}

func TestAlgorithms(t *testing.T) {
	for text, want := range map[string]string{
		"aes256-ctr,unknown,aes128-ctr": "aes256-ctr aes128-ctr",
		"+aes128-cbc":                   "aes128-gcm@openssh.com aes256-gcm@openssh.com chacha20-poly1305@openssh.com aes128-ctr aes192-ctr aes256-ctr aes128-cbc",
		"-aes*,nothing":                 "chacha20-poly1305@openssh.com",
		"^aes256-ctr,aes128-ctr":        "aes256-ctr aes128-ctr aes128-gcm@openssh.com aes256-gcm@openssh.com chacha20-poly1305@openssh.com aes192-ctr",
	} {
		if got := strings.Join(resolved(t, files(t, "Ciphers "+text), "gw1", Given{}).Ciphers, " "); got != want {
			t.Errorf("Ciphers %s:\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestWhoMayWriteTheFile(t *testing.T) {
	f := files(t, "Port 3")
	if err := os.Chmod(f.User, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Resolve("gw1", Given{}); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("got %v", err)
	}
	f.Alone = true
	if h := resolved(t, f, "gw1", Given{}); h.Port != 3 {
		t.Errorf("got port %d", h.Port)
	}
	f.User += "-none"
	if _, err := f.Resolve("gw1", Given{}); err == nil || !strings.HasSuffix(err.Error(), "config-none: no such file or directory") {
		t.Errorf("a named file that is missing: %v", err)
	}
}

func TestIncludes(t *testing.T) {
	f := files(t, "Include conf.d/*\nInclude ~/abs\nHost gw1\nInclude inner\nPort 9\n",
		".ssh/conf.d/1", "Host gw2\nPort 3\n", ".ssh/conf.d/2", "User two\n", ".ssh/conf.d/.hidden", "User hidden\nPort 4\n", ".ssh/conf.d/sub/x", "Port 5",
		"abs", "HostName abs\n", ".ssh/inner", "Host none\nHostKeyAlias none\nMatch all\nHostKeyAlias inner\n", "system", "User system\nInclude /not/there\n")
	got := resolved(t, f, "gw1", Given{})
	if got.User != "two" || got.Port != 9 || got.HostName != "abs" || got.HostKeyAlias != "inner" {
		t.Errorf("got %+v", got)
	}
	if other := resolved(t, f, "gw3", Given{}); other.HostKeyAlias != "" || other.Port != 22 {
		t.Errorf("what is included into a block for gw1 counts for gw3: %+v", other)
	}
}

func TestStrictnessIsKept(t *testing.T) {
	h := resolved(t, files(t, "StrictHostKeyChecking no"), "gw1", Given{})
	if h.AcceptNew || len(h.Warnings) != 1 || !strings.Contains(h.Warnings[0], "config:1: StrictHostKeyChecking no is not honoured") {
		t.Errorf("got %+v", h)
	}
}

// FuzzResolve: no file makes it panic, or go on without end.
func FuzzResolve(f *testing.F) {
	for _, text := range append(append(values, criteria...), "Match all\nInclude *", "Host \"a", "ProxyJump %h%", "Ciphers +", "Ciphers ^,,", "Port =", "=", "\"\"", "Match host=", "User \\") {
		f.Add(text, "gw1")
	}
	f.Fuzz(func(t *testing.T, text, alias string) {
		if strings.Contains(strings.ToLower(text), "include") || len(text) > 4096 {
			return // of files of this machine
		}
		path := filepath.Join(t.TempDir(), "config")
		write(t, path, text)
		h, err := Files{User: path, Alone: true, Local: me("/home/op")}.Resolve(alias, Given{})
		if err == nil && (h.Port == 0 || h.User == "") {
			t.Errorf("%q gives %+v", text, h)
		}
	})
}
