package inventory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// lines are the places of a file as "path line", sorted by path.
func lines(p *place, path string) []string {
	var all []string
	for name, sub := range p.keys {
		here := strings.TrimPrefix(path+"/"+name, "/")
		all = append(all, fmt.Sprintf("%s %d", here, sub.line))
		all = append(all, lines(sub, here)...)
	}
	for i, item := range p.items {
		here := fmt.Sprintf("%s[%d]", path, i)
		all = append(all, fmt.Sprintf("%s %d", here, item.line))
		all = append(all, lines(item, here)...)
	}
	slices.Sort(all)
	return all
}

func TestPlaces(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"keys", "a = 1\n\nb = 'x'\n", "a 1, b 3"},
		{"no newline at the end", "a = 1", "a 1"},
		{"comments", "# a = 1\nb = 2 # c = 3\n#\n# [x]\nd = 4\n", "b 2, d 5"},
		{"blanks and tabs", "\t a\t=\t1\n   [ b . c ]  # x\n d=2\n", "a 1, b 2, b/c 2, b/c/d 3"},
		{"crlf", "a = 1\r\n\r\n[b]\r\nc = 2\r\n", "a 1, b 3, b/c 4"},
		{"byte order mark", "\xef\xbb\xbfa = 1\nb = 2\n", "a 1, b 2"},
		{"byte order mark before a header", "\xef\xbb\xbf[a]\nb = 2\n", "a 1, a/b 2"},
		{"tables", "[a]\nb = 1\n[a.c]\nd = 1\n[e]\nf = 1\n", "a 1, a/b 2, a/c 3, a/c/d 4, e 5, e/f 6"},
		{"lists of tables", "[[h]]\nn = 1\n[[h]]\nn = 2\n[h.s]\np = 1\n[[h.x]]\n[[h.x]]\ny = 1\n",
			"h 1, h[0] 1, h[0]/n 2, h[1] 3, h[1]/n 4, h[1]/s 5, h[1]/s/p 6, h[1]/x 7, h[1]/x[0] 7, h[1]/x[1] 8, h[1]/x[1]/y 9"},
		{"dotted keys", "a.b = 1\na . c = 2\n\"a\".'d' = 3\n", "a 1, a/b 1, a/c 2, a/d 3"},
		{"quoted keys", "\"a.b\" = 1\n'c d' = 2\n\"e\\u0066\" = 3\n\"=\" = 4\n'#' = 5\n\"\" = 6\n\"q\\\"]\" = 7\n",
			" 6, # 5, = 4, a.b 1, c d 2, ef 3, q\"] 7"},
		{"quoted headers", "[\"a]b\"]\nc = 1\n[['d]]']]\ne = 2\n", "a]b 1, a]b/c 2, d]] 3, d]][0] 3, d]][0]/e 4"},
		{"inline table", "a = { b = 1, c.d = 2, e = { f = 3 } }\n", "a 1, a/b 1, a/c 1, a/c/d 1, a/e 1, a/e/f 1"},
		{"inline table over lines", "a = {\n  b = 1, # x }\n  c = 2,\n}\nd = 3\n", "a 1, a/b 2, a/c 3, d 5"},
		{"list over lines", "a = [\n  1, # ]\n\n  2,\n]\nb = 1\n", "a 1, a[0] 2, a[1] 4, b 6"},
		{"list of inline tables", "a = [ { b = 1 },\n { b = 2 } ]\n", "a 1, a[0] 1, a[0]/b 1, a[1] 2, a[1]/b 2"},
		{"lists in lists", "a = [[1, 2],\n [3]]\n", "a 1, a[0] 1, a[0][0] 1, a[0][1] 1, a[1] 2, a[1][0] 2"},
		{"list without blanks", "a=[1,2]\n", "a 1, a[0] 1, a[1] 1"},
		{"texts that look like toml", "a = \"b = 1 # ]\"\nc = 'd = \"'\ne = 1\n", "a 1, c 2, e 3"},
		{"escaped quote", "a = \"x\\\"\"\nb = \"\\\\\"\nc = 1\n", "a 1, b 2, c 3"},
		{"backslash in a literal", "a = 'x\\'\nb = 1\n", "a 1, b 2"},
		{"text over lines", "a = \"\"\"\nb = 1\n[c]\n\"\"\"\nd = 1\n", "a 1, d 5"},
		{"text over lines with quotes", "a = \"\"\"x\"\" \\\"\"\" \"y\"\"\"\"\"\nb = 1\n", "a 1, b 2"},
		{"literal over lines", "a = '''\n\\'' b = 1\n'''''\nc = 1\n", "a 1, c 4"},
		{"text over lines in a list", "a = [\"\"\"\n]\n\"\"\", 2]\nb = 1\n", "a 1, a[0] 1, a[1] 3, b 4"},
		{"empty texts", "a = \"\"\nb = ''\nc = \"\"\"\"\"\"\nd = 1\n", "a 1, b 2, c 3, d 4"},
		{"dates", "a = 1979-05-27 07:32:00\nb = [1979-05-27, 2]\n", "a 1, b 2, b[0] 2, b[1] 2"},
		{"header after what it holds", "[a.b]\nc = 1\n[a]\nd = 1\n", "a 1, a/b 1, a/b/c 2, a/d 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, _ := locate(c.src)
			if got := strings.Join(lines(root, ""), ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			samePlaces(t, c.src)
		})
	}
}

