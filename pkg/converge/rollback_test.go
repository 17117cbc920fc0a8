package converge

import (
	"errors"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

var testKey = []byte("a key")

func recordedThing(data string) *run.Thing {
	return &run.Thing{Fingerprint: run.Fingerprint(testKey, []byte(data)), Mode: 0o640, Owner: "wso2"}
}

// pastRun is one that changed a file, made another and removed a jar.
func pastRun() *run.Past {
	change := func(kind plan.Kind, path string, before, after *run.Thing) run.Change {
		c := run.Change{Target: "gw1", Node: "gw1", Kind: string(kind), Path: path, Before: before, After: after}
		if before != nil {
			c.Keep = "lab/1/0-" + path[1:]
		}
		return c
	}
	return &run.Past{ID: "1", Made: map[int]run.Made{0: {}}, Plan: &run.Plan{Changes: []run.Change{
		{Target: plan.Deployment, Kind: string(plan.KindSchema), Path: "UM_DB", After: &run.Thing{}},
		{Target: plan.Deployment, Kind: string(plan.KindAccount), Path: "appm", After: &run.Thing{}},
		change(plan.KindFile, "/conf", recordedThing("old"), recordedThing("new")),
		change(plan.KindFile, "/made", nil, recordedThing("made")),
		change(plan.KindBlob, "/jar", recordedThing("jar"), nil),
	}}}
}

func back(t *testing.T, h *fakeHost, p *run.Past) (*plan.Plan, error) {
	b := Rollback{Past: p, Key: testKey, Secrets: func(data []byte) []plan.Span { return []plan.Span{{Start: 0, End: len(data)}} }}
	var needs []plan.Need
	for _, s := range b.Steps() {
		needs = append(needs, s.Needs...)
	}
	state, err := Gather(t.Context(), map[string]Host{"gw1": h}, needs)
	if err != nil {
		return nil, err
	}
	return plan.Build("lab", state, b.Steps())
}

func afterRun() *fakeHost {
	return &fakeHost{files: map[string]string{"/conf": "new", "/made": "made"}, kept: map[string]string{"lab/1/0-conf": "old", "lab/1/0-jar": "jar"}}
}

func TestTheWayBackIsTheWayThereInReverse(t *testing.T) {
	h := afterRun()
	p, err := back(t, h, pastRun())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.Changes {
		got = append(got, c.Ref.Path)
	}
	if want := "/jar /made /conf"; strings.Join(got, " ") != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	if f := p.Changes[2]; string(f.After.(*plan.File).Data) != "old" || len(f.Hidden) != 1 || len(f.HiddenBefore) != 1 {
		t.Errorf("got %+v", f)
	}
	if r := Apply(t.Context(), Deployment{Hosts: map[string]Host{"gw1": h}}, p); r.Err() != nil {
		t.Fatal(r.Err())
	}
	if h.files["/conf"] != "old" || h.files["/jar"] != "jar" || len(h.files) != 2 {
		t.Errorf("got %q", h.files)
	}
	if p, err = back(t, h, pastRun()); err != nil || !p.Empty() {
		t.Errorf("after that the way back is %+v, %v, want none", p, err)
	}
}

func TestTheWayBackOfARunThatDidHalf(t *testing.T) {
	h := afterRun()
	delete(h.files, "/made")
	h.files["/jar"] = "jar"
	p, err := back(t, h, pastRun())
	if err != nil || len(p.Changes) != 1 || p.Changes[0].Ref.Path != "/conf" {
		t.Errorf("got %+v, %v, want only /conf", p, err)
	}
}

func TestWhatCannotBeTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		harm  func(*fakeHost, *run.Past)
		path  string
		cause plan.Cause
		text  string
	}{
		"a foreign edit":        {func(h *fakeHost, _ *run.Past) { h.files["/conf"] = "mine" }, "/conf", plan.Conflict, "somebody has changed it since"},
		"a foreign removal":     {func(h *fakeHost, _ *run.Past) { delete(h.files, "/conf") }, "/conf", plan.Conflict, "somebody has removed it since"},
		"made anew":             {func(h *fakeHost, _ *run.Past) { h.files["/jar"] = "other" }, "/jar", plan.Conflict, "somebody has made it anew since"},
		"a foreign mode":        {func(_ *fakeHost, p *run.Past) { p.Plan.Changes[2].After.Mode = 0o600 }, "/conf", plan.Conflict, "its mode is 0640, not 0600"},
		"a foreign owner":       {func(_ *fakeHost, p *run.Past) { p.Plan.Changes[2].After.Owner = "root" }, "/conf", plan.Conflict, "it belongs to wso2, not to root"},
		"nothing is kept":       {func(h *fakeHost, _ *run.Past) { delete(h.kept, "lab/1/0-conf") }, "/conf", plan.Missing, "no longer kept"},
		"nothing was kept":      {func(_ *fakeHost, p *run.Past) { p.Plan.Changes[4].Keep = "" }, "/jar", plan.Missing, "kept nothing"},
		"something else is":     {func(h *fakeHost, _ *run.Past) { h.kept["lab/1/0-conf"] = "evil" }, "/conf", plan.Conflict, "is not what was there"},
		"and of a jar as well":  {func(h *fakeHost, _ *run.Past) { h.kept["lab/1/0-jar"] = "evil" }, "/jar", plan.Conflict, "is not what was there"},
		"a file is a directory": {func(h *fakeHost, _ *run.Past) { delete(h.files, "/conf"); h.dirs = []string{"/conf"} }, "/conf", plan.Unread, "not a file"},
	} {
		h, p := afterRun(), pastRun()
		c.harm(h, p)
		_, err := back(t, h, p)
		var e *plan.Error
		if !errors.As(err, &e) || e.Cause != c.cause || e.Ref.Path != c.path || !strings.Contains(e.Text, c.text) {
			t.Errorf("%s: got %v, want %s of %s: %s", name, err, c.cause, c.path, c.text)
		}
	}
}

