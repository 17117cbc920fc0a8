package report_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/schema"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// recordOf is the record of a run that failed, as one reads it.
const recordOf = `{"at":"2025-01-01T10:00:00Z","begin":{"format":1,"id":"20250101T100000Z-00000a","version":"v1.0.0","operator":"ann@desk","command":["apply","-i","shop.toml"],"deployment":"shop","inventory":"/shop.toml","digest":"0123456789abcdef"}}
{"at":"2025-01-01T10:00:00.1Z","plan":{"summary":"Plan: 1 to change, 1 to restart.","changes":[{"target":"gw1","kind":"file","path":"/a","step":"s","stage":"files","before":{"fingerprint":"1","mode":"0644"},"after":{"fingerprint":"2","mode":"0644"},"text":"  ~ /a: why","shown":{"sign":"~","head":"/a: why","diff":"@@ -1 +1 @@\n-old\n+new\n"}},{"target":"gw1","kind":"server","path":"/h","node":"gw1","step":"s","stage":"restart","before":{"running":true},"after":{"running":true},"text":"  > restart gw1"}],"notes":[{"target":"gw1","text":"take note"}],"kept":[{"target":"gw1","what":"/b"}],"layout":{"hosts":[{"name":"gw1","address":"192.0.2.1","nodes":[{"name":"gw1","role":"gateway","home":"/h","port":9443,"databases":["AM_DB"]}]}],"database_server":{"name":"db","address":"192.0.2.9","port":3306,"account":"appm","databases":["AM_DB"]}}}}
{"at":"2025-01-01T10:00:01Z","made":{"change":0,"kept":"/store/a"}}
{"at":"2025-01-01T10:00:01Z","event":{"stage":"files","target":"gw1","text":"/a"}}
{"at":"2025-01-01T10:00:02Z","lost":2,"event":{"stage":"restart","target":"gw1","node":"gw1","text":"log: \u001b[31mred"}}
{"at":"2025-01-01T10:00:03Z","wire":[{"host":"gw1","connections":1,"sessions":3,"tunnels":0,"sent":100,"received":200}]}
{"at":"2025-01-01T10:00:03Z","end":{"exit":19,"error":"gw1: did not start\nlast line","outcomes":[{"target":"gw1","result":"failed","made":1,"planned":2,"error":"gw1: did not start"}],"took_ns":2900000000}}
`

