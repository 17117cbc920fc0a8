package dbinit

import (
	"fmt"
	"slices"
	"strings"
)

// ShadowNotes says which other accounts a server would take in place of ours.
// It picks the account with the most specific host first and looks at the user
// only then, so an anonymous account or an older one of the same user at a
// literal host goes before ours at a pattern that covers the host.
func (f Found) ShadowNotes(w Want) (out []string) {
	for _, pattern := range w.Hosts {
		for _, host := range f.Shadows {
			if shadows(host, pattern) {
				out = append(out, fmt.Sprintf("the anonymous account at %s is taken before %s@%s for logins from there; remove it with DROP USER %s@%s",
					host, w.User, pattern, escaped(""), escaped(host)))
			}
		}
		for _, a := range f.Accounts {
			if !slices.Contains(w.Hosts, a.Host) && shadows(a.Host, pattern) {
				out = append(out, fmt.Sprintf("the account %s is taken before %s@%s for logins from there, and is not one of the inventory's", a.Name(), w.User, pattern))
			}
		}
	}
	return out
}

// shadows reports whether host is more specific than pattern and within it.
// localhost, by the socket, is within "%" alone.
func shadows(host, pattern string) bool {
	if !strings.ContainsAny(pattern, "%_") || strings.ContainsAny(host, "%_") || host == "" {
		return false
	}
	return like(strings.ToLower(host), strings.ToLower(pattern))
}

// like is SQL's: % is any text, _ any one character.
func like(s, pattern string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '%':
			for i := 0; i <= len(s); i++ {
				if like(s[i:], pattern[1:]) {
					return true
				}
			}
			return false
		case s == "" || pattern[0] != '_' && pattern[0] != s[0]:
			return false
		}
		s, pattern = s[1:], pattern[1:]
	}
	return s == ""
}
