package sshexec

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// lookupName is the host:port under which known_hosts knows the host.
func lookupName(cfg *Config) string {
	return net.JoinHostPort(or(cfg.HostKeyAlias, cfg.Address), strconv.Itoa(cfg.Port))
}

// hostKeys checks the key of one host.
type hostKeys struct {
	cfg        *Config
	db         *knownhosts.HostKeyDB
	algorithms []string // that the known keys can verify; nil lets the library choose
	pinned     ssh.PublicKey
	copies     map[string]string // file that the library read instead, to the one it stands for
}

func (h *hostKeys) load(cfg *Config, address string) error {
	h.cfg, h.copies = cfg, map[string]string{}
	if cfg.HostKey != "" {
		return h.pin(cfg.HostKey)
	}
	if err := h.loadKnownHosts(); err != nil {
		return cfg.fail(HostKey, err, "known_hosts cannot be read")
	}
	h.algorithms = h.db.HostKeyAlgorithms(address)
	return nil
}

func (h *hostKeys) pin(text string) error {
	if strings.HasPrefix(text, "SHA256:") {
		return nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil {
		return h.cfg.fail(Request, err, "the pinned host key is neither a public key line nor a SHA256: fingerprint")
	}
	h.pinned, h.algorithms = key, algorithmsOf(key.Type())
	return nil
}

// algorithmsOf are the signature algorithms that a key of that type can verify.
func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// check is the ssh.HostKeyCallback.
func (h *hostKeys) check(address string, remote net.Addr, key ssh.PublicKey) error {
	if h.cfg.HostKey != "" {
		return h.checkPinned(key)
	}
	err := h.db.HostKeyCallback()(address, remote, key)
	var revoked *xknownhosts.RevokedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return h.cfg.fail(HostKey, nil, "host key %s is marked as revoked in %s:%d; do not connect",
			describe(key), h.original(revoked.Revoked.Filename), revoked.Revoked.Line)
	case knownhosts.IsHostKeyChanged(err):
		return h.changed(address, key, err)
	case knownhosts.IsHostUnknown(err) && h.cfg.AcceptNew:
		return h.remember(address, key)
	case knownhosts.IsHostUnknown(err):
		return h.cfg.fail(HostKey, nil, "host key %s is in no known_hosts file; compare it with the host's own, then log in once with ssh, or allow accept-new", describe(key))
	}
	return h.cfg.fail(HostKey, err, "host key %s could not be checked", describe(key))
}

func (h *hostKeys) checkPinned(key ssh.PublicKey) error {
	want := h.cfg.HostKey
	if h.pinned != nil {
		want = ssh.FingerprintSHA256(h.pinned)
	}
	if ssh.FingerprintSHA256(key) == want {
		return nil
	}
	return h.cfg.fail(HostKey, nil, "host key %s is not the one pinned for it (%s)", describe(key), want)
}

func (h *hostKeys) changed(address string, key ssh.PublicKey, err error) error {
	var keyErr *xknownhosts.KeyError
	var known []string
	if errors.As(err, &keyErr) {
		for _, k := range keyErr.Want {
			known = append(known, fmt.Sprintf("%s, %s:%d", describe(k.Key), h.original(k.Filename), k.Line))
		}
	}
	return h.cfg.fail(HostKey, nil, "host key %s is not the one in known_hosts (%s); if the machine was rebuilt, run: ssh-keygen -R %s",
		describe(key), strings.Join(known, "; "), h.removalName(address))
}

// original is the operator's name of a known_hosts file that was read.
func (h *hostKeys) original(file string) string { return or(h.copies[file], file) }

// removalName is what `ssh-keygen -R` must be given.
func (h *hostKeys) removalName(address string) string {
	name := xknownhosts.Normalize(address)
	if strings.ContainsAny(name, "[]") {
		return quote(name)
	}
	return name
}

func describe(key ssh.PublicKey) string {
	return ssh.FingerprintSHA256(key) + " (" + key.Type() + ")"
}

func (h *hostKeys) noCommonAlgorithm(err error) error {
	if len(h.algorithms) > 0 && strings.Contains(err.Error(), "host key") {
		return h.cfg.fail(HostKey, err, "the host has no longer a key of the type that is known (%s); if the machine was rebuilt, run: ssh-keygen -R %s",
			strings.Join(h.algorithms, ", "), h.removalName(lookupName(h.cfg)))
	}
	return h.cfg.fail(Protocol, err, "the host's SSH server is too old or too strict for us")
}
