package main

import (
	"fmt"
	"maps"
	"net/netip"
	"path"
	"slices"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// names are what a host must resolve, unless the tool keeps another hosts file
// than the one that the host resolves by.
func (s *session) names(h inventory.Host) []string {
	if h.HostsFile != "/etc/hosts" {
		return nil
	}
	return slices.Sorted(maps.Keys(steps.Deployment{Inventory: s.inv}.Names(h)))
}

func (p *preflight) resolved(host string, health converge.Health) {
	if slices.ContainsFunc(p.finds, func(f finding) bool { return f.Target == host && f.Check == checkNames && f.Level == report.Failure }) {
		return // the hosts file is wrong, and what resolves by it follows from that
	}
	h, _ := p.inv.Host(host)
	want := steps.Deployment{Inventory: p.inv}.Names(h)
	for _, name := range p.names(h) {
		got, told := health.Addresses[name]
		switch {
		case !told:
		case got != "" && sameAddress(got, want[name]):
			p.ok(host, "", checkNames, "%s is %s", name, got)
		case p.mapped[host]:
			p.add(report.Planned, host, "", checkNames, 0, "%s is to be %s", name, want[name])
		case got == "":
			p.add(report.Failure, host, "", checkNames, exitConflict, "%s does not resolve, although %s maps it to %s; the line hosts: of /etc/nsswitch.conf must name files first", name, h.HostsFile, want[name])
		default:
			p.add(report.Failure, host, "", checkNames, exitConflict, "%s resolves to %s, although %s maps it to %s; the line hosts: of /etc/nsswitch.conf must name files first, and a name service cache must be emptied", name, got, h.HostsFile, want[name])
		}
	}
}

func sameAddress(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	return errX == nil && errY == nil && x.Unmap() == y.Unmap()
}

func folderOf(file string) string { return path.Dir(file) }

// ports: those of a node must be free, or its own server's.
func (p *preflight) ports(host string, health converge.Health) {
	if health.Blind {
		return
	}
	for _, n := range p.nodesOn(host) {
		if !n.Running {
			continue
		}
		strangers := 0
		for _, l := range health.Listeners {
			for _, port := range n.Ports() {
				if port.Number == l.Port && !p.own(n, l) {
					strangers++
					p.stranger(n, port, l)
				}
			}
		}
		if strangers == 0 {
			p.ok(host, n.Name, checkPorts, "free, or its own server's")
		}
	}
}

// own tells whether the listener is the node's server. Where we may not look
// into processes, a server that runs is taken to hold its ports.
func (p *preflight) own(n inventory.Node, l converge.Listener) bool {
	o, err := p.state.Found(plan.Ref{Target: n.Host, Kind: plan.KindServer, Path: n.Home})
	server, is := o.(*plan.Server)
	runs := err == nil && is && server.Running
	return l.Home == n.Home || runs && (l.PID == server.PID || l.PID == 0)
}

func (p *preflight) stranger(n inventory.Node, port inventory.Port, l converge.Listener) {
	who := fmt.Sprintf("process %d (%s)", l.PID, l.Command)
	if l.PID == 0 {
		who = fmt.Sprintf("a process of the user with id %d that %s may not look into", l.UID, p.sshConfig(n.Host).User)
	}
	for _, other := range p.inv.NodesOn(n.Host) {
		if other.Home == l.Home {
			p.add(report.Warning, n.Host, n.Name, checkPorts, 0, "port %d (%s) is still held by the server of node %s; it must be restarted, or stopped, before this node's", port.Number, port.What, other.Name)
			return
		}
	}
	if port.Vital {
		p.add(report.Failure, n.Host, n.Name, checkPorts, exitConflict, "port %d (%s) is held by %s; end that, or give the node another offset or cluster_port", port.Number, port.What, who)
		return
	}
	p.add(report.Warning, n.Host, n.Name, checkPorts, 0, "port %d (%s) is held by %s; the server will start and do without it: end that, or give the node another offset", port.Number, port.What, who)
}
