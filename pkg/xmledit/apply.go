package xmledit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
)

// Splice is what [Apply] did in one place: the bytes of the source in Span gave
// way to New.
type Splice struct {
	Span
	New []byte
}

// Apply returns src with the edits spliced in, and the splices in the order of
// the source. Every byte of out that is not in a splice is copied from src. An
// edit whose value is already there makes no splice.
//
// The edits are seen in order, each on what the ones before it left. All or
// nothing: after an error out is nil.
func Apply(src []byte, edits ...Edit) (out []byte, splices []Splice, err error) {
	return applyIndexed(src, edits, 32)
}

// applyIndexed looks children up by an index where there are so many of them
// that scanning would make many edits of one big list quadratic.
func applyIndexed(src []byte, edits []Edit, indexFrom int32) (out []byte, splices []Splice, err error) {
	d, err := Parse(src)
	if err != nil {
		return nil, nil, err
	}
	d.indexes, d.indexFrom = map[*elem]*index{}, indexFrom
	s := &session{d: d}
	for _, e := range edits {
		if e == nil {
			return nil, nil, errors.New("one of the edits is nil")
		}
		if err := e.make(s); err != nil {
			return nil, nil, err
		}
	}
	splices, err = s.splices()
	if err != nil {
		return nil, nil, err
	}
	out = splice(src, splices)
	if err := s.prove(out, splices); err != nil {
		return nil, nil, fmt.Errorf("internal error, nothing was changed: %w", err)
	}
	return out, splices, nil
}

// splices writes what the edits want, in offsets of the source.
func (s *session) splices() ([]Splice, error) {
	r := &writer{d: s.d, mix: map[*elem]bool{}}
	for _, e := range s.dirty {
		r.write(e)
	}
	sort.SliceStable(r.cuts, func(i, j int) bool {
		a, b := r.cuts[i], r.cuts[j]
		return a.start < b.start || a.start == b.start && a.end < b.end
	})
	var list []Splice
	for _, c := range r.cuts {
		text, err := s.d.cs.encode(c.text)
		if err != nil {
			return nil, err
		}
		list = append(list, Splice{s.d.span(c.start, c.end), text})
	}
	return list, nil
}

func splice(src []byte, list []Splice) []byte {
	var out bytes.Buffer
	at := 0
	for _, s := range list {
		out.Write(src[min(at, s.Start):s.Start])
		out.Write(s.New)
		at = s.End
	}
	out.Write(src[at:])
	return slices.Clip(out.Bytes())
}
