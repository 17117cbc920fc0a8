package sshexec

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestFolderOfEverybody: where anybody may exchange what is staged, nothing is
// staged.
func TestFolderOfEverybody(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		file := h.owned(t, "conf", "old", 0o640)
		if err := os.Chmod(h.dir, 0o777); err != nil {
			t.Fatal(err)
		}
		for _, r := range []Replace{
			{Path: file, Before: sums("old"), Data: []byte("new"), SHA256: sums("new")},
			{Path: h.dir + "/other", Data: []byte("new"), SHA256: sums("new")},
		} {
			w := replace(t, h.conn, r)[0]
			if w.Done || !strings.Contains(w.Err, "everybody may write to its folder "+h.dir) || !strings.Contains(w.Err, "chmod o-w "+h.dir) {
				t.Errorf("got %+v", w)
			}
		}
		if got, err := os.ReadFile(file); string(got) != "old" {
			t.Errorf("the file is %q, %v", got, err)
		}
		h.leavesNothing(t)
	})
}

// TestRaceInAStickyFolder: somebody keeps putting links in the place of the
// target, to a folder and to a file of the user who writes. Neither gets
// anything.
func TestRaceInAStickyFolder(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		folder, victim := filepath.Join(h.dir, "folder"), h.owned(t, "victim", "mine", 0o600)
		open := filepath.Join(h.dir, "open")
		for _, dir := range []string{folder, open} {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if os.Getuid() == 0 {
			if err := os.Chown(folder, h.uid, h.uid); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(open, 0o777|os.ModeSticky); err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(open, "conf")
		done := make(chan struct{})
		var attacker sync.WaitGroup
		attacker.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				_ = os.Remove(target) // what comes of it is what the writes make of it
				if to := []string{folder, victim, ""}[i%3]; to != "" {
					_ = os.Symlink(to, target)
				}
			}
		})
		made := 0
		for range 30 {
			if replace(t, h.conn, Replace{Path: target, Data: []byte("secret"), SHA256: sums("secret"), Mode: 0o644})[0].Done {
				made++
			}
		}
		close(done)
		attacker.Wait()
		info, err := os.Stat(victim)
		data, readErr := os.ReadFile(victim)
		if err != nil || readErr != nil || string(data) != "mine" || info.Mode() != 0o600 {
			t.Errorf("the victim is %q, %v, %v %v", data, info.Mode(), err, readErr)
		}
		list, err := os.ReadDir(folder)
		if err != nil || len(list) > 0 {
			t.Errorf("in the folder are %v, %v", list, err)
		}
		if left, err := filepath.Glob(open + "/.*"); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
		t.Logf("%d of 30 writes were made", made)
	})
}
