package jsonedit

import (
	"bytes"
	"fmt"
)

// prove reads the result and compares it with what was meant: the source with
// the edits on it.
func (s *session) prove(out []byte) error {
	got, err := Parse(out)
	if err != nil {
		return fmt.Errorf("the result is no JSON: %w", err)
	}
	wanted := map[*node]string{}
	for _, c := range s.changed {
		wanted[c.of] = c.text
	}
	return proof{s, got, wanted}.pair(s.doc.top, got.top)
}

type proof struct {
	*session
	got    *Doc
	wanted map[*node]string
}

func (p proof) differs(b *node) error {
	return fmt.Errorf("the result differs in line %d", p.got.line(b.Start))
}

// pair compares a value of the source with its place in the result.
func (p proof) pair(a, b *node) error {
	if text, changed := p.wanted[a]; changed {
		if string(p.got.src[b.Start:b.End]) != text {
			return p.differs(b)
		}
		return nil
	}
	if a.kind != b.kind || len(a.elements) != len(b.elements) || len(a.members)+len(p.added[a]) != len(b.members) {
		return p.differs(b)
	}
	if a.kind != object && a.kind != array && !bytes.Equal(p.doc.src[a.Start:a.End], p.got.src[b.Start:b.End]) {
		return p.differs(b)
	}
	for i := range a.elements {
		if err := p.pair(a.elements[i], b.elements[i]); err != nil {
			return err
		}
	}
	for i := range a.members {
		x, y := a.members[i], b.members[i]
		if !bytes.Equal(p.doc.src[x.key.Start:x.key.End], p.got.src[y.key.Start:y.key.End]) {
			return p.differs(y.value)
		}
		if err := p.pair(x.value, y.value); err != nil {
			return err
		}
	}
	for i, add := range p.added[a] {
		m := b.members[len(a.members)+i]
		if m.name != add.name || string(p.got.src[m.value.Start:m.value.End]) != add.text {
			return p.differs(m.value)
		}
	}
	return nil
}
