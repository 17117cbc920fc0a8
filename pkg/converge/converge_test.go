package converge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

func ref(host string, k plan.Kind, path string) plan.Ref {
	return plan.Ref{Target: host, Kind: k, Path: path}
}

// setting is a step that wants a file to have some text.
func setting(host, path, text string) plan.Step {
	r := ref(host, plan.KindFile, path)
	return plan.Step{Name: "set " + path, For: host, Needs: []plan.Need{{Ref: r, As: "/home"}},
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			o, err := s.Get(r)
			if err != nil {
				return nil, nil, err
			}
			f := plan.File{}
			if o != nil {
				f = *o.(*plan.File)
			}
			f.Data = []byte(text)
			return []plan.Want{{Ref: r, After: &f, Node: host, Why: "test"}}, nil, nil
		}}
}

// restarting is a step that wants a new process.
func restarting(host string) plan.Step {
	r := ref(host, plan.KindServer, "/home")
	return plan.Step{Name: "restart", For: host, Needs: []plan.Need{{Ref: r}},
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			o, err := s.Found(r)
			if err != nil {
				return nil, nil, err
			}
			after := *o.(*plan.Server)
			after.Running, after.Renew = true, true
			after.Start = &plan.Start{JavaHome: "/jdk", Ports: []int{9443}, StartTimeout: time.Minute, StopTimeout: time.Second}
			return []plan.Want{{Ref: r, After: &after, Node: host}}, nil, nil
		}}
}

func planFor(t *testing.T, hosts map[string]Host, steps ...plan.Step) *plan.Plan {
	t.Helper()
	var needs []plan.Need
	for _, s := range steps {
		needs = append(needs, s.Needs...)
	}
	state, err := Gather(t.Context(), hosts, needs)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build("test", state, steps)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestApplyMakesThePlannedBytesAndThenNothingIsLeft(t *testing.T) {
	a, b := &fakeHost{files: map[string]string{"/x": "old"}}, &fakeHost{files: map[string]string{}}
	hosts := map[string]Host{"a": a, "b": b}
	steps := []plan.Step{setting("a", "/x", "new"), setting("b", "/y", "made")}
	report := Apply(t.Context(), Deployment{Hosts: hosts}, planFor(t, hosts, steps...))
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	if a.files["/x"] != "new" || b.files["/y"] != "made" {
		t.Errorf("files are %v and %v", a.files, b.files)
	}
	if left := planFor(t, hosts, steps...); !left.Empty() {
		t.Errorf("%d changes are left", len(left.Changes))
	}
}

func TestAMovedFileIsLeftAloneAndLaterStagesDoNotStart(t *testing.T) {
	a, b := &fakeHost{files: map[string]string{"/x": "old"}}, &fakeHost{files: map[string]string{"/y": "old"}}
	hosts := map[string]Host{"a": a, "b": b}
	p := planFor(t, hosts, setting("a", "/x", "new"), setting("b", "/y", "new"), restarting("a"), restarting("b"))
	a.files["/x"] = "somebody's"
	report := Apply(t.Context(), Deployment{Hosts: hosts}, p)
	var e *Error
	if err := report.Err(); !errors.As(err, &e) || e.Cause != Drift || !strings.Contains(err.Error(), "a: /x") {
		t.Errorf("got error %v, want a drift of a: /x", err)
	}
	if a.files["/x"] != "somebody's" {
		t.Errorf("the moved file was overwritten with %q", a.files["/x"])
	}
	if b.files["/y"] != "new" {
		t.Error("the stage was not finished on the other host")
	}
	if len(a.ran)+len(b.ran) > 0 {
		t.Error("servers were restarted after a failure")
	}
	got := []run.Result{report.Outcomes[0].Result, report.Outcomes[1].Result}
	if want := []run.Result{run.Failed, run.NotStarted}; !slices.Equal(got, want) {
		t.Errorf("results are %v, want %v", got, want)
	}
}

func TestAServerThatDoesNotComeUpEndsTheRunWithItsLog(t *testing.T) {
	a := &fakeHost{output: map[string]string{"server": "says starting\nlog something\nfailed its process ended\nlog the last words\n"}, exit: 1}
	b := &fakeHost{}
	hosts := map[string]Host{"a": a, "b": b}
	err := Apply(t.Context(), Deployment{Hosts: hosts}, planFor(t, hosts, restarting("a"), restarting("b"))).Err()
	var e *Error
	if !errors.As(err, &e) || e.Cause != Server || !strings.Contains(err.Error(), "its process ended") || !strings.Contains(err.Error(), "the last words") {
		t.Errorf("got %v, want a server's failure with its log", err)
	}
	if len(b.ran) > 0 {
		t.Error("the next server was restarted")
	}
}

func TestServersRestartInThePlansOrderWithTheirPorts(t *testing.T) {
	var order []string
	hosts := map[string]Host{}
	var steps []plan.Step
	for _, name := range []string{"idp", "gateway", "publisher"} {
		hosts[name] = &fakeHost{output: map[string]string{"server": "up 42\n"}}
		steps = append(steps, restarting(name))
	}
	report := Apply(t.Context(), Deployment{Hosts: hosts, Events: func(e run.Event) { order = append(order, e.Node+" "+e.Text) }}, planFor(t, hosts, steps...))
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"idp up, process 42", "gateway up, process 42", "publisher up, process 42"}; !slices.Equal(order, want) {
		t.Errorf("order is %q, want %q", order, want)
	}
	if got, want := hosts["idp"].(*fakeHost).ran[0], []string{"/home", "start", "/jdk", "60", "1", "9443"}; !slices.Equal(got, want) {
		t.Errorf("arguments are %q, want %q", got, want)
	}
}

