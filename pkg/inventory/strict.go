package inventory

import (
	"maps"
	"slices"
	"strings"
)

// strict compares the table with the schema. It reports unknown keys and
// values that can be of no use, and takes these out, so that what reads the
// table afterwards need not ask again.
func (s section) strict(keys []key) {
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
		if i < 0 {
			s.unknown(name, keys)
			continue
		}
		if complaint := keys[i].complaint(s.values[name]); complaint != "" {
			s.wrong(name, "%s %s", name, complaint)
			delete(s.values, name)
			continue
		}
		s.strictWithin(keys[i])
	}
}

// strictWithin goes on inside a value of the right kind.
func (s section) strictWithin(k key) {
	switch k.kind {
	case table:
		s.table(k.name).strict(k.keys)
	case tables:
		for _, item := range s.tables(k.name) {
			item.strict(k.keys)
		}
	case secret:
		s.table(k.name).strict(secretKeys)
	}
}

// unknown reports a key. The key that was meant counts as written: it is not
// reported as missing too.
func (s section) unknown(name string, keys []key) {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	near := Nearest(name, names)
	if near == "" {
		s.wrong(name, "unknown key %s%s", quoted(name), elsewhere(name, names))
		return
	}
	s.wrong(name, "unknown key %s (did you mean %q?)", quoted(name), near)
	if s.place != nil {
		s.place.sub(near, s.line(name))
	}
}

// elsewhere names the tables in which the key is known, else the known keys.
func elsewhere(name string, names []string) string {
	homes := homesOf(name, "", schema)
	switch {
	case slices.Contains(homes, ""):
		return " (" + name + " belongs to the top of the file: put it above the first [table])"
	case len(homes) > 0:
		return " (" + name + " is a key of " + either(homes) + ")"
	}
	if len(names) <= longestList { // nothing is near: that is known already
		return " (want " + either(names) + ")"
	}
	return ""
}

// longestList is what an error still names: all tables of an inventory, and not
// all keys of [database].
const longestList = 18

// homesOf lists the tables that know a key: "" is the file itself.
func homesOf(name, path string, keys []key) []string {
	var homes []string
	for _, k := range keys {
		if k.name == name {
			homes = append(homes, path)
		}
		homes = append(homes, homesOf(name, below(path, k), k.keys)...)
	}
	return homes
}

// below names a table within another, as its reader writes it.
func below(path string, k key) string {
	switch {
	case path == "" && k.kind == tables:
		return "[[" + k.name + "]]"
	case path == "":
		return "[" + k.name + "]"
	case strings.HasPrefix(path, "[["):
		return k.name + " in " + path
	}
	return strings.TrimSuffix(path, "]") + "." + k.name + "]"
}
