package xmledit

import (
	"cmp"
	"slices"
)

// index finds the children of one element, by name and by what they hold. It is
// right for the tree as the edits so far leave it.
type index struct {
	names  map[qname][]*elem
	tables map[tableKey]table
}

type tableKey struct {
	name qname
	op   string
}

type table struct {
	op      operand
	buckets map[string]bucket
}

// bucket holds the children of one value. It is put in order when it is asked
// for and something was added.
type bucket struct {
	list   []*elem
	sorted bool
}

func (d *Doc) lookup(e *elem, st step) []*elem {
	idx := d.indexes[e]
	if idx == nil {
		idx = &index{map[qname][]*elem{}, map[tableKey]table{}}
		d.indexes[e] = idx
	}
	if len(st.preds) == 0 || st.preds[0].index > 0 {
		return d.filter(d.named(idx, e, st.name), st.preds)
	}
	p := st.preds[0]
	return d.filter(d.tableOf(idx, e, st.name, p.op).get(p.value), st.preds[1:])
}

func (d *Doc) named(idx *index, e *elem, name qname) []*elem {
	list, ok := idx.names[name]
	if !ok {
		for c := e.first; c != nil; c = c.next {
			if !c.removed() && name.matches(d.rawName(c)) {
				list = append(list, c)
			}
		}
		idx.names[name] = list
	}
	return list
}

func (d *Doc) tableOf(idx *index, e *elem, name qname, op operand) table {
	key := tableKey{name, op.String()}
	t, ok := idx.tables[key]
	if !ok {
		t = table{op, map[string]bucket{}}
		for _, c := range d.named(idx, e, name) {
			t.add(c, d.distinct(c, op))
		}
		idx.tables[key] = t
	}
	return t
}

// distinct are the values that op names, each once, without opaque ones.
func (d *Doc) distinct(e *elem, op operand) []string {
	var list []string
	d.values(e, op, func(v value) {
		if !v.opaque && !slices.Contains(list, v.s) {
			list = append(list, v.s)
		}
	})
	return list
}

// indexAdded notes a new child.
func (d *Doc) indexAdded(c *elem) {
	idx := d.indexes[c.parent]
	if idx == nil {
		return
	}
	for name, list := range idx.names {
		switch {
		case !name.matches(d.rawName(c)):
		case c.next == nil:
			idx.names[name] = append(list, c)
		default:
			delete(idx.names, name)
		}
	}
	for key, t := range idx.tables {
		if key.name.matches(d.rawName(c)) {
			t.add(c, d.distinct(c, t.op))
		}
	}
}

// indexRemoving notes that a child is about to go.
func (d *Doc) indexRemoving(c *elem) {
	idx := d.indexes[c.parent]
	if idx == nil {
		return
	}
	for name := range idx.names {
		if name.matches(d.rawName(c)) {
			delete(idx.names, name)
		}
	}
	for key, t := range idx.tables {
		if key.name.matches(d.rawName(c)) {
			t.drop(c, d.distinct(c, t.op))
		}
	}
}

// unindex takes e and the elements around it out of the tables that may depend
// on something called name in e: an attribute, its text, a child that comes or
// goes; "" is anything. When the change is made, the function returned puts
// them back.
func (d *Doc) unindex(e *elem, name string) (reindex func()) {
	var back []func()
	for ; e != nil && e.parent != nil && len(d.indexes) > 0; e = e.parent {
		idx := d.indexes[e.parent]
		if idx == nil {
			continue
		}
		for key, t := range idx.tables {
			if !t.op.mentions(name) || !key.name.matches(d.rawName(e)) {
				continue
			}
			c := e
			t.drop(c, d.distinct(c, t.op))
			back = append(back, func() { t.add(c, d.distinct(c, t.op)) })
		}
	}
	return func() {
		for _, f := range back {
			f()
		}
	}
}

func (t table) get(value string) []*elem {
	b := t.buckets[value]
	if len(b.list) > 1 && !b.sorted {
		slices.SortFunc(b.list, inOrder)
		t.buckets[value] = bucket{b.list, true}
	}
	return b.list
}

func (t table) add(c *elem, values []string) {
	for _, v := range values {
		t.buckets[v] = bucket{list: append(t.buckets[v].list, c)}
	}
}

func (t table) drop(c *elem, values []string) {
	for _, v := range values {
		b := t.buckets[v]
		if i := slices.Index(b.list, c); i >= 0 {
			b.list = slices.Concat(b.list[:i], b.list[i+1:])
			t.buckets[v] = b
		}
	}
}

// inOrder compares siblings by where they stand.
func inOrder(a, b *elem) int {
	startA, nA := a.place()
	startB, nB := b.place()
	return cmp.Or(cmp.Compare(startA, startB), cmp.Compare(nA, nB))
}

// place is the last element of the source up to e, and how many new ones come
// after that.
func (e *elem) place() (start int32, n int) {
	for ; e != nil && e.made(); e = e.prev {
		n++
	}
	if e == nil {
		return -1, n
	}
	return e.start, n
}

func (o operand) mentions(name string) bool {
	return name == "" || o.attr == name || len(o.steps) == 0 && o.attr == "" ||
		slices.ContainsFunc(o.steps, func(q qname) bool { return q.local == name })
}
