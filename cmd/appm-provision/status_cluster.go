package main

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
)

// links are the questions for the connections of a host's members: theirs alone
// tell whether the cluster stands now. What the log says of it may be days old,
// and rolled away.
func (s *session) links(host string) map[string][]int {
	asked := map[string][]int{}
	for _, n := range s.nodesOn(host) {
		if !n.Role.Clustered() {
			continue
		}
		for _, m := range s.inv.Nodes {
			if m.Role.Clustered() {
				asked[n.Home] = append(asked[n.Home], m.ClusterPort)
			}
		}
	}
	return asked
}

// clusterWord says which of its peers a member is connected with.
func (s *session) clusterWord(n inventory.Node) string {
	if !n.Role.Clustered() {
		return ""
	}
	own, known := s.health[n.Host].Links[n.Home]
	if !known {
		return "?"
	}
	members, missing := 0, []string{}
	for _, m := range s.inv.Nodes {
		if !m.Role.Clustered() {
			continue
		}
		members++
		if m.Name != n.Name && !s.joined(n, m, own) {
			missing = append(missing, m.Name)
		}
	}
	if len(missing) == 0 {
		return fmt.Sprintf("all %d", members)
	}
	return fmt.Sprintf("%d of %d, not %s", members-len(missing), members, strings.Join(missing, ", "))
}

// joined tells whether one of a member's connections leads to a peer. Either may
// have made it: then the peer's port is at its far end, or some port of the peer
// and the member's own at the near one. Which peer that is, where several share
// an address, only the peer's own connections tell.
func (s *session) joined(n, m inventory.Node, own []converge.Link) bool {
	address, err := netip.ParseAddr(s.inv.HostOf(m).Address)
	if err != nil {
		return false
	}
	theirs, known := s.health[m.Host].Links[m.Home]
	for _, l := range own {
		if l.Remote == netip.AddrPortFrom(address, uint16(m.ClusterPort)) {
			return true
		}
		if int(l.Local.Port()) != n.ClusterPort || l.Remote.Addr() != address {
			continue
		}
		if !known || mirrored(theirs, l) {
			return true
		}
	}
	return false
}

func mirrored(links []converge.Link, of converge.Link) bool {
	for _, l := range links {
		if l.Local == of.Remote && l.Remote == of.Local {
			return true
		}
	}
	return false
}
