package main

import (
	"fmt"
	"path"
	"slices"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
)

// gzip is what deflated files of a pack are inflated with on a host.
const gzip = "gzip"

// block is what a file system gives a file at least.
const block = 4096

// above are the folders that lead to a home, the deepest first.
func above(home string) []string {
	var list []string
	for at := path.Dir(home); ; at = path.Dir(at) {
		list = append(list, at)
		if at == "/" {
			return list
		}
	}
}

// asksAbove adds what is to be known of the folders in which homes are unpacked,
// as far as they are there.
func (s *session) asksAbove(host string, q converge.Inquiry) converge.Inquiry {
	if s.pack == nil {
		return q
	}
	q.Spare = []string{gzip}
	for _, n := range s.nodesOn(host) {
		for _, folder := range above(n.Home) {
			if !slices.Contains(q.Folders, folder) {
				q.Folders = append(q.Folders, folder)
			}
		}
	}
	return q
}

// leads tells a folder that was asked for only as it is above a home.
func (p *preflight) leads(host string, s converge.Space) bool {
	h, _ := p.inv.Host(host)
	return s.Home == "" && s.Asked != "~" && s.Asked != folderOf(h.HostsFile)
}

// bare are the nodes of a host whose homes are to be unpacked.
func (p *preflight) bare(host string) []inventory.Node {
	var list []inventory.Node
	for _, n := range p.nodesOn(host) {
		if p.isBare(p.state, n) {
			list = append(list, n)
		}
	}
	return list
}

// isBare tells whether a node's home is to be unpacked.
func (s *session) isBare(state *plan.State, n inventory.Node) bool {
	if s.pack == nil {
		return false
	}
	o, err := state.Found(plan.Ref{Target: n.Host, Kind: plan.KindHome, Path: n.Home})
	return err == nil && o == nil
}

// filesystem tells one from another: a host does not say which one a folder is
// on, but two have hardly the same room left, to the byte and to the file.
type filesystem struct{ free, nodes int64 }

// room is what is wanted of one.
type room struct {
	bytes, files int64
	folders      []string
}

// roomToUnpack judges whether pack and homes find room, each file system by all
// that is to come to it, and whether homes may be made where they are to be.
func (p *preflight) roomToUnpack(host string, h converge.Health) {
	bare := p.bare(host)
	if len(bare) == 0 {
		return
	}
	zip := p.deployment.Pack.Packed
	if slices.Contains(h.Lacks, gzip) {
		zip = p.pack.Size
		if p.deployment.Pack.URL != "" {
			p.add(report.Failure, host, "", checkTools, exitMissing, "the host lacks gzip, which is needed to unpack a pack that it fetches itself; install it, or write no url under [pack]: then the pack is brought there undeflated")
		}
	}
	want := map[filesystem]*room{}
	var order []filesystem
	add := func(s converge.Space, bytes, files int64) {
		fs := filesystem{s.Free, s.FreeNodes}
		if want[fs] == nil {
			want[fs] = &room{}
			order = append(order, fs)
		}
		w := want[fs]
		w.bytes, w.files = w.bytes+bytes, w.files+files
		if !slices.Contains(w.folders, s.Folder) {
			w.folders = append(w.folders, s.Folder)
		}
	}
	for _, s := range h.Space {
		if s.Asked == "~" && s.There && p.deployment.Pack.URL == "" {
			add(s, zip, 1)
		}
	}
	files := int64(len(p.pack.Files) + len(p.pack.Folders))
	for _, n := range bare {
		s, found := deepest(h.Space, above(n.Home))
		if !found {
			continue
		}
		if !s.Writable {
			p.add(report.Failure, host, n.Name, checkSpace, exitMissing, "%s cannot be unpacked: who does it may not write to %s; correct that folder's owner or mode, or turn sudo on for the host", n.Home, s.Folder)
		}
		add(s, p.pack.Size+files*block, files)
	}
	for _, fs := range order {
		w := want[fs]
		if fs.free >= 0 && fs.free < w.bytes+roomForFiles {
			p.add(report.Failure, host, "", checkSpace, exitMissing, "only %s are free for %s, and pack and homes need %s; make room", size(fs.free), words(w.folders), size(w.bytes+roomForFiles))
		}
		if fs.nodes >= 0 && fs.nodes < w.files+fewNodes {
			p.add(report.Failure, host, "", checkSpace, exitMissing, "only %d inodes are free for %s, and pack and homes need %d; remove files there", fs.nodes, words(w.folders), w.files+fewNodes)
		}
	}
}

// deepest is the first of the folders that is there.
func deepest(spaces []converge.Space, folders []string) (converge.Space, bool) {
	for _, folder := range folders {
		for _, s := range spaces {
			if s.Asked == folder && s.Home == "" && s.There {
				return s, true
			}
		}
	}
	return converge.Space{}, false
}

func words(list []string) string {
	text := list[0]
	for _, w := range list[1:] {
		text = fmt.Sprintf("%s and %s", text, w)
	}
	return text
}
