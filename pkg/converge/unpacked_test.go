package converge

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// withNote is a home of which a note in the store says that it was unpacked, with
// an inode that is off by so much.
func withNote(t *testing.T, off uint64) (home, store string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	home, store = filepath.Join(dir, "opt", "wso2appm"), filepath.Join(dir, "state")
	for _, folder := range []string{filepath.Join(home, "repository", "logs"), filepath.Join(store, "homes")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(home)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("home %s\nsha256 00\nversion 1.2.0\npack a pack.zip\ninode %d\n", home, info.Sys().(*syscall.Stat_t).Ino+off)
	if err := os.WriteFile(filepath.Join(store, "homes", NoteName(home)), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return home, store
}

func TestAHomeIsOursByItsNote(t *testing.T) {
	ours, store := withNote(t, 0)
	other, otherStore := withNote(t, 1)
	link := ours + "-link"
	if err := os.Symlink(ours, link); err != nil {
		t.Fatal(err)
	}
	cut, cutStore := withNote(t, 0)
	if err := os.Rename(cut, filepath.Dir(cut)+"/.wso2appm.appm-remove.x"); err != nil {
		t.Fatal(err)
	}
	for _, shell := range shells(t) {
		for _, c := range []struct{ home, store, note, want string }{
			{ours, store, ours, "&{true false a pack.zip (1.2.0)}"},
			{other, otherStore, other, "&{false false }"},
			{ours, store + "-none", ours, "&{false false }"},
			{link, store, ours, "&{false false }"},
			{cut, cutStore, cut, "&{false true }"},
			{ours + "-none", store, ours, "<nil>"},
		} {
			o, err := parseUnpacked(sh(t, shell, probeUnpacked, c.home, c.store, NoteName(c.note)))
			if got := fmt.Sprint(o); err != nil || got != c.want {
				t.Errorf("%s: of %s: %s, %v, want %s", shell, c.home, got, err, c.want)
			}
		}
	}
}

func TestAHomeGoesWhole(t *testing.T) {
	for _, shell := range shells(t) {
		home, store := withNote(t, 0)
		if err := os.Mkdir(filepath.Dir(home)+"/.wso2appm.appm-remove.cut", 0o700); err != nil {
			t.Fatal(err)
		}
		neighbour := home + "2"
		if err := os.Mkdir(neighbour, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(neighbour, filepath.Join(home, "repository", "link")); err != nil {
			t.Fatal(err)
		}
		if out := sh(t, shell, removeHome, home, store, NoteName(home), "take"); out != "" {
			t.Errorf("%s: it says %q", shell, out)
		}
		left, err := os.ReadDir(filepath.Dir(home))
		if err != nil || len(left) != 1 || left[0].Name() != "wso2appm2" {
			t.Errorf("%s: %v is left, %v, want only the neighbour", shell, left, err)
		}
		if notes, _ := os.ReadDir(filepath.Join(store, "homes")); len(notes) > 0 {
			t.Errorf("%s: its note stays", shell)
		}
		if out := sh(t, shell, removeHome, home, store, NoteName(home), "take"); out != "" {
			t.Errorf("%s: of nothing it says %q", shell, out)
		}
	}
}

func TestAHomeThatIsNotOursStays(t *testing.T) {
	home, store := withNote(t, 1)
	link := home + "-link"
	if err := os.Symlink(home, link); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{home, link} {
		out := sh(t, "sh", removeHome, what, store, NoteName(home), "take")
		if !strings.Contains(out, "is no longer the one that this tool unpacked") {
			t.Errorf("of %s it says %q", what, out)
		}
	}
	if out := sh(t, "sh", removeHome, home, store, NoteName(home), "left"); out != "" {
		t.Errorf("of what is left it says %q", out)
	}
	if _, err := os.Stat(filepath.Join(home, "repository", "logs")); err != nil {
		t.Error(err)
	}
}

// TestWhatGoesGoesInOrder: a server before its files, files before their unit, a
// home after both, and the databases only when all of that went well.
func TestWhatGoesGoesInOrder(t *testing.T) {
	ref := func(k plan.Kind, path string) plan.Ref { return plan.Ref{Target: "h", Kind: k, Path: path} }
	p := &plan.Plan{Targets: []string{"h", plan.Deployment}, Changes: []plan.Change{
		{Want: plan.Want{Ref: plan.Ref{Target: plan.Deployment, Kind: plan.KindSchema, Path: "AM_DB"}, During: plan.StageRemove}, Before: &plan.Schema{}},
		{Want: plan.Want{Ref: ref(plan.KindUnpacked, "/home"), Node: "n", During: plan.StageRemove}, Before: &plan.Unpacked{Ours: true}},
		{Want: plan.Want{Ref: ref(plan.KindUnit, "n.service"), Node: "n", After: &plan.Unit{Reload: true}, During: plan.StageRemove}, Before: &plan.Unit{Enabled: true}},
		{Want: plan.Want{Ref: ref(plan.KindFile, "/u/n.service"), Node: "n", During: plan.StageRemove}, Before: &plan.File{Data: []byte("unit")}},
		{Want: plan.Want{Ref: ref(plan.KindServer, "/home"), As: "/home", Node: "n", After: &plan.Server{Start: &plan.Start{StopTimeout: time.Second, Leaves: "n.service"}}, During: plan.StageStop}, Before: &plan.Server{Running: true}},
	}}
	h := &fakeHost{files: map[string]string{"/u/n.service": "unit"}, kept: map[string]string{}, output: map[string]string{"home": "failed something is mounted there\n"}, exitOf: map[string]int{"home": 1}}
	var said []string
	r := Apply(context.Background(), Deployment{Hosts: map[string]Host{"h": h}, Stores: map[string]string{"h": "/state"}, Events: func(e run.Event) {
		said = append(said, string(e.Stage)+" "+e.Text)
	}}, p)
	var ran []string
	for _, args := range h.ran {
		ran = append(ran, strings.Join(args, " "))
	}
	if got, want := strings.Join(ran, "; "), "stop n.service 1; /home stop  0 1; disable n.service; /home /state "+NoteName("/home")+" take"; got != want {
		t.Errorf("ran\n%s\nwant\n%s", got, want)
	}
	if got, want := fmt.Sprint(r.Err()), "h: the home /home was not removed: something is mounted there"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := strings.Join(said, "; "), "remove /u/n.service; remove /home"; got != want {
		t.Errorf("it said\n%s\nwant\n%s", got, want)
	}
	if o := r.Outcomes[1]; o.Result != run.NotStarted {
		t.Errorf("the database is %s", o.Result)
	}
}
