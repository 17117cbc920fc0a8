package run

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"time"
)

const idTime = "20060102T150405Z"

// fractions of a second that the tail of an id can tell apart.
const fractions = 1 << 12

var (
	idRule         = regexp.MustCompile(`^\d{8}T\d{6}Z-[0-9a-f]{6}$`)
	deploymentRule = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
)

// newID is a run's name: in the order of time when sorted, also within a second,
// which a short run and the next one may share. The tail is that second's
// fraction in 12 bits, and 12 bits by chance, because two operators may begin at
// once.
func newID(now time.Time) string {
	chance := make([]byte, 2)
	rand.Read(chance) // never fails
	fraction := uint32(now.Nanosecond()) / (uint32(time.Second) / fractions)
	tail := min(fraction, fractions-1)<<12 | uint32(binary.BigEndian.Uint16(chance))>>4
	return now.UTC().Format(idTime) + "-" + hex.EncodeToString(binary.BigEndian.AppendUint32(nil, tail)[1:])
}

// IsID tells whether the text has the form of a run's id.
func IsID(text string) bool { return idRule.MatchString(text) }

// began is when a run of this id began.
func began(id string) time.Time {
	if !IsID(id) {
		return time.Time{}
	}
	at, err := time.Parse(idTime, id[:len(idTime)])
	if err != nil {
		return time.Time{}
	}
	return at
}
