package run

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const keySize = 32

// Key is the key of this machine's fingerprints, made on the first call. It
// leaves the state folder in no record.
func Key(dir string) ([]byte, error) {
	if err := folder(dir); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "key")
	key, err := readKey(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(dir, file); err != nil {
		return nil, err
	}
	return readKey(file)
}

func readKey(file string) ([]byte, error) {
	if err := private(file); err != nil {
		return nil, err
	}
	key, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("%s: %d bytes, want %d: this is not the key that was made here; restore it, or move it away: then a new one is made, "+
			"and what earlier records say of files can no longer be compared with the files", file, len(key), keySize)
	}
	return key, nil
}

// makeKey writes the whole key under another name and links it to its own: of
// two runs that begin at the same time, both go on with the key of the first,
// and no run sees half a key.
func makeKey(dir, file string) (err error) {
	temp, err := os.CreateTemp(dir, ".key-*") // 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(temp.Name())) }()
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	_, err = temp.Write(key)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(dir)
}

// Fingerprint tells bytes apart without saying what they are: whoever has a
// record and not the key cannot try out passwords.
func Fingerprint(key, data []byte) string {
	sum := sha256.Sum256(data)
	return FingerprintOf(key, hex.EncodeToString(sum[:]))
}

// FingerprintOf is the Fingerprint of the bytes with this sha256 in hex: a file
// that was hashed where it lies can be compared without reading it.
func FingerprintOf(key []byte, sum string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(sum))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}
