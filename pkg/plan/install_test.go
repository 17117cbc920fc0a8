package plan_test

import (
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

func TestWhatOfAnInstallationIsADifference(t *testing.T) {
	for _, c := range []struct {
		what          string
		before, after plan.Object
		same          bool
	}{
		{"a package that is there", &plan.Package{Name: "x", Installed: "1"}, &plan.Package{Name: "x", Version: "2"}, true},
		{"a package that is not", &plan.Package{Name: "x", Version: "2"}, &plan.Package{Name: "x", Version: "2"}, false},
		{"a package that is half there", &plan.Package{Name: "x", Installed: "1", Broken: "half-configured"}, &plan.Package{Name: "x"}, false},
		{"a service that runs", &plan.Service{Running: true}, &plan.Service{Running: true}, true},
		{"a service to start", &plan.Service{}, &plan.Service{Running: true}, false},
		{"a service to restart", &plan.Service{Running: true}, &plan.Service{Running: true, Renew: true}, false},
		{"an admin that is as it should be", &plan.Admin{}, &plan.Admin{}, true},
		{"an admin to make", nil, &plan.Admin{Statements: []plan.Statement{{SQL: "CREATE USER"}}}, false},
	} {
		ref := plan.Ref{Target: "db1", Kind: plan.KindPackage, Path: "x"}
		s := plan.NewState()
		s.Put(ref, c.before)
		if p := build(t, s, step("install", "db1", plan.Want{Ref: ref, After: c.after})); p.Empty() != c.same {
			t.Errorf("%s: nothing to do is %v, want %v", c.what, p.Empty(), c.same)
		}
	}
}

func TestAFileMayBelongToAnotherStage(t *testing.T) {
	s := plan.NewState()
	early, late := file("db1", "/etc/my.cnf.d/a.cnf"), file("db1", "/etc/hosts")
	s.Put(early, nil)
	s.Put(late, nil)
	p := build(t, s, step("install", "db1", plan.Want{Ref: early, After: data("x"), During: plan.StageInstall}, plan.Want{Ref: late, After: data("y")}))
	if at := p.At(plan.StageInstall); len(at) != 1 || at[0].Ref != early {
		t.Errorf("in stage install: %+v, want %s", at, early)
	}
	if at := p.At(plan.StageFiles); len(at) != 1 || at[0].Ref != late {
		t.Errorf("in stage files: %+v, want %s", at, late)
	}
}
