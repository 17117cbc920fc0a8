package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

func TestProgress(t *testing.T) {
	var b bytes.Buffer
	p := &report.Progress{W: &b}
	for _, e := range []run.Event{
		{Stage: run.Connect, Target: "h1", Text: "connected"},
		{Stage: run.Files, Target: "h1", Node: "h1", Text: "/etc/hosts"},
		{Stage: run.Files, Target: "h1", Node: "n1", Text: "/opt/a"},
		{Stage: run.Databases, Target: plan.Deployment, Text: "account appm"},
		{Stage: run.Preflight, Target: plan.Deployment, Text: "looked at"},
		{Stage: run.Restart, Target: "h1", Text: "log: \x1b[2Jevil\r"},
	} {
		p.Event(e)
	}
	want := "connect   h1: connected\nfiles     h1: /etc/hosts\nfiles     h1 n1: /opt/a\n" +
		"databases account appm\npreflight database: looked at\nrestart   h1: log: \\x1b[2Jevil\\x0d\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestProgressOfSomethingSmallIsSaidOnce(t *testing.T) {
	var b bytes.Buffer
	p := &report.Progress{W: &b}
	for done := range 76 {
		p.Event(run.Event{Stage: run.Databases, Target: plan.Deployment, Text: "schema AM_DB", Done: int64(done), Total: 75})
	}
	if want := "databases schema AM_DB 100%\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestProgressOfSomethingBigIsSaidTenTimes(t *testing.T) {
	var b bytes.Buffer
	p := &report.Progress{W: &b}
	const total = 200 << 20
	for done := int64(0); done <= total; done += 1 << 18 {
		for _, host := range []string{"h1", "h2"} {
			p.Event(run.Event{Stage: run.Upload, Target: host, Text: "pack.zip", Done: done, Total: total})
		}
	}
	for _, host := range []string{"h1", "h2"} {
		var want []string
		for tenth := range 11 {
			want = append(want, fmt.Sprintf("upload    %s: pack.zip %d%%\n", host, tenth*10))
		}
		var got []string
		for l := range strings.Lines(b.String()) {
			if strings.Contains(l, host) {
				got = append(got, l)
			}
		}
		if strings.Join(got, "") != strings.Join(want, "") {
			t.Errorf("got\n%swant\n%s", strings.Join(got, ""), strings.Join(want, ""))
		}
	}
}

func TestProgressTakesEventsFromSeveralGoroutines(t *testing.T) {
	var b bytes.Buffer
	p := &report.Progress{W: &b}
	var wg sync.WaitGroup
	for host := range 8 {
		wg.Go(func() {
			for i := range 50 {
				p.Event(run.Event{Stage: run.Files, Target: fmt.Sprint("h", host), Text: fmt.Sprint("file ", i)})
				p.Event(run.Event{Stage: run.Upload, Target: fmt.Sprint("h", host), Text: "jar", Done: int64(i + 1), Total: 50})
			}
		})
	}
	wg.Wait()
	if got := strings.Count(b.String(), "\n"); got != 8*51 {
		t.Errorf("got %d lines, want %d", got, 8*51)
	}
}

func TestOutcome(t *testing.T) {
	var b bytes.Buffer
	report.Outcome(&b, &run.Report{Outcomes: []run.Outcome{
		{Target: "database", Result: run.Done, Made: 1, Planned: 1},
		{Target: "h1", Result: run.Failed, Made: 2, Planned: 5, Err: errors.New("its text is told elsewhere")},
		{Target: "h2", Result: run.NotStarted, Planned: 3},
		{Target: "h3", Result: run.Unchanged},
	}})
	want := "result    database: done, 1 of 1 change made\nresult    h1: failed, 2 of 5 changes made\n" +
		"result    h2: not started, 0 of 3 changes made\nresult    h3: nothing to do\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestStatus(t *testing.T) {
	var b bytes.Buffer
	err := report.Status(&b, []report.Row{
		{Name: "idp1", Role: "idp", Host: "idp1", Version: "1.2.0", Server: "process 4711", Up: 51*time.Hour + 2*time.Second + 3*time.Millisecond, Config: "current", Database: "ok", LastRun: "2025-01-02 03:04Z done"},
		{Name: "pub1", Role: "publisher", Host: "h2", Server: "process 12", Up: time.Minute, Config: "foreign", Cluster: "1 of 2, not store1", Stale: "axis2.xml changes with this plan", Drift: []string{"axis2.xml", "hosts"}},
		{Name: "store1", Role: "store", Host: "h2\x1b[2J", Server: "stopped", Stale: "not running\n"},
		{Name: "database", Server: "MariaDB 10.11.6-\x1b[2J"},
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "status.txt", b.String())
}
