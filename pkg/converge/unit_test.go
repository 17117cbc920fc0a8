package converge

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

func TestAUnitIsReadAsSystemdTellsIt(t *testing.T) {
	for out, want := range map[string]string{
		"user 1000\n": "&{false false false false [] false}",
		"user 0\nenabled\nsystemd\nNeedDaemonReload=no\nDropInPaths=\n":        "&{true true true false [] false}",
		"user 0\nsystemd\nNeedDaemonReload=yes\nDropInPaths=/a.conf /b.conf\n": "&{true true false true [/a.conf /b.conf] false}",
		"user 0\nsystemd\nFailed to connect to bus: No such file\n":            `systemctl answered "Failed to connect to bus: No such file"`,
	} {
		o, err := parseUnit(out)
		got := fmt.Sprint(o)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("of %q\ngot  %s\nwant %s", out, got, want)
		}
	}
}

func TestTheUnitOfAProcessIsRead(t *testing.T) {
	for out, want := range map[string]string{"7 1 2 /jdk/bin/java\n": "", "7 1 2 /opt/my jdk/bin/java\ta.service\n": "a.service"} {
		o, err := parseServer(out)
		if err != nil || o.(*plan.Server).Unit != want || !strings.HasSuffix(o.(*plan.Server).JDK, "jdk") {
			t.Errorf("of %q: %+v, %v, want unit %q", out, o, err, want)
		}
	}
}

// restartIn is a plan of a server and its unit.
func restartIn(before *plan.Server, start *plan.Start, enabled bool) *plan.Plan {
	ref := func(k plan.Kind, path string) plan.Ref { return plan.Ref{Target: "h", Kind: k, Path: path} }
	return &plan.Plan{Targets: []string{"h"}, Changes: []plan.Change{
		{Want: plan.Want{Ref: ref(plan.KindFile, "/u/n.service"), After: &plan.File{Data: []byte("new")}}},
		{Want: plan.Want{Ref: ref(plan.KindUnit, "n.service"), Node: "n", After: &plan.Unit{Enabled: enabled, Reload: true}}, Before: &plan.Unit{Systemd: true}},
		{Want: plan.Want{Ref: ref(plan.KindServer, "/home"), As: "/home", Node: "n", After: &plan.Server{Running: true, Renew: true, Start: start}}, Before: before},
	}}
}

func TestAServerIsRestartedByItsUnit(t *testing.T) {
	start := func(unit, leaves string) *plan.Start {
		return &plan.Start{JavaHome: "/j", Unit: unit, Leaves: leaves, Ports: []int{9443}, StartTimeout: time.Second, StopTimeout: 2 * time.Second}
	}
	for _, c := range []struct {
		what    string
		before  *plan.Server
		start   *plan.Start
		enabled bool
		want    []string
	}{
		{"in its unit", &plan.Server{Running: true, Unit: "n.service"}, start("n.service", "n.service"), true,
			[]string{"enable n.service", "stop n.service 2", "/home mark /j 1 2 9443", "start n.service", "/home wait 12 34 /j 1 2 9443"}},
		{"beside it", &plan.Server{Running: true}, start("n.service", ""), false,
			[]string{"reload n.service", "/home mark /j 1 2 9443", "start n.service", "/home wait 12 34 /j 1 2 9443"}},
		{"out of it", &plan.Server{Running: true, Unit: "n.service"}, start("", "n.service"), false,
			[]string{"reload n.service", "stop n.service 2", "/home restart /j 1 2 9443"}},
	} {
		h := &fakeHost{files: map[string]string{}, output: map[string]string{"server": "mark 12 34\nup 7\n"}}
		r := Apply(context.Background(), Deployment{Hosts: map[string]Host{"h": h}}, restartIn(c.before, c.start, c.enabled))
		if err := r.Err(); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		var got []string
		for _, args := range h.ran {
			got = append(got, strings.Join(args, " "))
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\ngot  %q\nwant %q", c.what, got, c.want)
		}
	}
}

func TestAUnitThatSystemdRefusesEndsTheRun(t *testing.T) {
	h := &fakeHost{files: map[string]string{}, output: map[string]string{"unit": "says systemctl daemon-reload\nfailed systemctl daemon-reload ended with 1: no\n"}}
	var said []string
	r := Apply(context.Background(), Deployment{Hosts: map[string]Host{"h": h}, Events: func(e run.Event) { said = append(said, string(e.Stage)+" "+e.Text) }},
		restartIn(&plan.Server{}, &plan.Start{Unit: "n.service"}, true))
	if got, want := fmt.Sprint(r.Err()), "h: node n: systemctl daemon-reload ended with 1: no"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(h.ran) != 1 || r.Outcomes[0].Made != 1 {
		t.Errorf("after that %v ran, %d changes were made", h.ran, r.Outcomes[0].Made)
	}
	if strings.Join(said, "; ") != "files /u/n.service; files systemctl daemon-reload" {
		t.Errorf("it said %q", said)
	}
}
