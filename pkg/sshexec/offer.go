package sshexec

import (
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/ssh"
)

// offer is one key as it is offered to a host.
type offer struct {
	signer ssh.Signer
	public ssh.PublicKey
	name   string // for messages
	failed error  // why it could not sign after the host had accepted it
}

// offers are the keys for a login, each once, because sshd counts every one:
// first what the configuration names, certificates before keys, then the
// agent's others.
func offers(cfg *Config, r *ring, h held) (list []*offer, notes []string) {
	if h.note != "" {
		notes = append(notes, h.note)
	}
	named := append([]ssh.Signer{}, cfg.Signers...)
	names := map[string]string{}
	for _, file := range cfg.KeyFiles {
		signer, err := signerOf(file, cfg, r, h)
		if err != nil {
			notes = append(notes, err.Error())
			continue
		}
		names[string(signer.PublicKey().Marshal())] = file
		named = append(named, signer)
	}
	found, odd := certificates(cfg)
	notes = append(notes, odd...)
	var all []ssh.Signer
	for _, c := range found {
		signer, err := c.signer(append(named, h.signers...))
		if err != nil {
			notes = append(notes, err.Error())
			continue
		}
		names[string(c.cert.Marshal())] = c.name
		all = append(all, signer)
	}
	all = append(append(all, h.certificatesOf(named)...), named...)
	if !cfg.IdentitiesOnly {
		all = append(all, h.signers...)
	}
	return distinct(all, names), notes
}

// certificatesOf are the agent's certificates for keys that are named.
func (h held) certificatesOf(keys []ssh.Signer) (found []ssh.Signer) {
	for _, s := range h.signers {
		cert, ok := s.PublicKey().(*ssh.Certificate)
		for _, k := range keys {
			if ok && sameKey(cert.Key, k.PublicKey()) {
				found = append(found, s)
			}
		}
	}
	return found
}

// signerOf is the key of a file: the agent's hold of it where there is one, so
// that no passphrase is needed.
func signerOf(file string, cfg *Config, r *ring, h held) (ssh.Signer, error) {
	k := readKeyFile(file)
	if s := h.find(k.public); s != nil {
		return s, nil
	}
	if k.locked {
		passphrase := ""
		if cfg.Passphrase != nil {
			passphrase = cfg.Passphrase(file)
		}
		k.err = k.open(r, passphrase)
	}
	return k.signer, k.err
}

func distinct(signers []ssh.Signer, names map[string]string) []*offer {
	seen := map[string]bool{}
	var out []*offer
	for _, s := range signers {
		blob := string(s.PublicKey().Marshal())
		if !seen[blob] {
			seen[blob] = true
			out = append(out, &offer{signer: s, public: s.PublicKey(), name: or(names[blob], ssh.FingerprintSHA256(s.PublicKey()))})
		}
	}
	return out
}

// An offer is the ssh.MultiAlgorithmSigner that is given to the library, to see
// whether signing fails, and to keep RSA keys from signing over SHA-1.

func (o *offer) PublicKey() ssh.PublicKey { return o.public }

func (o *offer) Algorithms() []string {
	kind := o.public.Type()
	if cert, ok := o.public.(*ssh.Certificate); ok {
		kind = cert.Key.Type()
	}
	return algorithmsOf(kind)
}

func (o *offer) Sign(random io.Reader, data []byte) (*ssh.Signature, error) {
	return o.SignWithAlgorithm(random, data, o.Algorithms()[0])
}

func (o *offer) SignWithAlgorithm(random io.Reader, data []byte, algorithm string) (s *ssh.Signature, err error) {
	if random == nil {
		random = rand.Reader
	}
	if by, ok := o.signer.(ssh.AlgorithmSigner); ok {
		s, err = by.SignWithAlgorithm(random, data, algorithm)
	} else {
		s, err = o.signer.Sign(random, data)
	}
	o.failed = err
	return s, err
}

// complaint is what is known of why a host did not let this key in, or "".
func (o *offer) complaint(user string) string {
	if o.failed != nil {
		return fmt.Sprintf("the host accepts key %s, but it did not sign: %v", o.name, o.failed)
	}
	if cert, ok := o.public.(*ssh.Certificate); ok {
		return complaint(o.name, cert, user, time.Now())
	}
	return ""
}
