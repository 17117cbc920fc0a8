package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// registerDir holds the notes of this user's labs, so that the next one can
// sweep up after one that was killed, wherever its directory was.
func registerDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("lab: no cache directory to note the lab in: %w", err)
	}
	dir := filepath.Join(base, "appm-provision", "labs")
	return dir, os.MkdirAll(dir, 0o755)
}

func (s *state) entry() (string, error) {
	dir, err := registerDir()
	return filepath.Join(dir, s.ID+".json"), err
}

// registered reads the whole register.
func registered() (all []*state, err error) {
	dir, err := registerDir()
	if err != nil {
		return nil, err
	}
	entries, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		s, err := readState(entry)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its lab has ended just now
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func registeredIn(dir string) (*state, error) {
	all, err := registered()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.Dir == dir {
			return s, nil
		}
	}
	return nil, fs.ErrNotExist
}

// List gives the directories of this user's labs that may be ended: those that
// were kept or killed, not those that a running process works with.
func List() (dirs []string, err error) {
	all, err := registered()
	for _, s := range all {
		if s.Keep || !s.running() {
			dirs = append(dirs, s.Dir)
		}
	}
	return dirs, err
}

// Sweep ends the labs whose process was killed before it could.
func Sweep(ctx context.Context) error {
	unlock, err := lock("sweep") // two that sweep would take each other's dust for an error
	if err != nil {
		return err
	}
	defer unlock()
	all, err := registered()
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.running() {
			continue
		}
		if err := s.down(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lock waits for whoever of this user's labs does the same.
func lock(what string) (func(), error) {
	dir, err := registerDir()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, what+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}
