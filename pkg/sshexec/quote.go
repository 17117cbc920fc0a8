package sshexec

import (
	"errors"
	"strings"
)

var errNUL = errors.New("a NUL byte, which no path and no argument can hold")

// quote makes one word of sh out of any text without a NUL. It is the only
// place where text becomes shell.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// quoteAll quotes each and joins them by blanks.
func quoteAll(texts []string) string {
	words := make([]string, len(texts))
	for i, text := range texts {
		words[i] = quote(text)
	}
	return strings.Join(words, " ")
}

// quotePattern leaves * and ? to the shell, and quotes everything else.
func quotePattern(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		i := strings.IndexAny(text, "*?")
		if i < 0 {
			i = len(text)
		}
		if i > 0 {
			b.WriteString(quote(text[:i]))
		}
		if i < len(text) {
			b.WriteByte(text[i])
			i++
		}
		text = text[i:]
	}
	return b.String()
}

func hasNUL(texts ...string) error {
	for _, text := range texts {
		if strings.ContainsRune(text, 0) {
			return errNUL
		}
	}
	return nil
}
