package sshexec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
)

// certificate is a user certificate and the file it came from.
type certificate struct {
	name string
	cert *ssh.Certificate
}

// certificates are those that are configured, and those beside the key files.
func certificates(cfg *Config) (found []certificate, notes []string) {
	for _, name := range cfg.Certificates {
		c, err := readCertificate(name)
		if err != nil {
			notes = append(notes, err.Error())
			continue
		}
		found = append(found, c)
	}
	for _, file := range cfg.KeyFiles {
		name := file + "-cert.pub"
		if slices.Contains(cfg.Certificates, name) {
			continue
		}
		c, err := readCertificate(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			notes = append(notes, err.Error())
		default:
			found = append(found, c)
		}
	}
	return found, notes
}

func readCertificate(name string) (certificate, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return certificate{}, err
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return certificate{}, fmt.Errorf("certificate %s cannot be read: %w", name, err)
	}
	cert, ok := key.(*ssh.Certificate)
	if !ok || cert.CertType != ssh.UserCert {
		return certificate{}, fmt.Errorf("certificate %s is no user's certificate; sign the key with ssh-keygen -s, without -h", name)
	}
	return certificate{name, cert}, nil
}

// signer is the certificate with the key that it is for, if that is among them.
func (c certificate) signer(keys []ssh.Signer) (ssh.Signer, error) {
	for _, s := range keys {
		if sameKey(s.PublicKey(), c.cert.Key) {
			return ssh.NewCertSigner(c.cert, s)
		}
	}
	return nil, fmt.Errorf("certificate %s: its key %s is neither among the key files nor in the agent", c.name, ssh.FingerprintSHA256(c.cert.Key))
}

// complaint is what an operator can see wrong with a certificate that a host
// did not take, or "".
func complaint(name string, cert *ssh.Certificate, user string, now time.Time) string {
	switch at := uint64(now.Unix()); {
	case cert.ValidBefore != ssh.CertTimeInfinity && at >= cert.ValidBefore:
		return fmt.Sprintf("certificate %s expired on %s; get a new one", name, instant(cert.ValidBefore))
	case at < cert.ValidAfter:
		return fmt.Sprintf("certificate %s is valid from %s on only", name, instant(cert.ValidAfter))
	case len(cert.ValidPrincipals) > 0 && !slices.Contains(cert.ValidPrincipals, user):
		return fmt.Sprintf("certificate %s is for %q, not for %s", name, cert.ValidPrincipals, user)
	}
	return ""
}

func instant(seconds uint64) string {
	return time.Unix(int64(seconds), 0).UTC().Format("2006-01-02 15:04 UTC")
}
