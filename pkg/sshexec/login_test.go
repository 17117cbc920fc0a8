package sshexec

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
)

// doorman is an SSH server inside the test whose rules of entry are the test's own.
type doorman struct {
	*server
	mu    sync.Mutex
	seen  []string // what it was offered: the fingerprints of keys, and methods with what came
	doors int      // connections
}

// startDoorman starts it. The config's callbacks may tell the doorman what they saw.
func startDoorman(t testing.TB, config func(*doorman) *ssh.ServerConfig) *doorman {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &doorman{server: &server{address: "127.0.0.1", port: l.Addr().(*net.TCPAddr).Port, hostKey: newKey(t), shell: []string{"/bin/sh", "-c"}}}
	rules := config(g)
	rules.AddHostKey(g.hostKey)
	t.Cleanup(func() { l.Close(); g.cut() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			g.server.mu.Lock()
			g.conns = append(g.conns, conn)
			g.server.mu.Unlock()
			g.mu.Lock()
			g.doors++
			g.mu.Unlock()
			go g.serve(conn, rules)
		}
	}()
	return g
}

func (g *doorman) saw(what string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = append(g.seen, what)
}

func (g *doorman) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.doors
}

// log is what the doorman saw since it was last asked.
func (g *doorman) log() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := strings.Join(g.seen, "\n")
	g.seen = nil
	return seen
}

// byKey lets in one key.
func byKey(allowed ssh.PublicKey) func(*doorman) *ssh.ServerConfig {
	return func(g *doorman) *ssh.ServerConfig {
		return &ssh.ServerConfig{MaxAuthTries: -1, PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			g.saw(ssh.FingerprintSHA256(key))
			if sameKey(key, allowed) {
				return nil, nil
			}
			return nil, errors.New("another key")
		}}
	}
}

// keygen runs OpenSSH's own tool.
func keygen(t testing.TB, args ...string) {
	t.Helper()
	must(t, exec.Command("ssh-keygen", append([]string{"-q"}, args...)...))
}

// makeKey makes a key pair by OpenSSH, in a file of its own.
func makeKey(t testing.TB, passphrase string, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "id")
	keygen(t, append([]string{"-a", "1", "-N", passphrase, "-f", file}, args...)...)
	return file
}

func publicOf(t testing.TB, file string) ssh.PublicKey {
	t.Helper()
	key := publicFile(file + ".pub")
	if key == nil {
		t.Fatalf("%s.pub is no public key", file)
	}
	return key
}

// allow lets a further key into a cell.
func (c *cell) allow(t testing.TB, key ssh.PublicKey) {
	t.Helper()
	file := filepath.Join(c.dir, "etc/ssh/cell_allowed")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(text)+string(ssh.MarshalAuthorizedKey(key)), 0o644)
}

// startAgent starts OpenSSH's own agent, with those keys.
func startAgent(t testing.TB, keys ...string) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent")
	// It ends when its stdin does, so it does not outlive a test that is killed.
	cmd := exec.Command("sh", "-c", `ssh-agent -D -a "$1" </dev/null & cat; kill $!; wait`, "agent", socket)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait()
	})
	awaitSocket(t, socket)
	for _, key := range keys {
		add := exec.Command("ssh-add", "-q", key)
		add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		must(t, add)
	}
	return socket
}

func fingerprints(keys ...ssh.PublicKey) string {
	var list []string
	for _, k := range keys {
		list = append(list, ssh.FingerprintSHA256(k))
	}
	return strings.Join(list, "\n")
}

// Whatever is printed of a configuration, and however, it holds no secret.
func TestConfigPrintsNoSecret(t *testing.T) {
	file, _ := writeKey(t, "geheim-phrase")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKeyWithPassphrase(text, []byte("geheim-phrase"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Address: "h", User: "u", Signers: []ssh.Signer{signer},
		Password:       func() string { return "geheim-login" },
		Passphrase:     func(string) string { return "geheim-phrase" },
		BecomePassword: func() string { return "geheim-sudo" }}
	jump := cfg
	cfg.Jump = &jump
	p := &Pool{}
	if _, err := p.ring.open(file, text, "geheim-phrase"); err != nil {
		t.Fatal(err)
	}
	a := attempt{cfg: &cfg, password: password{text: cfg.Password}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		for _, value := range []any{cfg, &cfg, []Config{cfg}, map[string]any{"x": cfg}, p, p.ring.files[file], a.password, cfg.identity()} {
			printed := fmt.Sprintf(verb, value)
			for _, secret := range []string{"geheim", fmt.Sprintf("%x", "geheim"), fmt.Sprintf("%d", []byte("geheim"))} {
				if strings.Contains(printed, strings.Trim(secret, "[]")) {
					t.Errorf("%s of %T prints a secret: %s", verb, value, printed)
				}
			}
		}
	}
}
