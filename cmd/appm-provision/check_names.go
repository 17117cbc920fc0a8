package main

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// names are what a host must resolve, unless the tool keeps another hosts file
// than the one that the host resolves by.
func (s *session) names(h inventory.Host) []string {
	if h.HostsFile != "/etc/hosts" {
		return nil
	}
	return steps.Deployment{Inventory: s.inv}.Asked(h)
}

func (p *preflight) resolved(host string, health converge.Health) {
	if slices.ContainsFunc(p.finds, func(f finding) bool { return f.Target == host && f.Check == checkNames && f.Level == report.Failure }) {
		return // the hosts file is wrong, and what resolves by it follows from that
	}
	h, _ := p.inv.Host(host)
	want := steps.Deployment{Inventory: p.inv}.Names(h)
	for _, name := range p.names(h) {
		got, told := health.Addresses[name]
		_, ours := want[name]
		switch {
		case !told || !ours:
		case got != "" && sameAddress(got, want[name]):
			p.ok(host, "", checkNames, "%s is %s", name, got)
		case p.mapped[host]:
			p.add(report.Planned, host, "", checkNames, 0, "%s is to be %s", name, want[name])
		case !h.Entries:
			p.add(report.Failure, host, "", checkNames, exitConflict, "%s must resolve to %s and %s; host_entries is off for the host: correct its hosts file or its name servers, or turn them on", name, want[name], resolvesTo(got))
		case got == "":
			p.add(report.Failure, host, "", checkNames, exitConflict, "%s does not resolve, although %s maps it to %s; the line hosts: of /etc/nsswitch.conf must name files first", name, h.HostsFile, want[name])
		default:
			p.add(report.Failure, host, "", checkNames, exitConflict, "%s resolves to %s, although %s maps it to %s; the line hosts: of /etc/nsswitch.conf must name files first, and a name service cache must be emptied", name, got, h.HostsFile, want[name])
		}
	}
}

func resolvesTo(address string) string {
	if address == "" {
		return "does not resolve"
	}
	return "resolves to " + address
}

// namesUsed are the host names in the files of the host's nodes that are not
// ours to map. Those of the inventory's servers the host was asked about with
// everything else; of the others nobody knew before the files were read.
func (p *preflight) namesUsed(host string, health converge.Health) {
	h, _ := p.inv.Host(host)
	whole := cmp.Or(p.plan, p.whole)
	if whole == nil || h.HostsFile != "/etc/hosts" {
		return
	}
	d := steps.Deployment{Inventory: p.inv}
	mapped := d.Names(h)
	for _, n := range p.nodesOn(host) {
		for _, u := range d.NamesUsed(p.state, whole, n) {
			got, told := health.Addresses[u.Name]
			switch _, ours := mapped[u.Name]; {
			case ours:
			case !told:
				p.unknown = append(p.unknown, unknownName{n, u})
			case got == "":
				p.unresolved(report.Failure, n, u)
			default:
				p.ok(host, n.Name, checkNames, "%s is %s", u.Name, got)
			}
		}
	}
}

// An unknownName is one that a file holds and the host was not asked about.
type unknownName struct {
	node inventory.Node
	use  steps.NameUse
}

func (p *preflight) unresolved(level report.Level, n inventory.Node, u steps.NameUse) {
	p.add(level, n.Host, n.Name, checkNames, exitConflict, "%s: line %d: %s names %s, which does not resolve on the host; correct the name, or have the hosts file or a name server know it", u.File, u.Line, u.Path, u.Name)
}

// askNames asks each host about the names that were found in its files. It costs
// a command of its own, so a plan does without; and as nobody knows what
// somebody else's name is needed for, it is a warning.
func (p *preflight) askNames(ctx context.Context) {
	of := map[string][]string{}
	for _, u := range p.unknown {
		if p.conns[u.node.Host] != nil {
			of[u.node.Host] = append(of[u.node.Host], u.use.Name)
		}
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	answers := map[string]map[string]string{}
	for host, names := range of {
		wg.Go(func() {
			got, err := converge.Resolve(ctx, p.conns[host], names)
			mu.Lock()
			defer mu.Unlock()
			if answers[host] = got; err != nil {
				p.add(report.Warning, host, "", checkNames, 0, "whether %s resolve could not be asked: %v", strings.Join(names, ", "), err)
			}
		})
	}
	wg.Wait()
	for _, u := range p.unknown {
		switch got, told := answers[u.node.Host][u.use.Name]; {
		case told && got == "":
			p.unresolved(report.Warning, u.node, u.use)
		case told:
			p.ok(u.node.Host, u.node.Name, checkNames, "%s is %s", u.use.Name, got)
		}
	}
}

func sameAddress(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	return errX == nil && errY == nil && x.Unmap() == y.Unmap()
}
