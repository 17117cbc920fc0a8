package plan_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

func file(target, path string) plan.Ref {
	return plan.Ref{Target: target, Kind: plan.KindFile, Path: path}
}

func data(text string) *plan.File { return &plan.File{Data: []byte(text)} }

func text(t *testing.T, s *plan.State, r plan.Ref) string {
	t.Helper()
	o, err := s.Get(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(o.(*plan.File).Data)
}

// step is one that wants what it is given.
func step(name, node string, wants ...plan.Want) plan.Step {
	s := plan.Step{Name: name, Scope: plan.ScopeNode, For: node}
	for _, w := range wants {
		s.Needs = append(s.Needs, plan.Need{Ref: w.Ref})
	}
	s.Want = func(*plan.State) ([]plan.Want, []plan.Note, error) { return wants, nil, nil }
	return s
}

func failing(name, node string, err error) plan.Step {
	return plan.Step{Name: name, Scope: plan.ScopeNode, For: node,
		Want: func(*plan.State) ([]plan.Want, []plan.Note, error) { return nil, nil, err }}
}

func build(t *testing.T, s *plan.State, steps ...plan.Step) *plan.Plan {
	t.Helper()
	p, err := plan.Build("test", s, steps)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantError(t *testing.T, want string, s *plan.State, steps ...plan.Step) {
	t.Helper()
	p, err := plan.Build("test", s, steps)
	if err == nil || err.Error() != want {
		t.Errorf("got error %v\nwant %s", err, want)
	}
	if p != nil {
		t.Errorf("got a plan beside the error: %+v", p)
	}
}

func TestChangesHoldWhatWasReadAndWhatIsWanted(t *testing.T) {
	s := plan.NewState()
	there, gone, same := file("h", "/there"), file("h", "/gone"), file("h", "/same")
	s.Put(there, data("old"))
	s.Put(gone, nil)
	s.Put(same, data("same"))
	p := build(t, s, step("one", "n", plan.Want{Ref: there, After: data("new"), Why: "w"}, plan.Want{Ref: same, After: data("same")}),
		step("two", "n", plan.Want{Ref: gone, After: data("made")}))
	if len(p.Changes) != 2 || p.Changes[0].Ref != there || p.Changes[1].Ref != gone {
		t.Fatalf("got %+v, want /there and /gone in the order of the steps", p.Changes)
	}
	if got := string(p.Changes[0].Before.(*plan.File).Data); got != "old" {
		t.Errorf("before is %q, want what was read", got)
	}
	if p.Changes[1].Before != nil {
		t.Errorf("before of an absent file is %v, want nil", p.Changes[1].Before)
	}
	if p.Changes[0].Step != "one" || p.Changes[1].Step != "two" {
		t.Errorf("steps are %s and %s", p.Changes[0].Step, p.Changes[1].Step)
	}
	if len(p.Kept) != 1 || p.Kept[0].Ref != same {
		t.Errorf("kept %+v, want /same", p.Kept)
	}
	if p.Empty() {
		t.Error("a plan with changes says it is empty")
	}
}

func TestAWantedAbsenceOfWhatIsAbsentIsKept(t *testing.T) {
	s := plan.NewState()
	s.Put(file("h", "/a"), nil)
	if p := build(t, s, step("one", "n", plan.Want{Ref: file("h", "/a")})); !p.Empty() || len(p.Kept) != 1 {
		t.Errorf("got changes %v, kept %v", p.Changes, p.Kept)
	}
}

func TestAnEmptyFileIsNotAnAbsentOne(t *testing.T) {
	s := plan.NewState()
	s.Put(file("h", "/absent"), nil)
	s.Put(file("h", "/empty"), data(""))
	p := build(t, s, step("one", "n", plan.Want{Ref: file("h", "/absent"), After: data("")}, plan.Want{Ref: file("h", "/empty")}))
	if len(p.Changes) != 2 {
		t.Errorf("got %d changes, want the empty file made and the other removed", len(p.Changes))
	}
}

func TestTwoOwnersAreAnError(t *testing.T) {
	s := plan.NewState()
	a := file("h", "/a")
	s.Put(a, data("x"))
	w := plan.Want{Ref: a, After: data("x")}
	wantError(t, "h: /a: step two: another step owns this resource; please report it", s, step("one", "n", w), step("two", "m", w))
}

func TestWhatWasNeverReadIsAnError(t *testing.T) {
	wantError(t, "h: step one: h: /a was never read", plan.NewState(), step("one", "n", plan.Want{Ref: file("h", "/a")}))
}

func TestWhatCouldNotBeReadIsAnError(t *testing.T) {
	s := plan.NewState()
	a := file("h", "/a")
	s.PutError(a, &plan.Error{Cause: plan.Unread, Ref: a, Text: "permission denied"})
	reads := plan.Step{Name: "one", Scope: plan.ScopeNode, For: "n", Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
		_, err := s.Get(a)
		return nil, nil, err
	}}
	wantError(t, "h: node n: step one: /a: permission denied", s, reads)
}

func TestTheFirstErrorOfANodeEndsItsSteps(t *testing.T) {
	never := plan.Step{Name: "never", Scope: plan.ScopeNode, For: "n", Want: func(*plan.State) ([]plan.Want, []plan.Note, error) {
		panic("asked after the node had failed")
	}}
	wantError(t, "n: step one: first\nm: step one: second", plan.NewState(),
		failing("one", "n", errors.New("first")), never, failing("one", "m", errors.New("second")), never)
}

func TestANodesErrorDoesNotEndTheStepsOfItsHost(t *testing.T) {
	host := failing("two", "n", errors.New("second"))
	host.Scope = plan.ScopeHost
	wantError(t, "n: step one: first\nn: step two: second", plan.NewState(), failing("one", "n", errors.New("first")), host)
}

// TestWhatNodesShareIsLookedAtLast: a node that cannot say what it wants is
// compared with no other one.
func TestWhatNodesShareIsLookedAtLast(t *testing.T) {
	shared := failing("agreement", "all", errors.New("second"))
	shared.Scope = plan.ScopeNodes
	wantError(t, "n: step one: first", plan.NewState(), failing("one", "n", errors.New("first")), shared)
	looks := failing("one", "n", errors.New("first"))
	looks.Whole = true
	wantError(t, "n: step one: first\nall: step agreement: second", plan.NewState(), looks, shared)
	wantError(t, "n: step one: first\nn: step two: third", plan.NewState(), looks, failing("two", "n", errors.New("third")), shared)
	host := failing("two", "h", errors.New("first"))
	host.Scope = plan.ScopeHost
	wantError(t, "h: step two: first\nall: step agreement: second", plan.NewState(), host, shared)
}

func TestAStepMaySaySeveralThingsOfOneResource(t *testing.T) {
	a := file("h", "/a")
	conflict := func(text string) error { return &plan.Error{Cause: plan.Conflict, Ref: a, Text: text} }
	wantError(t, "h: node n: step one: /a: line 1\nh: node n: step one: /a: line 2", plan.NewState(),
		failing("one", "n", errors.Join(conflict("line 1"), conflict("line 2"), conflict("line 1"))))
}

func TestTheSameIsToldOnce(t *testing.T) {
	home := plan.Ref{Target: "h", Kind: plan.KindDir, Path: "/home"}
	shared := &plan.Error{Cause: plan.Unread, Ref: home, Text: "permission denied"}
	reads := func(name, node string) plan.Step {
		return plan.Step{Name: name, For: node, Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			_, err := s.Get(home)
			return nil, nil, err
		}}
	}
	s := plan.NewState()
	s.PutError(home, shared)
	wantError(t, "h: step home: /home: permission denied", s, reads("home", "n"), reads("databases", plan.Deployment))
	if shared.Step != "" {
		t.Errorf("what was read now says step %q", shared.Step)
	}
	other := failing("two", "m", &plan.Error{Cause: plan.Missing, Ref: home, Text: "another cause is another thing"})
	if _, err := plan.Build("test", s, []plan.Step{reads("home", "n"), other}); strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("got %v, want both causes", err)
	}
}

