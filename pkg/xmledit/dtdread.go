package xmledit

import "bytes"

func (t *dtd) looking(s string) bool {
	return t.err == nil && bytes.HasPrefix(t.w[min(t.i, len(t.w)):], []byte(s))
}

func (t *dtd) accept(s string) bool {
	if !t.looking(s) {
		return false
	}
	t.i += len(s)
	return true
}

func (t *dtd) expect(s string) {
	if !t.accept(s) {
		t.stop(s + " is missing")
	}
}

func (t *dtd) stop(reason string) {
	if t.err == nil {
		t.err = t.fail(t.i, reason)
	}
}

func (t *dtd) optSpace() bool {
	if t.err != nil {
		return false
	}
	from := t.i
	t.i = skipSpace(t.w, t.i)
	return t.i > from
}

func (t *dtd) space() {
	if !t.optSpace() {
		t.stop("a blank is missing")
	}
}

func (t *dtd) name() string { return t.word(nameLen, "a name is missing") }

func (t *dtd) word(length func([]byte) int, missing string) string {
	if t.err != nil {
		return ""
	}
	n := length(t.w[t.i:])
	if n == 0 {
		t.stop(missing)
	}
	t.i += n
	return string(t.w[t.i-n : t.i])
}

// quoted reads a literal and returns what is between its quotes.
func (t *dtd) quoted() []byte {
	if t.err != nil {
		return nil
	}
	if t.i >= len(t.w) || t.w[t.i] != '"' && t.w[t.i] != '\'' {
		t.stop("a quoted value is missing")
		return nil
	}
	n := bytes.IndexByte(t.w[t.i+1:], t.w[t.i])
	if n < 0 {
		t.stop("this value does not end")
		return nil
	}
	t.i += n + 2
	return t.w[t.i-n-1 : t.i-1]
}
