package converge

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAHomeIsOursByInodeAndBirth: somebody who removes a home and makes another in
// its place may get the inode of the first.
func TestAHomeIsOursByInodeAndBirth(t *testing.T) {
	for _, shell := range shells(t) {
		dir := t.TempDir()
		home, homes := filepath.Join(dir, "home"), filepath.Join(dir, "state", "homes")
		for _, d := range []string{home, homes} {
			if err := os.MkdirAll(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		of := func(format string) string {
			out, err := exec.Command("stat", "-c", format, home).Output()
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimSpace(string(out))
		}
		inode, born := of("%i"), of("%W")
		for _, c := range []struct {
			note string
			ours bool
		}{
			{"version 1.2.0\npack p.zip\ninode " + inode + "\nborn " + born + "\n", true},
			{"version 1.2.0\npack p.zip\ninode " + inode + "\n", true},
			{"version 1.2.0\npack p.zip\ninode " + inode + "\nborn unknown\n", true},
			{"version 1.2.0\npack p.zip\ninode " + inode + "\nborn " + born + "1\n", false},
			{"version 1.2.0\npack p.zip\ninode " + inode + "1\nborn " + born + "\n", false},
		} {
			if err := os.WriteFile(filepath.Join(homes, "note"), []byte(c.note), 0o600); err != nil {
				t.Fatal(err)
			}
			out := sh(t, shell, probeUnpacked, home, filepath.Join(dir, "state"), "note")
			if ours := strings.Contains(out, "ours\npack 1.2.0 p.zip\n"); ours != c.ours || !strings.HasPrefix(out, "there\n") {
				t.Errorf("%s: of %q the probe says %q, want ours %v", shell, c.note, out, c.ours)
			}
			if c.ours {
				continue
			}
			out = sh(t, shell, removeHome, home, filepath.Join(dir, "state"), "note", "take")
			if _, err := os.Stat(home); err != nil || !strings.Contains(out, "is no longer the one") {
				t.Errorf("%s: with %q the home was taken: %q, %v", shell, c.note, out, err)
			}
		}
		if out := sh(t, shell, removeHome, home, filepath.Join(dir, "state"), "note", "left"); out != "" {
			t.Errorf("%s: got %q", shell, out)
		}
	}
}
