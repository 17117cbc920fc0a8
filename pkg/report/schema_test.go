package report

import (
	"bytes"
	"encoding"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// documents are the types of all that is written with --json.
var documents = map[string]any{
	"begin": BeginDocument{}, "check": CheckDocument{}, "end": EndDocument{}, "error": ErrorDocument{}, "event": EventDocument{}, "import": ImportDocument{}, "init": InitDocument{},
	"made": MadeDocument{}, "plan": PlanDocument{}, "prune": PruneDocument{}, "run": RunDocument{}, "runs": RunsDocument{},
	"status": StatusDocument{}, "unlock": UnlockDocument{}, "validate": ValidateDocument{}, "version": VersionDocument{},
}

const schemas = "../../docs/schema/"

// TestSchemasAreThoseOfTheCode derives each schema from its Go type: members and
// their kinds by reflection, descriptions from the comments of the fields.
func TestSchemasAreThoseOfTheCode(t *testing.T) {
	if got, want := slices.Sorted(maps.Keys(documents)), slices.Sorted(maps.Keys(formats)); !slices.Equal(got, want) {
		t.Fatalf("there are schemas of %v, and formats of %v", got, want)
	}
	for name, of := range documents {
		got, err := schemaOf(name, reflect.TypeOf(of))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		file := schemas + name + ".json"
		if flag.Lookup("update").Value.String() == "true" {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not the schema of the code (make update writes it; docs/json.md says when a format gets a new number)", file)
		}
	}
	files, err := filepath.Glob(schemas + "*.json")
	if err != nil || len(files) != len(documents) {
		t.Errorf("%d schemas of %d types: %v, %v", len(files), len(documents), files, err)
	}
}

// members is a JSON object whose members keep their order.
type members []member

type member struct {
	name  string
	value any
}

func (m members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(x.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", x.name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (m *members) add(name string, value any) { *m = append(*m, member{name, value}) }

// describer derives one schema.
type describer struct {
	defs  map[string]members
	types map[string]reflect.Type
	errs  []string
	of    string
}

func schemaOf(name string, t reflect.Type) ([]byte, error) {
	d := &describer{defs: map[string]members{}, types: map[string]reflect.Type{}, of: name}
	out := members{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", fmt.Sprintf("urn:appm-provision:%s:%d", name, formats[name])},
		{"title", "appm-provision " + name},
	}
	out = append(out, d.object(t)...)
	if len(d.defs) > 0 {
		var defs members
		for _, name := range slices.Sorted(maps.Keys(d.defs)) {
			defs.add(name, d.defs[name])
		}
		out.add("$defs", defs)
	}
	if len(d.errs) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(d.errs, "\n"))
	}
	data, err := json.MarshalIndent(out, "", "  ")
	return append(data, '\n'), err
}

// object is the schema of a struct.
func (d *describer) object(t reflect.Type) members {
	var properties members
	required := []string{}
	d.fields(t, &properties, &required)
	out := members{{"description", d.comment(t, "")}, {"type", "object"}, {"properties", properties}}
	if t == reflect.TypeFor[Object]() {
		out = append(out, member{"minProperties", 1}, member{"maxProperties", 1})
	}
	if len(required) > 0 {
		out.add("required", required)
	}
	out.add("additionalProperties", false)
	return out
}

func (d *describer) fields(t reflect.Type, properties *members, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			d.fields(f.Type, properties, required)
			continue
		case name == "" || name == "-":
			d.errs = append(d.errs, fmt.Sprintf("%s.%s has no name in JSON", t, f.Name))
		}
		optional := option == "omitempty"
		s := members{{"description", d.comment(t, f.Name)}}
		switch {
		case t == reflect.TypeFor[Head]() && name == "type":
			s.add("const", d.of)
		case t == reflect.TypeFor[Head]():
			s.add("const", formats[d.of])
		default:
			s = append(s, d.value(f.Type, f.Tag.Get("schema"), !optional)...)
		}
		if slices.ContainsFunc(*properties, func(m member) bool { return m.name == name }) {
			d.errs = append(d.errs, fmt.Sprintf("%s: two members are called %s", t, name))
		}
		properties.add(name, s)
		if !optional {
			*required = append(*required, name)
		}
	}
}

