package sshexec

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// refused dials and wants an Error of that kind with these words in its text.
func refused(t *testing.T, cfg Config, kind Kind, words ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := Dial(ctx, cfg)
	if err == nil {
		c.Close()
		t.Fatalf("connected, want %s", kind)
	}
	if !IsKind(err, kind) {
		t.Errorf("got %v, want kind %s", err, kind)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %q, want %q in it", err, word)
		}
	}
	if !strings.HasPrefix(err.Error(), cfg.Host+": ") {
		t.Errorf("got %q, want the name of the host first", err)
	}
}

func TestHostKeys(t *testing.T) {
	key := newKey(t)
	s := listen(t, key.PublicKey())
	name := xknownhosts.Normalize(net.JoinHostPort(s.address, strconv.Itoa(s.port)))
	right, wrong := s.hostKey.PublicKey(), newKey(t).PublicKey()
	file := func(lines ...string) []string {
		f := filepath.Join(t.TempDir(), "known_hosts")
		write(t, f, strings.Join(lines, "\n"), 0o600)
		return []string{f}
	}
	cfg := s.config(key)
	cfg.HostKey = ""
	with := func(files []string) Config { cfg := cfg; cfg.KnownHosts = files; return cfg }

	line := xknownhosts.Line([]string{name}, right)
	dial(t, with(file(line)))
	dial(t, with(file(xknownhosts.Line([]string{xknownhosts.HashHostname(name)}, right))))
	dial(t, with(append([]string{"/does/not/exist"}, file(line)...)))
	refused(t, with(nil), HostKey, ssh.FingerprintSHA256(right), "accept-new")
	refused(t, with(file(xknownhosts.Line([]string{name}, wrong))), HostKey, ssh.FingerprintSHA256(right),
		ssh.FingerprintSHA256(wrong), "known_hosts:1", "ssh-keygen -R '"+name+"'")
	refused(t, with(file(line, "@revoked * "+strings.SplitN(line, " ", 2)[1])), HostKey, "revoked", "known_hosts:2")

	var warnings []string
	odd := with(file("complete nonsense", line, name+" ssh-ed25519 AAAAnope"))
	odd.Warn = func(w string) { warnings = append(warnings, w) }
	dial(t, odd)
	if got := strings.Join(warnings, "\n"); len(warnings) != 2 || !strings.Contains(got, "known_hosts:1: ") || !strings.Contains(got, "known_hosts:3: ") {
		t.Errorf("got warnings %q", warnings)
	}
	changed := with(file("complete nonsense", xknownhosts.Line([]string{name}, wrong)))
	refused(t, changed, HostKey, changed.KnownHosts[0]+":2")

	pinned := cfg
	pinned.HostKey = string(ssh.MarshalAuthorizedKey(right))
	dial(t, pinned)
	pinned.HostKey = string(ssh.MarshalAuthorizedKey(wrong))
	refused(t, pinned, HostKey, "pinned", ssh.FingerprintSHA256(right), ssh.FingerprintSHA256(wrong))
	pinned.HostKey = "nonsense"
	refused(t, pinned, Request, "pinned")

	alias := with(file(xknownhosts.Line([]string{"other.name"}, right))) // whatever the port, as ssh has it
	alias.HostKeyAlias = "other.name"
	dial(t, alias)
}

