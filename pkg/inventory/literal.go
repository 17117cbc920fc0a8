package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Quote is a text as TOML.
func Quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// Literal is the value of a key as TOML, from what somebody typed: by the kind
// that the schema has for the key. The path names tables and the key, without
// the names of hosts and nodes.
func Literal(path []string, typed string) (string, error) {
	k, err := lookup(schema, path)
	if err != nil {
		return "", err
	}
	switch k.kind {
	case text, duration:
		return Quote(typed), nil
	case texts, argv:
		var list []string
		for item := range strings.SplitSeq(typed, ",") {
			list = append(list, Quote(strings.TrimSpace(item)))
		}
		return "[" + strings.Join(list, ", ") + "]", nil
	case number:
		if n, err := strconv.Atoi(typed); err == nil {
			return strconv.Itoa(n), nil
		}
	case flag:
		if typed == "true" || typed == "false" {
			return typed, nil
		}
	case secret:
		return Reference(typed)
	}
	return "", fmt.Errorf("%s is no value for a key whose kind is: %s", quoted(typed), k.kind)
}

// Reference is where a secret is, as TOML: "env:NAME", "file:PATH", "prompt".
// What is none of these may be the secret itself, and is not repeated.
func Reference(typed string) (string, error) {
	kind, where, _ := strings.Cut(typed, ":")
	switch SecretKind(kind) {
	case SecretEnv, SecretFile:
		if where != "" {
			return fmt.Sprintf("{ %s = %s }", kind, Quote(where)), nil
		}
	case SecretPrompt:
		return "{ prompt = true }", nil
	}
	return "", errors.New("that does not say where a secret is; want env:NAME, file:PATH or prompt")
}

// lookup finds a key of the schema.
func lookup(keys []key, path []string) (key, error) {
	i := slices.IndexFunc(keys, func(k key) bool { return k.name == path[0] })
	if i < 0 {
		names := make([]string, len(keys))
		for i, k := range keys {
			names[i] = k.name
		}
		return key{}, fmt.Errorf("unknown key %s%s", quoted(path[0]), DidYouMean(path[0], names))
	}
	switch k := keys[i]; {
	case len(path) == 1:
		return k, nil
	case k.keys != nil:
		return lookup(k.keys, path[1:])
	default:
		return key{}, fmt.Errorf("%s is no table", quoted(path[0]))
	}
}
