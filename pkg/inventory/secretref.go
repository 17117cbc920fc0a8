package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// SecretKind is the way a secret is found.
type SecretKind string

const (
	SecretMissing SecretKind = "" // of the zero SecretRef
	SecretLiteral SecretKind = "literal"
	SecretEnv     SecretKind = "env"
	SecretFile    SecretKind = "file"
	SecretCommand SecretKind = "command"
	SecretPrompt  SecretKind = "prompt"
)

// SecretRef says where a secret is. It can be printed: it tells the whereabouts
// only, and of a command only the program, as its arguments may be delicate.
type SecretRef struct {
	kind    SecretKind
	key     string // the key in the inventory, such as database.password
	literal Secret
	where   string // the variable's name, or the file's path
	command []string
	line    int
}

func (r SecretRef) Kind() SecretKind { return r.kind }

// Line is where the reference stands in the inventory.
func (r SecretRef) Line() int { return r.line }

// Of is the key whose value this is, such as "database.password".
func (r SecretRef) Of() string { return r.key }

// Env is the name of the variable; "" when Kind is another.
func (r SecretRef) Env() string {
	if r.kind != SecretEnv {
		return ""
	}
	return r.where
}

// File is the path as written; "" when Kind is another.
func (r SecretRef) File() string {
	if r.kind != SecretFile {
		return ""
	}
	return r.where
}

// Command is the argument vector whose first line of output is the secret.
func (r SecretRef) Command() []string { return slices.Clone(r.command) }

// Literal is the secret that stands in the file itself.
func (r SecretRef) Literal() Secret { return r.literal }

// String says where the secret is, never what it is.
func (r SecretRef) String() string {
	switch r.kind {
	case SecretEnv, SecretFile:
		return string(r.kind) + " " + r.where
	case SecretCommand:
		return "command " + r.command[0]
	case SecretMissing:
		return "no secret"
	}
	return string(r.kind)
}

// Sources is what a SecretRef needs of the outside.
type Sources interface {
	// Env tells whether the variable is set.
	Env(name string) (string, bool)
	File(path string) ([]byte, error)
	// Command returns the standard output. Its error must not hold it.
	Command(argv []string) ([]byte, error)
	// Prompt asks a person; what says which secret is meant.
	Prompt(what string) (string, error)
}

// Resolve fetches the secret and refuses one that cannot work.
func (r SecretRef) Resolve(from Sources) (Secret, error) {
	text, err := r.fetch(from)
	if err == nil {
		err = r.check(text)
	}
	if err != nil {
		return Secret{}, fmt.Errorf("%s (%s): %w", r.key, r, err)
	}
	return NewSecret(text), nil
}

// check holds what comes to stand in the product's files to the product's rules,
// and no other secret.
func (r SecretRef) check(text string) error {
	switch r.key {
	case "database.password":
		return CheckPassword(text)
	case "admin.password":
		return checkAdmin(text)
	}
	return checkSecret(text)
}

func (r SecretRef) fetch(from Sources) (string, error) {
	switch r.kind {
	case SecretLiteral:
		return r.literal.Reveal(), nil
	case SecretEnv:
		text, set := from.Env(r.where)
		if !set {
			return "", fmt.Errorf("the environment variable %s is not set; export it", r.where)
		}
		return text, nil
	case SecretFile:
		data, err := from.File(r.where)
		return chomp(data), err
	case SecretCommand:
		data, err := from.Command(r.Command())
		return chomp(data), err
	case SecretPrompt:
		return from.Prompt(r.key)
	}
	return "", errors.New("the inventory names no secret")
}

// chomp cuts one line end, which editors and commands add and nobody means.
func chomp(data []byte) string {
	text := strings.TrimSuffix(string(data), "\n")
	return strings.TrimSuffix(text, "\r")
}
