package sshexec

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// lookupName is the host:port under which known_hosts knows the host. An alias
// stands for host and port, as ssh has it.
func lookupName(cfg *Config) string {
	if cfg.HostKeyAlias != "" {
		return net.JoinHostPort(cfg.HostKeyAlias, "22")
	}
	return net.JoinHostPort(cfg.Address, strconv.Itoa(cfg.Port))
}

// hostKeys checks the key of one host.
type hostKeys struct {
	cfg        *Config
	books      *books
	book       *book
	algorithms []string // best first
	pinned     ssh.PublicKey
	added      ssh.PublicKey // by accept-new, in an earlier connection of the same login
}

func (h *hostKeys) load(cfg *Config, address string, b *books) (err error) {
	h.cfg, h.books = cfg, b
	if cfg.HostKey != "" {
		return h.pin(cfg.HostKey)
	}
	if h.book, err = b.open(cfg); err != nil {
		return cfg.fail(HostKey, err, "known_hosts cannot be read")
	}
	h.algorithms = h.order(address)
	return nil
}

func (h *hostKeys) pin(text string) error {
	if strings.HasPrefix(text, "SHA256:") {
		h.algorithms = slices.DeleteFunc(hostKeyAlgorithms(), isCertificate)
		return nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil {
		return h.cfg.fail(Request, err, "the pinned host key is neither a public key line nor a SHA256: fingerprint")
	}
	h.pinned, h.algorithms = key, algorithmsOf(key.Type())
	return nil
}

// check is the ssh.HostKeyCallback.
func (h *hostKeys) check(address string, remote net.Addr, key ssh.PublicKey) error {
	if h.cfg.HostKey != "" {
		return h.checkPinned(key)
	}
	if sameKey(key, h.added) {
		return nil
	}
	known := h.book.db.HostKeyCallback()
	err := known(address, remote, key)
	cert, ok := key.(*ssh.Certificate)
	switch {
	case err == nil:
		return nil
	case !ok:
		return h.judge(address, key, err)
	case strings.Contains(err.Error(), "no authorities"):
		// No known_hosts line trusts who signed it. The key itself may be known.
		return h.judge(address, cert.Key, known(address, remote, cert.Key))
	}
	return h.badCertificate(address, cert, err)
}

// judge says what is wrong with a plain host key.
func (h *hostKeys) judge(address string, key ssh.PublicKey, err error) error {
	var revoked *xknownhosts.RevokedError
	var unequal *xknownhosts.KeyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return h.cfg.fail(HostKey, nil, "host key %s is marked as revoked in %s:%d; do not connect",
			describe(key), h.book.original(revoked.Revoked.Filename), revoked.Revoked.Line)
	case !errors.As(err, &unequal):
		return h.cfg.fail(HostKey, err, "host key %s could not be checked", describe(key))
	}
	if known := h.withoutAuthorities(address, unequal.Want); len(known) > 0 {
		return h.changed(address, key, known)
	}
	if other := withoutPort(address); other != address && h.book.db.HostKeyCallback()(other, nowhere, key) == nil {
		return nil // as with ssh, a key that is known of the host holds for its other ports
	}
	if h.cfg.AcceptNew {
		return h.remember(address, key)
	}
	return h.cfg.fail(HostKey, nil, "host key %s is in no known_hosts file; compare it with the host's own, then log in once with ssh, or allow accept-new", describe(key))
}

// withoutPort is the host as known_hosts knows it on port 22.
func withoutPort(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return net.JoinHostPort(host, "22")
}

// nowhere is the remote address of a lookup that goes by the name alone.
var nowhere = &net.TCPAddr{IP: net.IPv4zero}

// withoutAuthorities leaves the keys that are the host's own.
func (h *hostKeys) withoutAuthorities(address string, keys []xknownhosts.KnownKey) (own []xknownhosts.KnownKey) {
	listed := h.book.db.HostKeys(address)
	for _, k := range keys {
		if !slices.ContainsFunc(listed, func(l knownhosts.PublicKey) bool { return l.Cert && sameKey(l.PublicKey, k.Key) }) {
			own = append(own, k)
		}
	}
	return own
}

func (h *hostKeys) badCertificate(address string, cert *ssh.Certificate, err error) error {
	what := fmt.Sprintf("the host's certificate for key %s, signed by %s,", describe(cert.Key), ssh.FingerprintSHA256(cert.SignatureKey))
	host, _, _ := net.SplitHostPort(address)
	switch now := uint64(time.Now().Unix()); {
	case strings.Contains(err.Error(), "revoked"):
		return h.cfg.fail(HostKey, nil, "%s is revoked by known_hosts, or who signed it is; do not connect", what)
	case cert.ValidBefore != ssh.CertTimeInfinity && now >= cert.ValidBefore:
		return h.cfg.fail(HostKey, nil, "%s expired on %s; have the host's key signed again", what, instant(cert.ValidBefore))
	case now < cert.ValidAfter:
		return h.cfg.fail(HostKey, nil, "%s is valid from %s on only; is a clock wrong?", what, instant(cert.ValidAfter))
	case len(cert.ValidPrincipals) > 0 && !slices.Contains(cert.ValidPrincipals, host):
		return h.cfg.fail(HostKey, nil, "%s is for %q, not for %s; connect by a name it is for, or set that as HostKeyAlias", what, cert.ValidPrincipals, host)
	}
	return h.cfg.fail(HostKey, err, "%s is not valid", what)
}

func (h *hostKeys) checkPinned(key ssh.PublicKey) error {
	want, advice := h.cfg.HostKey, "; a host with several keys needs the whole public key line pinned, not the fingerprint"
	if h.pinned != nil {
		want, advice = ssh.FingerprintSHA256(h.pinned), ""
	}
	if ssh.FingerprintSHA256(key) == want {
		return nil
	}
	return h.cfg.fail(HostKey, nil, "host key %s is not the one pinned for it (%s)%s", describe(key), want, advice)
}

func (h *hostKeys) changed(address string, key ssh.PublicKey, want []xknownhosts.KnownKey) error {
	var known []string
	for _, k := range want {
		known = append(known, fmt.Sprintf("%s, %s:%d", describe(k.Key), h.book.original(k.Filename), k.Line))
	}
	return h.cfg.fail(HostKey, nil, "host key %s is not the one in known_hosts (%s); if the machine was rebuilt, run: ssh-keygen -R %s%s",
		describe(key), strings.Join(known, "; "), removalName(address), inFile(h.book.original(want[0].Filename)))
}

// removalName is what `ssh-keygen -R` must be given.
func removalName(address string) string {
	return quoteIfNeeded(xknownhosts.Normalize(address))
}

// inFile tells ssh-keygen which file to change, where it would not guess it.
func inFile(file string) string {
	home, err := os.UserHomeDir()
	if err == nil && file == filepath.Join(home, ".ssh", "known_hosts") {
		return ""
	}
	return " -f " + quoteIfNeeded(file)
}

// quoteIfNeeded quotes what is more than plain letters, for a command that is
// shown to an operator.
func quoteIfNeeded(text string) string {
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.-_:") == "" {
		return text
	}
	return quote(text)
}

func describe(key ssh.PublicKey) string {
	return ssh.FingerprintSHA256(key) + " (" + key.Type() + ")"
}
