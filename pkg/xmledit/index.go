package xmledit

import "slices"

// indexFrom is the number of children from which on looking them up by scanning
// would make many edits of one big list quadratic.
const indexFrom = 32

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
	buckets map[string][]*elem
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
	return d.filter(d.tableOf(idx, e, st.name, p.op).buckets[p.value], st.preds[1:])
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
		t = table{op, map[string][]*elem{}}
		for _, c := range d.named(idx, e, name) {
			for _, v := range d.distinct(c, op) {
				t.buckets[v] = append(t.buckets[v], c)
			}
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

// indexAdded notes a new child. Order within a bucket is document order, so
// where that is not certain the table is made anew when it is next needed.
func (d *Doc) indexAdded(c *elem) {
	d.indexChanged(c.parent, string(local(d.rawName(c))))
	idx := d.indexes[c.parent]
	if idx == nil {
		return
	}
	for name, list := range idx.names {
		if !name.matches(d.rawName(c)) {
			continue
		}
		if c.next == nil {
			idx.names[name] = append(list, c)
		} else {
			delete(idx.names, name)
		}
	}
	for key, t := range idx.tables {
		if key.name.matches(d.rawName(c)) && !t.add(c, d.distinct(c, t.op)) {
			delete(idx.tables, key)
		}
	}
}

// add reports whether every bucket still is in document order.
func (t table) add(c *elem, values []string) bool {
	for _, v := range values {
		if len(t.buckets[v]) > 0 && c.next != nil {
			return false
		}
		t.buckets[v] = append(t.buckets[v], c)
	}
	return true
}

// indexRemoving notes that a child is about to go.
func (d *Doc) indexRemoving(c *elem) {
	d.indexChanged(c.parent, string(local(d.rawName(c))))
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
		if !key.name.matches(d.rawName(c)) {
			continue
		}
		for _, v := range d.distinct(c, t.op) {
			bucket := t.buckets[v]
			if i := slices.Index(bucket, c); i >= 0 {
				t.buckets[v] = slices.Concat(bucket[:i], bucket[i+1:])
			}
		}
	}
}

// indexChanged drops the tables that may depend on something called name in or
// below e: an attribute, the text of an element, or an element that came or went.
func (d *Doc) indexChanged(e *elem, name string) {
	for a := e; a != nil && len(d.indexes) > 0; a = a.parent {
		idx := d.indexes[a]
		if idx == nil {
			continue
		}
		for key, t := range idx.tables {
			if t.op.mentions(name) {
				delete(idx.tables, key)
			}
		}
	}
}

func (o operand) mentions(name string) bool {
	return o.attr == name || len(o.steps) == 0 && o.attr == "" ||
		slices.ContainsFunc(o.steps, func(q qname) bool { return q.local == name })
}
