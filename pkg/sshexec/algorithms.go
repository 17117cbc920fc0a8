package sshexec

import (
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// checkAlgorithms refuses a list of which the library can do none: it would be
// offered as an empty one.
func (cfg *Config) checkAlgorithms() error {
	good, weak := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	for _, list := range []struct {
		what        string
		named       []string
		known, also []string
	}{
		{"ciphers", cfg.Ciphers, good.Ciphers, weak.Ciphers},
		{"key exchanges", cfg.KeyExchanges, good.KeyExchanges, weak.KeyExchanges},
		{"MACs", cfg.MACs, good.MACs, weak.MACs},
		{"host key algorithms", cfg.HostKeyAlgorithms, good.HostKeys, weak.HostKeys},
	} {
		usable := func(name string) bool {
			return slices.Contains(list.known, name) || slices.Contains(list.also, name)
		}
		if len(list.named) > 0 && !slices.ContainsFunc(list.named, usable) {
			return cfg.fail(Request, nil, "none of the %s %s is known here; known are %s",
				list.what, strings.Join(list.named, ", "), strings.Join(list.known, ", "))
		}
	}
	return nil
}

func isCertificate(algorithm string) bool { return strings.Contains(algorithm, "-cert-") }

// algorithmsOf are the signature algorithms that a key of that type is used
// with: of RSA not the one over SHA-1.
func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// hostKeyAlgorithms are all that the library does well, in OpenSSH's order, so
// that a host that is new shows us the key that it shows others.
func hostKeyAlgorithms() []string {
	all := ssh.SupportedAlgorithms().HostKeys
	rank := func(name string) int {
		return slices.IndexFunc([]string{"ssh-ed25519", "ecdsa-", "rsa-sha2-512", "rsa-sha2-256", ""},
			func(start string) bool { return strings.HasPrefix(name, start) })
	}
	slices.SortStableFunc(all, func(a, b string) int { return rank(a) - rank(b) })
	return all
}

// order puts the algorithms by which known_hosts can verify the host first.
// The others follow, as OpenSSH has it: a host whose key has changed its type
// must be seen as changed, not as one that speaks another language.
func (h *hostKeys) order(address string) []string {
	var first []string
	authority := false
	known := h.book.db.HostKeys(address)
	if !slices.ContainsFunc(known, func(k knownhosts.PublicKey) bool { return !k.Cert }) {
		known = append(known, h.book.db.HostKeys(withoutPort(address))...)
	}
	for _, key := range known {
		if key.Cert {
			authority = true
			continue
		}
		first = append(first, algorithmsOf(key.Type())...)
	}
	all := hostKeyAlgorithms()
	if authority {
		certificates := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !isCertificate(name) })
		first = append(certificates, first...)
	}
	wanted := h.cfg.HostKeyAlgorithms
	if len(wanted) == 0 {
		wanted = slices.DeleteFunc(all, isCertificate)
	}
	var ordered []string
	for _, name := range append(first, wanted...) {
		allowed := len(h.cfg.HostKeyAlgorithms) == 0 || slices.Contains(wanted, name)
		if allowed && !slices.Contains(ordered, name) && (authority || !isCertificate(name)) {
			ordered = append(ordered, name)
		}
	}
	return ordered
}
