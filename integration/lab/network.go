package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"syscall"
)

// upNetwork makes a network of the lab's own. Its bridge is in a namespace of
// its own, too: there the machine's packet filter has no say, which on many
// machines drops what bridges forward. Hosts have no default route, and what
// the lab's link does not take ends at the unreachable route: no packet of the
// lab leaves this machine.
func (l *Lab) upNetwork(ctx context.Context) error {
	unlock, err := lock("network") // two labs must not choose the same
	if err != nil {
		return err
	}
	defer unlock()
	l.state.Link = "appm" + l.state.ID
	if l.state.Prefix, err = freePrefix(ctx); err != nil {
		return err
	}
	if err := l.state.save(); err != nil {
		return err
	}
	if err := l.startSwitch(ctx); err != nil {
		return err
	}
	machine := [][]string{
		{"route", "add", "unreachable", l.state.Prefix + "0/24", "metric", "4278198272"},
		{"link", "add", l.state.Link, "type", "veth", "peer", "name", "uplink", "netns", itoa(l.bridge.PID)},
		{"address", "add", l.state.Prefix + "1/24", "dev", l.state.Link},
		{"link", "set", l.state.Link, "up"},
	}
	inside := [][]string{
		{"link", "add", "bridge", "type", "bridge"},
		{"link", "set", "bridge", "up"},
		{"link", "set", "uplink", "master", "bridge", "up"},
	}
	for _, args := range machine {
		if err := ip(ctx, args...); err != nil {
			return err
		}
	}
	for _, args := range inside {
		if err := l.onSwitch(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// holdNamespace is the script of a process that is there for its namespace.
const holdNamespace = `trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done`

func (l *Lab) startSwitch(ctx context.Context) error {
	cmd := exec.Command("unshare", "--net", "--pid", "--fork", "--kill-child=KILL", "sh", "-c", holdNamespace, "switch", labMark+l.Dir+"/switch")
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	go func() { _ = cmd.Wait() }() // the network's end is its own
	var err error
	if l.bridge, err = firstChild(ctx, cmd.Process.Pid); err != nil {
		return err
	}
	return l.state.add(*l.bridge)
}

// onSwitch runs ip where the bridge is.
func (l *Lab) onSwitch(ctx context.Context, args ...string) error {
	return command(ctx, append([]string{"nsenter", "-t", itoa(l.bridge.PID), "-n", "ip"}, args...)...)
}

// freePrefix finds a /24 that no route of this machine knows, "10.213.7.".
func freePrefix(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "ip", "-4", "route", "show", "table", "all").Output()
	if err != nil {
		return "", fmt.Errorf("lab: ip route show: %w", err)
	}
	used := routedNetworks(string(out))
	for _, net16 := range []string{"10.213.", "172.29.", "192.168."} {
		for _, x := range rand.Perm(250) {
			prefix := net16 + itoa(x+1) + "."
			if !overlaps(used, prefix) {
				return prefix, nil
			}
		}
	}
	return "", errors.New("lab: this machine routes all of 10.213.0.0/16, 172.29.0.0/16 and 192.168.0.0/16; no network is left for the lab")
}

// routedNetworks reads the destinations of `ip route show`, but the default.
func routedNetworks(table string) (used []*net.IPNet) {
	for line := range strings.Lines(table) {
		for _, word := range strings.Fields(line)[:min(2, len(strings.Fields(line)))] {
			if !strings.Contains(word, "/") {
				word += "/32"
			}
			if _, n, err := net.ParseCIDR(word); err == nil {
				used = append(used, n)
			}
		}
	}
	return used
}

func overlaps(used []*net.IPNet, prefix string) bool {
	_, wanted, err := net.ParseCIDR(prefix + "0/24")
	if err != nil {
		return true
	}
	for _, n := range used {
		if n.Contains(wanted.IP) || wanted.Contains(n.IP) {
			return true
		}
	}
	return false
}

func ip(ctx context.Context, args ...string) error {
	return command(ctx, append([]string{"ip"}, args...)...)
}

func command(ctx context.Context, argv ...string) error {
	if out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("lab: %s: %w\n%s", strings.Join(argv, " "), err, out)
	}
	return nil
}

// plug gives a host its interface, the other end of which hangs on the bridge.
// After a reboot it is the same one to its neighbours, who remember its address.
func (h *Host) plug(ctx context.Context) error {
	mine, pid := "h"+itoa(h.number), itoa(h.init.PID)
	_ = h.lab.onSwitch(ctx, "link", "delete", mine) // of before a reboot; it mostly went with the host
	for _, args := range [][]string{
		{"link", "add", mine, "type", "veth", "peer", "name", "eth0", "address", fmt.Sprintf("02:d5:00:00:00:%02x", h.number+1), "netns", pid},
		{"link", "set", mine, "master", "bridge", "up"},
	} {
		if err := h.lab.onSwitch(ctx, args...); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"ip", "link", "set", "lo", "up"},
		{"ip", "address", "add", h.Address + "/24", "dev", "eth0"},
		{"ip", "link", "set", "eth0", "up"},
	} {
		if _, err := h.Exec(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// downNetwork removes the machine's end of the network and the route, each
// only if it is there; the rest has gone with its processes.
func (s *state) downNetwork(ctx context.Context) error {
	if s.Link == "" {
		return nil
	}
	if linkExists(s.Link) {
		if err := ip(ctx, "link", "delete", s.Link); err != nil && linkExists(s.Link) { // else it went meanwhile
			return err
		}
	}
	if there, err := s.hasRoute(ctx); err != nil || !there {
		return err
	}
	if err := ip(ctx, "route", "delete", "unreachable", s.Prefix+"0/24"); err != nil {
		if there, _ := s.hasRoute(ctx); there { // else it went meanwhile
			return err
		}
	}
	return nil
}

func (s *state) hasRoute(ctx context.Context) (bool, error) {
	out, err := exec.CommandContext(ctx, "ip", "-4", "route", "show", "type", "unreachable", s.Prefix+"0/24").Output()
	return len(strings.TrimSpace(string(out))) > 0, err
}

func linkExists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}
