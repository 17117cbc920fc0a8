package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

func page(t *testing.T, write func(io.Writer, *run.Past) error, p *run.Past) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// pages are one of each kind, by the name of its golden file. What a browser
// makes of these files is tested in integration/browser.
func pages(t *testing.T) map[string]string {
	note := plan.Note{Target: "pub1", Node: "pub1", Text: "The clock of this host is 4 minutes late; tokens may be refused."}
	many := past(t, first())
	many.Plan.Layout = crowded()
	old := ran(past(t, drift()), false)
	old.Plan.Layout, old.Plan.Kept = nil, nil
	for i := range old.Plan.Changes {
		c := &old.Plan.Changes[i]
		c.Text, c.Shown = "  "+c.Shown.Sign+" "+c.Shown.Head+"\n      "+strings.ReplaceAll(strings.TrimSuffix(c.Shown.Diff, "\n"), "\n", "\n      "), nil
	}
	broken := ran(past(t, drift()), false)
	broken.End, broken.Lost = nil, 2
	return map[string]string{
		"html-first.html":      page(t, report.PlanHTML, past(t, first(), note)),
		"html-drift.html":      page(t, report.PlanHTML, past(t, drift(), note)),
		"html-none.html":       page(t, report.PlanHTML, past(t, drift()[2:])),
		"html-many.html":       page(t, report.PlanHTML, many),
		"html-everything.html": page(t, report.PlanHTML, past(t, everything, note)),
		"html-run.html":        page(t, report.RunHTML, ran(past(t, first()), false)),
		"html-failed.html":     page(t, report.RunHTML, ran(past(t, first(), note), true)),
		"html-broken.html":     page(t, report.RunHTML, broken),
		"html-old.html":        page(t, report.RunHTML, old),
		"html-nothing.html":    page(t, report.RunHTML, &run.Past{ID: "20260314T120000Z-b2e9a7", At: noon}),
	}
}

func TestPages(t *testing.T) {
	for name, got := range pages(t) {
		t.Run(name, func(t *testing.T) {
			goldenPage(t, name, got)
			wellFormed(t, got)
			if strings.Contains(got, "S3cret") {
				t.Error("it shows a secret")
			}
			if !report.IsHTML([]byte(got)[:4<<10]) {
				t.Error("it is not known as a page of ours by its first 4 kB")
			}
		})
	}
}

// goldenPage is golden for a page without its style, which all of them share. It
// shows no more than where a page begins to differ.
func goldenPage(t *testing.T, name, got string) {
	t.Helper()
	style, digest := styleOf(t, got)
	got = strings.Replace(strings.Replace(got, style, "{style}", 1), strings.ReplaceAll(digest, "+", "&#43;"), "{digest}", 1)
	want, err := os.ReadFile("testdata/" + name)
	if *update || err != nil {
		golden(t, name, got)
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("line %d is\n%.400s\nwant\n%.400s\n(if the new page is right: make update)", i+1, a[i], b[i])
		}
	}
	if len(a) != len(b) {
		t.Errorf("%d lines, want %d", len(a), len(b))
	}
}

// styleOf is the style of a page and its digest, by which the page's policy must
// allow it.
func styleOf(t *testing.T, page string) (style, digest string) {
	t.Helper()
	_, style, _ = strings.Cut(page, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	digest = base64.StdEncoding.EncodeToString(sum[:])
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		for i, a := range n.Attr {
			if a.Val == "Content-Security-Policy" {
				if want := "default-src 'none'; style-src 'sha256-" + digest + "'; base-uri 'none'; form-action 'none'"; n.Attr[i+1].Val != want {
					t.Errorf("the policy is %q, want %q", n.Attr[i+1].Val, want)
				}
				return style, digest
			}
		}
	}
	t.Error("there is no policy")
	return style, digest
}

