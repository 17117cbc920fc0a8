package converge

import (
	"slices"
	"sync"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

func TestEachChangeThatWasMadeIsTold(t *testing.T) {
	hosts := map[string]Host{
		"a": &fakeHost{files: map[string]string{"/x": "old", "/y": "old"}},
		"b": &fakeHost{files: map[string]string{"/z": "old"}},
	}
	p := planFor(t, hosts, setting("a", "/x", "new"), setting("a", "/y", "new"), setting("b", "/z", "new"))
	hosts["a"].(*fakeHost).files["/y"] = "moved" // by somebody else, after the plan
	var mu sync.Mutex
	var made []string
	report := Apply(t.Context(), Deployment{Hosts: hosts, Made: func(r plan.Ref, _ string) {
		mu.Lock()
		defer mu.Unlock()
		made = append(made, r.String())
	}}, p)
	slices.Sort(made)
	if want := []string{"a: /x", "b: /z"}; !slices.Equal(made, want) || report.Err() == nil {
		t.Errorf("told of %q, want %q; the run ended with %v", made, want, report.Err())
	}
}
