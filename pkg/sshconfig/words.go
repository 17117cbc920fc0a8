package sshconfig

import (
	"errors"
	"strings"
)

const blanks = " \t\r\n"

// cutWord takes the first word of a line off it: up to a blank, an equals sign
// or the end of a quoted text. It is how ssh reads a keyword, and the criteria
// of Match; ok is false where a quote does not end.
func cutWord(line string) (word, rest string, ok bool) {
	end := strings.IndexAny(line, blanks+`"=`)
	if end < 0 {
		return line, "", true
	}
	if line[end] == '"' {
		before, quoted := line[:end], line[end+1:]
		closing := strings.IndexByte(quoted, '"')
		if closing < 0 {
			return "", "", false
		}
		return before + quoted[:closing], strings.TrimLeft(quoted[closing+1:], blanks), true
	}
	word, rest = line[:end], strings.TrimLeft(line[end+1:], blanks)
	if line[end] != '=' && strings.HasPrefix(rest, "=") { // one is allowed
		rest = strings.TrimLeft(rest[1:], blanks)
	}
	return word, rest, true
}

// cutKeyword splits a line into its keyword, in lower case, and what follows;
// the keyword is "" for an empty line and a comment.
func cutKeyword(line string) (keyword, rest string, ok bool) {
	line = strings.TrimRight(line, blanks+"\f")
	keyword, rest, ok = cutWord(line)
	if ok && keyword == "" {
		keyword, rest, ok = cutWord(rest)
	}
	if strings.HasPrefix(keyword, "#") {
		return "", "", true
	}
	return strings.ToLower(keyword), rest, ok
}

var errQuotes = errors.New("a quote is not closed")

// splitArgs splits what follows a keyword: quotes of both kinds, backslashes
// before a quote, a backslash or a blank; # begins a comment between words.
func splitArgs(text string) ([]string, error) {
	var args []string
	for i := 0; i < len(text); {
		if text[i] == ' ' || text[i] == '\t' {
			i++
			continue
		}
		if text[i] == '#' {
			break
		}
		arg, n, err := cutArg(text[i:])
		if err != nil {
			return nil, err
		}
		args, i = append(args, arg), i+n
	}
	return args, nil
}

func cutArg(text string) (arg string, n int, err error) {
	var b strings.Builder
	var quote byte
	for ; n < len(text); n++ {
		c := text[n]
		switch {
		case c == '\\' && n+1 < len(text) && escapes(text[n+1], quote):
			n++
			b.WriteByte(text[n])
		case quote == 0 && (c == ' ' || c == '\t'):
			return b.String(), n, nil
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		default:
			b.WriteByte(c)
		}
	}
	if quote != 0 {
		return "", n, errQuotes
	}
	return b.String(), n, nil
}

// escapes tells whether a backslash before c is left out.
func escapes(c, quote byte) bool {
	return c == '\'' || c == '"' || c == '\\' || quote == 0 && c == ' '
}
