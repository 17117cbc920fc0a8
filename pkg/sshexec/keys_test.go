package sshexec

import (
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// awaitSocket waits until somebody listens: the file is there a moment before.
func awaitSocket(t testing.TB, name string) {
	t.Helper()
	for range 1200 {
		if conn, err := net.Dial("unix", name); err == nil {
			conn.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("nobody listens on %s", name)
}

// Every kind and form of key file that ssh-keygen makes lets us into OpenSSH.
func TestKeyFiles(t *testing.T) {
	c := startCell(t, newKey(t).PublicKey(), "PubkeyAcceptedAlgorithms -ssh-rsa")
	for _, k := range [][]string{
		{"-t", "ed25519"}, {"-t", "ecdsa", "-b", "256"}, {"-t", "ecdsa", "-b", "384"}, {"-t", "ecdsa", "-b", "521"}, {"-t", "rsa", "-b", "2048"},
		{"-t", "rsa", "-b", "2048", "-m", "PEM"}, {"-t", "rsa", "-b", "2048", "-m", "PKCS8"}, {"-t", "ecdsa", "-m", "PEM"}, {"-t", "ecdsa", "-m", "PKCS8"},
	} {
		for _, passphrase := range []string{"", "let me in"} {
			name := strings.Join(k, " ") + " " + passphrase
			file := makeKey(t, passphrase, k...)
			c.allow(t, publicOf(t, file))
			cfg := c.config("plain", false, nil)
			cfg.Signers, cfg.KeyFiles = nil, []string{file}
			if passphrase == "" {
				dial(t, cfg).Close()
				continue
			}
			if strings.Contains(name, "PKCS8") {
				cfg.Passphrase = func(string) string { return passphrase }
				refused(t, cfg, Authentication, file, "PKCS #8", "ssh-keygen -p -f "+file)
				continue
			}
			if got := LockedKeys(t.Context(), cfg); len(got) != 1 || got[0] != file {
				t.Errorf("%s: got locked %q", name, got)
			}
			refused(t, cfg, Authentication, "no key to offer", file, "has a passphrase", "ssh-add "+file)
			cfg.Passphrase = func(asked string) string {
				if asked != file {
					t.Errorf("asked for the passphrase of %s", asked)
				}
				return "wrong"
			}
			refused(t, cfg, Authentication, "key "+file+" is not opened by the passphrase")
			cfg.Passphrase = func(string) string { return passphrase }
			dial(t, cfg).Close()
			if !Opens(file, passphrase) || Opens(file, "wrong") {
				t.Errorf("%s: Opens does not tell the right passphrase from a wrong one", name)
			}
		}
	}
}

// What ssh would not use is not used, and the message says why and what to do.
func TestUnusableKeyFiles(t *testing.T) {
	open, signer := writeKey(t, "")
	g := startDoorman(t, byKey(signer.PublicKey()))
	with := func(files ...string) Config {
		cfg := g.config(nil)
		cfg.Signers, cfg.KeyFiles = nil, files
		return cfg
	}
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, with(open), Authentication, "key "+open+" is not used, because others may read it (mode 0644)", "chmod 600 "+open)
	if err := os.Chmod(open, 0o400); err != nil {
		t.Fatal(err)
	}
	dial(t, with(open))

	for text, words := range map[string]string{
		"":                                 "cannot be read",
		"hello":                            "cannot be read",
		"PuTTY-User-Key-File-3: ssh-rsa\n": "puttygen",
	} {
		file := t.TempDir() + "/id of mine"
		write(t, file, text, 0o600)
		refused(t, with(file), Authentication, file, words)
	}
	security := t.TempDir() + "/id_ed25519_sk"
	write(t, security, securityKey(t), 0o600)
	refused(t, with(security), Authentication, security+" is on a security key", "ssh-add "+security)
	if got := g.log(); got != fingerprints(signer.PublicKey()) { // of the one login
		t.Errorf("the host saw %q", got)
	}
}

// securityKey is a file as ssh-keygen makes it for a FIDO key, whose private
// half is a handle.
func securityKey(t *testing.T) string {
	t.Helper()
	public := ssh.Marshal(struct {
		Type string
		Key  []byte
		App  string
	}{"sk-ssh-ed25519@openssh.com", make([]byte, 32), "ssh:"})
	private := ssh.Marshal(struct {
		Check1, Check2 uint32
		Type           string
		Key            []byte
		App            string
		Flags          byte
		Handle, Rest   []byte
		Comment        string
		Pad            []byte `ssh:"rest"`
	}{1, 1, "sk-ssh-ed25519@openssh.com", make([]byte, 32), "ssh:", 1, make([]byte, 64), nil, "", []byte{1, 2, 3, 4, 5}})
	whole := append([]byte("openssh-key-v1\x00"), ssh.Marshal(struct {
		Cipher, KDF, Options string
		Keys                 uint32
		Public, Private      []byte
	}{"none", "none", "", 1, public, private})...)
	return pemText("OPENSSH PRIVATE KEY", whole)
}

// A host of today's OpenSSH takes no signature over SHA-1, and we make none.
func TestNoSHA1Signatures(t *testing.T) {
	file := makeKey(t, "", "-t", "rsa", "-b", "2048")
	g := startDoorman(t, func(g *doorman) *ssh.ServerConfig {
		rules := byKey(publicOf(t, file))(g)
		rules.PublicKeyAuthAlgorithms = []string{ssh.KeyAlgoRSA}
		return rules
	})
	cfg := g.config(nil)
	cfg.Signers, cfg.KeyFiles = nil, []string{file}
	refused(t, cfg, Authentication, "key")
	if got := g.log(); got != "" {
		t.Errorf("the host was offered %s", got)
	}
}

// The keys that the configuration names come first, through the agent where it
// holds them; then the agent's others, unless they are not wanted.
func TestOrderOfKeys(t *testing.T) {
	others := []string{makeKey(t, "", "-t", "ed25519"), makeKey(t, "", "-t", "ed25519"), makeKey(t, "", "-t", "ecdsa")}
	named, plain := makeKey(t, "", "-t", "ed25519"), makeKey(t, "", "-t", "rsa", "-b", "2048")
	socket := startAgent(t, append(others, named)...)
	keygen(t, "-p", "-P", "", "-N", "only the agent has it open", "-f", named)
	var keys []ssh.PublicKey
	for _, file := range append([]string{named, plain}, others...) {
		keys = append(keys, publicOf(t, file))
	}
	g := startDoorman(t, byKey(nil))
	cfg := g.config(nil)
	cfg.Signers, cfg.KeyFiles, cfg.AgentSocket = nil, []string{named, plain}, socket
	if got := LockedKeys(t.Context(), cfg); len(got) != 0 {
		t.Errorf("got locked %q, though the agent holds it", got)
	}
	refused(t, cfg, Authentication, "offered 5 keys")
	if got, want := g.log(), fingerprints(keys...); got != want {
		t.Errorf("got offers\n%s\nwant\n%s", got, want)
	}
	cfg.IdentitiesOnly = true
	refused(t, cfg, Authentication, "offered 2 keys")
	if got, want := g.log(), fingerprints(keys[:2]...); got != want {
		t.Errorf("IdentitiesOnly: got offers\n%s\nwant\n%s", got, want)
	}
	if err := os.Rename(named+".pub", named); err != nil { // as with a key that never leaves the agent
		t.Fatal(err)
	}
	cfg.KeyFiles = []string{named}
	right := startDoorman(t, byKey(keys[0]))
	cfg.Port, cfg.HostKey = right.port, ssh.FingerprintSHA256(right.hostKey.PublicKey())
	dial(t, cfg)
	cfg.AgentSocket = ""
	refused(t, cfg, Authentication, named+" is a public key, and the agent does not hold its private half")
}

// The ninth key of an agent works with an sshd that takes six, and a key that is
// named spares it the others.
func TestAgentWithManyKeys(t *testing.T) {
	c := startCell(t, newKey(t).PublicKey())
	var files []string
	for range 9 {
		files = append(files, makeKey(t, "", "-t", "ed25519"))
	}
	right := files[8]
	c.allow(t, publicOf(t, right))
	cfg := c.config("plain", false, nil)
	cfg.Signers, cfg.AgentSocket = nil, startAgent(t, files...)
	dial(t, cfg)
	if got := strings.Count(c.log.String(), "Connection from"); got != 2+1 { // one was await's
		t.Errorf("got %d connections, want 2 of ours: %s", got, c.log)
	}
	cfg.KeyFiles = []string{right + ".pub"}
	before := strings.Count(c.log.String(), "Failed publickey")
	dial(t, cfg)
	if got := strings.Count(c.log.String(), "Failed publickey") - before; got != 0 {
		t.Errorf("%d keys were refused before the one that is named", got)
	}
}

// An agent that is locked, empty or gone is said so, and does not keep others from
// being used.
func TestAgentTroubles(t *testing.T) {
	file, signer := writeKey(t, "")
	g := startDoorman(t, byKey(signer.PublicKey()))
	cfg := g.config(nil)
	cfg.Signers = nil
	private, err := ssh.ParseRawPrivateKey(readFile(t, file))
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	cfg.AgentSocket = serveAgent(t, ring)
	dial(t, cfg)
	if err := ring.Lock([]byte("x")); err != nil {
		t.Fatal(err)
	}
	refused(t, cfg, Authentication, "shows no keys: it is empty or locked")
	if err := ring.Unlock([]byte("x")); err != nil {
		t.Fatal(err)
	}

	cfg.AgentSocket = serveAgent(t, &mortal{Agent: ring})
	refused(t, cfg, Authentication, "the host accepts key "+ssh.FingerprintSHA256(signer.PublicKey()), "did not sign")
	unsure := startDoorman(t, byKey(signer.PublicKey()))
	other := cfg
	other.Port, other.HostKey, other.KeyFiles = unsure.port, ssh.FingerprintSHA256(unsure.hostKey.PublicKey()), []string{makeKey(t, "", "-t", "ed25519")}
	refused(t, other, Authentication, "offered 2 keys", "did not sign")

	silent := &mute{Agent: ring, until: make(chan struct{})}
	defer close(silent.until)
	cfg.AgentSocket, cfg.LoginTimeout = serveAgent(t, silent), 400*time.Millisecond
	refused(t, cfg, Unreachable, "did not log us in within 400ms", "it waited for key "+ssh.FingerprintSHA256(signer.PublicKey())+" to sign")
}

// mortal is an agent that tells its keys and then signs nothing.
type mortal struct{ agent.Agent }

func (*mortal) Sign(ssh.PublicKey, []byte) (*ssh.Signature, error) { return nil, io.ErrUnexpectedEOF }

// mute is an agent that waits for its user, who has gone to lunch.
type mute struct {
	agent.Agent
	until chan struct{}
}

func (m *mute) Sign(ssh.PublicKey, []byte) (*ssh.Signature, error) {
	<-m.until
	return nil, errors.New("nobody came")
}

// The agent is stopped after it told its keys.
func TestAgentDies(t *testing.T) {
	file := makeKey(t, "", "-t", "ed25519")
	socket := startAgent(t, file)
	g := startDoorman(t, byKey(publicOf(t, file)))
	cfg := g.config(nil)
	cfg.Signers, cfg.AgentSocket = nil, relayAgent(t, socket, 1)
	refused(t, cfg, Authentication, "did not sign")
}

// relayAgent passes so many answers of an agent on, and hangs up.
func relayAgent(t *testing.T, socket string, answers int) string {
	t.Helper()
	near := t.TempDir() + "/relay"
	l, err := net.Listen("unix", near)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		far, err := net.Dial("unix", socket)
		if err != nil {
			return
		}
		defer far.Close()
		buf := make([]byte, 64<<10)
		for range answers {
			n, _ := conn.Read(buf)
			_, _ = far.Write(buf[:n])
			n, _ = far.Read(buf)
			_, _ = conn.Write(buf[:n])
		}
		_, _ = conn.Read(buf) // a question that gets no answer
	}()
	return near
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A deployment of many hosts opens a key with a passphrase once.
func TestPassphraseIsUsedOnce(t *testing.T) {
	file, signer := writeKey(t, "let me in")
	g := startDoorman(t, byKey(signer.PublicKey()))
	var p Pool
	cfg := g.config(nil)
	cfg.Signers, cfg.KeyFiles, cfg.Passphrase = nil, []string{file}, func(string) string { return "let me in" }
	for range 3 {
		conn, err := p.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	opened := p.ring.files[file].key
	if opened(readFile(t, file), "let me in") == nil || opened(readFile(t, file), "wrong") != nil || opened([]byte("changed"), "let me in") != nil {
		t.Error("the ring does not give the key to the right passphrase, or gives it to a wrong one")
	}
	cfg.Passphrase = func(string) string { return "wrong" }
	if _, err := p.Dial(t.Context(), cfg); !IsKind(err, Authentication) {
		t.Errorf("got %v with a wrong passphrase after a right one", err)
	}
}

func pemText(kind string, data []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}))
}
