package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// cutOut stands for what was cut out of an inventory. It reads as the way to a
// secret, so that the rest is still an inventory.
const cutOut = `["(cut out)"]`

// Cut takes out of an inventory what nobody but its owner may see: secrets that
// stand in it, commands that find one, whose arguments may be one, and the
// comments, which may hold anything. Lines stay where they are. The keys that
// were cut are given, in order; Fill puts their values back. src must be one
// that Parse takes.
func Cut(src []byte) ([]byte, []string, error) {
	holes, comments, err := holesOf(src)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range comments {
		if !slices.ContainsFunc(slices.Collect(maps.Values(holes)), func(h hole) bool { return h.from <= c.from && c.from < h.to }) {
			holes[fmt.Sprint("#", c.from)] = c
		}
	}
	out := splice(string(src), holes)
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(holes)) {
		if !strings.HasPrefix(key, "#") {
			keys = append(keys, key)
		}
	}
	return []byte(out), keys, nil
}

// Fill puts what Cut took out back from an inventory that has it. An error
// names the first key that this one has not, or has in another way.
func Fill(cut, src []byte) ([]byte, error) {
	empty, _, err := holesOf(cut)
	if err != nil {
		return nil, err
	}
	full, _, err := holesOf(src)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(empty)) {
		is, from := empty[key], full[key]
		switch {
		case !strings.Contains(is.text, cutOut):
			return nil, fmt.Errorf("%s was not cut out", key)
		case from.text == "" || from.whole != is.whole:
			return nil, fmt.Errorf("%s is not given there as it was", key)
		}
		is.fill = from.text
		empty[key] = is
	}
	return []byte(splice(string(cut), empty)), nil
}

// hole is a range of an inventory's text.
type hole struct {
	from, to int
	whole    bool   // the value of the key itself; else only its command
	text     string // what is there
	fill     string // what comes there
}

// splice puts what comes into the holes in the place of what is there.
func splice(src string, holes map[string]hole) string {
	list := slices.SortedFunc(maps.Values(holes), func(a, b hole) int { return a.from - b.from })
	var out strings.Builder
	at := 0
	for _, h := range list {
		out.WriteString(src[at:h.from])
		out.WriteString(h.fill)
		at = h.to
	}
	out.WriteString(src[at:])
	return out.String()
}

// holesOf finds the secrets and commands by their keys, and the comments.
func holesOf(src []byte) (map[string]hole, []hole, error) {
	n := &notes{}
	root, ok := decode(n, src)
	if !ok {
		return nil, nil, &Invalid{n.problems}
	}
	text := string(src)
	from := len(text) - len(strings.TrimPrefix(text, "\xef\xbb\xbf"))
	c := &cutter{src: text, shift: from, holes: map[string]hole{}}
	c.table("", schema, root.place, root.values)
	var comments []hole
	_, scanned := scan(text)
	for _, r := range scanned.comments {
		comments = append(comments, hole{from: r.from + from, to: r.to + from})
	}
	return c.holes, comments, nil
}

// cutter walks an inventory for its holes.
type cutter struct {
	src   string
	shift int // of the places
	holes map[string]hole
}

func (c *cutter) table(prefix string, keys []key, p *place, values map[string]any) {
	for _, k := range keys {
		in := p.key(k.name)
		switch value := values[k.name].(type) {
		case string:
			if k.kind == secret {
				c.hole(prefix+k.name, in, true)
			}
		case map[string]any:
			if k.kind == secret {
				c.reference(prefix+k.name, in, value)
			} else {
				c.table(prefix+k.name+".", k.keys, in, value)
			}
		default:
			for i, item := range listOfTables(value) {
				c.table(fmt.Sprintf("%s%s %v.", prefix, k.name, item["name"]), k.keys, in.item(i), item)
			}
		}
	}
}

// reference cuts the command out of { command = … }, in any of its spellings.
func (c *cutter) reference(name string, in *place, value map[string]any) {
	if value["command"] == nil {
		return
	}
	if in != nil && in.to > 0 {
		c.hole(name, in, true)
		return
	}
	c.hole(name, in.key("command"), false)
}

func (c *cutter) hole(name string, in *place, whole bool) {
	if in == nil {
		return
	}
	h := hole{from: in.from + c.shift, to: in.to + c.shift, whole: whole, fill: cutOut}
	if whole {
		h.fill = "{ command = " + cutOut + " }"
	}
	h.text = c.src[h.from:h.to]
	c.holes[name] = h
}