func TestAcceptNew(t *testing.T) {
	key := newKey(t)
	s := listen(t, key.PublicKey())
	cfg := s.config(key)
	cfg.HostKey, cfg.AcceptNew = "", true
	refused(t, cfg, HostKey, "accept-new needs a known_hosts file")
	cfg.KnownHosts = []string{filepath.Join(t.TempDir(), "new", "known_hosts")}
	dial(t, cfg)
	cfg.AcceptNew = false
	dial(t, cfg)
	s2 := listen(t, key.PublicKey())
	s2.port, s2.hostKey = s.port, newKey(t)
	cfg.AcceptNew = true
	write(t, cfg.KnownHosts[0], xknownhosts.Line([]string{net.JoinHostPort(s.address, strconv.Itoa(s.port))}, s2.hostKey.PublicKey()), 0o600)
	refused(t, cfg, HostKey, "is not the one in known_hosts") // accept-new never accepts a changed key
	write(t, cfg.KnownHosts[0], "# no end of line", 0o600)
	dial(t, cfg)
	text, err := os.ReadFile(cfg.KnownHosts[0])
	if err != nil || !strings.HasPrefix(string(text), "# no end of line\n[127.0.0.1]:") {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestAuthentication(t *testing.T) {
	file, signer := writeKey(t, "")
	s := listen(t, signer.PublicKey())
	cfg := s.config(newKey(t))
	refused(t, cfg, Authentication, "anyone", "it was offered 1 key")
	cfg.KeyFiles = []string{file}
	dial(t, cfg)
	cfg.Signers, cfg.KeyFiles = nil, []string{file + ".none"}
	refused(t, cfg, Authentication, "no key to offer", "id_ed25519.none")
	cfg.KeyFiles, cfg.AgentSocket = nil, "/does/not/exist"
	refused(t, cfg, Authentication, "agent")
}

func TestAgent(t *testing.T) {
	locked, signer := writeKey(t, "passphrase")
	s := listen(t, signer.PublicKey())
	cfg := s.config(nil)
	cfg.Signers, cfg.KeyFiles = nil, []string{locked}
	refused(t, cfg, Authentication, "passphrase", "ssh-add "+locked)

	ring := agent.NewKeyring()
	pem, err := os.ReadFile(locked)
	if err != nil {
		t.Fatal(err)
	}
	private, err := ssh.ParseRawPrivateKeyWithPassphrase(pem, []byte("passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	cfg.AgentSocket = serveAgent(t, ring)
	dial(t, cfg)
	cfg.KeyFiles = nil
	done := make(chan *Conn)
	for range 8 { // at the same time: each login has an agent client of its own
		go func() {
			c, err := Dial(t.Context(), cfg)
			if err != nil {
				t.Error(err)
			}
			done <- c
		}()
	}
	for range 8 {
		if c := <-done; c != nil {
			c.Close()
		}
	}
}

// sshd ends the connection after six wrong keys. Then the next ones get a
// connection of their own, but not without end.
func TestTooManyKeys(t *testing.T) {
	cfg := sharedCell(t).config("plain", false, sharedKey(t))
	right := cfg.Signers
	cfg.Signers = nil
	for range 8 {
		cfg.Signers = append(cfg.Signers, newKey(t))
	}
	refused(t, cfg, Authentication, "offered 8 keys")
	for range 22 {
		cfg.Signers = append(cfg.Signers, newKey(t))
	}
	all := cfg.Signers
	cfg.Signers = append(append([]ssh.Signer{}, all[:8]...), right...)
	dial(t, cfg)
	cfg.Signers = append(append([]ssh.Signer{}, all...), right...)
	refused(t, cfg, Authentication, "ended 4 connections", "24 of 31", "name the right key")
}

// An agent that takes a question and never answers must not hold us, and must
// not keep a key file from being used.
func TestSilentAgent(t *testing.T) {
	file, signer := writeKey(t, "")
	cfg := listen(t, signer.PublicKey()).config(nil)
	cfg.Signers, cfg.KeyFiles = nil, []string{file}
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg.AgentSocket, cfg.LoginTimeout = socket, 300*time.Millisecond
	dial(t, cfg)
	cfg.KeyFiles = nil
	refused(t, cfg, Authentication, "did not answer within 150ms")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	cfg.LoginTimeout = time.Minute
	if _, err := Dial(ctx, cfg); !IsKind(err, Interrupted) {
		t.Errorf("got %v, want interrupted", err)
	}
}

func serveAgent(t *testing.T, ring agent.Agent) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }()
		}
	}()
	return socket
}

func TestUnreachable(t *testing.T) {
	cfg := Config{Host: "gw1", Address: "127.0.0.1", Port: freePort(t), User: "u", HostKey: "SHA256:x"}
	refused(t, cfg, Unreachable, "no connection to 127.0.0.1:", "refused")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg.Port = l.Addr().(*net.TCPAddr).Port
	cfg.LoginTimeout = 200 * time.Millisecond
	refused(t, cfg, Unreachable, "did not log us in within 200ms")

	cfg.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	cfg.ConnectTimeout = 100 * time.Millisecond
	refused(t, cfg, Unreachable, "did not answer within 100ms")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dial(ctx, cfg); !IsKind(err, Interrupted) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want interrupted", err)
	}
	refused(t, Config{Host: "x"}, Request)
}

// What is behind a port may be anything.
func TestNoSSHServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			conn.Close()
		}
	}()
	cfg := Config{Host: "gw1", Address: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "u", HostKey: "SHA256:x"}
	refused(t, cfg, Unreachable)
}

func TestSudoIsRefused(t *testing.T) {
	c := sharedCell(t)
	for user, words := range map[string]string{
		"asks":  "asks ALL=(ALL) NOPASSWD: ALL",
		"mate":  "mate ALL=(ALL) NOPASSWD: ALL",
		"plain": "plain ALL=(ALL) NOPASSWD: ALL",
	} {
		conn := dial(t, c.config(user, true, sharedKey(t)))
		_, err := conn.Gather(t.Context(), []Read{{Kind: "run", Name: "true"}})
		wantSudo(t, err, words)
		_, err = conn.Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/hosts"}})
		wantSudo(t, err, words)
		_, err = conn.Replace(t.Context(), []Replace{{Path: "/tmp/x", SHA256: sums(""), Mode: 0o644}})
		wantSudo(t, err, words)
		_, _, err = conn.Run(t.Context(), "", "true", nil, []byte("secret"), nil)
		wantSudo(t, err, words)
	}
}

func wantSudo(t *testing.T, err error, words string) {
	t.Helper()
	if !IsKind(err, Sudo) || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want kind sudo and %q", err, words)
	}
}

func TestNoLogin(t *testing.T) {
	conn := dial(t, sharedCell(t).config("nologin", false, sharedKey(t)))
	_, err := conn.Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/hosts"}})
	if !IsKind(err, Shell) || !strings.Contains(err.Error(), "not available") {
		t.Errorf("got %v, want kind shell", err)
	}
	_, _, err = conn.Run(t.Context(), "", "true", nil, nil, nil)
	if !IsKind(err, Shell) {
		t.Errorf("got %v, want kind shell", err)
	}
}

func TestMissingTool(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // the test's sshd finds sh by its path, and sh finds nothing
	key := newKey(t)
	conn := dial(t, listen(t, key.PublicKey()).config(key))
	_, err := conn.Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/hosts"}})
	if !IsKind(err, Shell) || !strings.Contains(err.Error(), "sh") {
		t.Errorf("got %v, want kind shell", err)
	}
}
