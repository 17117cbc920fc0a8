package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Down ends a lab from what it wrote down and removes its directory. A lab
// that is not there is no error.
func Down(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	s, err := loadState(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.down(ctx)
}

func (s *state) down(ctx context.Context) error {
	if err := s.endProcesses(ctx); err != nil {
		return err
	}
	if err := s.downNetwork(ctx); err != nil {
		return err
	}
	if err := s.ungroup(); err != nil {
		return err
	}
	if err := removeTree(s.Dir); err != nil {
		return err
	}
	entry, err := s.entry()
	if err != nil {
		return err
	}
	return remove(entry)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// endProcesses ends what was written down, and what was started so shortly
// before the end that it was not: it names the lab's directory. A script may
// start another program while it is looked for, so it looks until it finds none.
func (s *state) endProcesses(ctx context.Context) error {
	var all []process
	if s.Boot == bootID() {
		all = append(all, s.Processes...)
	}
	for range 20 {
		named, err := ours(s.Dir, carbonHome, "--datadir=", labMark)
		if err != nil {
			return err
		}
		if all = append(all, named...); len(all) == 0 {
			return nil
		}
		if err := end(ctx, 5*time.Second, all...); err != nil {
			return err
		}
		all = nil
	}
	return fmt.Errorf("lab: processes of the lab in %s keep appearing; end them, then run down again", s.Dir)
}

// labMark begins the argument by which the lab's own processes are found.
const labMark = "--appm-lab="

// removeTree refuses while something is mounted below: whatever is mounted
// there is not the lab's to delete.
func removeTree(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err == nil {
		for line := range strings.Lines(string(mounts)) {
			if f := strings.Fields(line); len(f) > 4 && within(f[4], dir) {
				return fmt.Errorf("lab: %s is still mounted; unmount it, then run down again (nothing was removed)", f[4])
			}
		}
	}
	// The state goes last: a removal that is cut can be taken up again.
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == stateFile {
			continue
		}
		if err := removeAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}

// removeAll removes what os.RemoveAll cannot: directories without write
// permission, which a test may have made, as an ordinary user.
func removeAll(path string) error {
	if os.RemoveAll(path) == nil {
		return nil
	}
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chmod(p, 0o700)
		}
		return nil // RemoveAll tells what is left
	})
	return errors.Join(err, os.RemoveAll(path))
}