func TestWhatStaysIsSaid(t *testing.T) {
	p := pastRun()
	var got []string
	for _, n := range (Rollback{Past: p}).Notes() {
		got = append(got, n.Target+": "+n.Text)
	}
	want := "database: not taken back: database UM_DB stays as the run made it|" +
		"database: not taken back: account appm stays as the run made it, with its password, as far as the run got"
	if strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// jarRun put a new driver in the place of an older one, whose bundle went.
func jarRun() (Rollback, *run.Past) {
	blob := func(path string, before, after *run.Thing) run.Change {
		c := run.Change{Target: "gw1", Kind: string(plan.KindBlob), Path: path, Before: before, After: after}
		if before != nil {
			c.Keep = "lab/1/0-" + path[1:]
		}
		return c
	}
	p := &run.Past{ID: "1", Plan: &run.Plan{Changes: []run.Change{
		blob("/new.jar", nil, recordedThing("N")), blob("/old.jar", recordedThing("O"), nil), blob("/old.bundle", recordedThing("of O"), nil),
	}}}
	return Rollback{Past: p, Key: testKey,
		Makes: func(path string) string {
			if name, is := strings.CutSuffix(path, ".jar"); is {
				return name + ".bundle"
			}
			return ""
		},
		Made: func(path string) bool { return strings.HasSuffix(path, ".bundle") },
	}, p
}

func TestABundleGoesWithItsJar(t *testing.T) {
	b, _ := jarRun()
	h := &fakeHost{files: map[string]string{"/new.jar": "N", "/new.bundle": "of N"}, kept: map[string]string{"lab/1/0-old.jar": "O", "lab/1/0-old.bundle": "of O"}}
	step := b.Steps()
	state, err := Gather(t.Context(), map[string]Host{"gw1": h}, step[0].Needs)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build("lab", state, step)
	if err != nil {
		t.Fatal(err)
	}
	if r := Apply(t.Context(), Deployment{Hosts: map[string]Host{"gw1": h}}, p); r.Err() != nil {
		t.Fatal(r.Err())
	}
	if len(h.files) != 2 || h.files["/old.jar"] != "O" || h.files["/old.bundle"] != "of O" {
		t.Errorf("got %q", h.files)
	}
	// What the server makes of the jar that is back again is left alone.
	h.files["/old.bundle"] = "of O, made anew"
	if state, err = Gather(t.Context(), map[string]Host{"gw1": h}, step[0].Needs); err != nil {
		t.Fatal(err)
	}
	if p, err = plan.Build("lab", state, step); err != nil || !p.Empty() {
		t.Errorf("got %+v, %v, want nothing to do", p, err)
	}
}

func TestWhereWhatIsReplacedGoes(t *testing.T) {
	file := plan.Change{Want: plan.Want{Ref: plan.Ref{Kind: plan.KindFile, Path: "/opt/a b/carbon.xml"}}}
	if got, want := StoreName("lab", "20261122T201530Z-4f3a1c", 7, file), "lab/20261122T201530Z-4f3a1c/007-carbon.xml"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := StoreName("lab", "1", 0, plan.Change{Want: plan.Want{Ref: plan.Ref{Kind: plan.KindSchema, Path: "UM_DB"}}}); got != "" {
		t.Errorf("a schema goes to %q", got)
	}
}
