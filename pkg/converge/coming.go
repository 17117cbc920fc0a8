package converge

import (
	_ "embed"
	"errors"
	"path"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/pack"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

//go:embed probe_user.sh
var probeUser string

// parseUser reads what probe_user.sh printed.
func parseUser(out string) plan.Object {
	group := strings.TrimSpace(out)
	if group == "" {
		return nil
	}
	return &plan.User{Group: group}
}

// Coming puts into the state what the pack will have brought to the homes that
// are not there: what steps want of them is then planned against the pack's own
// files, and an apply that unpacked them finds these. Homes are those that are
// needed as such; owner is whom one gets, by its host. What has to be asked of
// the hosts again, as the owner of a home was to be asked and there is none, is
// returned.
func Coming(state *plan.State, needs []plan.Need, p *pack.Pack, owner func(target string) string) (again []plan.Need, err error) {
	var homes []plan.Ref
	for _, n := range needs {
		if o, err := state.Found(n.Ref); n.Kind == plan.KindHome && err == nil && o == nil {
			homes = append(homes, n.Ref)
		}
	}
	if len(homes) == 0 {
		return nil, nil
	}
	c := &coming{state: state, pack: p, sums: map[string]string{}}
	var errs []error
	for _, n := range needs {
		for _, home := range homes {
			rel, below := strings.CutPrefix(n.Path+"/", home.Path+"/")
			switch {
			case n.Target != home.Target:
			case n.Kind == plan.KindJava && n.As == home.Path:
				n.As = ""
				again = append(again, n)
			case below && isOfHome(n.Kind):
				errs = append(errs, c.put(n.Ref, strings.TrimSuffix(rel, "/"), owner(n.Target)))
			}
		}
	}
	return again, errors.Join(errs...)
}

// isOfHome tells the kinds of what a pack brings.
func isOfHome(k plan.Kind) bool {
	return k == plan.KindFile || k == plan.KindBlob || k == plan.KindDir || k == plan.KindListing
}

// coming fills one state from one pack.
type coming struct {
	state *plan.State
	pack  *pack.Pack
	sums  map[string]string // of files that several homes have
}

func (c *coming) put(r plan.Ref, rel, owner string) error {
	switch r.Kind {
	case plan.KindListing:
		listing := &plan.Listing{}
		home := strings.TrimSuffix(r.Path, "/"+rel)
		for _, match := range c.pack.Glob(rel) {
			ref := plan.Ref{Target: r.Target, Kind: plan.KindBlob, Path: path.Join(home, match)}
			listing.Matches = append(listing.Matches, ref)
			if err := c.put(ref, match, owner); err != nil {
				return err
			}
		}
		c.state.Put(r, listing)
		return nil
	case plan.KindDir:
		c.state.Put(r, nil)
		if c.pack.Folder(rel) {
			c.state.Put(r, &plan.Dir{Meta: plan.Meta{Mode: 0o755, Owner: owner}})
		}
		return nil
	}
	object, err := c.object(r.Kind, rel, owner)
	c.state.Put(r, object)
	return err
}

// object is a file of the pack; nil where it has none of that name.
func (c *coming) object(k plan.Kind, rel, owner string) (plan.Object, error) {
	f, there := c.pack.File(rel)
	if !there {
		return nil, nil
	}
	meta := plan.Meta{Mode: uint32(f.Mode), Owner: owner}
	if k == plan.KindFile {
		data, err := c.pack.Read(rel)
		return &plan.File{Meta: meta, Data: data}, err
	}
	sum := c.sums[rel]
	if sum == "" {
		var err error
		if sum, err = c.pack.Sum(rel); err != nil {
			return nil, err
		}
		c.sums[rel] = sum
	}
	return &plan.Blob{Meta: meta, Size: f.Size, SHA256: sum}, nil
}