func TestCausesCanBeToldApart(t *testing.T) {
	_, err := plan.Build("test", plan.NewState(), []plan.Step{
		failing("one", "n", &plan.Error{Cause: plan.Conflict, Ref: file("h", "/a"), Text: "x"})})
	var e *plan.Error
	if !errors.As(err, &e) || e.Cause != plan.Conflict || e.Step != "one" {
		t.Errorf("got %#v", e)
	}
}

func TestLaterStepsSeeEarlierWants(t *testing.T) {
	s := plan.NewState()
	a, b := file("h", "/a"), file("h", "/b")
	s.Put(a, data("old"))
	s.Put(b, data("same"))
	looks := plan.Step{Name: "two", For: "n", Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
		if got := text(t, s, a); got != "new" {
			t.Errorf("Get gives %q, want what the earlier step wants", got)
		}
		if o, _ := s.Found(a); string(o.(*plan.File).Data) != "old" {
			t.Error("Found gives a want, want what was read")
		}
		if !s.Changes(a) || s.Changes(b) || s.Changes(file("h", "/c")) {
			t.Errorf("Changes is %v %v %v, want true false false", s.Changes(a), s.Changes(b), s.Changes(file("h", "/c")))
		}
		return nil, nil, nil
	}}
	build(t, s, step("one", "n", plan.Want{Ref: a, After: data("new")}, plan.Want{Ref: b, After: data("same")}), looks)
}

