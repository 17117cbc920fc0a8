package inventory

import (
	"fmt"
	"strconv"
	"strings"
)

// longest limits what is compared and printed of a word from outside.
const longest = 64

// DidYouMean suggests the nearest of the candidates, or lists them when none
// is near and they are few. The command line asks it too: a slip is a slip.
func DidYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	if n := len(candidates); n > 0 && n <= 10 {
		return " (want " + either(candidates) + ")"
	}
	return ""
}

// Nearest is the candidate that word is a slip of; "" when there is none. The
// first of equally near ones wins.
func Nearest(word string, candidates []string) string {
	if len(word) > longest {
		return ""
	}
	word = strings.ToLower(word)
	best, limit := "", 1+max(1, len(word)/3)
	for _, c := range candidates {
		lower := strings.ToLower(c)
		d := distance(word, lower)
		if len(word) > 2 && strings.HasPrefix(lower, word) {
			d = min(d, 1)
		}
		if d < limit {
			best, limit = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour (Levenshtein, with Damerau's swap: the commonest slip of a typist).
func distance(a, b string) int {
	if len(b) > longest {
		return len(b)
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// either lists words: a, b or c.
func either(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
}

// quoted prints a value of the file, cut where it would flood the screen.
func quoted(value string) string {
	if len(value) > longest {
		return strconv.Quote(value[:longest]) + "…"
	}
	return strconv.Quote(value)
}
