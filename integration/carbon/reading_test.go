package carbon

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseIsAsStrictAsTheServersParsers(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a document", "<?xml version=\"1.0\"?>\n<!-- a & b --><a x='1'>\n<b/></a>\n<!-- <c> -->\n", ""},
		{"a declared prefix", `<a xmlns:p="http://p/"><b p:x="1"/></a>`, ""},
		{"a byte order mark", "\ufeff<?xml version=\"1.0\"?><a/>", ""},
		{"latin 1", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>", ""},
		{"nothing", "", "no root element"},
		{"a comment alone", "<!-- x -->", "no root element"},
		{"two roots", "<a/><b/>", "a second root element <b>"},
		{"text before the root", "x<a/>", "text outside of the root element"},
		{"text behind the root", "<a/>x", "text outside of the root element"},
		{"a late declaration", "\n<?xml version=\"1.0\"?><a/>", "not at the beginning"},
		{"an undeclared prefix", "<a><p:b/></a>", "prefix of <p:b> is not declared"},
		{"an undeclared prefix of an attribute", `<a p:x="1"/>`, "prefix of p:x is not declared"},
		{"an attribute twice", `<a x="1" x="2"/>`, "attribute x of <a> stands twice"},
		{"a DOCTYPE", "<!DOCTYPE a><a/>", "DOCTYPE"},
		{"a bare ampersand", "<a>b&c</a>", "invalid character entity"},
		{"a bare less-than", "<a>b<>c</a>", "expected element name"},
		{"a comment with two dashes", "<a><!-- x -- y --></a>", `invalid sequence "--"`},
		{"an end too many", "<a></a></b>", "unexpected end element"},
		{"no end", "<a><b></b>", "unexpected EOF"},
		{"bytes that are no UTF-8", "<a>\xe9</a>", "invalid UTF-8"},
		{"another encoding", "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", "UTF-16 is not supported"},
	} {
		_, err := parse([]byte(c.text))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestTextIsNotTrimmedAndSkipsComments(t *testing.T) {
	root, err := parse([]byte("<a>\n <b>x<!-- y -->z\r\n</b><b>second</b></a>"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := root.first("b").text, "xz\n"; got != want {
		t.Errorf("first: got %q, want %q", got, want)
	}
	if got, want := root.last("b").text, "second"; got != want {
		t.Errorf("last: got %q, want %q", got, want)
	}
	if root.first("c") != nil || root.last("c") != nil {
		t.Error("found what is not there")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"<a/>", "<?xml version=\"1.0\"?><a x='1'>b</a>", "<a><b></a>", "<!--", "<a xmlns:p=''/>"} {
		f.Add([]byte(seed))
	}
	s := &server{}
	f.Fuzz(func(t *testing.T, data []byte) {
		if root, err := parse(data); err == nil {
			s.keys(root)
		}
	})
}

func TestKeysAreThePathsAndTheFirstCounts(t *testing.T) {
	root, err := parse([]byte(`<r xmlns="http://x/"><A> </A><A>${known}/${other}</A><A>later</A><B><C> c
</C></B><C>top</C></r>`))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{props: map[string]string{"known": "value"}}
	got := s.keys(root)
	for key, want := range map[string]string{"A": "value/${other}", "B.C": " c\n", "C": "top"} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %q", key, got[key], want)
		}
	}
	if len(got) != 3 {
		t.Errorf("got %v", got)
	}
}

func TestExpand(t *testing.T) {
	s := &server{props: map[string]string{"a": "1", "b": "${a}", "": "empty"}}
	for text, want := range map[string]string{
		"": "", "x": "x", "${a}": "1", "-${a}-${a}-": "-1-1-", "${none}": "${none}", "${b}": "${a}", "${a": "${a", "$a{}": "$a{}", "${none}${a}": "${none}1",
	} {
		if got := s.expand(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestParseURL(t *testing.T) {
	for url, want := range map[string]jdbcURL{
		"jdbc:mysql://h:3307/d":                        {host: "h", port: "3307", database: "d"},
		"jdbc:mysql://h/d?autoReconnect=true":          {host: "h", port: "3306", database: "d"},
		"jdbc:mysql:///d":                              {host: "localhost", port: "3306", database: "d"},
		"jdbc:mysql://h:1/d?a=b&useSSL=false&c=d%20e&": {host: "h", port: "1", database: "d"},
	} {
		got, problem := parseURL(url)
		if problem != "" || got.host != want.host || got.port != want.port || got.database != want.database {
			t.Errorf("%s: got %+v, %q", url, got, problem)
		}
	}
	for url, want := range map[string]string{
		"":                         "returned null",
		"mysql://h/d":              "returned null",
		" jdbc:mysql://h/d":        "returned null",
		"jdbc:mysql://h":           "no database",
		"jdbc:mysql://h/":          "no database",
		"jdbc:mysql://h/?a=b":      "no database",
		"jdbc:mysql://h /d":        "blank or line end",
		"jdbc:mysql://h/d?useSSL=": "'useSSL' only accepts",
		"jdbc:mysql://h1,h2/d":     "several hosts",
	} {
		if _, problem := parseURL(url); !strings.Contains(problem, want) {
			t.Errorf("%q: got %q, want %q", url, problem, want)
		}
	}
}

func TestResolveReadsTheHostsFileAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(path, []byte("# 10.0.0.9 db\n10.0.0.1\tother  db # x\n10.0.0.2 db later"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &server{env: func(string) string { return path }}
	for name, want := range map[string]string{"db": "10.0.0.1", "DB": "10.0.0.1", "later": "10.0.0.2", "192.0.2.1": "192.0.2.1", "localhost": "127.0.0.1"} {
		if got, err := s.resolve(context.Background(), name); got != want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, want)
		}
	}
	for _, name := range []string{"x", "#", "10.0.0.1 other"} {
		if got, err := s.resolve(context.Background(), name); err == nil {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestBundleNames(t *testing.T) {
	for jar, want := range map[string]string{
		"mysql-connector-java-5.1.49-bin.jar": "mysql_connector_java_5.1.49_bin_1.0.0.jar",
		"a.jar":                               "a_1.0.0.jar",
	} {
		if got := bundleName(jar); got != want {
			t.Errorf("%s: got %s, want %s", jar, got, want)
		}
	}
}
