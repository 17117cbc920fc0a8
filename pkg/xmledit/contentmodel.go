package xmledit

// Element and attribute-list declarations decide nothing here; they are read
// because a document with a broken one is not well-formed.

// element reads production 45 behind <!ELEMENT.
func (t *dtd) element() {
	t.space()
	t.name()
	t.space()
	switch {
	case t.accept("EMPTY"), t.accept("ANY"):
	case t.accept("("):
		t.optSpace()
		if t.accept("#PCDATA") {
			t.mixed()
		} else {
			t.group(0)
			t.occurs()
		}
	default:
		t.stop("a content model is missing")
	}
	t.optSpace()
	t.expect(">")
}

// mixed reads production 51 behind #PCDATA.
func (t *dtd) mixed() {
	names := 0
	for t.optSpace(); t.accept("|"); t.optSpace() {
		t.optSpace()
		t.name()
		names++
	}
	t.expect(")")
	if !t.accept("*") && names > 0 {
		t.stop("* is missing")
	}
}

// group reads productions 49 and 50 behind the parenthesis: all its separators
// are the same.
func (t *dtd) group(depth int) {
	if depth > 4*maxNesting {
		t.stop("a content model nested too deep")
	}
	separator := ""
	for t.err == nil {
		t.optSpace()
		t.particle(depth)
		t.optSpace()
		switch {
		case t.accept(")"):
			return
		case separator == "" && t.looking("|"):
			separator = "|"
		case separator == "":
			separator = ","
		}
		t.expect(separator)
	}
}

func (t *dtd) particle(depth int) {
	if t.accept("(") {
		t.group(depth + 1)
	} else {
		t.name()
	}
	t.occurs()
}

func (t *dtd) occurs() {
	_ = t.accept("?") || t.accept("*") || t.accept("+")
}

// attlist reads production 52 behind <!ATTLIST.
func (t *dtd) attlist() {
	t.space()
	t.name()
	for t.err == nil {
		spaced := t.optSpace()
		if t.accept(">") {
			return
		}
		if !spaced {
			t.stop("a blank is missing")
		}
		t.name()
		t.space()
		t.attType()
		t.space()
		t.attDefault()
	}
}

// attType reads production 54. Longer words come first: ID begins IDREFS.
func (t *dtd) attType() {
	for _, word := range []string{"CDATA", "IDREFS", "IDREF", "ID", "ENTITY", "ENTITIES", "NMTOKENS", "NMTOKEN"} {
		if t.accept(word) {
			return
		}
	}
	if t.accept("NOTATION") {
		t.space()
		t.enumeration(nameLen)
		return
	}
	t.enumeration(tokenLen)
}

func (t *dtd) enumeration(length func([]byte) int) {
	t.expect("(")
	for t.err == nil {
		t.optSpace()
		t.word(length, "a name is missing")
		t.optSpace()
		if t.accept(")") {
			return
		}
		t.expect("|")
	}
}

// attDefault reads production 60.
func (t *dtd) attDefault() {
	if t.accept("#REQUIRED") || t.accept("#IMPLIED") {
		return
	}
	if t.accept("#FIXED") {
		t.space()
	}
	if t.err == nil {
		t.i, t.err = t.attValue(t.i)
	}
}
