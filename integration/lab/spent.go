package lab

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Spent is what a real host has had to do since it came up.
type Spent struct {
	Forks int           // processes and threads begun
	CPU   time.Duration // of those that sshd started and that have ended
}

// Sub gives what came after an earlier count.
func (s Spent) Sub(earlier Spent) Spent { return Spent{s.Forks - earlier.Forks, s.CPU - earlier.CPU} }

// Spent counts by process ids, which the host has for itself and gives out one
// after another; asking takes one.
func (h *Host) Spent(ctx context.Context) (Spent, error) {
	if h.init == nil {
		return Spent{}, fmt.Errorf("%s is no real host: its processes are among this machine's", h.Name)
	}
	text, err := h.Exec(ctx, "cat", "/proc/sys/kernel/ns_last_pid")
	if err != nil {
		return Spent{}, err
	}
	last, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return Spent{}, fmt.Errorf("%s: %w", h.Name, err)
	}
	cpu, err := h.sshdChildren()
	return Spent{Forks: last, CPU: cpu}, err
}

// sshdChildren is the CPU time of sshd's ended children and theirs.
func (h *Host) sshdChildren() (time.Duration, error) {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", h.init.PID))
	if err != nil {
		return 0, err
	}
	for _, word := range strings.Fields(string(children)) {
		pid, _ := strconv.Atoi(word)
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		f := statFields(pid)
		if err != nil || string(name) != "sshd\n" || len(f) < 15 {
			continue
		}
		user, errUser := strconv.Atoi(f[13])
		system, errSystem := strconv.Atoi(f[14])
		if errUser == nil && errSystem == nil {
			return time.Duration(user+system) * 10 * time.Millisecond, nil // in hundredths of a second
		}
	}
	return 0, fmt.Errorf("%s has no sshd", h.Name)
}

// Resident is the memory that the processes of a real host have resident, in
// bytes, each by itself: what they share is counted for each.
func (h *Host) Resident() (int64, error) {
	all, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, e := range all {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || !h.holds(pid) {
			continue
		}
		data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if f := strings.Fields(string(data)); len(f) > 1 {
			pages, _ := strconv.ParseInt(f[1], 10, 64)
			sum += pages * int64(os.Getpagesize())
		}
	}
	return sum, nil
}