func TestABlobIsUploadedOnceAHostAndCleanedUp(t *testing.T) {
	a := &fakeHost{files: map[string]string{}}
	hosts := map[string]Host{"a": a}
	blob := func(path string) plan.Step {
		r := ref("a", plan.KindBlob, path)
		return plan.Step{Name: path, For: "a", Needs: []plan.Need{{Ref: r}},
			Want: func(*plan.State) ([]plan.Want, []plan.Note, error) {
				return []plan.Want{{Ref: r, After: &plan.Blob{SHA256: sum("jar")}}}, nil, nil
			}}
	}
	uploads := 0
	d := Deployment{Hosts: hosts, Blobs: map[string]Source{sum("jar"): {Name: "d.jar", Size: 3, Reader: strings.NewReader("jar")}},
		Events: func(e run.Event) {
			if e.Stage == run.Upload {
				uploads++
			}
		}}
	if err := Apply(t.Context(), d, planFor(t, hosts, blob("/one/d.jar"), blob("/two/d.jar"))).Err(); err != nil {
		t.Fatal(err)
	}
	if a.files["/one/d.jar"] != "jar" || a.files["/two/d.jar"] != "jar" {
		t.Errorf("files are %v", a.files)
	}
	if uploads != 1 {
		t.Errorf("the blob travelled %d times, want once", uploads)
	}
	if len(a.staged) > 0 {
		t.Errorf("left in staging: %v", a.staged)
	}
}

func TestGatherJoinsTheErrorsOfAllHosts(t *testing.T) {
	hosts := map[string]Host{"a": &fakeHost{down: errors.New("a: gone")}, "b": &fakeHost{down: errors.New("b: gone")}}
	_, err := Gather(context.Background(), hosts, []plan.Need{{Ref: ref("a", plan.KindFile, "/x")}, {Ref: ref("b", plan.KindFile, "/x")}})
	if err == nil || err.Error() != "a: gone\nb: gone" {
		t.Errorf("got %v, want both hosts' errors", err)
	}
}

func TestTheServerProbesAnswerIsReadStrictly(t *testing.T) {
	for _, c := range []struct{ out, want string }{
		{"", "stopped"},
		{"42 1700000000500000000 2000000000 /opt/jdk/jre/bin/java\n", "42 /opt/jdk"},
		{"42 1700000000500000000 2000000000 -\n", "42 "},
		{"42 1 1 -\n43 1 1 -\n", "2 server processes run on this home: 42, 43; stop all but one"},
		{"nonsense\n", `the server probe answered "nonsense"`},
		{"x 1 1 -\n", `the server probe answered pid "x"`},
		{"1 y 1 -\n", `the server probe answered times "y" and "1"`},
	} {
		o, err := parseServer(c.out)
		got := "stopped"
		switch s, _ := o.(*plan.Server); {
		case err != nil:
			got = err.Error()
		case s.Running:
			got = "42 " + s.JDK
			if s.Started.UnixNano() != 1700000000500000000 || s.Age != 2*time.Second {
				t.Errorf("%q: started %v, age %v", c.out, s.Started, s.Age)
			}
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.out, got, c.want)
		}
	}
}

// slowHost answers late.
type slowHost struct {
	*fakeHost
	late time.Duration
}

func (h slowHost) Gather(ctx context.Context, reads []Read) ([][]Found, error) {
	time.Sleep(h.late)
	return h.fakeHost.Gather(ctx, reads)
}

func TestASlowAnswerMakesNoServerOlder(t *testing.T) {
	host := slowHost{&fakeHost{output: map[string]string{"/home": "42 1700000000000000000 1000000000 -\n"}}, 50 * time.Millisecond}
	r := ref("a", plan.KindServer, "/home")
	state, err := Gather(t.Context(), map[string]Host{"a": host}, []plan.Need{{Ref: r}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := state.Found(r)
	if err != nil {
		t.Fatal(err)
	}
	if age := o.(*plan.Server).Age; age > time.Second-host.late {
		t.Errorf("the server's age is %s, want %s at most: it was read %s after the gathering began", age, time.Second-host.late, host.late)
	}
}
