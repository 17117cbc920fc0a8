package inventory

import (
	"fmt"
	"strconv"
	"strings"
)

// complaint tells why the value cannot be that of the key; "" when it can.
func (k key) complaint(value any) string {
	if !k.takes(value) {
		return "is " + k.describe(value) + ", want " + article(k.kind) + k.writeAs(value)
	}
	if k.kind == secret {
		return "" // its text is not looked at here, and never printed
	}
	for _, text := range textsIn(value) {
		if c := unusable(text, k.empty); c != "" {
			return c
		}
	}
	return ""
}

// takes tells whether the value has the kind of the key.
func (k key) takes(value any) bool {
	switch v := value.(type) {
	case string:
		return k.kind == text || k.kind == texts || k.kind == secret || k.kind == duration
	case bool:
		return k.kind == flag
	case int64:
		return k.kind == number
	case map[string]any:
		return k.kind == table || k.kind == secret
	case []map[string]any:
		return k.kind == tables
	case []any:
		if k.kind == tables {
			return listOfTables(v) != nil
		}
		return (k.kind == texts || k.kind == argv) && len(textsIn(v)) == len(v)
	}
	return false
}

// textsIn are the texts of a text or a list.
func textsIn(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			if text, ok := item.(string); ok {
				list = append(list, text)
			}
		}
		return list
	}
	return nil
}

// unusable tells what no text may hold: any of them may come to stand in a
// file of the product, which trims no value and replaces ${}, or on a line of
// /etc/hosts.
func unusable(text string, mayBeEmpty bool) string {
	switch {
	case text == "" && !mayBeEmpty:
		return "is empty"
	case strings.ContainsFunc(text, unwritable):
		return "contains a line end or another control character"
	case strings.TrimSpace(text) != text:
		return "begins or ends with a blank"
	case strings.Contains(text, "${"):
		return "contains ${, which the product replaces by a system property"
	}
	return ""
}

// describe names the kind of a value, never the value: it may be a secret.
func (k key) describe(value any) string {
	switch value.(type) {
	case string:
		return "a text"
	case bool:
		return "true or false"
	case int64:
		return "a number"
	case float64:
		return "a number with a fraction"
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		if k.kind == texts || k.kind == argv || k.kind == tables {
			return "a list of other things"
		}
		return "a list"
	}
	return "a date or time"
}

func article(k kind) string {
	switch k {
	case flag:
		return string(k)
	case secret:
		return "a text, or a table with one of env, file, command, prompt"
	case tables:
		return "a list of tables"
	case argv:
		return "a list of texts"
	}
	return "a " + string(k)
}

// writeAs shows how the value is to be written, where that is plain.
func (k key) writeAs(value any) string {
	switch v := value.(type) {
	case string:
		if _, err := strconv.Atoi(v); err == nil && k.kind == number {
			return " (write " + k.name + " = " + v + ", without quotes)"
		}
		if _, err := strconv.ParseBool(v); err == nil && k.kind == flag {
			return " (without quotes)"
		}
	case int64:
		if k.kind == duration {
			return fmt.Sprintf(` (write %s = "%ds")`, k.name, v)
		}
	case map[string]any, []any:
		if k.kind == tables {
			return " (write [[" + k.name + "]] above each, or " + k.name + " = [{ … }])"
		}
	}
	return ""
}
