package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
)

// What must be free. A configuration file is written beside the one that it
// replaces, and the driver stands in the folder for uploads and in lib at a
// time; an ailing server is one that cannot write its log. Below scarce a first
// start, which unpacks the product's web applications, may fail.
const (
	roomForFiles = 16 << 20
	scarce       = 512 << 20
	fewNodes     = 64
	scarceNodes  = 1024
)

func (p *preflight) space(host string, h converge.Health) {
	var said []string
	p.roomToUnpack(host, h)
	for _, s := range h.Space {
		if p.leads(host, s) {
			continue
		}
		text, level := p.spaceOf(host, s)
		if level == report.NotChecked {
			continue
		}
		node := ""
		for _, n := range p.inv.NodesOn(host) {
			if n.Home == s.Home {
				node = n.Name
			}
		}
		if level == report.OK || !slices.Contains(said, text) {
			p.add(level, host, node, checkSpace, exitMissing, "%s", text)
		}
		said = append(said, text)
	}
}

// spaceOf judges one folder.
func (p *preflight) spaceOf(host string, s converge.Space) (string, report.Level) {
	room := int64(roomForFiles)
	for _, b := range p.blobs {
		room = max(room, roomForFiles+2*b.Size)
	}
	home := s.Home != ""
	switch {
	case !s.There && s.Asked == "~":
		return s.Folder + " is not there, and uploads go to a folder in it; make it, for who logs in", report.Warning
	case !s.There:
		return "", report.NotChecked // the steps say what is missing of a home
	case s.Free >= 0 && s.Free < room && (home || s.Asked == "~"), s.Free >= 0 && s.Free < 1<<20:
		return fmt.Sprintf("only %s are free for %s, and %s are needed; make room", size(s.Free), s.Folder, size(room)), report.Failure
	case s.FreeNodes >= 0 && s.FreeNodes < fewNodes:
		return fmt.Sprintf("only %d inodes are free for %s; remove files there", s.FreeNodes, s.Folder), report.Failure
	case !s.Writable && p.writes(host, s):
		return s.Folder + ": " + p.cannotWrite(host, s), report.Failure
	case home && s.Free >= 0 && s.Free < scarce:
		return fmt.Sprintf("only %s are free for %s, which a server's first start may need; make room", size(s.Free), s.Folder), report.Warning
	case home && s.FreeNodes >= 0 && s.FreeNodes < scarceNodes:
		return fmt.Sprintf("only %d inodes are free for %s, which a server's first start may need; remove files there", s.FreeNodes, s.Folder), report.Warning
	}
	if home && s.Folder != s.Home {
		return "", report.NotChecked // its home's line says enough
	}
	return fmt.Sprintf("%s free for %s", size(s.Free), s.Folder), report.OK
}

func (p *preflight) cannotWrite(host string, s converge.Space) string {
	who := "who logs in"
	if s.Home != "" {
		who = "the owner of " + s.Home
	}
	return who + " may not write there; correct the folder's owner or mode, turn sudo on for the host, or mount the file system read-write"
}

// writes tells whether a run changes a file of the folder: one that it leaves
// alone may be closed to it.
func (p *preflight) writes(host string, s converge.Space) bool {
	if p.plan == nil {
		return s.Asked != "~"
	}
	return slices.ContainsFunc(p.plan.On(host), func(c plan.Change) bool {
		if _, upload := c.After.(*plan.Blob); upload && s.Asked == "~" {
			return true
		}
		folder := path.Dir(c.Ref.Path)
		return c.Stage() == plan.StageFiles && (folder == s.Folder || strings.HasPrefix(folder, s.Folder+"/") && s.Folder != s.Home)
	})
}

func size(n int64) string {
	switch {
	case n < 0:
		return "an unknown amount"
	case n < 10<<20:
		return fmt.Sprintf("%d KB", n>>10)
	case n < 10<<30:
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d GB", n>>30)
}

// Clocks. The product's identity.xml has a TimestampSkew of 300 s: a ticket of
// single sign-on that is younger or older than that by the clock of the node
// that reads it is refused, so nobody can log in. From a few seconds on, the
// logs of four servers cannot be put in one order.
const (
	clockLoose  = 5 * time.Second
	clockBroken = 300 * time.Second
)

// clocks compares each host's with the middle one of all, ours among them, so
// that the one that is wrong is named, and not all others.
func (p *preflight) clocks() {
	all := []time.Duration{0} // our own
	for _, h := range p.health {
		all = append(all, h.Clock.Middle())
	}
	slices.Sort(all)
	middle := all[(len(all)-1)/2]
	for _, host := range p.asked {
		h, known := p.health[host]
		if !known {
			continue
		}
		switch off := h.Clock.Apart(middle); {
		case off >= clockBroken:
			p.add(report.Failure, host, "", checkClock, exitConflict, "its clock is %s; single sign-on between the nodes takes 5 minutes at most: set it, and keep it set by NTP", aheadText(h.Clock, middle))
		case off >= clockLoose:
			p.add(report.Warning, host, "", checkClock, 0, "its clock is %s; set it, and keep it set by NTP", aheadText(h.Clock, middle))
		default:
			p.ok(host, "", checkClock, "")
		}
	}
	if off := middle.Abs(); off >= clockLoose && len(p.health) > 1 {
		p.warn("this machine's clock differs from the hosts' by %s; set one of them", off.Round(time.Second))
	}
}

func aheadText(c converge.Clock, middle time.Duration) string {
	off := (c.Middle() - middle).Round(time.Second)
	if off < 0 {
		return (-off).String() + " behind the other machines'"
	}
	return off.String() + " ahead of the other machines'"
}
