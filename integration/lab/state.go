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
	Link      string    `json:",omitempty"` // the machine's interface to the lab's network
	Prefix    string    `json:",omitempty"` // of that network
	Base      int       `json:",omitempty"` // the offset of an embedded lab's ports,
	Ports     int       `json:",omitempty"` // and for how many nodes it has them
}

const stateFile = "lab.json"

func newState(form, dir string) *state {
	return &state{
		ID:    strings.ToLower(rand.Text()[:6]),
		Form:  form,
		Dir:   dir,
		Boot:  bootID(),
		Owner: remember(os.Getpid(), "the lab's own process"),
	}
}

func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return runtime.GOOS // macOS: start times are full dates there
	}
	return strings.TrimSpace(string(id))
}

// save writes the notes twice: into the lab's directory, and into this user's
// register of labs, which finds one whose directory somebody has deleted.
func (s *state) save() error {
	data, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	entry, err := s.entry()
	if err != nil {
		return err
	}
	return errors.Join(replace(filepath.Join(s.Dir, stateFile), data), replace(entry, data))
}

func replace(path string, data []byte) error {
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// loadState reads the notes of the lab in dir; fs.ErrNotExist when there is none.
func loadState(dir string) (*state, error) {
	path := filepath.Join(dir, stateFile)
	s, err := readState(path)
	if errors.Is(err, fs.ErrNotExist) {
		return registeredIn(dir)
	}
	if err == nil && s.Dir != dir {
		return nil, fmt.Errorf("lab: %s is of a lab in %s; nothing was touched", path, s.Dir)
	}
	return s, err
}

func readState(path string) (*state, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &state{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("lab: %s: %w", path, err)
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
	return s, s.save()
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
