package lab

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Stats counts what has reached the host's sshd.
func (h *Host) Stats() (Stats, error) {
	if h.sshd == nil {
		return h.realStats()
	}
	h.sshd.mu.Lock()
	defer h.sshd.mu.Unlock()
	return h.sshd.stats, nil
}

// Exec runs a command on the host for a test's assertions: not through SSH,
// as root on a real host, as the current user otherwise. It returns stdout.
func (h *Host) Exec(ctx context.Context, argv ...string) (string, error) {
	cmd := h.command(ctx, argv...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s: %s: %w\n%s", h.Name, strings.Join(argv, " "), err, stderr.String())
	}
	return string(out), nil
}

func (h *Host) command(ctx context.Context, argv ...string) *exec.Cmd {
	if h.lab.Form == "real" {
		cmd := exec.CommandContext(ctx, "nsenter", append(h.enter(), argv...)...)
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C"}
		return cmd
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = h.sshd.dir, h.environ()
	return cmd
}

// Forbid makes an embedded host's sshd refuse "forward" or "sftp".
func (h *Host) Forbid(what string) { h.sshd.note(func() { h.sshd.refuse[what] = true }) }