func TestTheSamePlanGivesTheSamePage(t *testing.T) {
	one, two := pages(t), pages(t)
	for name := range one {
		if one[name] != two[name] {
			t.Errorf("%s: two pages of one plan differ", name)
		}
	}
}

// allowed are the elements of a page. None of them runs anything or fetches
// anything.
var allowed = strings.Fields(`html head meta title style body div header p b h1 h2 h3 ul ol li dl dt dd nav a main section span figure figcaption
	table thead tbody tr th td colgroup col details summary pre code em i wbr footer svg desc rect line circle path text tspan`)

var attributes = strings.Fields(`lang charset name content http-equiv class id href role scope data-name open colspan aria-label aria-labelledby aria-hidden
	viewBox x y x1 y1 x2 y2 cx cy r rx d width height transform`)

// wellFormed checks a page by what a parser makes of it: known elements and
// attributes, all closed, ids used once, references that lead somewhere, and
// nothing that leads out of it.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	balanced(t, page)
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	ids, links := map[string]bool{}, []string{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains(allowed, n.Data) {
			t.Errorf("element %s", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case !slices.Contains(attributes, a.Key):
				t.Errorf("%s has the attribute %s=%q", n.Data, a.Key, a.Val)
			case a.Key == "id" && ids[a.Val]:
				t.Errorf("two elements have the id %s", a.Val)
			case a.Key == "id":
				ids[a.Val] = true
			case a.Key == "href" && !strings.HasPrefix(a.Val, "#"):
				t.Errorf("a link leads to %q", a.Val)
			case a.Key == "href":
				links = append(links, a.Val[1:])
			case a.Key == "aria-labelledby":
				links = append(links, strings.Fields(a.Val)...)
			}
		}
	}
	for _, id := range links {
		if !ids[id] {
			t.Errorf("nothing has the id %s that is referred to", id)
		}
	}
	style := page[strings.Index(page, "<style>"):strings.Index(page, "</style>")]
	for _, word := range []string{"url(", "@import", "expression", "http:", "https:"} {
		if strings.Contains(style, word) {
			t.Errorf("the style has %s", word)
		}
	}
}

