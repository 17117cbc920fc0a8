package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// State is what was read, and what earlier steps want in its place. Absent,
// unread and empty are three things: an absent resource is a nil Object, an
// unread one an error.
type State struct {
	read    map[Ref]reading
	whole   map[Ref]Object // what was read torn, as it was before
	planned map[Ref]Want
}

type reading struct {
	object Object
	err    error
}

// NewState is a state in which nothing was read.
func NewState() *State {
	return &State{read: map[Ref]reading{}, whole: map[Ref]Object{}, planned: map[Ref]Want{}}
}

// Put records what was found; a nil object is absent.
func (s *State) Put(r Ref, o Object) { s.read[r] = reading{object: o} }

// PutError records why a resource could not be read.
func (s *State) PutError(r Ref, err error) { s.read[r] = reading{err: err} }

// PutWhole records what a resource was that was read torn: a run died while it
// wrote there. Steps go on from that, and what is planned replaces what was read.
func (s *State) PutWhole(r Ref, o Object) { s.whole[r] = o }

// Found returns what was read, whatever is planned.
func (s *State) Found(r Ref) (Object, error) {
	got, ok := s.read[r]
	if !ok {
		return nil, fmt.Errorf("%s was never read", r)
	}
	return got.object, got.err
}

// Get returns what will be there once the earlier steps are applied.
func (s *State) Get(r Ref) (Object, error) {
	if w, ok := s.planned[r]; ok {
		return w.After, nil
	}
	if o, torn := s.whole[r]; torn {
		return o, nil
	}
	return s.Found(r)
}

// Applied is the state as it will be once the plan is applied to it.
func (p *Plan) Applied(s *State) *State {
	after := NewState()
	after.Merge(s)
	for _, w := range p.Kept {
		after.planned[w.Ref] = w
	}
	for _, c := range p.Changes {
		after.planned[c.Ref] = c.Want
	}
	return after
}

// Changes tells whether an earlier step changes the resource.
func (s *State) Changes(r Ref) bool {
	w, ok := s.planned[r]
	return ok && !same(s.read[r].object, w.After)
}

// Refs returns everything that was read, sorted.
func (s *State) Refs() []Ref {
	return slices.SortedFunc(maps.Keys(s.read), func(a, b Ref) int {
		return strings.Compare(a.Target+"\x00"+string(a.Kind)+a.Path, b.Target+"\x00"+string(b.Kind)+b.Path)
	})
}

// Merge takes over everything that was read in another state.
func (s *State) Merge(o *State) {
	maps.Copy(s.read, o.read)
	maps.Copy(s.whole, o.whole)
}
