package lab

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// newKey makes a key and writes its private half to path, 0600.
func newKey(path, comment string) (ssh.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	return ssh.NewSignerFromKey(private)
}

// trust adds a host's key to the lab's known_hosts under an address at which
// the operator's machine reaches it, for example a proxy's.
func (l *Lab) trust(address string, key ssh.PublicKey) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(l.KnownHosts, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, knownhosts.Line([]string{knownhosts.Normalize(address)}, key))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// Reach makes the operator's machine reach the host at another address, for
// example a wire.Proxy in front of its sshd, and trusts the host's key there.
func (h *Host) Reach(e Endpoint) error {
	h.SSH = e
	data, err := os.ReadFile(h.keyFile())
	if err != nil {
		return err
	}
	signer, err := ssh.ParsePrivateKey(data)
	if err != nil {
		return err
	}
	return h.lab.trust(e.String(), signer.PublicKey())
}

// ReachThrough is Reach for an address as proxies tell it, host:port.
func (h *Host) ReachThrough(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	return h.Reach(Endpoint{host, n})
}

func (h *Host) keyFile() string {
	if h.lab.Form == "embedded" {
		return filepath.Join(h.lab.Dir, "keys", h.Name)
	}
	return h.Path("/etc/ssh/ssh_host_ed25519_key")
}
