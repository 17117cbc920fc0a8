package converge

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/run"
)

// While a restart is still to come, the run after a broken one has something to
// do, and tidies up with it.
func TestUploadsThatWereLeftGoBeforeTheRestart(t *testing.T) {
	a := &fakeHost{
		files: map[string]string{"/x": "old"}, staged: map[string]string{"/staged/old.part": "jar"},
		output: map[string]string{"server": "up 7\n"},
	}
	hosts := map[string]Host{"a": a}
	atRestart := -1
	d := Deployment{Hosts: hosts, Left: map[string][]string{"a": {"/staged/old.part"}}, Events: func(e run.Event) {
		if e.Stage == run.Restart {
			atRestart = len(a.staged)
		}
	}}
	if err := Apply(t.Context(), d, planFor(t, hosts, setting("a", "/x", "new"), restarting("a"))).Err(); err != nil {
		t.Fatal(err)
	}
	if atRestart != 0 {
		t.Errorf("at the restart %d uploads are left, want 0", atRestart)
	}
}

func TestTheProbeTellsWhichUploadsAreLeft(t *testing.T) {
	home := t.TempDir()
	uploads := filepath.Join(home, "up")
	if err := os.MkdirAll(filepath.Join(uploads, "folder.part"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a b.jar.7.00ff.part", "other", "tab\there.part"} {
		if err := os.WriteFile(filepath.Join(uploads, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	for _, user := range []string{"SUDO_USER", "DOAS_USER", "LOGNAME", "USER"} {
		t.Setenv(user, "")
	}
	for _, shell := range shells(t) {
		t.Setenv("SUDO_USER", "daemon") // whose folder it is not
		for _, q := range []Inquiry{{Uploads: "up", Apart: true}, {Uploads: uploads}, {Uploads: uploads, Apart: true}} {
			h, err := parseHealth(sh(t, shell, probeHost, q.words()...), time.Now(), time.Now())
			if want := []string{uploads + "/a b.jar.7.00ff.part"}; err != nil || !slices.Equal(h.Left, want) {
				t.Errorf("%s: %+v: %q are left (%v), want %q", shell, q, h.Left, err, want)
			}
		}
		t.Setenv("SUDO_USER", "")
		for folder, want := range map[string][]string{"up": {uploads + "/a b.jar.7.00ff.part"}, "none": nil, "": nil} {
			h, err := parseHealth(sh(t, shell, probeHost, Inquiry{Uploads: folder}.words()...), time.Now(), time.Now())
			if err != nil || !slices.Equal(h.Left, want) {
				t.Errorf("%s: in %q %q are left (%v), want %q", shell, folder, h.Left, err, want)
			}
		}
	}
}
