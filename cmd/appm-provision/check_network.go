package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
)

func folderOf(file string) string { return path.Dir(file) }

// ports: those of a node must be free, or its own server's. Each stranger is told
// once, with all that it holds: a server of another home holds nine of them.
func (p *preflight) ports(host string, health converge.Health) {
	if health.Blind {
		return
	}
	for _, n := range p.nodesOn(host) {
		if !n.Running {
			continue
		}
		strangers := p.strangers(n, health.Listeners)
		for _, s := range strangers {
			p.stranger(n, s)
		}
		if len(strangers) == 0 {
			p.ok(host, n.Name, checkPorts, "free, or its own server's")
		}
	}
}

// A stranger holds ports of a node whose server it is not.
type stranger struct {
	converge.Listener
	ports []inventory.Port
}

func (p *preflight) strangers(n inventory.Node, listeners []converge.Listener) []stranger {
	var list []stranger
	for _, l := range listeners {
		for _, port := range n.Ports() {
			if port.Number != l.Port || p.own(n, l) {
				continue
			}
			i := slices.IndexFunc(list, func(s stranger) bool {
				return s.PID == l.PID && s.UID == l.UID && (l.PID != 0 || s.ports[0].Vital == port.Vital)
			})
			switch {
			case i < 0:
				list = append(list, stranger{l, []inventory.Port{port}})
			case !slices.Contains(list[i].ports, port): // it may listen on two addresses
				list[i].ports = append(list[i].ports, port)
			}
		}
	}
	return list
}

// own tells whether the listener is the node's server. Where we may not look
// into processes, a server that runs is taken to hold its ports.
func (p *preflight) own(n inventory.Node, l converge.Listener) bool {
	o, err := p.state.Found(plan.Ref{Target: n.Host, Kind: plan.KindServer, Path: n.Home})
	server, is := o.(*plan.Server)
	runs := err == nil && is && server.Running
	return l.Home == n.Home || runs && (l.PID == server.PID || l.PID == 0)
}

func (p *preflight) stranger(n inventory.Node, s stranger) {
	var words []string
	vital, it := false, "it"
	for _, port := range s.ports {
		words = append(words, fmt.Sprintf("%d (%s)", port.Number, port.What))
		vital = vital || port.Vital
	}
	held := "port " + words[0] + " is"
	if last := len(words) - 1; last > 0 {
		it = "them"
		held = "ports " + strings.Join(words[:last], ", ") + " and " + words[last] + " are"
	}
	for _, other := range p.inv.NodesOn(n.Host) {
		if other.Home == s.Home {
			p.add(report.Warning, n.Host, n.Name, checkPorts, 0, "%s still held by the server of node %s; it must be restarted, or stopped, before this node's", held, other.Name)
			return
		}
	}
	if vital {
		p.add(report.Failure, n.Host, n.Name, checkPorts, exitConflict, "%s held by %s; end that, or give the node another %s", held, p.who(n, s), moves(s.ports))
		return
	}
	p.add(report.Warning, n.Host, n.Name, checkPorts, 0, "%s held by %s; the server will start and do without %s: end that, or give the node another offset", held, p.who(n, s), it)
}

// moves is the key of the inventory that moves the ports.
func moves(ports []inventory.Port) string {
	switch cluster := slices.IndexFunc(ports, func(p inventory.Port) bool { return p.What == inventory.ClusterPort }); {
	case cluster < 0:
		return "offset"
	case len(ports) == 1:
		return "cluster_port"
	}
	return "offset and cluster_port"
}

func (p *preflight) who(n inventory.Node, s stranger) string {
	switch {
	case s.PID == 0:
		return fmt.Sprintf("a process of the user with id %d that %s may not look into", s.UID, p.sshConfig(n.Host).User)
	case s.Home != "":
		return fmt.Sprintf("process %d (%s), the server of %s, which is no home of this inventory", s.PID, s.Command, s.Home)
	}
	return fmt.Sprintf("process %d (%s)", s.PID, s.Command)
}
