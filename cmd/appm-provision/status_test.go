package main

import (
	"net/netip"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/run"
)

func link(local, remote string) converge.Link {
	return converge.Link{Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote)}
}

// Three members, two of them on one address: a connection that a peer made comes
// from any of its ports, and only the peer's own tell which of the two it was.
func TestMembersThatAreSeen(t *testing.T) {
	inv := inventory.Inventory{
		Hosts: []inventory.Host{{Name: "a", Address: "10.0.0.1"}, {Name: "b", Address: "10.0.0.2"}},
		Nodes: []inventory.Node{
			{Name: "idp", Role: inventory.IDP, Host: "a", Home: "/i"},
			{Name: "pub", Role: inventory.Publisher, Host: "a", Home: "/p", ClusterPort: 4000},
			{Name: "st1", Role: inventory.Store, Host: "b", Home: "/s1", ClusterPort: 4000},
			{Name: "st2", Role: inventory.Store, Host: "b", Home: "/s2", ClusterPort: 4001},
		},
	}
	made, got1, got2 := link("10.0.0.1:50000", "10.0.0.2:4000"), link("10.0.0.1:4000", "10.0.0.2:60000"), link("10.0.0.2:60000", "10.0.0.1:4000")
	for name, c := range map[string]struct {
		pub, st1, st2 []converge.Link
		limited       bool // the peers' host was not asked
		blind         bool // the member's own cannot tell
		want          string
	}{
		"alone":                          {want: "1 of 3, not st1, st2"},
		"it made the connection":         {pub: []converge.Link{made}, want: "2 of 3, not st2"},
		"a peer made it":                 {pub: []converge.Link{got1}, st2: []converge.Link{got2}, want: "2 of 3, not st1"},
		"both":                           {pub: []converge.Link{made, got1}, st2: []converge.Link{got2}, want: "all 3"},
		"somebody else's connection":     {pub: []converge.Link{link("10.0.0.1:4000", "10.0.0.9:4000"), link("10.0.0.1:9443", "10.0.0.2:60000")}, want: "1 of 3, not st1, st2"},
		"a peer that was not asked":      {pub: []converge.Link{got1}, limited: true, want: "all 3"},
		"a host that cannot tell is not": {blind: true, want: "?"},
	} {
		s := &session{inv: inv, health: map[string]converge.Health{"a": {Links: map[string][]converge.Link{"/p": c.pub}}, "b": {Links: map[string][]converge.Link{"/s1": c.st1, "/s2": c.st2}}}}
		if c.limited {
			delete(s.health, "b")
		}
		if c.blind {
			s.health["a"] = converge.Health{}
		}
		if got := s.clusterWord(inv.Nodes[1]); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if got := s.clusterWord(inv.Nodes[0]); got != "" {
			t.Errorf("the IDP is no member: got %q", got)
		}
	}
}

func TestLastRunOfATarget(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2025, 1, day, 3, 4, 5, 0, time.UTC) }
	of := func(targets ...string) *run.Plan {
		p := &run.Plan{}
		for _, target := range targets {
			p.Changes = append(p.Changes, run.Change{Target: target})
		}
		return p
	}
	past := []*run.Past{
		{At: at(9)}, // cut off before its plan was recorded
		{At: at(8), Plan: of("a"), UnderWay: true},
		{At: at(7), Plan: of("b")},
		{At: at(6), Plan: of("a", "c"), End: &run.End{Outcomes: []run.Ended{{Target: "a", Result: run.Done}, {Target: "c", Result: run.Failed}}}},
		{At: at(5), Plan: of("d"), End: &run.End{Exit: 17}},
	}
	for target, want := range map[string]string{
		"a": "2025-01-08 03:04Z under way", "b": "2025-01-07 03:04Z broken off", "c": "2025-01-06 03:04Z failed", "d": "2025-01-05 03:04Z exit code 17", "e": "",
	} {
		if got := lastRun(past, target); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}