func fromRecord(t *testing.T, text string) *run.Past {
	t.Helper()
	file := filepath.Join(t.TempDir(), "20250101T100000Z-00000a.jsonl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := run.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	p.File = "/state/" + filepath.Base(file)
	return p
}

var failed = &report.Fault{Exit: 19, Cause: "server", Text: "gw1: node gw1 did not start: …:\n    last line", Parts: []report.Problem{
	{Cause: "server", Target: "gw1", Node: "gw1", What: "node gw1 did not start: …", ToDo: "rerun", Log: []string{"last line"}}}}

func TestEachAnswer(t *testing.T) {
	whole := fromRecord(t, recordOf)
	began, _, _ := strings.Cut(recordOf, "\n")
	unread := &run.Past{File: "/state/x.jsonl", ID: "x", Err: errors.New("x.jsonl:1: not a line of a record")}
	wrote := report.Written{Inventory: "shop.toml", Deployment: "shop", Hosts: 2, Nodes: 4, Driver: "./driver.jar",
		Variables: []report.Variable{{Name: "APPM_DB_PASSWORD", Of: "the password"}}}
	planned, err := report.OfPlan(build(t, everything[:1]), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	refused := report.NewEnd("", nil, nil)
	failing := report.NewEnd("r1", &run.Report{Took: 1500 * time.Millisecond, Outcomes: []run.Outcome{{Target: "gw1", Result: run.Failed, Made: 1, Planned: 2, Err: errors.New("gw1: …")}}},
		[]run.Wire{{Host: "gw1", Connections: 1, Sessions: 4, Sent: 5, Received: 6}})
	for _, c := range []struct {
		name string
		of   report.Document
		end  *report.Fault
	}{
		{"check", report.NewCheck("shop", []string{"reach", "ports", "names"}, []string{"gw1", "pub1", "two"}, found), failed},
		{"end-failed", failing, failed},
		{"end-refused", refused, failed},
		{"error", report.NewErrorDocument(), failed},
		{"import", report.NewImport(wrote, []string{"gw1: a port of its own"}, planned), nil},
		{"init", report.NewInit(wrote), nil},
		{"prune", report.NewPrune(true, 50, 90*24*time.Hour, []string{"/state/shop/20250101T100000Z-00000a.jsonl"}), nil},
		{"run", report.NewRun(whole), nil},
		{"runs", report.NewRuns("/state", []*run.Past{whole, fromRecord(t, began+"\n"), unread}), nil},
		{"status", report.NewStatus("shop", []report.Row{
			{Name: "gw1", Role: "gateway", Host: "h", Server: "process 4", Up: time.Minute, Version: "1.2.0", Config: "older", Cluster: "1 of 1", LastRun: "2025-01-01 10:00Z done", Database: "ok", Stale: "a.xml has drifted", Drift: []string{"a.xml"}},
			{Name: "database", Server: "MariaDB 10.11"},
		}), nil},
		{"unlock", report.NewUnlock([]report.HeldLock{{Target: "gw1", Text: "run 1 of ann", Removed: true}}), nil},
		{"validate", report.NewValidate("shop.toml", "shop", 1, 1, whole.Plan.Layout), nil},
		{"version", report.VersionDocument{Version: "v1.2.3", Commit: "abc", Committed: "2025-01-01T00:00:00Z", Go: "go1.26", OS: "linux", Arch: "arm64"}.Answered(), nil},
	} {
		c.of.End([]string{"take care"}, c.end)
		var b bytes.Buffer
		if err := report.WriteDocument(&b, c.of); err != nil {
			t.Fatal(err)
		}
		golden(t, "answer-"+c.name+".json", timeless(b.String()))
		kind, err := schema.Document(b.Bytes())
		if want, _, _ := strings.Cut(c.name, "-"); err != nil || kind != want {
			t.Errorf("%s is a %q: %v", c.name, kind, err)
		}
	}
}

var ofNow = regexp.MustCompile(`("at": ?)"[^"]*\.\d\d\dZ"`)

// timeless is JSON without the time of now.
func timeless(text string) string { return ofNow.ReplaceAllString(text, `$1"now"`) }

func TestEachLineOfARun(t *testing.T) {
	var b bytes.Buffer
	l := &report.Lines{W: &b, Run: "r1"}
	d, err := report.OfPlan(build(t, everything), report.Options{Verbose: true})
	if err != nil {
		t.Fatal(err)
	}
	l.Line(d)
	l.Begin("/state/r1.jsonl", "shop", "r0")
	l.Event(run.Event{Stage: run.Upload, Target: "gw1", Text: "jar", Done: 0, Total: 100})
	l.Event(run.Event{Stage: run.Files, Target: "gw1", Node: "n", Text: "log: \x1b[2J"})
	l.Made(3, ref("gw1", plan.KindFile, "/a"), "/store/a")
	end := report.NewEnd("r1", &run.Report{}, nil)
	end.End(nil, &report.Fault{Exit: 130, Cause: "interrupted", Text: "interrupted", Parts: []report.Problem{{Cause: "interrupted", What: "interrupted"}}})
	l.Line(end)
	_, rest, _ := strings.Cut(b.String(), "\n") // the plan has files of its own
	golden(t, "lines.jsonl", timeless(rest))
	types, err := schema.Lines(b.Bytes())
	if got, want := strings.Join(types, " "), "plan begin event event made end"; err != nil || got != want {
		t.Errorf("got %s, want %s: %v", got, want, err)
	}
	if types, err := schema.Lines(b.Bytes()[:b.Len()-9]); err != nil || len(types) != 5 {
		t.Errorf("of a run that was killed: %v, %v", types, err)
	}
}

// What a schema does not describe does not pass.
func TestTheSchemasRefuseWhatTheyDoNotDescribe(t *testing.T) {
	good := document(t, build(t, everything), report.Options{Verbose: true})
	if _, err := schema.Document([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for was, is := range map[string]string{
		`"deployment": "test"`: `"deployment": "test", "more": 1`,
		`"kept": 4`:            `"kept": 4, "more": 1`,
		`"format": 1`:          `"format": 2`,
		`"action": "create"`:   `"action": "make"`,
		`"index": 0`:           `"index": -1`,
		`"summary"`:            `"sum"`,
		`"running": true`:      `"running": "yes"`,
		`"blob": {`:            `"service": {"running": true}, "blob": {`,
		`"after": null`:        `"after": {}`,
		`"mode": "0644"`:       `"mode": "644"`,
	} {
		bad := strings.Replace(good, was, is, 1)
		if bad == good {
			t.Errorf("%s is not there", was)
		}
		if _, err := schema.Document([]byte(bad)); err == nil {
			t.Errorf("%s passes", is)
		}
	}
}
