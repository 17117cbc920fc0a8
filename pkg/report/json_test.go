package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

func document(t *testing.T, p *plan.Plan, o report.Options) string {
	t.Helper()
	d, err := report.OfPlan(p, o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.WriteDocument(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAPlanAsJSON(t *testing.T) {
	p := build(t, everything, plan.Note{Target: "h1", Node: "n1", Text: "somebody should know"}, plan.Note{Target: "h2", Node: "h2", Text: "esc\x1b[31m"})
	for name, o := range map[string]report.Options{"plan.json": {}, "plan-verbose.json": {Verbose: true}} {
		got := document(t, p, o)
		golden(t, name, got)
		if again := document(t, p, o); again != got {
			t.Errorf("%s: the same plan gives two texts", name)
		}
		for _, secret := range []string{"OLD", "NEW"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s shows the secret %s", name, secret)
			}
		}
	}
}

// The numbers of lines are those of the files: whoever applies the hunks to one
// file gets the other.
func TestHunksLeadFromOneFileToTheOther(t *testing.T) {
	var before, after strings.Builder
	for i := range 60 {
		line := strings.Repeat("x", i%7) + "\n"
		before.WriteString(line)
		switch {
		case i%19 == 3:
			after.WriteString("changed\n" + line)
		case i%23 != 5:
			after.WriteString(line)
		}
	}
	d, err := report.OfPlan(build(t, []change{{file(before.String()), plan.Want{Ref: ref("h", plan.KindFile, "/f"), After: file(after.String())}}}), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	old, now := strings.Split(before.String(), "\n"), strings.Split(after.String(), "\n")
	if len(d.Changes[0].Diff) < 3 {
		t.Fatalf("%d hunks, want several", len(d.Changes[0].Diff))
	}
	for _, h := range d.Changes[0].Diff {
		removed, added := 0, 0
		for _, l := range h.Lines {
			if l.Op != report.OpAdded {
				if got := old[l.Before-1]; got != l.Text || l.Before != h.From+removed {
					t.Errorf("line %d before is %q, the hunk says %q", l.Before, got, l.Text)
				}
				removed++
			}
			if l.Op != report.OpRemoved {
				if got := now[l.After-1]; got != l.Text || l.After != h.To+added {
					t.Errorf("line %d after is %q, the hunk says %q", l.After, got, l.Text)
				}
				added++
			}
		}
		if removed != h.Removed || added != h.Added {
			t.Errorf("the hunk has %d and %d lines, it says %d and %d", removed, added, h.Removed, h.Added)
		}
	}
}

// What one of the files hides in a line that both have, the other's whole text
// hides as well, however far from a change the line is.
func TestWholeTextsHideWhatEitherFileHides(t *testing.T) {
	far := strings.Repeat("line\n", 20)
	one, two := "pw=FIRST\n"+far+"a\n"+far+"pw=SECOND\n", "pw=FIRST\n"+far+"b\n"+far+"pw=SECOND\n"
	at := func(text, secret string) plan.Span {
		i := strings.Index(text, secret)
		return plan.Span{Start: i, End: i + len(secret)}
	}
	for name, after := range map[string]string{"a change": two, "only the mode": one} {
		f := withMeta(after, 0o600, "u")
		got := document(t, build(t, []change{{withMeta(one, 0o644, "u"), plan.Want{Ref: ref("h", plan.KindFile, "/f"), After: f,
			HiddenBefore: []plan.Span{at(one, "FIRST")}, Hidden: []plan.Span{at(after, "SECOND")}}}}), report.Options{Verbose: true})
		for _, secret := range []string{"FIRST", "SECOND"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: shows %s", name, secret)
			}
		}
		if n := strings.Count(got, "pw=(secret)"); n < 4 {
			t.Errorf("%s: %d places are masked, want 4: %s", name, n, got)
		}
	}
}

func TestJSONHoldsNothingThatMovesACursor(t *testing.T) {
	const text = "a\x1b[2J\u009b1m\u202e\u2028\x7f\tb\u00e9\U000e0001\U0001f600"
	var b bytes.Buffer
	screen := report.NewScreen(&b)
	if err := report.WriteLine(screen, map[string]string{"text": text}); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	if want := `{"text":"a\u001b[2J\u009b1m\u202e\u2028\u007f\tbé\udb40\udc01😀"}` + "\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(got), &back); err != nil || back["text"] != text {
		t.Errorf("it is read as %q, %v", back["text"], err)
	}
}

func TestLinesOfARunAreWholeAndSayEachPercentOnce(t *testing.T) {
	var b bytes.Buffer
	l := &report.Lines{W: &b, Run: "r"}
	var wg sync.WaitGroup
	for _, host := range []string{"h1", "h2"} {
		wg.Go(func() {
			for i := range int64(10001) {
				l.Event(run.Event{Stage: run.Upload, Target: host, Text: "jar", Done: i, Total: 10000})
			}
		})
	}
	wg.Wait()
	l.Event(run.Event{Stage: run.Files, Target: "h1", Text: "/a"})
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 2*101+1 {
		t.Errorf("%d lines, want %d", len(lines), 2*101+1)
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

func TestWhatIsWrongAndWhatToDo(t *testing.T) {
	for text, want := range map[string][2]string{
		"host key X is in no known_hosts file; compare it with the host's own":   {"host key X is in no known_hosts file", "compare it with the host's own"},
		"the script did not begin; a start file reads stdin":                     {"the script did not begin; a start file reads stdin", "general"},
		"a; b; if the machine was rebuilt, run: ssh-keygen -R h; then try again": {"a; b", "if the machine was rebuilt, run: ssh-keygen -R h; then try again"},
		"it is revoked; do not connect":                                          {"it is revoked", "do not connect"},
		"a mistake; please report it":                                            {"a mistake", "please report it"},
		"x is missing: the login (write user = { env = \"U\" }; or none)":        {"x is missing: the login", "write user = { env = \"U\" }; or none"},
		"unknown role (did you mean \"gateway\"?)":                               {"unknown role", "did you mean \"gateway\"?"},
		"the key is not the one in known_hosts (SHA256:x)":                       {"the key is not the one in known_hosts (SHA256:x)", "general"},
		"nothing more": {"nothing more", "general"},
	} {
		if what, toDo := report.Advised(text, "general"); what != want[0] || toDo != want[1] {
			t.Errorf("%q: got %q and %q, want %q", text, what, toDo, want)
		}
	}
}
