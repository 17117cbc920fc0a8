package xmledit

import (
	"bytes"
	"strconv"
)

// subset is what the document type declaration says, as far as it decides what
// a reference stands for.
type subset struct {
	standalone bool
	unread     bool // there is an external subset, or a parameter entity was used: declarations may stand elsewhere
	stopped    bool // a parameter entity that we don't read was used: what follows need not count (section 5.1)
	entities   map[string]*entity
	parameters map[string]*entity
	expanded   int // bytes that parameter entities stood for
	doctypeEnd int
}

// mayDeclare says whether an entity may be declared where we don't look.
func (s *subset) mayDeclare() bool { return s.unread && !s.standalone }

// dtd reads a piece of a document type declaration. The first mistake stays in
// err, and every method does nothing from then on.
type dtd struct {
	*parser
	i   int
	err error
}

// readDoctype reads production 28 and returns where it ends.
func (p *parser) readDoctype(i int) (int, error) {
	t := &dtd{parser: p, i: i + len("<!DOCTYPE")}
	t.space()
	t.name()
	if t.optSpace() && (t.looking("SYSTEM") || t.looking("PUBLIC")) {
		t.externalID(false)
		t.d.unread = true
		t.optSpace()
	}
	if t.accept("[") {
		t.declarations(true)
		t.expect("]")
		t.optSpace()
	}
	t.expect(">")
	return t.i, t.err
}

// declarations reads production 28b up to its ], or to the end of a parameter
// entity.
func (t *dtd) declarations(inDocument bool) {
	for t.err == nil {
		t.optSpace()
		switch {
		case t.i >= len(t.w):
			if inDocument {
				t.stop("the document type declaration does not end")
			}
			return
		case inDocument && t.w[t.i] == ']':
			return
		case t.w[t.i] == '%':
			t.parameterReference()
		case t.looking("<!--"):
			t.i, t.err = t.comment(t.i)
		case t.looking("<?"):
			t.i, t.err = t.instruction(t.i)
		case t.accept("<!ENTITY"):
			t.entity()
		case t.accept("<!ELEMENT"):
			t.element()
		case t.accept("<!ATTLIST"):
			t.attlist()
		case t.accept("<!NOTATION"):
			t.notation()
		default:
			t.stop("this is no declaration")
		}
	}
}

// parameterReference reads the entity's text in its place, as declarations.
func (t *dtd) parameterReference() {
	at := t.i
	t.i++
	name := t.name()
	t.expect(";")
	if t.err != nil {
		return
	}
	t.d.unread = true
	e := t.d.parameters[name]
	switch {
	case e == nil && t.d.standalone:
		t.stop("a reference to a parameter entity that is not declared")
	case e == nil || e.external:
		t.d.stopped = !t.d.standalone
	case e.open:
		t.stop("a parameter entity that contains itself")
	default:
		t.include(e, at)
	}
}

func (t *dtd) include(e *entity, at int) {
	t.d.expanded += len(e.text)
	if t.d.expanded > maxExpansion || t.depth >= maxNesting {
		t.stop("the parameter entities used here stand for more than " + strconv.Itoa(maxExpansion) + " bytes")
		return
	}
	outer := t.outer
	if outer == nil {
		outer = &place{t.w, at}
	}
	e.open = true
	sub := &dtd{parser: &parser{d: t.d, w: e.text, outer: outer, depth: t.depth + 1}}
	sub.declarations(false)
	e.open = false
	t.err = sub.err
}

// entity reads productions 70 to 76 behind <!ENTITY. The first declaration of
// a name counts.
func (t *dtd) entity() {
	t.space()
	table := &t.d.entities
	if t.accept("%") {
		t.space()
		table = &t.d.parameters
	}
	name := t.name()
	t.space()
	e := &entity{}
	if t.looking("'") || t.looking(`"`) {
		e.text = t.entityValue()
	} else {
		e.external = true
		t.externalID(false)
		e.unparsed = table == &t.d.entities && t.notationData()
	}
	t.optSpace()
	t.expect(">")
	if t.err != nil || t.d.stopped {
		return
	}
	if *table == nil {
		*table = map[string]*entity{}
	}
	if (*table)[name] == nil {
		(*table)[name] = e
	}
}

// notationData reads production 76, if it is there.
func (t *dtd) notationData() bool {
	spaced := t.optSpace()
	if !t.looking("NDATA") {
		return false
	}
	if !spaced {
		t.stop("a blank is missing before NDATA")
	}
	t.i += len("NDATA")
	t.space()
	t.name()
	return true
}

// entityValue reads production 9 and returns the replacement text: character
// references are replaced, references to general entities stay.
func (t *dtd) entityValue() []byte {
	start := t.i + 1
	raw := t.quoted()
	var out []byte
	for i := 0; i < len(raw) && t.err == nil; {
		switch raw[i] {
		case '%':
			t.i = start + i
			t.stop("a reference to a parameter entity inside of a declaration, which only an external subset may have")
		case '&':
			name, n := refName(raw[i:])
			if n == 0 {
				t.i = start + i
				t.stop("a & that begins no reference")
				return nil
			}
			out = t.keepReference(out, raw[i:i+n], name)
			i += n
		case '\r':
			out = append(out, '\n')
			if i++; i < len(raw) && raw[i] == '\n' {
				i++
			}
		default:
			out = append(out, raw[i])
			i++
		}
	}
	return out
}

func (t *dtd) keepReference(out, raw []byte, name string) []byte {
	if name[0] != '#' {
		return append(out, raw...)
	}
	r, ok := charRef(name)
	if !ok {
		t.stop("a reference to a character that XML does not allow")
	}
	return append(out, string(r)...)
}

// externalID reads production 75; a notation may do without the system part.
func (t *dtd) externalID(notation bool) {
	switch {
	case t.accept("SYSTEM"):
		t.space()
		t.quoted()
	case t.accept("PUBLIC"):
		t.space()
		t.publicID()
		spaced := t.optSpace()
		if notation && t.looking(">") {
			return
		}
		if !spaced {
			t.stop("a blank is missing after a public identifier")
		}
		t.quoted()
	default:
		t.stop("SYSTEM or PUBLIC is missing")
	}
}

func (t *dtd) publicID() {
	for _, b := range t.quoted() {
		if b >= 0x80 || class[b]&isPubid == 0 {
			t.stop("a character that a public identifier cannot have")
			return
		}
	}
}

func (t *dtd) notation() {
	t.space()
	t.name()
	t.space()
	t.externalID(true)
	t.optSpace()
	t.expect(">")
}

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
