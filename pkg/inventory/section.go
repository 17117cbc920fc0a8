package inventory

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// section is a table of the file with the place where it stands. After strict
// has run, every value in it has the kind that the schema says, and a value
// that had not is gone from it though has still says that it was written: what
// is wrong is not reported as missing too.
type section struct {
	notes  *notes
	label  string // "database.pool", "host gw1"; empty for the file as a whole
	values map[string]any
	place  *place // nil for a table that is not in the file
	parent int    // the line to name then
}

func (s section) has(name string) bool { return s.place.key(name) != nil }

// broken tells that a value was written, and of no use: what follows from it
// is no problem of its own.
func (s section) broken(name string) bool { return s.has(name) && s.values[name] == nil }

// line is that of the key, or that of the table when it lacks the key.
func (s section) line(name string) int {
	if p := s.place.key(name); p != nil {
		return p.line
	}
	return s.start()
}

// start is the line where the table begins.
func (s section) start() int {
	if s.place == nil {
		return s.parent
	}
	return s.place.line
}

// wrong reports a problem at the line of the key.
func (s section) wrong(name, format string, args ...any) {
	s.notes.wrong(s.line(name), s.prefix()+fmt.Sprintf(format, args...))
}

func (s section) warn(name, format string, args ...any) {
	s.notes.warn(s.line(name), s.prefix()+fmt.Sprintf(format, args...))
}

func (s section) prefix() string {
	if s.label == "" {
		return ""
	}
	return s.label + ": "
}

// need reports a key that is not there. Of a table that is not there, the
// table is reported, and its keys are not.
func (s section) need(name, hint string) {
	if s.place != nil && !s.has(name) {
		s.wrong(name, "%s is missing%s", name, hint)
	}
}

// text is the value of a key; the default when it is not given or broke the rule.
func (s section) text(name, byDefault string, rules ...rule) string {
	value, ok := s.values[name].(string)
	if !ok {
		return byDefault
	}
	for _, complaint := range rules {
		if c := complaint(value); c != "" {
			s.wrong(name, "%s %s %s", name, quoted(value), c)
			delete(s.values, name)
			return byDefault
		}
	}
	return value
}

// url is the address of a file, which is printed.
func (s section) url(name string) string {
	url := s.text(name, "")
	if strings.Contains(url, "@") {
		s.wrong(name, "%s holds a user or a password, which would be printed; want an address without one", name)
		return url
	}
	if signed(url) {
		s.wrong(name, "%s holds a token or a signature, which would be printed and stand in lists of processes; want an address without one, or fetch the file and name it", name)
		return url
	}
	return s.text(name, "", webURL)
}

// signed tells whether the query of an address lets in whoever has it.
func signed(url string) bool {
	_, query, _ := strings.Cut(url, "?")
	for part := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		key, value, _ := strings.Cut(strings.ToLower(part), "=")
		for _, word := range []string{"token", "signature", "sig", "password", "passwd", "pwd", "secret", "credential", "apikey", "api_key", "api-key", "access_key", "auth"} {
			if value != "" && strings.HasSuffix(key, word) {
				return true
			}
		}
	}
	return false
}

// choice is a text that must be one of the options, the first by default.
func (s section) choice(name string, options ...string) string {
	return s.text(name, options[0], oneOf(options))
}

// texts is a list; a text alone is a list of one.
func (s section) texts(name string, rules ...rule) []string {
	switch value := s.values[name].(type) {
	case string:
		if s.text(name, "", rules...) != "" {
			return []string{value}
		}
	case []any:
		return s.items(name, value, rules)
	}
	return nil
}

func (s section) items(name string, values []any, rules []rule) []string {
	var list []string
	for i, v := range values {
		item := section{s.notes, s.label, map[string]any{name: v}, s.place, s.parent}
		if p := s.place.key(name).item(i); p != nil {
			item.place = &place{keys: map[string]*place{name: p}}
		}
		if value := item.text(name, "", rules...); value != "" {
			list = append(list, value)
		}
	}
	return list
}

func (s section) number(name string, byDefault, low, high int) int {
	value, ok := s.values[name].(int64)
	if !ok {
		return byDefault
	}
	if value < int64(low) || value > int64(high) {
		s.wrong(name, "%s is %d, want %d to %d", name, value, low, high)
		delete(s.values, name)
		return byDefault
	}
	return int(value)
}

func (s section) port(name string, byDefault int) int {
	return s.number(name, byDefault, 1, 65535)
}

func (s section) flag(name string, byDefault bool) bool {
	if value, ok := s.values[name].(bool); ok {
		return value
	}
	return byDefault
}

func (s section) duration(name string, byDefault time.Duration) time.Duration {
	value, ok := s.values[name].(string)
	if !ok {
		return byDefault
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		s.wrong(name, `%s %s is no duration above zero (write "30s" or "10m")`, name, quoted(value))
		return byDefault
	}
	return d
}

// table is a table within. It has no place when it is not in the file, or is no
// table there, which strict has reported.
func (s section) table(name string) section {
	t := section{notes: s.notes, label: s.within(name), parent: s.line(name)}
	if values, ok := s.values[name].(map[string]any); ok {
		t.values, t.place = values, s.place.key(name)
	}
	return t
}

// within labels a table in this one: database.pool, host gw1: ssh.
func (s section) within(name string) string {
	switch {
	case s.label == "":
		return name
	case strings.Contains(s.label, " "):
		return s.label + ": " + name
	}
	return s.label + "." + name
}

// tables are the tables of a list.
func (s section) tables(name string) []section {
	all := listOfTables(s.values[name])
	list := make([]section, len(all))
	for i, values := range all {
		label := s.itemLabel(name, i, len(all), values)
		list[i] = section{s.notes, label, values, s.place.key(name).item(i), s.line(name)}
	}
	return list
}

// itemLabel names a host or a node: by its name, else by its number. A host's
// only node needs neither.
func (s section) itemLabel(list string, i, of int, values map[string]any) string {
	name, named := values["name"].(string)
	if name == "" || len(name) > longest || !only(name, letters+digits+"._- ,") {
		name = strconv.Itoa(i + 1)
	}
	if list == "host" {
		return "host " + name
	}
	if of == 1 && !named {
		return s.label
	}
	return s.label + ": node " + name
}

// listOfTables unites the two forms in which the decoder hands out [[a]] and
// a = [{}]; nil when the value is something else.
func listOfTables(value any) []map[string]any {
	if list, ok := value.([]map[string]any); ok {
		return list
	}
	items, _ := value.([]any)
	list := make([]map[string]any, 0, len(items))
	for _, item := range items {
		values, ok := item.(map[string]any)
		if !ok {
			return nil
		}
		list = append(list, values)
	}
	return list
}
