package sshexec

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever is in a key file, a certificate or known_hosts, it is read or refused.
func FuzzFiles(f *testing.F) {
	for _, text := range []string{
		"", "\n", "@cert-authority", "@revoked * ssh-ed25519 AAAA", "|1|a|b ssh-rsa AAAA", "[::1]:22 ssh-ed25519 x",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n",
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
	} {
		f.Add([]byte(text))
	}
	for _, kind := range []string{"ed25519", "ecdsa"} {
		key := makeKey(f, "x", "-t", kind)
		f.Add(readFile(f, key))
		f.Add(append([]byte("* "), readFile(f, key+".pub")...))
		f.Add(readFile(f, sign(f, key, key, "-P", "x")))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		k := readKeyFile(file)
		if (k.signer == nil) != (k.err != nil || k.locked) {
			t.Errorf("got a signer %v, and %v, locked %v", k.signer != nil, k.err, k.locked)
		}
		_, _ = readCertificate(file)
		cfg := Config{Address: "h", KnownHosts: []string{file}}.withDefaults()
		var h hostKeys
		if err := h.load(&cfg, lookupName(&cfg), new(books)); err == nil && len(h.algorithms) == 0 {
			t.Error("no algorithm is left to offer")
		}
	})
}
