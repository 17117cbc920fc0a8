package run

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"time"
)

const idTime = "20060102T150405Z"

var (
	idRule         = regexp.MustCompile(`^\d{8}T\d{6}Z-[0-9a-f]{6}$`)
	deploymentRule = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
)

// newID is a run's name: in the order of time when sorted, with a random tail,
// because two operators may begin in the same second.
func newID(now time.Time) string {
	tail := make([]byte, 3)
	rand.Read(tail) // never fails
	return now.UTC().Format(idTime) + "-" + hex.EncodeToString(tail)
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
