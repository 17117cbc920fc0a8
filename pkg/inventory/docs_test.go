package inventory

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// documented are the keys of docs/inventory.md with their kinds, by table:
// "database.pool/max_wait" is a number.
func documented(t *testing.T) map[string]kind {
	src, err := os.ReadFile("../../docs/inventory.md")
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`^###? \[+([a-z.]+)\]+$`)
	row := regexp.MustCompile("^\\| `([a-z0-9_]+)` \\| ([^|]+) \\| .*[^ ].* \\|$")
	keys, table := map[string]kind{}, ""
	for line := range strings.SplitSeq(string(src), "\n") {
		if m := heading.FindStringSubmatch(line); m != nil {
			table = m[1]
		} else if strings.HasPrefix(line, "## ") {
			table = strings.ToLower(strings.TrimPrefix(line, "## "))
		}
		if m := row.FindStringSubmatch(line); m != nil {
			keys[table+"/"+m[1]] = kind(m[2])
		}
	}
	return keys
}

// PageOf is a page with its tables of keys made anew, for the tests of the
// package that see it from outside.
func PageOf(page string) string {
	heading := regexp.MustCompile(`^###? \[+([a-z.]+)\]+$`)
	var out []string
	var keys []key
	inTable := false
	for line := range strings.SplitSeq(page, "\n") {
		if m := heading.FindStringSubmatch(line); m != nil {
			keys = keysOf(m[1], schema)
		} else if strings.HasPrefix(line, "#") {
			keys = map[string][]key{"## The top of the file": schema, "## Secrets": secretKeys}[line]
		}
		switch isRow := strings.HasPrefix(line, "|"); {
		case strings.HasPrefix(line, "| key |") && keys != nil:
			inTable = true
			out = append(out, rows(keys)...)
		case !isRow || !inTable:
			inTable = false
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// keysOf are the keys of a table by its name: "database.pool".
func keysOf(table string, list []key) []key {
	first, rest, deeper := strings.Cut(table, ".")
	for _, k := range list {
		if k.name == first && deeper {
			return keysOf(rest, k.keys)
		} else if k.name == first {
			return k.keys
		}
	}
	return nil
}

// rows are the table of some keys. Those of a secret have no default; the first
// of them has no name.
func rows(keys []key) []string {
	list := []string{"| key | kind | default | meaning |", "|---|---|---|---|"}
	secret := slices.EqualFunc(keys, secretKeys, func(a, b key) bool { return a.name == b.name })
	if secret {
		list = []string{"| key | kind | meaning |", "|---|---|---|", "| | text | `password = \"…\"`: the password itself. It works, and is warned about. |"}
	}
	for _, k := range keys {
		cells := []string{"`" + k.name + "`", string(k.kind), k.def, k.doc}
		if secret {
			cells = slices.Delete(cells, 2, 3)
		}
		row := "|"
		for _, cell := range cells {
			row += strings.TrimRight(" "+cell, " ") + " |"
		}
		list = append(list, row)
	}
	return list
}

// known are the keys of the schema in the same form.
func known(table string, list []key) map[string]kind {
	keys := map[string]kind{}
	for _, k := range list {
		path := strings.TrimPrefix(table+"."+k.name, ".")
		at := table
		if at == "" {
			at = "the top of the file"
		}
		keys[at+"/"+k.name] = k.kind
		maps.Copy(keys, known(path, k.keys))
	}
	return keys
}

func TestEveryKeyIsDocumented(t *testing.T) {
	want := known("", schema)
	for _, k := range secretKeys {
		want["secrets/"+k.name] = k.kind
	}
	got := documented(t)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("docs/inventory.md says that %s is %q, the schema %q", name, got[name], want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if want[name] == "" {
			t.Errorf("docs/inventory.md describes %s, which is no key", name)
		}
	}
}

// TestDocumentedDefaults reads the defaults that the page gives as values and
// writes them into an inventory: nothing may change.
func TestDocumentedDefaults(t *testing.T) {
	src, err := os.ReadFile("../../docs/inventory.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("^\\| `([a-z0-9_]+)` \\| [^|]+ \\| `([^`]+)` \\| ")
	heading := regexp.MustCompile(`^###? \[([a-z.]+)\]$`)
	written := map[string][]string{}
	table, count := "", 0
	for line := range strings.SplitSeq(string(src), "\n") {
		if strings.HasPrefix(line, "#") {
			table = ""
		}
		if m := heading.FindStringSubmatch(line); m != nil {
			table = m[1]
		}
		m := row.FindStringSubmatch(line)
		if m == nil || table == "" || strings.HasPrefix(table, "host") || m[2] == "port" || m[2] == "address" {
			continue
		}
		written[table] = append(written[table], m[1]+" = "+m[2])
		count++
	}
	if count < 30 {
		t.Fatalf("%d defaults found, want 30 or more", count)
	}
	with, without := defaultsInventory(written), defaultsInventory(nil)
	if with != without {
		t.Errorf("with the documented defaults:\n%s\nwithout:\n%s", with, without)
	}
}

// defaultsInventory parses an inventory with the keys added to its tables, and
// prints what came out but for the lines.
func defaultsInventory(add map[string][]string) string {
	var b strings.Builder
	tables := map[string]string{
		"driver":         "file = \"a.jar\"\n",
		"pack":           "file = \"a.zip\"\n",
		"database":       "address = \"192.168.10.5\"\nuser = \"appm\"\npassword = { env = \"P\" }\n",
		"database.admin": "password = { env = \"A\" }\n",
		"admin":          "password = { env = \"R\" }\n",
	}
	for name := range add {
		tables[name] += strings.Join(add[name], "\n") + "\n"
	}
	b.WriteString("name = \"t\"\npartial = true\n")
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		b.WriteString("[" + name + "]\n" + tables[name])
	}
	inv, _, err := Parse("inventory.toml", []byte(b.String()))
	if err != nil {
		return err.Error() + "\n" + b.String()
	}
	inv.Database.Password.line, inv.Database.Admin.Password.line, inv.Admin.Password.line = 0, 0, 0
	return fmt.Sprintf("%+v", inv)
}

func TestDocumentedPorts(t *testing.T) {
	src, err := os.ReadFile("../../docs/inventory.md")
	if err != nil {
		t.Fatal(err)
	}
	numbers := []int{highestOffset}
	for _, p := range serverPorts {
		numbers = append(numbers, p.port)
		if p.port+highestOffset > 65535 {
			t.Errorf("offset %d moves port %d out of range", highestOffset, p.port)
		}
	}
	for _, n := range numbers {
		if !strings.Contains(string(src), strconv.Itoa(n)) {
			t.Errorf("docs/inventory.md does not mention %d", n)
		}
	}
}

// TestSettingsCoverEveryKey: the inventory with every default changed has
// every key in it, so that none is left untested.
func TestSettingsCoverEveryKey(t *testing.T) {
	src, err := os.ReadFile("testdata/everything.toml")
	if err != nil {
		t.Fatal(err)
	}
	root, ok := decode(&notes{}, src)
	if !ok {
		t.Fatal("testdata/everything.toml cannot be decoded")
	}
	for _, name := range uncovered(root.values, "", schema) {
		if name != "driver.file" && name != "product.parent" && name != "database.address" && name != "database.socket" && name != "ssh.sudo" && name != "host.ssh.sudo" { // the other of two ways
			t.Errorf("testdata/everything.toml lacks %s", name)
		}
	}
}

func uncovered(value any, path string, keys []key) []string {
	tables := listOfTables(value)
	if values, ok := value.(map[string]any); ok {
		tables = append(tables, values)
	}
	var lacking []string
	for _, k := range keys {
		name := strings.TrimPrefix(path+"."+k.name, ".")
		i := slices.IndexFunc(tables, func(values map[string]any) bool { return values[k.name] != nil })
		if i < 0 {
			lacking = append(lacking, name)
			continue
		}
		lacking = append(lacking, uncovered(tables[i][k.name], name, k.keys)...)
	}
	return lacking
}

func TestExample(t *testing.T) {
	src, err := os.ReadFile("../../inventory.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	inv, warnings, err := Parse("inventory.example.toml", src)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("inventory.example.toml: %v\n%v", warnings, err)
	}
	if len(inv.Hosts) != 5 || len(inv.Nodes) != len(Roles) {
		t.Errorf("%d hosts and %d nodes, want five hosts and a node of each role", len(inv.Hosts), len(inv.Nodes))
	}
	if n := strings.Count(string(src), "\n"); n > 60 {
		t.Errorf("%d lines, want one screen of at most 60", n)
	}
	for _, line := range strings.Split(string(src), "\n") {
		if len([]rune(line)) > 120 {
			t.Errorf("line of more than 120 columns: %s", line)
		}
	}
	everyKeyExplained(t, string(src))
}

// everyKeyExplained wants a comment in the first line with a key.
func everyKeyExplained(t *testing.T, src string) {
	key := regexp.MustCompile(`^([a-z_]+) *=`)
	explained, table := map[string]bool{}, ""
	for line := range strings.SplitSeq(src, "\n") {
		if strings.HasPrefix(line, "[") {
			table = line
		}
		if m := key.FindStringSubmatch(line); m != nil && !explained[table+m[1]] {
			explained[table+m[1]] = true
			if !strings.Contains(line, " # ") {
				t.Errorf("inventory.example.toml: no comment explains %s in %s", m[1], line)
			}
		}
	}
}
