package dbinit

import "strings"

// kind is what a stretch of SQL text is.
type kind int

const (
	blank        kind = iota
	comment           // to the end of the line, or between /* and */
	versionOpen       // "/*!", "/*!50003", "/*M!": what follows is code to servers new enough
	versionClose      // the "*/" of one
	quoted            // '…', "…" or `…`
	word
	mark     // any other byte
	unclosed // a string or comment that never ends
)

// lexeme says what begins at src[i], and where it ends. escapes says whether a
// backslash escapes within '…' and "…" (it never does within `…`).
func lexeme(src string, i int, escapes bool) (int, kind) {
	rest := src[i:]
	switch c := rest[0]; {
	case isSpace(c):
		return i + 1, blank
	case c == '\'' || c == '"' || c == '`':
		return quotedEnd(src, i, escapes && c != '`')
	case c == '#', isDashComment(rest):
		return lineEnd(src, i), comment
	case strings.HasPrefix(rest, "/*!"), strings.HasPrefix(rest, "/*M!"):
		return versionEnd(src, i), versionOpen
	case strings.HasPrefix(rest, "/*"):
		n := strings.Index(rest[2:], "*/")
		if n < 0 {
			return len(src), unclosed
		}
		return i + 2 + n + 2, comment
	case strings.HasPrefix(rest, "*/"):
		return i + 2, versionClose
	case isWord(c):
		return wordEnd(src, i), word
	}
	return i + 1, mark
}

func quotedEnd(src string, i int, escapes bool) (int, kind) {
	q := src[i]
	for j := i + 1; j < len(src); j++ {
		switch {
		case src[j] == '\\' && escapes:
			j++
		case src[j] == q && j+1 < len(src) && src[j+1] == q:
			j++
		case src[j] == q:
			return j + 1, quoted
		}
	}
	return len(src), unclosed
}

// isDashComment: "--" begins a comment only before white space or the end.
func isDashComment(s string) bool {
	return strings.HasPrefix(s, "--") && (len(s) == 2 || isSpace(s[2]))
}

func lineEnd(src string, i int) int {
	if n := strings.IndexByte(src[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(src)
}

// versionEnd is the end of the opener: "/*!" and up to six digits.
func versionEnd(src string, i int) int {
	j := i + strings.IndexByte(src[i:], '!') + 1
	for n := 0; n < 6 && j < len(src) && src[j] >= '0' && src[j] <= '9'; n++ {
		j++
	}
	return j
}

func wordEnd(src string, i int) int {
	for i < len(src) && isWord(src[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '_' || c == '$' || c == '@' || c >= 0x80
}
