package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed init_systemd.sh
var initSystemdScript string

// hierarchies are where a machine has the second version of its cgroups.
var hierarchies = []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}

// hasSystemd tells whether the host's first process is a systemd.
func (h *Host) hasSystemd() bool { return h.Name == h.lab.Options.Systemd }

// NoSystemd says why a host with a real systemd cannot be built here; "" when
// it can.
func NoSystemd() string {
	for _, file := range []string{"/usr/lib/systemd/systemd", "/usr/bin/systemctl"} {
		if _, err := os.Stat(file); err != nil {
			return "there is no " + file
		}
	}
	if hierarchy() == "" {
		return "there is no writable cgroup hierarchy of version 2"
	}
	return ""
}

// hierarchy is a place where groups can be made.
func hierarchy() string {
	i := slices.IndexFunc(hierarchies, func(dir string) bool {
		if _, err := os.Stat(filepath.Join(dir, "cgroup.controllers")); err != nil {
			return false
		}
		trial := filepath.Join(dir, fmt.Sprintf("appm-trial-%d", os.Getpid()))
		return os.Mkdir(trial, 0o755) == nil && os.Remove(trial) == nil
	})
	if i < 0 {
		return ""
	}
	return hierarchies[i]
}

// group is the host's cgroup; its name tells whose it is.
func (s *state) group(host string) string {
	return filepath.Join(hierarchy(), "appm-lab-"+s.ID+"-"+host)
}

// ungroup removes the cgroups of a lab whose hosts are off.
func (s *state) ungroup() error {
	dir := hierarchy()
	if dir == "" {
		return nil
	}
	own, err := filepath.Glob(filepath.Join(dir, "appm-lab-"+s.ID+"-*"))
	var errs []error
	for _, top := range own {
		var dirs []string
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return err
		})
		errs = append(errs, err)
		for _, dir := range slices.Backward(dirs) { // the innermost first
			errs = append(errs, os.Remove(dir))
		}
	}
	return errors.Join(append(errs, err)...)
}

// Systemctl asks the host's systemd, and returns what it says.
func (h *Host) Systemctl(ctx context.Context, args ...string) (string, error) {
	cmd := h.command(ctx, append([]string{"systemctl"}, args...)...)
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		err = nil // it tells states by its exit code, too
	}
	return strings.TrimSpace(string(out)), err
}
