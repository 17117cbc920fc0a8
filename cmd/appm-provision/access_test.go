package main

import (
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

func TestThePlanNamesAccessListsOfWhatItChanges(t *testing.T) {
	s := &session{health: map[string]converge.Health{"gw1": {Listed: []string{"/a", "/b", "/c"}}}}
	change := func(target, path string, after plan.Object) plan.Change {
		return plan.Change{Want: plan.Want{Ref: plan.Ref{Target: target, Kind: plan.KindFile, Path: path}, After: after}}
	}
	notes := s.accessNotes(&plan.Plan{Changes: []plan.Change{change("gw1", "/a", &plan.File{}), change("gw1", "/b", nil), change("gw2", "/a", &plan.File{})}})
	if len(notes) != 1 || notes[0].Target != "gw1" || !strings.HasPrefix(notes[0].Text, "/a has an access control list") {
		t.Errorf("got %+v, want one note about /a on gw1", notes)
	}
}

func TestFilesAreAskedAboutOnce(t *testing.T) {
	need := func(target, path, as string) plan.Need {
		return plan.Need{Ref: plan.Ref{Target: target, Kind: plan.KindFile, Path: path}, As: as}
	}
	s := &session{steps: []plan.Step{{Needs: []plan.Need{need("gw1", "/h/a", "/h"), need("gw1", "/h/a", "/h"), need("gw2", "/h/b", "/h")}}, {Needs: []plan.Need{need("gw1", "/etc/hosts", "")}}}}
	got := s.filesOn("gw1")
	if len(got) != 2 || len(got["/h"]) != 1 || len(got[""]) != 1 {
		t.Errorf("got %v", got)
	}
}