func TestBuildingTwiceGivesTheSame(t *testing.T) {
	s := plan.NewState()
	a := file("h", "/a")
	s.Put(a, data("old"))
	one := step("one", "n", plan.Want{Ref: a, After: data("new")})
	for range 2 {
		if p := build(t, s, one); len(p.Changes) != 1 {
			t.Errorf("got %d changes, want 1", len(p.Changes))
		}
	}
	if got := text(t, s, a); got != "old" {
		t.Errorf("the state now says %q, want what was read", got)
	}
}

func TestTargetsAndNotesComeInOrder(t *testing.T) {
	s := plan.NewState()
	b, a := file("b", "/x"), file("a", "/x")
	s.Put(a, nil)
	s.Put(b, nil)
	noting := step("one", "n", plan.Want{Ref: b}, plan.Want{Ref: a})
	noting.Want = func(*plan.State) ([]plan.Want, []plan.Note, error) {
		return nil, []plan.Note{{Target: "b", Text: "1"}, {Target: "a", Text: "2"}}, nil
	}
	p := build(t, s, noting, step("two", "n", plan.Want{Ref: a}))
	if !slices.Equal(p.Targets, []string{"b", "a"}) {
		t.Errorf("targets are %v, want those of the needs in order, each once", p.Targets)
	}
	if len(p.Notes) != 2 || p.Notes[0].Text != "1" {
		t.Errorf("notes are %+v", p.Notes)
	}
}

func TestStagesAndTargetsOfChanges(t *testing.T) {
	s := plan.NewState()
	var wants []plan.Want
	for _, w := range []struct {
		ref   plan.Ref
		after plan.Object
	}{
		{plan.Ref{Target: "h", Kind: plan.KindServer, Path: "/home"}, &plan.Server{Running: true}},
		{file("h", "/f"), data("x")},
		{plan.Ref{Target: "g", Kind: plan.KindBlob, Path: "/j"}, &plan.Blob{SHA256: "1"}},
		{plan.Ref{Target: plan.Deployment, Kind: plan.KindSchema, Path: "A"}, &plan.Schema{Load: true}},
		{plan.Ref{Target: plan.Deployment, Kind: plan.KindAccount, Path: "u"}, &plan.Account{Grants: []plan.Statement{{SQL: "x"}}}},
	} {
		s.Put(w.ref, nil)
		wants = append(wants, plan.Want{Ref: w.ref, After: w.after})
	}
	p := build(t, s, step("one", "n", wants...))
	for stage, want := range map[plan.Stage]int{plan.StageDatabases: 2, plan.StageFiles: 2, plan.StageRestart: 1} {
		if got := len(p.At(stage)); got != want {
			t.Errorf("%d changes in stage %s, want %d", got, stage, want)
		}
	}
	for target, want := range map[string]int{"h": 2, "g": 1, plan.Deployment: 2, "nobody": 0} {
		if got := len(p.On(target)); got != want {
			t.Errorf("%d changes on %s, want %d", got, target, want)
		}
	}
}
