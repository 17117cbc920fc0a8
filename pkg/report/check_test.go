package report_test

import (
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/report"
)

var found = []report.Finding{
	{Target: "gw1", Check: "reach", Level: report.OK, Text: "SSH as deploy"},
	{Target: "gw1", Check: "ports", Level: report.Warning, Text: "port 9999 is taken"},
	{Target: "gw1", Check: "ports", Level: report.OK},
	{Target: "pub1", Check: "reach", Level: report.Failure, Text: "no\x1b[31m answer"},
	{Target: "two", Node: "store", Check: "names", Level: report.Planned, Text: "the plan maps them"},
	{Target: "two", Node: "publisher", Check: "ports", Level: report.Failure, Text: "port 9443 is taken"},
}

func checks(t *testing.T, o report.Options) string {
	t.Helper()
	var out strings.Builder
	if err := report.Checks(&out, []string{"reach", "ports", "names"}, []string{"gw1", "pub1", "two"}, found, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestChecksAreATableAndWhatIsNotWell(t *testing.T) {
	want := `HOST  REACH  PORTS  NAMES
gw1   ok     warn   -
pub1  FAIL   -      -
two   -      FAIL   planned

FAIL    pub1: reach: no\x1b[31m answer
FAIL    two, node publisher: ports: port 9443 is taken
warn    gw1: ports: port 9999 is taken
`
	if got := checks(t, report.Options{}); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestVerboseChecksTellWhatIsWell(t *testing.T) {
	got := checks(t, report.Options{Verbose: true})
	for _, want := range []string{"ok      gw1: reach: SSH as deploy\n", "planned two, node store: names: the plan maps them\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from\n%s", want, got)
		}
	}
	if n := strings.Count(got, "\n"); n != 4+1+5 {
		t.Errorf("%d lines, want one for each finding that says something:\n%s", n, got)
	}
}

func TestColoredChecksPaintWhatIsNotWell(t *testing.T) {
	if got := checks(t, report.Options{Color: true}); strings.Count(got, "\x1b[31mFAIL") != 2 || strings.Count(got, "\x1b[33mwarn") != 1 {
		t.Errorf("got %q", got)
	}
}
