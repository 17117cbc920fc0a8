package inventory

// place is where a value stands in the file: the decoder tells what the values
// are, but not where unknown or wrong ones are. Places form the same tree as
// the values do: of a table keys, of a list items.
type place struct {
	line    int
	stretch // of the value itself, where it is written in one piece
	keys    map[string]*place
	items   []*place
}

// key is the place of a key, nil when the table has none. A nil place has none.
func (p *place) key(name string) *place {
	if p == nil {
		return nil
	}
	return p.keys[name]
}

func (p *place) item(i int) *place {
	if p == nil || i >= len(p.items) {
		return nil
	}
	return p.items[i]
}

// sub is the place of a key, made where it was not yet mentioned.
func (p *place) sub(name string, line int) *place {
	if p.keys == nil {
		p.keys = map[string]*place{}
	}
	if p.keys[name] == nil {
		p.keys[name] = &place{line: line}
	}
	return p.keys[name]
}

func (p *place) add(line int) *place {
	item := &place{line: line}
	p.items = append(p.items, item)
	return item
}

// latest is the table that a header means by the name of a list of tables.
func (p *place) latest() *place {
	if n := len(p.items); n > 0 {
		return p.items[n-1]
	}
	return p
}
