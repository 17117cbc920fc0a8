package steps

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// HostEntries maps the database's name and those of the roles in the hosts file,
// in a block that carries the deployment's name. A name that another line maps to
// the wanted address needs none; one that maps it elsewhere is a conflict, because
// which of two lines wins is the resolver's choice (facts.md section 7).
func HostEntries(d Deployment, h inventory.Host) plan.Step {
	ref := plan.Ref{Target: h.Name, Kind: plan.KindFile, Path: h.HostsFile}
	return plan.Step{
		Name: "host entries", Scope: plan.ScopeHost, For: h.Name,
		Needs: []plan.Need{{Ref: ref}},
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			o, err := s.Get(ref)
			if err != nil {
				return nil, nil, err
			}
			after := &plan.File{}
			if f, is := o.(*plan.File); is {
				*after = *f
			} else {
				after.Mode = 0o644
			}
			after.Data, err = withEntries(after.Data, d.Inventory.Name, d.entries(h))
			if err != nil {
				return nil, nil, conflicts(ref, err)
			}
			if o == nil && len(after.Data) == 0 {
				return nil, nil, nil
			}
			return []plan.Want{{Ref: ref, After: after, Why: "names of database and servers"}}, nil, nil
		},
	}
}

// conflicts gives each of the errors of a file its place.
func conflicts(r plan.Ref, err error) error {
	parts := []error{err}
	if joined, is := err.(interface{ Unwrap() []error }); is {
		parts = joined.Unwrap()
	}
	var list []error
	for _, part := range parts {
		list = append(list, &plan.Error{Cause: plan.Conflict, Ref: r, Text: part.Error()})
	}
	return errors.Join(list...)
}

// entry is one name and the address it stands for.
type entry struct{ address, name string }

// entries are what a host must resolve. The database's name maps to the
// database host's own address everywhere, so that URL and grant stay the same
// on all nodes; each role's nodes know themselves as 127.0.0.1, as the page has it
// of Publisher and Store, where the ports of its URLs are their own.
func (d Deployment) entries(h inventory.Host) []entry {
	inv := d.Inventory
	var list []entry
	for _, name := range inv.Database.HostNames() {
		list = append(list, entry{inv.Database.Address, name})
	}
	if !h.Entries { // where the others are is not ours to say
		return list
	}
	for _, role := range inventory.Roles {
		shared := inv.Shared(role)
		address := shared.Address
		for _, n := range inv.NodesOn(h.Name) {
			if n.Role == role && (!inv.Wiring.Manage || shared.Leads(n)) {
				address = "127.0.0.1"
			}
		}
		list = append(list, entry{address, shared.Name})
	}
	return slices.DeleteFunc(list, func(e entry) bool {
		_, err := netip.ParseAddr(e.name)
		return e.address == "" || e.name == "" || err == nil // an address needs no line
	})
}

// withEntries returns the hosts file with the block of the deployment brought
// up to date. Everything outside the block keeps its bytes.
func withEntries(src []byte, name string, wanted []entry) ([]byte, error) {
	begin, end := "# appm-provision "+name+": begin", "# appm-provision "+name+": end"
	before, after, found, err := cutBlock(src, begin, end)
	if err != nil {
		return nil, err
	}
	foreign := append(parseHosts(before, 1), parseHosts(after, 1+bytes.Count(src[:len(src)-len(after)], []byte("\n")))...)
	eol := "\n"
	if bytes.Contains(src, []byte("\r\n")) || bytes.HasSuffix(src, []byte("\r")) {
		eol = "\r\n"
	}
	var block strings.Builder
	var errs []error
	for _, w := range wanted {
		there, err := mapped(foreign, w)
		if err != nil {
			errs = append(errs, err)
		}
		if !there {
			fmt.Fprintf(&block, "%s\t%s%s", w.address, w.name, eol)
		}
	}
	switch {
	case len(errs) > 0:
		return nil, errors.Join(errs...)
	case block.Len() == 0 && !found:
		return src, nil
	case block.Len() == 0:
		return slices.Concat(before, after), nil
	}
	if len(before) > 0 && before[len(before)-1] != '\n' {
		before = slices.Concat(bytes.TrimSuffix(before, []byte("\r")), []byte(eol))
	}
	return slices.Concat(before, []byte(begin+eol+block.String()+end+eol), after), nil
}

// cutBlock splits the file around the managed block.
func cutBlock(src []byte, begin, end string) (before, after []byte, found bool, err error) {
	var at, to []int
	line, offset := 0, 0
	var marked []int // lines of either marker
	for l := range bytes.Lines(src) {
		line++
		switch strings.TrimSpace(string(l)) {
		case begin:
			at, marked = append(at, offset), append(marked, line)
		case end:
			to, marked = append(to, offset+len(l)), append(marked, line)
		}
		offset += len(l)
	}
	switch {
	case len(at) == 0 && len(to) == 0:
		return src, nil, false, nil
	case len(at) != 1 || len(to) != 1 || to[0] < at[0]:
		return nil, nil, false, fmt.Errorf("line %d: the block between %q and %q is damaged; remove its lines and plan again", marked[0], begin, end)
	}
	return src[:at[0]], src[to[0]:], true, nil
}

// foreignLine is one mapping that is not ours.
type foreignLine struct {
	line    int
	address string
	name    string
}

func parseHosts(src []byte, first int) []foreignLine {
	var list []foreignLine
	for l := range bytes.Lines(src) {
		text, _, _ := strings.Cut(string(l), "#")
		words := strings.Fields(text)
		for _, name := range words[min(1, len(words)):] {
			list = append(list, foreignLine{first, words[0], name})
		}
		first++
	}
	return list
}

// mapped tells whether a foreign line maps the name as wanted.
func mapped(foreign []foreignLine, w entry) (bool, error) {
	there := false
	for _, f := range foreign {
		if !strings.EqualFold(f.name, w.name) {
			continue
		}
		if !sameAddress(f.address, w.address) {
			return false, fmt.Errorf("line %d: maps %s to %s, but it must be %s here; correct or remove that line", f.line, f.name, f.address, w.address)
		}
		there = true
	}
	return there, nil
}

func sameAddress(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX != nil || errY != nil {
		return a == b
	}
	return x.Unmap() == y.Unmap()
}
