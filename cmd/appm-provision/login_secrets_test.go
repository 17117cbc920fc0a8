package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// lockedKey writes a key file with a passphrase.
func lockedKey(t *testing.T, file, passphrase string) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	if err == nil {
		err = os.WriteFile(file, pem.EncodeToMemory(block), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// noTerminal is where scripts run.
func noTerminal(t *testing.T) sources {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	return sources{stdin: null, ask: func(q string) { t.Errorf("it asks %q", q) }}
}

// asked are the logins of these hosts after the questions.
func asked(t *testing.T, inv inventory.Inventory, from sources, names ...string) (*logins, error) {
	t.Helper()
	l, _, err := ways(t, inv, names...)
	if err != nil {
		t.Fatal(err)
	}
	return l, l.ask(t.Context(), names, from)
}

// Hosts where one account has one password try it one after another, wherever the
// inventory says what it is.
func TestSharedPasswordsAreTriedOnOneHost(t *testing.T) {
	athome(t, "Host *\n IdentityAgent none\n")
	t.Setenv("ONE", "same")
	t.Setenv("TWO", "same")
	t.Setenv("OTHER", "another")
	inv := described(t, `user = "deploy"
password = { env = "ONE" }
become = "sudo"
become_password = { env = "ONE" }`, "a", "b ssh = { password = { env = \"TWO\" }, become_password = { env = \"TWO\" } }",
		"c ssh = { password = { env = \"OTHER\" } }", "d ssh = { user = \"someone\" }",
		"e ssh = { become = \"su\" }", "f ssh = { user = \"someone\", become = \"su\" }")
	l, err := asked(t, inv, noTerminal(t), "a", "b", "c", "d", "e", "f")
	if err != nil {
		t.Fatal(err)
	}
	of := func(name string) *login { return l.hosts[name] }
	for pair, want := range map[[2]string][2]bool{
		{"a", "b"}: {true, true}, {"a", "c"}: {false, true}, {"a", "d"}: {false, false}, {"a", "e"}: {true, false}, {"e", "f"}: {false, true},
	} {
		x, y := of(pair[0]), of(pair[1])
		if got := [2]bool{x.PasswordTrial == y.PasswordTrial, x.BecomeTrial == y.BecomeTrial}; got != want || x.BecomeTrial == x.PasswordTrial || x.BecomeTrial == nil {
			t.Errorf("%v: got %v, want %v to be one", pair, got, want)
		}
	}
}

func TestSecretsFromTheEnvironment(t *testing.T) {
	home := athome(t, "Host *\n IdentityAgent none\n")
	key := filepath.Join(home, "key")
	lockedKey(t, key, "open")
	t.Setenv("PASS", "open")
	t.Setenv("LOGIN", "login")
	t.Setenv("BECOME", "become")
	inv := described(t, `user = "deploy"
key = "`+key+`"
passphrase = { env = "PASS" }
password = { env = "LOGIN" }
become = "sudo"
become_password = { env = "BECOME" }`, "a", "b ssh = { user = \"root\" }", "c ssh = { jump = \"elsewhere\" }")
	l, err := asked(t, inv, noTerminal(t), "a", "b", "c")
	if err != nil {
		t.Fatal(err)
	}
	a, b, hop := l.hosts["a"].config(), l.hosts["b"].config(), l.hosts["c"].config().Jump
	if a.Passphrase(key) != "open" || a.Password() != "login" || a.BecomePassword() != "become" || a.Passphrase("other") != "" {
		t.Error("a does not have its secrets")
	}
	if b.BecomePassword != nil {
		t.Error("root is given a password of sudo")
	}
	if hop.Password != nil || hop.BecomePassword != nil || hop.Passphrase(key) != "open" {
		t.Error("a hop outside of the inventory gets passwords, or cannot open the key")
	}
}

func TestSecretsThatAreWrong(t *testing.T) {
	home := athome(t, "Host *\n IdentityAgent none\n")
	key := filepath.Join(home, "key")
	lockedKey(t, key, "open")
	t.Setenv("PASS", "hush-wrong")
	for _, c := range []struct{ name, ssh, want string }{
		{"passphrase", `passphrase = { env = "PASS" }`, "key " + key + " is not opened by ssh.passphrase (env PASS); correct it, or run: ssh-add " + key},
		{"passphrase that is not there", `passphrase = { env = "NONE" }`, "ssh.passphrase (env NONE): the environment variable NONE is not set; export it"},
		{"no terminal", "", "key " + key + ` has a passphrase, and there is no terminal to ask on; run: ssh-add ` + key + `, or say in the inventory where it is: passphrase = { env = "NAME" }`},
		{"password", "passphrase = { env = \"PASS\" }\npassword = { env = \"NONE\" }", "ssh.password (env NONE): the environment variable NONE is not set; export it\nkey " + key + " is not opened by ssh.passphrase (env PASS); correct it, or run: ssh-add " + key},
		{"prompt without a terminal", "password = { prompt = true }", "ssh.password (prompt): there is no terminal to ask on; use env, file or command in the inventory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := asked(t, described(t, "key = \""+key+"\"\n"+c.ssh, "a", "b"), noTerminal(t), "a", "b")
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestAPassphraseThatIsNotNeededIsNotFetched(t *testing.T) {
	home := athome(t, "Host *\n IdentityAgent none\n")
	private := lockedKey(t, filepath.Join(home, ".ssh/id_rsa"), "open")
	// id_ed25519 can be tried without, and nobody has named id_rsa.
	inv := described(t, `passphrase = { env = "NONE" }`, "a")
	l, err := asked(t, inv, noTerminal(t), "a")
	if err != nil || l.hosts["a"].Passphrase(home+"/.ssh/id_rsa") != "" {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(filepath.Join(home, ".ssh/id_ed25519")); err != nil {
		t.Fatal(err)
	}
	if _, err := asked(t, inv, noTerminal(t), "a"); err == nil || !strings.Contains(err.Error(), "NONE") {
		t.Errorf("with nothing else to offer: %v", err)
	}
	socket := serveAgent(t, private)
	inv.SSH.Config = inventory.NoSSHConfig
	t.Setenv("SSH_AUTH_SOCK", socket)
	if _, err := asked(t, inv, noTerminal(t), "a"); err != nil {
		t.Errorf("the agent holds the key: %v", err)
	}
}

// serveAgent is an agent that holds a key.
func serveAgent(t *testing.T, key ed25519.PrivateKey) (socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ring := agent.NewKeyring()
	l, listenErr := net.Listen("unix", filepath.Join(dir, "s"))
	if err := errors.Join(listenErr, ring.Add(agent.AddedKey{PrivateKey: key})); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }() // ends with the connection
		}
	}()
	return l.Addr().String()
}
