package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
)

// upNetwork makes a bridge with a network of its own. Hosts have no default
// route, and what the bridge does not take ends at the unreachable route: no
// packet of the lab leaves this machine.
func (l *Lab) upNetwork(ctx context.Context) error {
	unlock, err := lock("network") // two labs must not choose the same
	if err != nil {
		return err
	}
	defer unlock()
	l.state.Bridge = "appm" + l.state.ID
	if l.state.Prefix, err = freePrefix(ctx); err != nil {
		return err
	}
	if err := l.state.save(); err != nil {
		return err
	}
	network := l.state.Prefix + "0/24"
	for _, args := range [][]string{
		{"route", "add", "unreachable", network, "metric", "4278198272"},
		{"link", "add", l.state.Bridge, "type", "bridge"},
		{"address", "add", l.state.Prefix + "1/24", "dev", l.state.Bridge},
		{"link", "set", l.state.Bridge, "up"},
	} {
		if err := ip(ctx, args...); err != nil {
			return err
		}
	}
	return nil
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
	if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("lab: ip %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// plug gives a host its interface, the other end of which hangs on the bridge.
// After a reboot it is the same one to its neighbours, who remember its address.
func (h *Host) plug(ctx context.Context) error {
	mine, pid := h.lab.state.Bridge+"h"+itoa(h.number), itoa(h.init.PID)
	if err := unplug(ctx, mine); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"link", "add", mine, "type", "veth", "peer", "name", "eth0", "address", fmt.Sprintf("02:d5:00:00:00:%02x", h.number+1), "netns", pid},
		{"link", "set", mine, "master", h.lab.state.Bridge, "up"},
	} {
		if err := ip(ctx, args...); err != nil {
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

// downNetwork removes the bridge, the hosts' ends on it and the route, each
// only if it is there.
func (s *state) downNetwork(ctx context.Context) error {
	if s.Bridge == "" {
		return nil
	}
	links, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, link := range links {
		if link.Name == s.Bridge || strings.HasPrefix(link.Name, s.Bridge+"h") {
			if err := unplug(ctx, link.Name); err != nil {
				return err
			}
		}
	}
	out, err := exec.CommandContext(ctx, "ip", "-4", "route", "show", "type", "unreachable", s.Prefix+"0/24").Output()
	if err != nil || len(strings.TrimSpace(string(out))) == 0 {
		return err
	}
	return ip(ctx, "route", "delete", "unreachable", s.Prefix+"0/24")
}

// unplug deletes an interface that is there; a host that has just ended may
// take it away first.
func unplug(ctx context.Context, link string) error {
	if !linkExists(link) {
		return nil
	}
	if err := ip(ctx, "link", "delete", link); err != nil && linkExists(link) {
		return err
	}
	return nil
}

func linkExists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}
