package sshexec

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/crypto/ssh"
)

// ring keeps the keys that were opened by a passphrase, which is slow on
// purpose: a deployment of many hosts opens each file once.
type ring struct {
	mu    sync.Mutex
	files map[string]*opening
}

type opening struct {
	mu  sync.Mutex
	key func(text []byte, passphrase string) ssh.Signer // nil, or a closure: nothing of it can be printed
}

// open is the key in a file that has a passphrase.
func (r *ring) open(file string, text []byte, passphrase string) (ssh.Signer, error) {
	r.mu.Lock()
	if r.files == nil {
		r.files = map[string]*opening{}
	}
	if r.files[file] == nil {
		r.files[file] = &opening{}
	}
	o := r.files[file]
	r.mu.Unlock()

	o.mu.Lock()
	defer o.mu.Unlock()
	if o.key != nil {
		if signer := o.key(text, passphrase); signer != nil {
			return signer, nil
		}
	}
	signer, err := ssh.ParsePrivateKeyWithPassphrase(text, []byte(passphrase))
	if err != nil {
		return nil, err
	}
	o.key = func(other []byte, attempt string) ssh.Signer {
		if attempt == passphrase && bytes.Equal(other, text) {
			return signer
		}
		return nil // another passphrase, or the file has changed
	}
	return signer, nil
}

// keyFile is one file of Config.KeyFiles, read as far as it can be without a
// passphrase.
type keyFile struct {
	name   string
	text   []byte
	signer ssh.Signer    // nil while it is locked, or where only the public half is here
	public ssh.PublicKey // nil where it cannot be known
	locked bool
	err    error // why it cannot be used, other than by the agent
}

func readKeyFile(name string) keyFile {
	k := keyFile{name: name, public: publicFile(name + ".pub")}
	k.text, k.err = os.ReadFile(name)
	if k.err != nil {
		return k
	}
	if public := publicFile(name); public != nil {
		k.public, k.err = public, fmt.Errorf("%s is a public key, and the agent does not hold its private half", name)
		return k
	}
	if k.err = tooOpen(name); k.err != nil {
		return k
	}
	signer, err := ssh.ParsePrivateKey(k.text)
	var missing *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &missing):
		k.locked = true
		if missing.PublicKey != nil {
			k.public = missing.PublicKey
		}
	case err != nil:
		k.err = k.unusable(err)
	default:
		k.signer, k.public = signer, signer.PublicKey()
	}
	return k
}

// unusable says what a file is that holds no key we can use.
func (k *keyFile) unusable(err error) error {
	var inside []byte
	if block, _ := pem.Decode(k.text); block != nil {
		inside = block.Bytes
	}
	switch {
	case bytes.Contains(inside, []byte("sk-ssh-")), bytes.Contains(inside, []byte("sk-ecdsa-")):
		return fmt.Errorf("key %s is on a security key, which only an agent can use; run: ssh-add %s", k.name, quoteIfNeeded(k.name))
	case bytes.Contains(k.text, []byte("BEGIN ENCRYPTED PRIVATE KEY")):
		return fmt.Errorf("key %s is a PKCS #8 file with a passphrase, which is not read; put it in OpenSSH's format: ssh-keygen -p -f %s", k.name, quoteIfNeeded(k.name))
	case bytes.Contains(k.text, []byte("PuTTY-User-Key-File")):
		return fmt.Errorf("key %s is a PuTTY file; put it in OpenSSH's format: puttygen %s -O private-openssh", k.name, quoteIfNeeded(k.name))
	}
	return fmt.Errorf("key %s cannot be read: %w", k.name, err)
}

// open makes the signer of a locked file.
func (k *keyFile) open(r *ring, passphrase string) error {
	if passphrase == "" {
		return fmt.Errorf("key %s has a passphrase; give it, or run: ssh-add %s", k.name, quoteIfNeeded(k.name))
	}
	signer, err := r.open(k.name, k.text, passphrase)
	switch {
	case errors.Is(err, x509.IncorrectPasswordError):
		return fmt.Errorf("key %s is not opened by the passphrase that was given for it", k.name)
	case err != nil:
		return k.unusable(err)
	}
	k.signer, k.public = signer, signer.PublicKey()
	return nil
}

// publicFile is the public key in a file, or nil.
func publicFile(name string) ssh.PublicKey {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil
	}
	return key
}

// LockedKeys are the key files of cfg that have a passphrase and are not in its
// agent: what a passphrase is needed for.
func LockedKeys(ctx context.Context, cfg Config) []string {
	cfg = cfg.withDefaults()
	var locked []keyFile
	for _, name := range cfg.KeyFiles {
		if k := readKeyFile(name); k.locked {
			locked = append(locked, k)
		}
	}
	if len(locked) == 0 {
		return nil
	}
	held := openAgent(ctx, &cfg)
	defer held.close()
	var names []string
	for _, k := range locked {
		if held.find(k.public) == nil {
			names = append(names, k.name)
		}
	}
	return names
}

// Opens reports whether the passphrase is that of the key file.
func Opens(file, passphrase string) bool {
	k := readKeyFile(file)
	return k.locked && k.open(new(ring), passphrase) == nil
}
