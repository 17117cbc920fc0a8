package report_test

import (
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// TestTheParts is that a change in parts says what the plan says of it as text.
func TestTheParts(t *testing.T) {
	p := build(t, everything)
	for _, c := range p.Changes {
		s, err := report.Shown(c, report.Options{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := report.Change(c, report.Options{Verbose: true})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, s.Head) || !strings.HasPrefix(strings.TrimSpace(text), s.Sign) {
			t.Errorf("%s: sign %q and head %q are not those of\n%s", c.Ref, s.Sign, s.Head, text)
		}
		for l := range strings.Lines(s.Diff) {
			if l = strings.TrimSuffix(l, "\n"); l[0] != '@' && !strings.Contains(text, l[1:]) {
				t.Errorf("%s: %q is not in\n%s", c.Ref, l, text)
			}
		}
		for _, q := range s.SQL {
			first, _, _ := strings.Cut(q.Text, "\n")
			if !strings.Contains(text, first) || strings.Contains(q.Text, "NEW") {
				t.Errorf("%s: statement %q, in\n%s", c.Ref, q.Text, text)
			}
		}
	}
}

func TestAnInterruptedLoadShowsWhatIsLeft(t *testing.T) {
	p := build(t, []change{{&plan.Schema{}, plan.Want{Ref: ref("database", plan.KindSchema, "UM_DB"), After: &plan.Schema{Load: true, Resume: 1,
		Statements: []plan.Statement{{SQL: "one"}, {SQL: "two\r\nlines", File: "a.sql", Line: 7, Node: "n1"}}}}}})
	s, err := report.Shown(p.Changes[0], report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (run.SQL{Text: "two\nlines", File: "a.sql", Line: 7, Node: "n1"}); len(s.SQL) != 1 || s.SQL[0] != want {
		t.Errorf("got %+v, want %+v", s.SQL, want)
	}
}
