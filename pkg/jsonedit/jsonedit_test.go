package jsonedit

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestApply(t *testing.T) {
	for _, c := range []struct {
		name, src, want string
		edits           []Edit
	}{
		{"a value", "{\r\n\t\"a\" : \"x\",\r\n  \"b\":1}\r\n", "{\r\n\t\"a\" : \"y\",\r\n  \"b\":1}\r\n", []Edit{Set("/a", "y")}},
		{"already there", `{"a": "y"}`, `{"a": "y"}`, []Edit{Set("/a", "y")}},
		{"already there, written with escapes", `{"a": "https:\/\/\u0061"}`, `{"a": "https:\/\/\u0061"}`, []Edit{Set("/a", "https://a")}},
		{"another kind of value", `{"a": "true", "b": 10}`, `{"a": true, "b": "10"}`, []Edit{Set("/a", true), Set("/b", "10")}},
		{"a number", `{"a": 10, "b": -3}`, `{"a": 10, "b": 4}`, []Edit{Set("/a", 10), Set("/b", 4)}},
		{"deep, and past its namesakes", `{"a":{"k":1},"b":{"k":1}}`, `{"a":{"k":1},"b":{"k":2}}`, []Edit{Set("/b/k", 2)}},
		{"a name with a slash and a tilde", `{"a/b": {"~": 1}}`, `{"a/b": {"~": 2}}`, []Edit{Set(Pointer("a/b", "~"), 2)}},
		{"an element", `[1, [2, 3]]`, `[1, [2, 4]]`, []Edit{Set("/1/1", 4)}},
		{"absent, in the layout of the last member", "{\n    \"a\" : 1,\n\t \"b\" : 2\n}\n", "{\n    \"a\" : 1,\n\t \"b\" : 2,\n\t \"c\" : \"x\"\n}\n", []Edit{Set("/c", "x")}},
		{"absent, on one line", `{"a":1, "b":2 }`, `{"a":1, "b":2, "c":3, "d":4 }`, []Edit{Set("/c", 3), Set("/d", 4)}},
		{"absent, in an empty object", "{\"a\": {\n}}", `{"a": {"c": 3, "d": false}}`, []Edit{Set("/a/c", 3), Set("/a/d", false)}},
		{"absent, and its object's value changes too", `{"a":{"b":1}}`, `{"a":{"b":2,"c":3}}`, []Edit{Set("/a/c", 3), Set("/a/b", 2)}},
		{"the same edit twice", `{"a":1}`, `{"a":2,"b":3}`, []Edit{Set("/a", 2), Set("/a", 2), Set("/b", 3), Set("/b", 3)}},
		{"a byte order mark", "\ufeff{\"a\":1}", "\ufeff{\"a\":2}", []Edit{Set("/a", 2)}},
		{"what must be escaped, and no more", `{"a":""}`, `{"a":"\"\\\n\r\t\u0001/<&>ä"}`, []Edit{Set("/a", "\"\\\n\r\t\x01/<&>ä")}},
		{"nothing", `{"a":1}`, `{"a":1}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, splices, err := Apply([]byte(c.src), c.edits...)
			if err != nil {
				t.Fatal(err)
			}
			if string(out) != c.want {
				t.Errorf("got  %q\nwant %q", out, c.want)
			}
			if (len(splices) == 0) != (c.src == c.want) {
				t.Errorf("%d splices", len(splices))
			}
			again, splices, err := Apply(out, c.edits...)
			if err != nil || string(again) != string(out) || len(splices) != 0 {
				t.Errorf("a second time: %q, %d splices, %v", again, len(splices), err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	const doc = "{\n \"a\": {\"b\": 1},\n \"a2\": {\"x\": 1, \"x\": 2},\n \"l\": [1]\n}"
	for _, c := range []struct {
		edit Edit
		want string
	}{
		{Set("/a/q/c", 1), "/a/q/c: line 2: /a has no \"q\""},
		{Set("/q/c", 1), "/q/c: line 1: the document has no \"q\""},
		{Set("/a/b/c", 1), "/a/b/c: line 2: /a/b is a number, which has nothing inside"},
		{Set("/a", 1), "/a: line 2: /a is an object, and is not replaced by a plain value"},
		{Set("/a2/x", 1), `/a2/x: line 3: /a2 has "x" twice, in lines 3 and 3; readers do not agree on which counts: remove one`},
		{Set("/l/1", 1), "/l/1: line 4: /l has fewer elements"},
		{Set("/l/01", 1), "/l/01: line 4: /l is an array, whose elements are named by numbers"},
		{Set("/l/-", 1), "/l/-: line 4: /l is an array, whose elements are named by numbers"},
		{Set("a", 1), "a: a pointer begins with a slash"},
		{Set("", 1), "the pointer is empty: the document as a whole is not set"},
		{Set("/a~b", 1), `/a~b: a "~" in a pointer is written "~0"`},
		{Set("/a/b", 1.5), "/a/b: a value of type float64 is not written"},
		{Set("/a/b", "\xff"), "/a/b: the value is not UTF-8"},
	} {
		out, _, err := Apply([]byte(doc), c.edit)
		if err == nil || err.Error() != c.want || out != nil {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	if _, _, err := Apply([]byte(doc), Set("/a/b", 2), Set("/a/b", 3)); err == nil || err.Error() != "/a/b: two edits want different values" {
		t.Errorf("got %v", err)
	}
}

// What is no JSON is refused with its place, and never quoted.
func TestSyntax(t *testing.T) {
	for src, want := range map[string]string{
		"":                        "line 1, column 1: the document ends where a value should stand",
		"{\n \"a\": 1,\n}":        "line 3, column 1: a name in double quotes should stand here",
		"{'a': 1}":                "line 1, column 2: a name in double quotes should stand here",
		"{\"a\" 1}":               "line 1, column 6: a colon should stand here",
		"{\"ä\": 1 \"b\": 2}":     "line 1, column 9: a comma or a '}' should stand here",
		"[1, 2":                   "line 1, column 6: a comma or a ']' should stand here",
		"[01]":                    "line 1, column 4: a number with a zero in front",
		"[1.]":                    "line 1, column 4: a digit should stand here",
		"[1e]":                    "line 1, column 4: a digit should stand here",
		"[-]":                     "line 1, column 3: a digit should stand here",
		"{} // a comment":         "line 1, column 4: there is more behind the end of the document",
		"/* a comment */ {}":      "line 1, column 1: a value should stand here: an object, an array, a string in double quotes, a number, true, false or null",
		"[\"a\nb\"]":              "line 1, column 4: a control character in a string, which is written as an escape",
		"[\"a":                    "line 1, column 4: the document ends within a string",
		`["\x"]`:                  "line 1, column 3: an escape that JSON does not have",
		`["\u00g0"]`:              `line 1, column 3: an escape of \u without four hexadecimal digits`,
		"[\"\xff\"]":              "line 1, column 3: not UTF-8",
		strings.Repeat("[", 1002): "line 1, column 1002: nested more than 1000 deep",
		"[nul]":                   "line 1, column 2: a value should stand here: an object, an array, a string in double quotes, a number, true, false or null",
		"[tru]":                   "line 1, column 2: a value should stand here: an object, an array, a string in double quotes, a number, true, false or null",
	} {
		_, err := Parse([]byte(src))
		if err == nil || err.Error() != want {
			t.Errorf("%.30q\ngot  %v\nwant %s", src, err, want)
		}
	}
}

// TestStock sets one value of each of the product's files: one line differs.
func TestStock(t *testing.T) {
	stock := os.Getenv("APPM_STOCK_CONF")
	if stock == "" {
		t.Skip("LEFT OUT: APPM_STOCK_CONF does not name the stock configuration files")
	}
	for file, pointer := range map[string]string{
		"publisher/config/publisher.json": "/ssoConfiguration/publisherAcs",
		"store/config/store.json":         "/ssoConfiguration/storeAcs",
		"social/configs/social.json":      "/ssoConfiguration/identityProviderURL",
	} {
		src, err := os.ReadFile(filepath.Join(stock, "repository/deployment/server/jaggeryapps", file))
		if err != nil {
			t.Fatal(err)
		}
		out, splices, err := Apply(src, Set(pointer, "https://idp.example.com:9443/samlsso"))
		if err != nil {
			t.Fatal(err)
		}
		a, b := strings.Split(string(src), "\n"), strings.Split(string(out), "\n")
		differ := 0
		for i := range a {
			if a[i] != b[i] {
				differ++
			}
		}
		if len(a) != len(b) || differ != 1 || len(splices) != 1 {
			t.Errorf("%s: %d lines differ in %d splices, want 1", file, differ, len(splices))
		}
		out, _, err = Apply(src, Set("/ssoConfiguration/new", "x"))
		if err != nil || strings.Count(string(out), "\n") != strings.Count(string(src), "\n")+1 {
			t.Errorf("%s: an added member: %v", file, err)
		}
	}
}

func TestWalkAndText(t *testing.T) {
	d, err := Parse([]byte(`{"a": {"password": "x"}, "l": [{"b": 2}], "n": null}`))
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	d.Walk(func(pointer, _ string, _ Span) bool {
		seen = append(seen, pointer)
		return pointer != "/a"
	})
	if want := []string{"/a", "/l", "/l/0/b", "/n"}; !slices.Equal(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
	for pointer, want := range map[string]string{"/a/password": "x true", "/n": " false", "/q": " false", "/q/r": " false", "/l/0/b": " false"} {
		text, is, err := d.Text(pointer)
		if got := text + map[bool]string{true: " true", false: " false"}[is]; got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", pointer, got, err, want)
		}
	}
	if _, _, err := d.Text("/n/a"); !errors.As(err, new(*PointerError)) {
		t.Errorf("got %v", err)
	}
}

// FuzzApply holds the laws against any document: what encoding/json takes is
// taken and nothing else, one value differs and no other byte.
func FuzzApply(f *testing.F) {
	for _, src := range []string{`{"a":1}`, "\ufeff{ \"a\" : [ true,null , \"\\u00e4\\\"\" ] , \"b\":{}}\r\n", `[1e5,-0.1]`, `{"a":{"a":""}}`, `"x"`, "{\"\":0}"} {
		f.Add([]byte(src), "a", "y")
	}
	f.Fuzz(func(t *testing.T, src []byte, name, value string) {
		d, err := Parse(src)
		bare := []byte(strings.TrimPrefix(string(src), "\ufeff"))
		if valid := json.Valid(bare) && invalid(src) < 0; valid != (err == nil) && !strings.Contains(string(src), strings.Repeat("[", 9)) && !strings.Contains(string(src), strings.Repeat("{", 9)) {
			t.Fatalf("encoding/json says %v, Parse says %v", valid, err)
		}
		if err != nil {
			return
		}
		out, splices, err := Apply(src, Set(Pointer(name), value))
		if err != nil {
			return
		}
		rest, at := src, 0
		for _, s := range splices {
			rest = slices.Concat(rest[:s.Start+at], s.New, rest[s.End+at:])
			at += len(s.New) - (s.End - s.Start)
		}
		if string(rest) != string(out) {
			t.Fatalf("a byte outside of the splices differs")
		}
		if again, more, err := Apply(out, Set(Pointer(name), value)); err != nil || len(more) > 0 || string(again) != string(out) {
			t.Fatalf("a second time: %d splices, %v", len(more), err)
		}
		if d.top.kind != object {
			return
		}
		var was, is map[string]any
		if json.Unmarshal(bare, &was) != nil || json.Unmarshal([]byte(strings.TrimPrefix(string(out), "\ufeff")), &is) != nil {
			t.Fatal("not an object any more")
		}
		was[name] = value
		if !reflect.DeepEqual(was, is) {
			t.Fatalf("got %v, want %v", is, was)
		}
	})
}
