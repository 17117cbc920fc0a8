package lab

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Running is a server of the product that runs on a host.
type Running struct {
	PID  int    // on this machine; another one inside a real host
	Home string // as the host sees it
}

// Servers lists the product's servers that run on the host.
func (h *Host) Servers() ([]Running, error) {
	found, err := h.servers()
	var all []Running
	for _, p := range found {
		all = append(all, Running{p.PID, strings.TrimPrefix(p.What, carbonHome)})
	}
	return all, err
}

const carbonHome = "-Dcarbon.home="

func (h *Host) servers() ([]process, error) {
	root := h.Root
	if h.lab.Form == "real" {
		root = "/" // as the host sees itself; the namespace tells the hosts apart
	}
	all, err := ours(strings.TrimSuffix(root, "/"), carbonHome)
	if err != nil || h.lab.Form != "real" {
		return all, err
	}
	var mine []process
	for _, p := range all {
		if h.holds(p.PID) {
			mine = append(mine, p)
		}
	}
	return mine, nil
}

// holds compares the pid namespace of a process with the host's.
func (h *Host) holds(pid int) bool {
	if h.init == nil {
		return false
	}
	theirs, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/pid")
	if err != nil {
		return false
	}
	own, err := os.Readlink("/proc/" + strconv.Itoa(h.init.PID) + "/ns/pid")
	return err == nil && theirs == own
}

// KillServers ends the product's servers of the host with SIGKILL, as a crash
// of theirs would, and waits for them.
func (h *Host) KillServers(ctx context.Context) error {
	all, err := h.servers()
	if err != nil {
		return err
	}
	signalAll(all, syscall.SIGKILL)
	return end(ctx, 5*time.Second, all...)
}

// ServerLog is what a node's server has logged; "" when it never ran.
func (h *Host) ServerLog(n Node) string {
	data, err := os.ReadFile(filepath.Join(h.Path(n.Home), "repository", "logs", "wso2carbon.log"))
	if err != nil {
		return ""
	}
	return string(data)
}
