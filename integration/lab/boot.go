package lab

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

//go:embed init.sh
var initScript string

// boot starts the host's first process, plugs the host in and waits for its
// sshd. The process is found again by its arguments, should this one be
// killed before it is written down.
func (h *Host) boot(ctx context.Context) error {
	parent, err := h.power()
	if err != nil {
		return err
	}
	if h.init, err = firstChild(ctx, parent); err != nil {
		return fmt.Errorf("%w\n%s", err, h.bootLog())
	}
	if err := h.lab.state.add(*h.init); err != nil {
		return err
	}
	if err := h.plug(ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, h.bootLog())
	}
	if err := h.awaitSSH(ctx, 2*time.Minute); err != nil {
		return err
	}
	return h.setSudoPassword(ctx)
}

func (h *Host) power() (pid int, err error) {
	text, args := h.initScript()
	script := filepath.Join(h.lab.Dir, h.Name+".init.sh")
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		return 0, err
	}
	log, err := os.Create(filepath.Join(h.lab.Dir, h.Name+".boot.log"))
	if err != nil {
		return 0, err
	}
	defer log.Close()
	cmd := exec.Command("unshare", append([]string{"--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child=KILL",
		"sh", script, labMark + h.Root, h.Name}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	go func() { _ = cmd.Wait() }() // its end is the host's, which boot and off watch
	return cmd.Process.Pid, nil
}

// firstChild waits for unshare to fork: its child is the host's first process.
func firstChild(ctx context.Context, parent int) (*process, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", parent))
		var pid int
		if _, none := fmt.Sscan(string(data), &pid); err == nil && none == nil {
			p := remember(pid, "the first process of a host")
			return &p, nil
		}
		if err != nil || ctx.Err() != nil {
			return nil, fmt.Errorf("lab: unshare, process %d, started nothing", parent)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (h *Host) bootLog() string {
	data, err := os.ReadFile(filepath.Join(h.lab.Dir, h.Name+".boot.log"))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// awaitSSH waits for the server's greeting, without which a connection may
// only have reached a kernel.
func (h *Host) awaitSSH(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := greeted(ctx, net.JoinHostPort(h.Address, "22"))
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !h.init.alive() {
			sshd, _ := os.ReadFile(h.Path("/var/log/sshd.log"))
			return fmt.Errorf("lab: no sshd on %s within %s: %w\n%s%s", h.Address, limit, err, h.bootLog(), sshd)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func greeted(ctx context.Context, address string) error {
	d := net.Dialer{Timeout: time.Second}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	_, err = bufio.NewReader(c).ReadString('\n')
	return err
}

func (h *Host) setSudoPassword(ctx context.Context) error {
	if h.lab.Options.SudoPassword == "" {
		return nil
	}
	cmd := h.command(ctx, "chpasswd")
	cmd.Stdin = strings.NewReader("deploy:" + h.lab.Options.SudoPassword + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lab: chpasswd: %w\n%s", err, out)
	}
	return nil
}

// off is a power cut.
func (h *Host) off(ctx context.Context) error {
	if h.init == nil {
		return nil
	}
	signalAll([]process{*h.init}, syscall.SIGKILL)
	return end(ctx, 5*time.Second, *h.init)
}

// enter are the arguments of nsenter that lead into the host.
func (h *Host) enter() []string {
	pid := "0"
	if h.init != nil {
		pid = itoa(h.init.PID)
	}
	return []string{"-t", pid, "-m", "-u", "-i", "-n", "-p", "-r", "--"} // -r: where the machine itself is a chroot
}

// realStats reads sshd's own log.
func (h *Host) realStats() (Stats, error) {
	data, err := os.ReadFile(h.Path("/var/log/sshd.log"))
	if err != nil {
		return Stats{}, err
	}
	log := string(data)
	return Stats{Connections: strings.Count(log, "Accepted publickey for "), Sessions: strings.Count(log, "Starting session: ")}, nil
}