// samePlaces is the law of the scanner: where the decoder accepts a file, the
// places have the shape of the values, and a line is a line of the file.
func samePlaces(t *testing.T, src string) {
	t.Helper()
	root, tooDeep := locate(src)
	var values map[string]any
	if tooDeep > 0 || !utf8.ValidString(src) {
		return // decode refuses these
	}
	if _, err := toml.Decode(src, &values); err != nil {
		return
	}
	if complaint := differs(values, root, strings.Count(src, "\n")+1); complaint != "" {
		t.Errorf("%s\nof %q", complaint, src)
	}
}

func differs(value any, p *place, last int) string {
	if p == nil || p.line < 1 || p.line > last {
		return fmt.Sprintf("a value has the place %+v, want a line up to %d", p, last)
	}
	switch v := value.(type) {
	case map[string]any:
		for name, sub := range v {
			if c := differs(sub, p.key(name), last); c != "" {
				return name + ": " + c
			}
		}
		if len(p.keys) != len(v) {
			return fmt.Sprintf("%d keys have places, want %d", len(p.keys), len(v))
		}
	case []map[string]any:
		return differsItems(v, p, last)
	case []any:
		return differsItems(v, p, last)
	}
	return ""
}

func differsItems[T any](list []T, p *place, last int) string {
	if len(p.items) != len(list) {
		return fmt.Sprintf("%d items have places, want %d", len(p.items), len(list))
	}
	for i, v := range list {
		if c := differs(v, p.item(i), last); c != "" {
			return fmt.Sprintf("item %d: %s", i, c)
		}
	}
	return ""
}

func TestPlacesOfNothing(t *testing.T) {
	var p *place
	if p.key("a") != nil || p.item(0) != nil || (&place{}).item(0) != nil {
		t.Error("a place that is not there has places in it")
	}
}

func TestScannerComesToAnEnd(t *testing.T) {
	for _, src := range []string{"", "=", "[", "]", "[[", "[a", "a", "a=", "a = [", "a = {", "a = [}", "a = {]", "\"", "'''", "a = \"\\", "{}", ",", "a = [,", "a.=.", "\x00", "[]]", "a = [\"", "= = =", "a = \"\"\""} {
		locate(src)
		samePlaces(t, src)
	}
}

func TestTooDeep(t *testing.T) {
	for _, src := range []string{
		"a = " + strings.Repeat("[", 1000),
		"a = " + strings.Repeat("{ a = ", 1000),
		"a = " + strings.Repeat("[{ a = ", 1000),
		strings.Repeat("a.", 1000) + "a = 1",
		"[" + strings.Repeat("a.", 1000) + "a]",
	} {
		if _, line := locate("\n" + src); line != 2 {
			t.Errorf("%.20s…: too deep in line %d, want 2", src, line)
		}
	}
	if _, line := locate(strings.Repeat("[[a]]\nb = [[[[{ c.d.e = 1 }]]]]\n", 1000)); line != 0 {
		t.Errorf("what is wide only is too deep in line %d", line)
	}
}

func FuzzPlaces(f *testing.F) {
	for _, src := range fuzzSeeds(f) {
		f.Add(src)
	}
	f.Fuzz(samePlaces)
}
