package sshexec

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// sign makes a certificate for the public half of a key file, and returns its
// file, which is beside the key.
func sign(t testing.TB, authority, key string, args ...string) string {
	t.Helper()
	keygen(t, append(append([]string{"-s", authority, "-I", "a test's"}, args...), key+".pub")...)
	return key + "-cert.pub"
}

func move(t testing.TB, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	return to
}

// A user's certificate opens OpenSSH: beside the key, in a file of its own, or in
// the agent; and where it does not, the message says why.
func TestUserCertificates(t *testing.T) {
	authority := makeKey(t, "", "-t", "ecdsa")
	c := startCell(t, newKey(t).PublicKey(), "TrustedUserCAKeys /etc/ssh/cell_authority", "CASignatureAlgorithms ^ecdsa-sha2-nistp256")
	write(t, filepath.Join(c.dir, "etc/ssh/cell_authority"), string(readFile(t, authority+".pub")), 0o644)
	with := func(file string) Config {
		cfg := c.config("plain", false, nil)
		cfg.Signers, cfg.KeyFiles = nil, []string{file}
		return cfg
	}
	for _, kind := range [][]string{{"-t", "ed25519"}, {"-t", "rsa", "-b", "2048"}, {"-t", "ecdsa"}} {
		key := makeKey(t, "", kind...)
		sign(t, authority, key, "-n", "plain", "-V", "+1h")
		dial(t, with(key)).Close()

		apart := with(key)
		apart.Certificates = []string{move(t, key+"-cert.pub")}
		dial(t, apart).Close()
		apart.KeyFiles = []string{makeKey(t, "", "-t", "ed25519")}
		refused(t, apart, Authentication, "certificate "+apart.Certificates[0], "its key "+ssh.FingerprintSHA256(publicOf(t, key)), "neither among the key files nor in the agent")
		apart.AgentSocket, apart.IdentitiesOnly = startAgent(t, key), true
		dial(t, apart).Close() // the agent has the key, and we the certificate

		sign(t, authority, key, "-n", "plain", "-V", "+1h")
		held := c.config("plain", false, nil)
		held.Signers, held.AgentSocket = nil, startAgent(t, key) // ssh-add adds the certificate beside it
		dial(t, held).Close()
		if err := os.Remove(key + "-cert.pub"); err != nil {
			t.Fatal(err)
		}
		held.KeyFiles, held.IdentitiesOnly = []string{key}, true
		dial(t, held).Close()
	}

	key := makeKey(t, "", "-t", "ed25519")
	for _, bad := range []struct {
		args  []string
		words string
	}{
		{[]string{"-n", "plain", "-V", "20200101000000:20200201000000"}, "expired on 2020-0"},
		{[]string{"-n", "plain", "-V", "20400101000000:20500101000000"}, "is valid from 20"},
		{[]string{"-n", "root,admin", "-V", "+1h"}, `is for ["root" "admin"], not for plain`},
		{[]string{"-n", "127.0.0.1", "-h"}, "is no user's certificate"},
	} {
		cert := sign(t, authority, key, bad.args...)
		refused(t, with(key), Authentication, "certificate "+cert, bad.words)
	}
	write(t, key+"-cert.pub", "nonsense", 0o644)
	refused(t, with(key), Authentication, key+"-cert.pub cannot be read")
}

// hostCell is an sshd that shows a certificate for its key.
func hostCell(t *testing.T, authority string, login ssh.Signer, args ...string) *cell {
	t.Helper()
	c := startCell(t, login.PublicKey(), "HostCertificate /etc/ssh/cell_key-cert.pub")
	sign(t, authority, filepath.Join(c.dir, "etc/ssh/cell_key"), append([]string{"-h"}, args...)...)
	return c
}

func TestHostCertificates(t *testing.T) {
	authority, stranger := makeKey(t, "", "-t", "rsa", "-b", "2048"), makeKey(t, "", "-t", "ed25519")
	line := func(pattern, file string) string {
		return "@cert-authority " + pattern + " " + strings.TrimSpace(string(readFile(t, file+".pub")))
	}
	known := func(lines ...string) []string {
		file := filepath.Join(t.TempDir(), "known_hosts")
		write(t, file, strings.Join(lines, "\n")+"\n", 0o600)
		return []string{file}
	}
	key := newKey(t)
	c := hostCell(t, authority, key, "-n", "gw1.example.com,127.0.0.1", "-V", "+1h")
	with := func(lines ...string) Config {
		cfg := c.config("plain", false, key)
		cfg.HostKey, cfg.KnownHosts = "", known(lines...)
		return cfg
	}
	alias := func(cfg Config, name string) Config { cfg.HostKeyAlias = name; return cfg }
	plain := func(name string) string { return name + " " + strings.TrimSpace(c.hostKey) }

	dial(t, with(line("*", authority)))
	dial(t, with(line(fmt.Sprintf("[127.0.0.1]:%d", c.port), authority)))
	dial(t, with(line("gw9.example.com", authority), line("127.0.0.*,*.example.com", authority)))
	dial(t, alias(with(line("*.example.com", authority)), "gw1.example.com"))
	dial(t, with(line("*", stranger), line("*", authority)))

	refused(t, with(line("*.example.com", authority)), HostKey, "is in no known_hosts file")
	refused(t, with(line("*", stranger)), HostKey, "is in no known_hosts file")
	refused(t, alias(with(line("*.example.com", authority)), "gw2.example.com"), HostKey,
		`is for ["gw1.example.com" "127.0.0.1"], not for gw2.example.com`, "HostKeyAlias")
	revoked := "@revoked * "
	refused(t, with(line("*", authority), revoked+string(readFile(t, authority+".pub"))), HostKey, "is revoked by known_hosts", "do not connect")
	refused(t, with(line("*", authority), revoked+c.hostKey), HostKey, "is revoked by known_hosts", "do not connect")

	// The host's own key, known or not, counts where no authority is trusted for it.
	name := fmt.Sprintf("[127.0.0.1]:%d", c.port)
	dial(t, with(plain(name)))
	dial(t, with(line("*", stranger), plain(name)))
	refused(t, with(line("*", stranger), plain(name), revoked+c.hostKey), HostKey, "known_hosts:3")
	fresh := with(line("*", stranger))
	fresh.AcceptNew = true
	dial(t, fresh)
	if text := string(readFile(t, fresh.KnownHosts[0])); !strings.Contains(text, name+" ssh-ed25519 ") {
		t.Errorf("accept-new wrote %q", text)
	}
	pinned := with()
	pinned.HostKey = ssh.FingerprintSHA256(publicFile(filepath.Join(c.dir, "etc/ssh/cell_key.pub")))
	dial(t, pinned)

	c = hostCell(t, authority, key, "-n", "127.0.0.1", "-V", "20200101000000:20200201000000")
	refused(t, with(line("*", authority)), HostKey, "signed by "+ssh.FingerprintSHA256(publicOf(t, authority)), "expired on 2020-0", "signed again")
	c = hostCell(t, authority, key, "-n", "127.0.0.1", "-V", "20400101000000:20500101000000")
	refused(t, with(line("*", authority)), HostKey, "is valid from", "clock")
}
