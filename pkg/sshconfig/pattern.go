package sshconfig

import "strings"

// matches compares with a pattern of * and ?.
func matches(text, pattern string) bool {
	// star is where to go on after a mismatch: the last * takes one byte more.
	star, mark, i, j := -1, 0, 0, 0
	for i < len(text) {
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, mark = j, i
			j++
		case j < len(pattern) && (pattern[j] == '?' || pattern[j] == text[i]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[j:], "*") == ""
}

// matchesHost is the rule of a Host line: one pattern must match, and none of
// those with a ! before them.
func matchesHost(name string, patterns []string) bool {
	found := false
	for _, p := range patterns {
		positive, negated := strings.CutPrefix(p, "!")
		if matches(name, positive) {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}

// matchesList is the same for patterns with commas between.
func matchesList(name, list string) bool { return matchesHost(name, strings.Split(list, ",")) }
