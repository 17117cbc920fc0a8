package sshexec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// attempt is one login: what is offered, what is checked, and what is known
// for the error message if it fails.
type attempt struct {
	cfg     *Config
	client  *ssh.ClientConfig
	address string // as known_hosts knows it
	hosts   hostKeys
	agent   net.Conn // nil without an agent
	notes   []string // keys that could not be offered, and why
	offered int
}

func newAttempt(ctx context.Context, cfg *Config) (*attempt, error) {
	a := &attempt{cfg: cfg, address: lookupName(cfg)}
	if err := a.hosts.load(cfg, a.address); err != nil {
		return nil, err
	}
	signers := a.signers(ctx)
	a.client = &ssh.ClientConfig{
		User:              cfg.User,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signers...)},
		HostKeyCallback:   a.hosts.check,
		HostKeyAlgorithms: a.hosts.algorithms,
		ClientVersion:     "SSH-2.0-appm-provision",
	}
	return a, nil
}

func (a *attempt) close() {
	if a.agent != nil {
		a.agent.Close()
	}
}

// signers are the keys to offer, in the order of Config, each once: sshd counts
// every offer, and closes the connection after six.
func (a *attempt) signers(ctx context.Context) []ssh.Signer {
	fromAgent := a.agentSigners(ctx)
	all := append([]ssh.Signer{}, a.cfg.Signers...)
	for _, file := range a.cfg.KeyFiles {
		signer, err := keyFile(file, fromAgent)
		if err != nil {
			a.notes = append(a.notes, err.Error())
			continue
		}
		all = append(all, signer)
	}
	all = distinct(append(all, fromAgent...))
	a.offered = len(all)
	return all
}

// agentSigners opens an agent client for this login alone: two clients on one
// socket connection steal each other's replies. An agent that does not answer is
// left when the context ends.
func (a *attempt) agentSigners(ctx context.Context) []ssh.Signer {
	if a.cfg.AgentSocket == "" {
		return nil
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", a.cfg.AgentSocket)
	if err != nil {
		a.notes = append(a.notes, fmt.Sprintf("agent: %v", err))
		return nil
	}
	a.agent = conn
	context.AfterFunc(ctx, func() { conn.Close() })
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		a.notes = append(a.notes, fmt.Sprintf("the agent at %s does not tell its keys: %v", a.cfg.AgentSocket, err))
	}
	return signers
}

// keyFile reads a private key. One with a passphrase is looked for in the agent.
func keyFile(file string, fromAgent []ssh.Signer) (ssh.Signer, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(pem)
	var missing *ssh.PassphraseMissingError
	if !errors.As(err, &missing) {
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", file, err)
		}
		return signer, nil
	}
	for _, s := range fromAgent {
		if sameKey(s.PublicKey(), publicHalf(file, missing)) {
			return s, nil
		}
	}
	return nil, fmt.Errorf("key %s has a passphrase; run: ssh-add %s", file, file)
}

// publicHalf is the public key of a private one that cannot be opened.
func publicHalf(file string, missing *ssh.PassphraseMissingError) ssh.PublicKey {
	if missing.PublicKey != nil {
		return missing.PublicKey
	}
	line, err := os.ReadFile(file + ".pub")
	if err != nil {
		return nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(line)
	if err != nil {
		return nil
	}
	return key
}

func sameKey(a, b ssh.PublicKey) bool {
	return a != nil && b != nil && bytes.Equal(a.Marshal(), b.Marshal())
}

func distinct(signers []ssh.Signer) []ssh.Signer {
	seen := map[string]bool{}
	var out []ssh.Signer
	for _, s := range signers {
		blob := string(s.PublicKey().Marshal())
		if !seen[blob] {
			seen[blob] = true
			out = append(out, s)
		}
	}
	return out
}

// explain turns what the SSH library says about a failed login into what an
// operator can act on.
func (a *attempt) explain(err error) error {
	var own *Error
	var algorithms *ssh.AlgorithmNegotiationError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &algorithms):
		return a.hosts.noCommonAlgorithm(err)
	case strings.Contains(err.Error(), "unable to authenticate"):
		return a.refused("")
	case strings.Contains(err.Error(), "Too many authentication failures"):
		return a.refused("; the host gave up before it saw them all, so name the right key")
	}
	return a.cfg.fail(Unreachable, err, "%s is no SSH server that lets us in; the login ended early", a.address)
}

func (a *attempt) refused(more string) error {
	if more == "" {
		more = "; let one of them in by the host's authorized_keys, or name another user or key"
	}
	text := fmt.Sprintf("login as %s was refused; it was offered %s%s", a.cfg.User, plural(a.offered, "key"), more)
	if a.offered == 0 {
		text = fmt.Sprintf("login as %s was refused; there was no key to offer, so name a key file or start an agent", a.cfg.User)
	}
	if len(a.notes) > 0 {
		text += "; " + strings.Join(a.notes, "; ")
	}
	return a.cfg.fail(Authentication, nil, "%s", text)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
