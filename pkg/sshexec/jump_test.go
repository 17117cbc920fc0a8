package sshexec

import (
	"strings"
	"testing"
	"time"

	lab "github.com/appm-provision/appm-provision/integration/wire"
	"golang.org/x/crypto/ssh"
)

// wantOneError wants, of every host, one error that names the jump host once.
func wantOneError(t *testing.T, errs []error, kind Kind, hosts []Config, words ...string) {
	t.Helper()
	for i, err := range errs {
		if !IsKind(err, kind) {
			t.Errorf("%s: got %v, want kind %s", hosts[i].Host, err, kind)
			continue
		}
		text := err.Error()
		for _, word := range append(words, hosts[i].Host+": ") {
			if strings.Count(text, word) != 1 {
				t.Errorf("got %q, want %q in it once", text, word)
			}
		}
		if strings.Contains(text, "\n") {
			t.Errorf("got several errors: %q", text)
		}
	}
}

// Whatever keeps us from a jump host is said once for each host behind it, with
// the jump host's name, and has the kind of its cause.
func TestJumpHostTroubles(t *testing.T) {
	key := newKey(t)
	jump, target := startDoorman(t, byKey(key.PublicKey())), startDoorman(t, byKey(key.PublicKey()))
	hosts := func(bastion Config) []Config {
		list := []Config{}
		for _, name := range []string{"idp1", "gw1", "store1"} {
			cfg := behind(called(target.config(key), name), bastion)
			cfg.User = name
			list = append(list, cfg)
		}
		return list
	}
	try := func(what string, kind Kind, change func(*Config), words ...string) {
		t.Run(what, func(t *testing.T) {
			bastion := called(jump.config(key), "bastion")
			change(&bastion)
			list := hosts(bastion)
			_, errs := dialAll(t, new(Pool), list...)
			wantOneError(t, errs, kind, list, append(words, "jump host bastion: ")...)
		})
	}
	free := freePort(t)
	try("down", Unreachable, func(c *Config) { c.Port = free }, "no connection to 127.0.0.1:")
	try("wrong key", Authentication, func(c *Config) { c.Signers = []ssh.Signer{newKey(t)} }, "login as anyone was refused")
	try("changed host key", HostKey, func(c *Config) { c.HostKey = "SHA256:x" }, "is not the one pinned for it")
	try("no user", Request, func(c *Config) { c.User = "" }, "an address and a user are needed")

	cfg := behind(called(target.config(key), "gw1"), called(jump.config(key), "bastion"))
	cfg.Port = free
	refused(t, cfg, Unreachable, "no connection from jump host bastion to 127.0.0.1:", "refused")
	cfg.Port, cfg.HostKey = target.port, "SHA256:x"
	refused(t, cfg, HostKey, "is not the one pinned")
	far := behind(called(target.config(key), "gw1"), called(jump.config(key), "inner"), called(jump.config(newKey(t)), "outer"))
	refused(t, far, Authentication, "jump host inner: jump host outer: login as anyone was refused")
}

// OpenSSH says why it opens no tunnel, and known_hosts holds behind it, too.
func TestJumpHostForbids(t *testing.T) {
	key := sharedKey(t)
	closed := startCell(t, key.PublicKey(), "AllowTcpForwarding no")
	cfg := behind(sharedCell(t).config("plain", false, key), called(closed.config("plain", false, key), "bastion"))
	refused(t, cfg, Unreachable, "jump host bastion does not allow a tunnel", "AllowTcpForwarding")

	open := startCell(t, key.PublicKey())
	cfg = behind(sharedCell(t).config("plain", false, key), called(open.config("plain", false, key), "bastion"))
	cfg.HostKey, cfg.KnownHosts = "", []string{t.TempDir() + "/known_hosts"}
	refused(t, cfg, HostKey, "is in no known_hosts file")
	cfg.AcceptNew = true
	dial(t, cfg)
	cfg.AcceptNew = false
	dial(t, cfg)
	line := string(readFile(t, cfg.KnownHosts[0]))
	other := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(newKey(t).PublicKey())))
	write(t, cfg.KnownHosts[0], strings.Fields(line)[0]+" "+other+"\n", 0o600)
	refused(t, cfg, HostKey, "is not the one in known_hosts", "known_hosts:1", "-f "+cfg.KnownHosts[0])
}

