package converge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server that runs tells its home wherever that is, by its real name; a
// process that only says so, of a folder that is no home, does not count.
func TestHomesOfServersThatRun(t *testing.T) {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("LEFT OUT: there is no /proc here")
	}
	home, other := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, "repository/conf"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "repository/conf/app-manager.xml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	standIn(t, home)
	standIn(t, other)
	for _, shell := range shells(t) {
		out := "\n" + sh(t, shell, probeHomes)
		if !strings.Contains(out, "\n"+home+"\n") || strings.Contains(out, other) {
			t.Errorf("%s: got %s, want %s in it, and not %s", shell, out, home, other)
		}
	}
}
