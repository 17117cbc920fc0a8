package xmledit

import (
	"bytes"
	"iter"
)

// Kind is what a [Token] is.
type Kind uint8

// The kinds of tokens. A reference is part of its text.
const (
	Mark        Kind = iota // a byte order mark
	Declaration             // <?xml …?>
	Doctype                 // <!DOCTYPE …>, internal subset and all
	Comment
	Instruction // a processing instruction
	Text
	CDATA
	StartTag
	EmptyTag // <a/>
	EndTag
)

// Token is one piece of a document.
type Token struct {
	Kind Kind
	Span Span
}

// Span is a half open range of bytes of the source.
type Span struct{ Start, End int }

// Tokens yields the document piece by piece. Each piece begins where the one
// before it ended, so that every byte of the source belongs to exactly one.
func (d *Doc) Tokens() iter.Seq[Token] {
	return func(yield func(Token) bool) {
		if start := d.cs.marks[0].src; start > 0 && !yield(Token{Mark, Span{0, start}}) {
			return
		}
		for i := 0; i < len(d.w); {
			kind, end := d.token(i)
			if !yield(Token{kind, d.span(i, end)}) {
				return
			}
			i = end
		}
	}
}

// token says what begins at i, in a document known to be well-formed.
func (d *Doc) token(i int) (Kind, int) {
	w := d.w[i:]
	switch {
	case w[0] != '<':
		if n := bytes.IndexByte(w, '<'); n >= 0 {
			return Text, i + n
		}
		return Text, len(d.w)
	case w[1] == '/':
		return EndTag, i + bytes.IndexByte(w, '>') + 1
	case w[1] == '?' && i == 0 && isDeclaration(w):
		return Declaration, bytes.Index(w, []byte("?>")) + 2
	case w[1] == '?':
		return Instruction, i + bytes.Index(w, []byte("?>")) + 2
	case w[1] != '!':
		return d.tag(i)
	case w[2] == '-':
		return Comment, i + 4 + bytes.Index(w[4:], []byte("-->")) + 3
	case w[2] == '[':
		return CDATA, i + bytes.Index(w, []byte("]]>")) + 3
	}
	return Doctype, d.doctypeEnd
}

// tag finds the end of a start tag: a > inside quotes does not end it.
func (d *Doc) tag(i int) (Kind, int) {
	for j := i + 1; ; j++ {
		switch d.w[j] {
		case '"', '\'':
			j += 1 + bytes.IndexByte(d.w[j+1:], d.w[j])
		case '>':
			if d.w[j-1] == '/' {
				return EmptyTag, j + 1
			}
			return StartTag, j + 1
		}
	}
}

// isDeclaration tells <?xml …?> from <?xml-stylesheet …?>.
func isDeclaration(w []byte) bool {
	return bytes.HasPrefix(w, []byte("<?xml")) && len(w) > 5 && tokenLen(w[5:]) == 0
}
