package dbinit

import (
	"fmt"
	"strings"
)

// token is a word, a quoted text or a mark of a statement, comments left out.
type token struct {
	kind kind
	text string
}

func tokens(sql string) []token {
	var out []token
	for i := 0; i < len(sql); {
		end, k := lexeme(sql, i, true)
		if k == word || k == quoted || k == mark {
			out = append(out, token{k, sql[i:end]})
		}
		i = end
	}
	return out
}

// reader walks over tokens.
type reader struct {
	tokens []token
	at     int
}

func (r *reader) more() bool { return r.at < len(r.tokens) }

func (r *reader) next() token {
	if !r.more() {
		return token{}
	}
	r.at++
	return r.tokens[r.at-1]
}

// word takes the next token: a keyword in upper case, "" for anything else.
func (r *reader) word() string {
	if t := r.next(); t.kind == word {
		return strings.ToUpper(t.text)
	}
	return ""
}

// accept takes the next token when it is one of the keywords.
func (r *reader) accept(words ...string) bool {
	if !r.more() || r.tokens[r.at].kind != word {
		return false
	}
	for _, w := range words {
		if strings.EqualFold(r.tokens[r.at].text, w) {
			r.at++
			return true
		}
	}
	return false
}

func (r *reader) acceptMark(m string) bool {
	if r.more() && r.tokens[r.at].kind != quoted && r.tokens[r.at].text == m {
		r.at++
		return true
	}
	return false
}

// name reads [IF [NOT] EXISTS] name, refusing one of another schema: the
// scripts are loaded into whatever schema the inventory names.
func (r *reader) name() (string, error) {
	if r.accept("IF") {
		r.accept("NOT")
		r.accept("EXISTS")
	}
	t := r.next()
	name := unquote(t)
	if name == "" {
		return "", fmt.Errorf("no name where one belongs, near %q", t.text)
	}
	if r.acceptMark(".") {
		return "", fmt.Errorf("%s.%s names a schema; a script is loaded into the schema that the inventory names", name, unquote(r.next()))
	}
	return name, nil
}

func unquote(t token) string {
	switch {
	case t.kind == word:
		return t.text
	case t.kind == quoted && t.text[0] != '\'':
		q := t.text[:1]
		return strings.ReplaceAll(t.text[1:len(t.text)-1], q+q, q)
	}
	return ""
}
