package report_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// change makes one change of the plan below: what is there, and what is wanted.
type change struct {
	before plan.Object
	want   plan.Want
}

func ref(target string, kind plan.Kind, path string) plan.Ref {
	return plan.Ref{Target: target, Kind: kind, Path: path}
}

func file(text string) *plan.File { return &plan.File{Data: []byte(text)} }

func withMeta(text string, mode uint32, owner string) *plan.File {
	return &plan.File{Data: []byte(text), Meta: plan.Meta{Mode: mode, Owner: owner, Group: owner}}
}

// everything has each kind of change once, and a host that sends terminal
// escapes in what it can name.
var everything = []change{
	{nil, plan.Want{Ref: ref("h1", plan.KindFile, "/new"), After: file("a\nb\n"), Why: "it is needed"}},
	{file("a\n"), plan.Want{Ref: ref("h1", plan.KindFile, "/old"), Why: "it is in the way"}},
	{file("user=u\npassword=OLD\nport=1\n"), plan.Want{Ref: ref("h1", plan.KindFile, "/changed"), After: file("user=u\npassword=NEW\nport=2\n"), Why: "values",
		Hidden: []plan.Span{{Start: 16, End: 19}}, HiddenBefore: []plan.Span{{Start: 16, End: 19}}}},
	{withMeta("a\n", 0o644, "root"), plan.Want{Ref: ref("h1", plan.KindFile, "/meta"), After: withMeta("a\n", 0o600, "appm"), Why: "whose it is"}},
	{nil, plan.Want{Ref: ref("h1", plan.KindBlob, "/new.jar"), After: &plan.Blob{Size: 1006956, SHA256: "5bba9ff50e5e637a0996a730619dee19ccae274883a4d28c890d945252bb0e12"}, Why: "a driver"}},
	{&plan.Blob{Size: 9}, plan.Want{Ref: ref("h1", plan.KindBlob, "/old.jar"), Why: "another driver"}},
	{&plan.Server{}, plan.Want{Ref: ref("h1", plan.KindServer, "/opt/a"), Node: "n1", After: &plan.Server{Running: true}, Why: "not running"}},
	{&plan.Server{Running: true}, plan.Want{Ref: ref("h2", plan.KindServer, "/opt/b"), Node: "n2", After: &plan.Server{Running: true, Renew: true}, Why: "a.xml changes with this plan"}},
	{&plan.Server{Running: true}, plan.Want{Ref: ref("h2", plan.KindServer, "/opt/c"), Node: "n3", After: &plan.Server{}, Why: "the inventory says running = false"}},
	{file("a\x1b[2J\n"), plan.Want{Ref: ref("h2", plan.KindFile, "/escape\x1b[2J\n"), After: file("b\x1b[2J\r\n"), Why: "of\x07 no\nuse"}},
	{nil, plan.Want{Ref: ref("database", plan.KindSchema, "AM_DB"), Why: "2 tables", After: &plan.Schema{Load: true, Opening: "CREATE DATABASE `AM_DB` CHARACTER SET latin1",
		Scripts: []string{"a.sql", "b.sql"}, Statements: []plan.Statement{{SQL: "CREATE TABLE A (\n  B INT\n)"}, {SQL: "CREATE TABLE C (D INT)"}}}}},
	{&plan.Schema{}, plan.Want{Ref: ref("database", plan.KindSchema, "UM_DB"), Why: "2 tables", After: &plan.Schema{Load: true, Resume: 1,
		Scripts: []string{"a.sql"}, Statements: []plan.Statement{{SQL: "CREATE TABLE A (B INT)"}, {SQL: "CREATE TABLE C (D INT)"}}}}},
	{&plan.Account{}, plan.Want{Ref: ref("database", plan.KindAccount, "appm"), Why: "the nodes log in from 192.0.2.1", After: &plan.Account{Grants: []plan.Statement{
		{SQL: "CREATE USER 'appm'@'192.0.2.1' IDENTIFIED BY 'NEW'", Hidden: []plan.Span{{Start: 45, End: 50}}}}}}},
	{file("kept\n"), plan.Want{Ref: ref("h2", plan.KindFile, "/kept"), After: file("kept\n"), Why: "it fits"}},
	{file("kept\n"), plan.Want{Ref: ref("h3", plan.KindFile, "/kept"), After: file("kept\n"), Why: "it fits"}},
	{&plan.Server{Running: true}, plan.Want{Ref: ref("h3", plan.KindServer, "/opt/d"), Node: "n4", After: &plan.Server{Running: true}, Why: "younger than everything it loads"}},
	{&plan.Schema{}, plan.Want{Ref: ref("database", plan.KindSchema, "ES"), After: &plan.Schema{}, Why: "complete, 1 table"}},
}

