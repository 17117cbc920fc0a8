package dbinit

import (
	"crypto/sha1"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"filippo.io/edwards25519"
)

// PasswordIs compares an account's stored hash with the password. known is
// false when the hash may not be read or its plugin is none of those below;
// only a login tells then.
//
//	plugin                   stored
//	mysql_native_password    "*" and SHA1(SHA1(password)) in hex; "" is no password
//	caching_sha2_password    $A$005$, 20 bytes of salt, SHA-crypt of 5 × 1000 rounds
//	sha256_password          $5$salt$, SHA-crypt of 5000 rounds
//	ed25519 (MariaDB)        the public key, base64 without padding
func PasswordIs(a Account, password string) (match, known bool) {
	// SHA-crypt's work grows with the square of the length, and no server
	// takes such a password.
	if !a.HashReadable || len(password) > 1024 {
		return false, false
	}
	switch a.Plugin {
	case "", "mysql_native_password":
		return nativeIs(a.Hash, password)
	case "caching_sha2_password":
		return cachingIs(a.Hash, password)
	case "sha256_password":
		return shaIs(a.Hash, password)
	case "ed25519":
		return ed25519Is(a.Hash, password)
	}
	return false, false
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func nativeIs(hash, password string) (bool, bool) {
	if hash == "" {
		return password == "", true
	}
	if len(hash) != 41 || hash[0] != '*' {
		return false, false // the 16 digits from before 4.1, or "invalid"
	}
	return equal(strings.ToUpper(hash), nativeHash(password)), true
}

func nativeHash(password string) string {
	one := sha1.Sum([]byte(password))
	two := sha1.Sum(one[:])
	return "*" + strings.ToUpper(hex.EncodeToString(two[:]))
}

// cachingIs: the rounds are written in hex, in thousands.
func cachingIs(hash, password string) (bool, bool) {
	const saltLen = 20
	if hash == "" {
		return password == "", true
	}
	rest, ok := strings.CutPrefix(hash, "$A$")
	if !ok || len(rest) != len("005$")+saltLen+shaCryptLen || rest[3] != '$' {
		return false, false
	}
	rounds, err := strconv.ParseUint(rest[:3], 16, 16)
	if err != nil || rounds == 0 {
		return false, false
	}
	salt, digest := rest[4:4+saltLen], rest[4+saltLen:]
	return equal(digest, shaCrypt(password, salt, int(rounds)*1000)), true
}

func shaIs(hash, password string) (bool, bool) {
	if hash == "" {
		return password == "", true
	}
	rest, ok := strings.CutPrefix(hash, "$5$")
	i := strings.LastIndexByte(rest, '$')
	if !ok || i < 1 || len(rest)-i-1 != shaCryptLen {
		return false, false
	}
	return equal(rest[i+1:], shaCrypt(password, rest[:i], 5000)), true
}

// ed25519Is: MariaDB derives the key from the password's SHA-512 as Ed25519
// does from a seed, only that the seed is as long as the password.
func ed25519Is(hash, password string) (bool, bool) {
	if len(hash) != 43 {
		return false, false
	}
	digest := sha512.Sum512([]byte(password))
	s, err := edwards25519.NewScalar().SetBytesWithClamping(digest[:32])
	if err != nil {
		return false, false
	}
	public := new(edwards25519.Point).ScalarBaseMult(s).Bytes()
	return equal(hash, base64.RawStdEncoding.EncodeToString(public)), true
}
