package dbinit

import (
	"encoding/hex"
	"strings"
)

// ident quotes a name. Backquotes hold under ANSI_QUOTES too, and a backslash
// between them is a backslash in every mode.
func ident(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// text is a string literal that means the same in every sql_mode: double
// quotes are names under ANSI_QUOTES, and a backslash is an escape unless
// NO_BACKSLASH_ESCAPES, so what holds one travels as hex.
func text(s string) string {
	if strings.ContainsAny(s, "\\\x00") {
		return "CONVERT(0x" + hex.EncodeToString([]byte(s)) + " USING utf8mb4)"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

func texts(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = text(s)
	}
	return strings.Join(out, ", ")
}

// escaped is a string literal where the grammar allows nothing but a literal
// (a password, an account's name), for a session whose sql_mode lacks
// NO_BACKSLASH_ESCAPES.
func escaped(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`, "\x00", `\0`).Replace(s) + "'"
}