func build(t *testing.T, changes []change, notes ...plan.Note) *plan.Plan {
	t.Helper()
	s := plan.NewState()
	step := plan.Step{Name: "one", For: "n"}
	var wants []plan.Want
	for _, c := range changes {
		s.Put(c.want.Ref, c.before)
		step.Needs = append(step.Needs, plan.Need{Ref: c.want.Ref})
		wants = append(wants, c.want)
	}
	step.Want = func(*plan.State) ([]plan.Want, []plan.Note, error) { return wants, notes, nil }
	p, err := plan.Build("test", s, []plan.Step{step})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func render(t *testing.T, p *plan.Plan, o report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Plan(&b, p, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s\n(if the new text is right: make update)", got, want)
	}
}

func TestAPlanAsItIsShown(t *testing.T) {
	p := build(t, everything, plan.Note{Target: "h1", Node: "n1", Text: "somebody should know"}, plan.Note{Target: "h2", Node: "h2", Text: "esc\x1b[31m"})
	for name, o := range map[string]report.Options{
		"plan.txt": {}, "plan-verbose.txt": {Verbose: true}, "plan-color.txt": {Color: true},
	} {
		got := render(t, p, o)
		golden(t, name, got)
		if again := render(t, p, o); again != got {
			t.Errorf("%s: the same plan gives two texts", name)
		}
		if strings.Contains(got, "OLD") || strings.Contains(got, "NEW") {
			t.Errorf("%s shows a secret", name)
		}
		if escapes := strings.Count(got, "\x1b"); !o.Color && escapes > 0 {
			t.Errorf("%s holds %d escape characters", name, escapes)
		}
	}
}

// Colors are all that is different, so that a plan in a pipe is the same plan.
func TestColorsChangeNoText(t *testing.T) {
	p := build(t, everything)
	colored := render(t, p, report.Options{Color: true})
	for _, code := range []string{"0", "1", "2", "31", "32", "33", "36"} {
		colored = strings.ReplaceAll(colored, "\x1b["+code+"m", "")
	}
	if plain := render(t, p, report.Options{}); colored != plain {
		t.Errorf("without its colors it is\n%s\nwant\n%s", colored, plain)
	}
}

func TestSummary(t *testing.T) {
	kept := change{file("a"), plan.Want{Ref: ref("h", plan.KindFile, "/kept"), After: file("a")}}
	more := change{file("a"), plan.Want{Ref: ref("h", plan.KindFile, "/more"), After: file("a")}}
	made := change{nil, plan.Want{Ref: ref("h", plan.KindFile, "/made"), After: file("a")}}
	database := change{&plan.Schema{}, plan.Want{Ref: ref("database", plan.KindSchema, "ES"), After: &plan.Schema{}}}
	other := change{file("a"), plan.Want{Ref: ref("other", plan.KindFile, "/kept"), After: file("a")}}
	for want, changes := range map[string][]change{
		"No changes.": nil,
		"No changes. 1 host is as the inventory says; 1 resource was compared.":                       {kept},
		"No changes. 1 host is as the inventory says; 2 resources were compared.":                     {kept, more},
		"No changes. 2 hosts are as the inventory says; 2 resources were compared.":                   {kept, other},
		"No changes. 2 hosts and the databases are as the inventory says; 3 resources were compared.": {kept, other, database},
		"No changes. The databases are as the inventory says; 1 resource was compared.":               {database},
		"Plan: 1 to create.": {made},
		"Plan: 1 to change; nothing to do on 1 host; 1 resource stays as it is.":                                          {kept, everything[11]},
		"Plan: 1 to create; 1 resource stays as it is.":                                                                   {made, kept},
		"Plan: 1 to create; 2 resources stay as they are.":                                                                {made, kept, more},
		"Plan: 1 to create; nothing to do on 1 of 2 hosts; 2 resources stay as they are.":                                 {made, kept, other},
		"Plan: 3 to create, 3 to change, 2 to remove, 1 to start, 1 to restart, 1 to stop; 2 resources stay as they are.": append([]change{made, kept, more}, everything[:10]...),
	} {
		if got := report.Summary(build(t, changes)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// failing is a writer whose disk is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestAPlanThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := report.Plan(failing{}, build(t, everything), report.Options{}); err == nil {
		t.Error("got no error, want that of the writer")
	}
}