// value is the schema of a field's type; a pointer that is always there may be
// null.
func (d *describer) value(t reflect.Type, tag string, null bool) members {
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return members{{"type", "string"}, {"pattern", "^[0-7]{4}$"}} // run.Mode
	}
	switch t.Kind() {
	case reflect.Pointer:
		s := d.value(t.Elem(), tag, false)
		if null {
			return members{{"anyOf", []any{s, members{{"type", "null"}}}}}
		}
		return s
	case reflect.Slice:
		return members{{"type", "array"}, {"items", d.value(t.Elem(), "", false)}}
	case reflect.Map:
		return members{{"type", "object"}, {"additionalProperties", d.value(t.Elem(), "", false)}}
	case reflect.Struct:
		return members{{"$ref", "#/$defs/" + d.define(t)}}
	case reflect.Bool:
		return members{{"type", "boolean"}}
	case reflect.Int, reflect.Int64:
		return members{{"type", "integer"}, {"minimum", 0}}
	case reflect.Float64:
		return members{{"type", "number"}, {"minimum", 0}}
	case reflect.String:
		s := members{{"type", "string"}}
		if format, is := strings.CutPrefix(tag, "format="); is {
			s.add("format", format)
		}
		if t.PkgPath() != "" {
			s.add("enum", comments(t.PkgPath()).values[t.Name()])
		}
		return s
	}
	d.errs = append(d.errs, fmt.Sprintf("%s has no form in a schema", t))
	return nil
}

func (d *describer) define(t reflect.Type) string {
	if was, is := d.types[t.Name()]; is && was != t {
		d.errs = append(d.errs, fmt.Sprintf("%s and %s have one name", was, t))
	}
	if _, is := d.types[t.Name()]; !is {
		d.types[t.Name()] = t
		d.defs[t.Name()] = d.object(t)
	}
	return t.Name()
}

// comment is what the code says of a type or of one of its fields.
func (d *describer) comment(t reflect.Type, field string) string {
	text := comments(t.PkgPath()).of[strings.TrimSuffix(t.Name()+"."+field, ".")]
	if len(text) < 4 {
		d.errs = append(d.errs, fmt.Sprintf("%s.%s is not described: %q", t, field, text))
	}
	name, _, _ := strings.Cut(field, ",")
	for suffix, unit := range map[string]string{"_seconds": "seconds", "_bytes": "bytes"} {
		if strings.HasSuffix(name, suffix) && !strings.Contains(text, unit) {
			d.errs = append(d.errs, fmt.Sprintf("%s.%s does not say its unit", t, field))
		}
	}
	return text
}

// said is what the source of a package says: comments by type and field, and
// the values of constants by type.
type said struct {
	of     map[string]string
	values map[string][]string
}

var read = map[string]said{}

func comments(pkg string) said {
	if s, is := read[pkg]; is {
		return s
	}
	s := said{map[string]string{}, map[string][]string{}}
	files, err := filepath.Glob("../" + filepath.Base(pkg) + "/*.go")
	if err != nil || len(files) == 0 {
		panic(fmt.Sprint("no source of ", pkg, err))
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			panic(err)
		}
		for _, decl := range parsed.Decls {
			if g, is := decl.(*ast.GenDecl); is {
				s.read(g)
			}
		}
	}
	read[pkg] = s
	return s
}

func (s said) read(g *ast.GenDecl) {
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			name := spec.Name.Name
			doc := spec.Doc
			if doc == nil {
				doc = g.Doc
			}
			s.of[name] = sentence(strings.TrimPrefix(strings.TrimPrefix(plain(doc), "A "), name+" is "))
			if t, is := spec.Type.(*ast.StructType); is {
				s.readFields(name, t)
			}
		case *ast.ValueSpec:
			if of, is := spec.Type.(*ast.Ident); is {
				for _, v := range spec.Values {
					if lit, is := v.(*ast.BasicLit); is && lit.Kind == token.STRING {
						text, _ := strconv.Unquote(lit.Value)
						s.values[of.Name] = append(s.values[of.Name], text)
					}
				}
			}
		}
	}
}

func (s said) readFields(of string, t *ast.StructType) {
	for _, f := range t.Fields.List {
		text := f.Doc
		if text == nil {
			text = f.Comment
		}
		for _, n := range f.Names {
			s.of[of+"."+n.Name] = sentence(plain(text))
		}
	}
}

func plain(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
