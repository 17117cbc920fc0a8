package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a process that may have ended, and whose id may be another's by
// now: the start time tells.
type process struct {
	PID   int
	Start string
	What  string
}

// remember looks up the start time of a process that is surely still ours.
func remember(pid int, what string) process {
	return process{PID: pid, Start: startTime(pid), What: what}
}

// alive is false for a zombie too: it holds nothing any more.
func (p process) alive() bool {
	return p.PID > 0 && p.Start != "" && startTime(p.PID) == p.Start
}

// startTime is "" when there is no such process.
func startTime(pid int) string {
	if runtime.GOOS != "linux" {
		out, err := exec.Command("ps", "-o", "state=,lstart=", "-p", strconv.Itoa(pid)).Output()
		state, start, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		if err != nil || strings.HasPrefix(state, "Z") {
			return ""
		}
		return strings.TrimSpace(start)
	}
	f := statFields(pid)
	if len(f) < 20 || f[0] == "Z" || f[0] == "X" {
		return ""
	}
	return f[19]
}

// statFields are the fields of /proc/PID/stat from the third on: the second
// is the program's name, which may hold blanks and parentheses.
func statFields(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
}

// end signals the processes that are still the ones remembered and waits for
// them: those that SIGTERM does not end within the grace get SIGKILL.
func end(ctx context.Context, grace time.Duration, all ...process) error {
	signalAll(all, syscall.SIGTERM)
	if waitGone(ctx, grace, all) {
		return nil
	}
	signalAll(all, syscall.SIGKILL)
	if waitGone(ctx, 10*time.Second, all) {
		return nil
	}
	var errs []error
	for _, p := range all {
		if p.alive() {
			errs = append(errs, fmt.Errorf("lab: %s, process %d, does not end", p.What, p.PID))
		}
	}
	return errors.Join(errs...)
}

func signalAll(all []process, sig syscall.Signal) {
	for _, p := range all {
		if p.alive() {
			_ = syscall.Kill(p.PID, sig) // gone in between is what is wanted
		}
	}
}

func waitGone(ctx context.Context, limit time.Duration, all []process) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		gone := true
		for _, p := range all {
			gone = gone && !p.alive()
		}
		if gone || ctx.Err() != nil {
			return gone
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// commandLines lists the arguments of every process of the machine that this
// user may look at.
func commandLines() (map[int][]string, error) {
	if runtime.GOOS != "linux" {
		return psLines()
	}
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, err
	}
	all := map[int][]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil || len(data) == 0 {
			continue // ended, or a kernel thread
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil {
			all[pid] = strings.Split(strings.TrimRight(string(data), "\x00"), "\x00")
		}
	}
	return all, nil
}

// psLines cuts at blanks, which is enough where no path holds one.
func psLines() (map[int][]string, error) {
	out, err := exec.Command("ps", "-axww", "-o", "pid=,command=").Output()
	if err != nil {
		return nil, fmt.Errorf("lab: ps: %w", err)
	}
	all := map[int][]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 1 {
			if pid, err := strconv.Atoi(f[0]); err == nil {
				all[pid] = f[1:]
			}
		}
	}
	return all, nil
}

// ours finds the processes whose arguments name a path below dir after one of
// the prefixes: the product's servers and the database server do.
func ours(dir string, prefixes ...string) ([]process, error) {
	lines, err := commandLines()
	if err != nil {
		return nil, err
	}
	var found []process
	for pid, argv := range lines {
		for _, arg := range argv {
			for _, prefix := range prefixes {
				if path, ok := strings.CutPrefix(arg, prefix); ok && within(path, dir) {
					found = append(found, remember(pid, prefix+path))
				}
			}
		}
	}
	return found, nil
}

func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}
