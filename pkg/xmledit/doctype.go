package xmledit

import "strconv"

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
