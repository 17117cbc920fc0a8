package inventory

import (
	"fmt"
	"io"
)

// Secret is a text that cannot be printed by mistake. It is a closure and not
// a string because fmt reaches into unexported fields, where it does not call
// methods: of a closure there is nothing to print but an address.
//
// The zero Secret reveals the empty text.
type Secret struct{ reveal func() string }

const hidden = "(secret)"

// NewSecret keeps text.
func NewSecret(text string) Secret {
	return Secret{reveal: func() string { return text }}
}

// Reveal is the one way out, named so that a review can search for it.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

func (Secret) String() string   { return hidden }
func (Secret) GoString() string { return hidden }

// Format answers every verb, %d and %x included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText keeps the secret out of JSON, XML and slog.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON does the same where a decoder prefers it.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
