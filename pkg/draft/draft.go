// Package draft writes the text of an inventory that nobody has written yet:
// from the answers of an interview, or from what the hosts of a deployment made
// by hand have. It is pure; what it makes is read back by pkg/inventory, which
// alone decides whether it is one.
package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// Draft is an inventory as text in the making.
type Draft struct {
	Head   string // what is said of it before anything else; lines
	Top    Table
	Tables []*Table // in the order of the file
}

// Table is a table of the file: its keys in their order.
type Table struct {
	Name string // "ssh", "host"; "" is the top
	Note string // above it; lines
	Keys []Key
}

// Key is a key with its value: a literal as TOML has it, or what is in an inline
// table, or in each of a list of them.
type Key struct {
	Name    string
	Literal string
	Inline  []Key
	List    [][]Key
	Note    string // at the end of the line; "" is what notes have
}

// Table finds or makes the table of that name.
func (d *Draft) Table(name string) *Table {
	if name == "" {
		return &d.Top
	}
	for _, t := range d.Tables {
		if t.Name == name {
			return t
		}
	}
	t := &Table{Name: name}
	at := slices.IndexFunc(d.Tables, func(t *Table) bool { return t.Name == "host" }) // these come last
	if at < 0 {
		at = len(d.Tables)
	}
	d.Tables = slices.Insert(d.Tables, at, t)
	return t
}

// Host finds the table of a host by its name; nil when there is none.
func (d *Draft) Host(name string) *Table {
	for _, t := range d.Tables {
		if t.Name == "host" && find(&t.Keys, "name").Literal == inventory.Quote(name) {
			return t
		}
	}
	return nil
}

// find is the key of that name, made where it is not there.
func find(keys *[]Key, name string) *Key {
	i := slices.IndexFunc(*keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		i = len(*keys)
		*keys = append(*keys, Key{Name: name})
	}
	return &(*keys)[i]
}

// text sets a key to a text.
func (t *Table) text(name, value string) { find(&t.Keys, name).Literal = inventory.Quote(value) }

// put sets a key to what is TOML already.
func (t *Table) put(name, literal string) { find(&t.Keys, name).Literal = literal }

// Text is the file.
func (d *Draft) Text() []byte {
	var b strings.Builder
	comment(&b, d.Head)
	b.WriteString("\n")
	d.Top.write(&b, notes)
	said := notes // what the first host's keys mean, the others' do too
	for _, t := range d.Tables {
		b.WriteString("\n")
		comment(&b, t.Note)
		if t.Name == "host" {
			b.WriteString("[[host]]\n")
			t.write(&b, said)
			said = nil
			continue
		}
		b.WriteString("[" + t.Name + "]\n")
		t.write(&b, notes)
	}
	return []byte(b.String())
}

func comment(b *strings.Builder, text string) {
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight("# "+line, " \n") + "\n")
	}
}

// write aligns the keys of a table, and the notes of those lines that are short
// enough to have one beside them.
func (t *Table) write(b *strings.Builder, notes map[string]string) {
	name, value := 0, 0
	for _, k := range t.Keys {
		name = max(name, len(k.Name))
		if n := len(k.value()); n <= 36 {
			value = max(value, n)
		}
	}
	for _, k := range t.Keys {
		line := fmt.Sprintf("%-*s = %s", name, k.Name, k.value())
		note := cmp.Or(k.Note, notes[strings.TrimPrefix(t.Name+"."+k.Name, ".")])
		if note != "" && k.List == nil {
			line = fmt.Sprintf("%-*s  # %s", name+3+value, line, note)
		}
		b.WriteString(line + "\n")
	}
}

// value is what stands right of the equals sign.
func (k Key) value() string {
	switch {
	case k.List != nil:
		var items []string
		for _, keys := range k.List {
			items = append(items, inline(keys))
		}
		if len(items) == 1 {
			return "[" + items[0] + "]"
		}
		return "[\n\t" + strings.Join(items, ",\n\t") + ",\n]"
	case k.Inline != nil:
		return inline(k.Inline)
	}
	return k.Literal
}

func inline(keys []Key) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = k.Name + " = " + k.value()
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// notes say what a key is, where the file alone would leave it open. The whole
// of it is docs/inventory.md.
var notes = map[string]string{
	"name":              "marks what belongs to this deployment on hosts and database",
	"ssh.user":          "who logs in on the hosts; each [[host]] may differ",
	"ssh.key":           "private key; without: the agent and ssh's usual files",
	"ssh.sudo":          "become the homes' owner, and root for /etc/hosts",
	"product.home":      "where the pack is unpacked, on every host",
	"driver.file":       "the JDBC driver: a jar, or the vendor's archive",
	"database.address":  "by which the nodes reach it",
	"database.host":     "the host below that carries it",
	"database.via":      "work on it through that host's SSH connection",
	"database.admin":    "creates databases and accounts",
	"database.user":     "the account that the nodes log in with",
	"database.password": `or { file = "…" }, { command = ["pass", "show", "appm"] }, { prompt = true }`,
	"cluster.domain":    "Publisher and Store find each other in it",
	"cluster.port":      "on their own addresses",
	"publisher.name":    "by this name every node knows the Publisher",
	"store.name":        "and by this one the Store",
	"host.name":         "any name; --limit takes it",
	"host.address":      "the IP address by which the others see it",
}