var tag = regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^>"]|"[^"]*")*?)(/?)>`)

// balanced checks that each element is closed where it should be: a parser
// would mend that and say nothing.
func balanced(t *testing.T, page string) {
	t.Helper()
	var open []string
	for _, m := range tag.FindAllStringSubmatch(page, -1) {
		name := m[2]
		switch {
		case name == "meta" || name == "col" || name == "wbr" || m[4] == "/":
		case m[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			t.Fatalf("</%s> closes %v", name, open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%v are not closed", open)
	}
}

// TestHostilePages puts what nobody should trust in every text of a record,
// which somebody else may have made.
func TestHostilePages(t *testing.T) {
	const evil = "</title></style></pre></svg><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>\" onload='x' {{.}} &lt;\x1b[2J\x00\u202e\u2028\x9b"
	p := ran(past(t, drift(), plan.Note{Target: evil, Node: "x" + evil, Text: evil}), true)
	p.ID, p.Begin = evil, run.Begin{Version: evil, Operator: evil, Command: []string{evil}, Deployment: evil, Inventory: evil, Digest: evil, Of: evil}
	p.Plan.Summary, p.End.Error = evil, evil
	p.End.Outcomes[0] = run.Ended{Target: evil, Result: evil, Error: evil + "\nmore"}
	p.Plan.Changes[0] = run.Change{Target: evil, Kind: evil, Path: evil, Node: evil, Why: evil, Shown: &run.Shown{Sign: evil, Head: evil, Facts: []string{evil},
		Diff: "@@ " + evil + " @@\n-" + evil + "\n+" + evil + "!\n" + evil + "\n\\" + evil + "\n", SQL: []run.SQL{{Text: evil, File: evil, Node: evil}, {Text: evil, Node: evil}}}}
	p.Plan.Changes = append(p.Plan.Changes, run.Change{Target: evil, Text: evil})
	p.Made[0] = run.Made{Kept: evil}
	p.Plan.Kept = []run.Kept{{Target: evil, What: evil, Why: evil}}
	p.Events = append(p.Events, run.Happened{At: noon.Add(50 * time.Second), Event: run.Event{Stage: evil, Target: evil, Node: "n" + evil, Text: evil, Total: -1, Done: 1 << 62}})
	p.Wire = append(p.Wire, run.Wire{Host: evil, Sent: -5})
	l := p.Plan.Layout
	l.Cluster, l.Server.Name, l.Server.Address, l.Server.Account, l.Server.Host = evil, evil, evil, evil, evil
	l.Server.Databases = append(l.Server.Databases, evil)
	l.Hosts = append(l.Hosts, run.Machine{Name: evil, Address: evil, Nodes: []run.Node{{Name: evil, Role: evil, Home: evil, Databases: []string{evil}, ClusterPort: -1}}}, run.Machine{})
	for name, write := range map[string]func(io.Writer, *run.Past) error{"plan": report.PlanHTML, "run": report.RunHTML} {
		got := page(t, write, p)
		wellFormed(t, got)
		if strings.Contains(got, "<script") || strings.Contains(got, "<img") {
			t.Errorf("%s: an element came through", name)
		}
		if i := strings.IndexFunc(got, func(r rune) bool {
			return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp))
		}); i >= 0 {
			t.Errorf("%s: a control character came through: %q", name, got[max(0, i-40):i+10])
		}
		if n := strings.Count(got, `\x1b[2J`); n < 40 && name == "run" {
			t.Errorf("%s: an escape is shown %d times, want it wherever it is said", name, n)
		}
	}
}

// TestHostileTimes: clocks go backwards, and a record may say anything.
func TestHostileTimes(t *testing.T) {
	p := ran(past(t, drift()), true)
	p.EndAt = time.Time{}
	p.Events[0].At = noon.Add(-time.Hour)
	p.Events[1].At = noon.Add(200 * 365 * 24 * time.Hour)
	p.Events[2].At = time.Time{}
	wellFormed(t, page(t, report.RunHTML, p))
}

func TestDiffsSideBySide(t *testing.T) {
	p := past(t, []change{{file("a\nb\nc\nname=\"old\"\nz"), plan.Want{Ref: ref("h1", plan.KindFile, "/f"), After: file("a\nc\nname=\"new\"\nz\nmore\n")}}})
	got := page(t, report.PlanHTML, p)
	for _, want := range []string{
		`<td class="no del" role="cell">2<i>−</i></td><td class="del" role="cell">b</td><td class="no none" role="cell"></td><td class="none" role="cell"></td>`,
		`<td class="no del" role="cell">4<i>−</i></td><td class="del" role="cell">name=&#34;<b>old</b>&#34;</td><td class="no add" role="cell">3<i>+</i></td><td class="add" role="cell">name=&#34;<b>new</b>&#34;</td>`,
		`z <em>No newline at end of file</em>`,
		`<td class="no twin" role="cell">3<i></i></td><td class="twin" role="cell">c</td><td class="no" role="cell">2<i></i></td><td role="cell">c</td>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %s in\n%s", want, got[strings.Index(got, "<table"):])
		}
	}
}

func TestAHiddenDifferenceIsSaid(t *testing.T) {
	got := page(t, report.PlanHTML, past(t, drift()[:1]))
	if want := `&lt;password&gt;(secret)&lt;/password&gt; <em>what is hidden differs</em>`; !strings.Contains(got, want) {
		t.Errorf("want %s", want)
	}
}

func TestIsHTML(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "<!DOCTYPE html>": false, "<!DOCTYPE html><html><head></head><body>" + `<meta name="generator" content="appm-provision">`: false,
		"<!DOCTYPE html><html><head>" + `<meta name="generator" content="appm-provision">` + "</head><body>": true,
	} {
		if got := report.IsHTML([]byte(text)); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