// A jump host that is cut off, or falls silent, is named by every host behind it.
func TestJumpHostIsLost(t *testing.T) {
	for _, how := range []string{"cut", "silent", "the second is cut", "the host itself is silent"} {
		t.Run(how, func(t *testing.T) {
			key := newKey(t)
			outer, inner, target := startDoorman(t, byKey(key.PublicKey())), startDoorman(t, byKey(key.PublicKey())), startDoorman(t, byKey(key.PublicKey()))
			line, last := proxyTo(t, outer.port), proxyTo(t, target.port)
			first, second := called(outer.config(key), "bastion"), called(inner.config(key), "inner")
			first.Port = proxyPort(t, line)
			var hosts []Config
			for _, name := range []string{"idp1", "gw1", "store1"} {
				cfg := behind(called(target.config(key), name), second, first)
				cfg.User, cfg.Port = name, proxyPort(t, last)
				for c := &cfg; c != nil; c = c.Jump {
					c.KeepAlive, c.KeepAliveCount = 100*time.Millisecond, 5
				}
				hosts = append(hosts, cfg)
			}
			conns, errs := dialAll(t, new(Pool), hosts...)
			failed := make(chan error, len(conns))
			for i, c := range conns {
				if errs[i] != nil {
					t.Fatal(errs[i])
				}
				go func() {
					_, _, err := c.Run(t.Context(), "", "sleep 60", nil, nil, nil)
					failed <- err
				}()
			}
			comesTrue(t, func() bool { return conns[0].execs.Load()+conns[1].execs.Load()+conns[2].execs.Load() == 3 })
			words := []string{"connection to jump host bastion"}
			switch how {
			case "cut":
				outer.cut()
			case "silent":
				line.Set(lab.Blackhole)
				words = append(words, "no sign of life for 500ms")
			case "the second is cut":
				inner.cut()
				words = []string{"connection to jump host inner"}
			case "the host itself is silent":
				last.Set(lab.Blackhole)
				words = []string{"the connection was lost during", "no sign of life"}
			}
			for range conns {
				err := <-failed
				if !IsKind(err, Lost) {
					t.Errorf("got %v, want the connection lost", err)
				}
				for _, word := range words {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("got %q, want %q in it", err, word)
					}
				}
			}
			line.Set(lab.Open)
			last.Set(lab.Open)
		})
	}
}

// Wherever the way to the jump host is cut while hosts behind it log in, each of
// them has one error, which names the jump host.
func TestJumpHostIsCutWhileLoggingIn(t *testing.T) {
	key := newKey(t)
	jump, target := startDoorman(t, byKey(key.PublicKey())), startDoorman(t, byKey(key.PublicKey()))
	for at, ended := 1, false; !ended; at++ {
		if at > 100 {
			t.Fatal("the logins never come to their end")
		}
		line := proxyTo(t, jump.port)
		line.SetCut(lab.Cut{Of: lab.Changes, At: at, Stay: true})
		bastion := called(jump.config(key), "bastion")
		bastion.Port = proxyPort(t, line)
		var hosts []Config
		for _, name := range []string{"idp1", "gw1"} {
			cfg := behind(called(target.config(key), name), bastion)
			cfg.User = name
			hosts = append(hosts, cfg)
		}
		conns, errs := dialAll(t, new(Pool), hosts...)
		for i, err := range errs {
			if err == nil {
				conns[i].Close()
				continue
			}
			wantOneError(t, []error{err}, Unreachable, hosts[i:i+1], "jump host bastion")
		}
		ended = line.Count().Changes < at
	}
}
