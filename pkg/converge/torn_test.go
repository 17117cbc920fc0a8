package converge

import (
	"strconv"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// TestTornFiles: a file that a dead run left torn counts as what it was, and any
// other as what it is.
func TestTornFiles(t *testing.T) {
	const was, will = "one\ntwo\n", "one\nTWO\nthree\n"
	beside := strconv.Itoa(len(was)) + "\n" + was + will
	for name, c := range map[string]struct {
		is, beside, want string
		mode             uint32
		uid              int
	}{
		"emptied":                         {"", beside, was, 0o600, 0},
		"half of it":                      {will[:6], beside, was, 0o600, 0},
		"all of it":                       {will, beside, will, 0o600, 0},
		"changed since":                   {"one\nTwo", beside, "one\nTwo", 0o600, 0},
		"not begun":                       {was, beside, was, 0o600, 0},
		"nothing beside it":               {"one", "", "one", 0o600, 0},
		"a stranger's beside it":          {"one", beside, "one", 0o600, 1001},
		"one that others may write":       {"one", beside, "one", 0o666, 0},
		"a length that is none":           {"one", "x\n" + was + will, "one", 0o600, 0},
		"a length beyond the end":         {"one", "900\n" + was + will, "one", 0o600, 0},
		"less than nothing":               {"one", "-1\n" + was + will, "one", 0o600, 0},
		"no line":                         {"one", "9", "one", 0o600, 0},
		"the owner's own":                 {"one", beside, was, 0o600, 1000},
		"lengths are written as it likes": {"one", " 8\n" + was + will, was, 0o600, 0},
	} {
		needs := []plan.Need{{Ref: plan.Ref{Target: "h", Kind: plan.KindDir, Path: "/etc"}}, {Ref: plan.Ref{Target: "h", Kind: plan.KindFile, Path: "/etc/hosts"}}}
		if asked := besides(needs); len(asked) != 1 || asked[0].Name != "/etc/.hosts.appm.whole" {
			t.Fatalf("it asks for %v", asked)
		}
		found := [][]Found{{{Kind: "dir"}}, {{Kind: "file", Data: []byte(c.is), UID: 1000, Mode: 0o644}}}
		state := plan.NewState()
		if err := record(state, needs, found); err != nil {
			t.Fatal(err)
		}
		kept := Found{Kind: "file", Data: []byte(c.beside), UID: c.uid, Mode: c.mode}
		if c.beside == "" {
			kept = Found{Kind: "absent"}
		}
		whole(state, needs, found, [][]Found{{kept}})
		o, err := state.Get(needs[1].Ref)
		if f, is := o.(*plan.File); err != nil || !is || string(f.Data) != c.want || f.Mode != 0o644 {
			t.Errorf("%s: got %+v, %v, want %q", name, o, err, c.want)
		}
		if o, err := state.Found(needs[1].Ref); err != nil || string(o.(*plan.File).Data) != c.is {
			t.Errorf("%s: what was read is %+v, %v", name, o, err)
		}
	}
}
