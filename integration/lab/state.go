package lab

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// state is what a lab writes down before it does it, so that Down needs
// nothing else, however the lab ended.
type state struct {
	ID        string
	Form      string
	Dir       string
	Boot      string    // of the machine: start times mean nothing after another
	Owner     process   // the process that runs the lab
	Keep      bool      // it may outlive its owner
	Processes []process // to end
	Bridge    string    `json:",omitempty"`
	Prefix    string    `json:",omitempty"` // of the bridge's network

	path string
}

const stateFile = "lab.json"

func newState(form, dir string) *state {
	return &state{
		ID:    strings.ToLower(rand.Text()[:6]),
		Form:  form,
		Dir:   dir,
		Boot:  bootID(),
		Owner: remember(os.Getpid(), "the lab's own process"),
		path:  filepath.Join(dir, stateFile),
	}
}

func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return runtime.GOOS // macOS: start times are full dates there
	}
	return strings.TrimSpace(string(id))
}

func (s *state) save() error {
	data, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(s.path+".new", s.path)
}

func loadState(dir string) (*state, error) {
	path := filepath.Join(dir, stateFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &state{path: path}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("lab: %s: %w", path, err)
	}
	if s.Dir != dir {
		return nil, fmt.Errorf("lab: %s is of a lab in %s; nothing was touched", path, s.Dir)
	}
	return s, nil
}

// add writes a process down.
func (s *state) add(p process) error {
	s.Processes = append(s.Processes, p)
	return s.save()
}

// begin makes the lab's directory, which must be empty or hold a lab that is
// over, and enters it in the register.
func begin(ctx context.Context, form, dir string) (*state, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := Sweep(ctx); err != nil {
		return nil, err
	}
	if err := empty(ctx, dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // macOS: /var is one, and processes tell the real path
		return nil, err
	}
	s := newState(form, dir)
	if err := s.save(); err != nil {
		return nil, err
	}
	return s, s.register()
}

func empty(ctx context.Context, dir string) error {
	old, err := loadState(dir)
	if err == nil {
		if old.running() {
			return fmt.Errorf("lab: %s holds a lab that is up (process %d); end it, or use another directory", dir, old.Owner.PID)
		}
		return Down(ctx, dir)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("lab: %s is not empty (%s …); give a directory of its own", dir, entries[0].Name())
	}
	return nil
}

func (s *state) running() bool {
	return s.Boot == bootID() && (s.Keep || s.Owner.alive())
}

// registerDir lists the labs of this user, so that the next one can sweep up
// after one that was killed, wherever its directory was.
func registerDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("lab: no cache directory to note the lab in: %w", err)
	}
	return filepath.Join(base, "appm-provision", "labs"), nil
}

func (s *state) register() error {
	dir, err := registerDir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, s.ID), []byte(s.Dir), 0o600)
}

func (s *state) unregister() error {
	dir, err := registerDir()
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, s.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// List gives the directories of this user's labs, those that were killed too.
func List() (dirs []string, err error) {
	entries, err := registered()
	for _, entry := range entries {
		if dir, err := os.ReadFile(entry); err == nil { // else its lab has ended just now
			dirs = append(dirs, string(dir))
		}
	}
	return dirs, err
}

func registered() (entries []string, err error) {
	dir, err := registerDir()
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(dir, "*"))
}

// Sweep ends the labs whose process was killed before it could.
func Sweep(ctx context.Context) error {
	entries, err := registered()
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := sweepOne(ctx, entry); err != nil {
			return err
		}
	}
	return nil
}

func sweepOne(ctx context.Context, entry string) error {
	dir, err := os.ReadFile(entry)
	if err != nil {
		return nil // another process has just swept it
	}
	s, err := loadState(string(dir))
	if errors.Is(err, fs.ErrNotExist) || err == nil && s.ID != filepath.Base(entry) {
		return remove(entry) // the lab's directory is gone, and with it what could be ended
	}
	if err != nil {
		return err
	}
	if s.running() {
		return nil
	}
	return Down(ctx, s.Dir)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

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
	if err := s.endProcesses(ctx); err != nil {
		return err
	}
	if err := s.downNetwork(ctx); err != nil {
		return err
	}
	if err := removeTree(ctx, dir); err != nil {
		return err
	}
	return s.unregister()
}

// endProcesses ends what was written down, and what was started so shortly
// before the end that it was not: it names the lab's directory.
func (s *state) endProcesses(ctx context.Context) error {
	all := []process{}
	if s.Boot == bootID() {
		all = append(all, s.Processes...)
	}
	named, err := ours(s.Dir, "-Dcarbon.home=", "--datadir=", "--appm-lab=")
	if err != nil {
		return err
	}
	return end(ctx, 5*time.Second, append(all, named...)...)
}

// removeTree refuses while something is mounted below: whatever is mounted
// there is not the lab's to delete.
func removeTree(_ context.Context, dir string) error {
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
