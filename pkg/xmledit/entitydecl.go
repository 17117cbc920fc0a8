package xmledit

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
