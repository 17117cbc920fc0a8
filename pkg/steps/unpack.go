package steps

import (
	"fmt"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Pack is the distribution zip that homes are unpacked from; the zero Pack: none
// is given, and every home has to be there.
type Pack struct {
	Name    string // the zip's file name
	Version string // of the product in it
	SHA256  string // of the zip
	URL     string // where hosts fetch it from; "": it is brought to them
	Packed  int64  // bytes of the zip
	Files   int
	Size    int64 // bytes, unpacked
	// Owners are those that homes get, by host: the service user, or who logs in.
	Owners map[string]string
}

// Given tells whether there is one.
func (p Pack) Given() bool { return p.SHA256 != "" }

// Fits refuses a pack of a release that the steps do not know.
func (p Pack) Fits() error {
	if p.Version != version {
		return fmt.Errorf("is App Manager %s; this tool knows %s", p.Version, version)
	}
	return nil
}

func packs(inv inventory.Inventory) bool { return inv.Pack.Given() }

func packsForUser(inv inventory.Inventory) bool {
	return inv.Pack.Given() && inv.Product.ServiceUser != ""
}

// homeOf is the home as one resource: it is there as a whole or not at all.
func homeOf(n inventory.Node) plan.Need {
	return plan.Need{Ref: at(n, plan.KindHome, "")}
}

// Unpack wants the home there. One that is there is never touched, whatever is in
// it: what that is the steps after this one look at.
func Unpack(d Deployment, n inventory.Node) plan.Step {
	home := homeOf(n)
	server := need(n, plan.KindServer, "")
	server.As = ""
	return plan.Step{
		Name: "unpack", Scope: plan.ScopeNode, For: n.Name,
		Needs: []plan.Need{home, server},
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			found, err := s.Found(home.Ref)
			if err != nil {
				return nil, nil, err
			}
			want := plan.Want{Ref: home.Ref, Node: n.Name, After: found, Why: "is there, and is never unpacked over"}
			if found != nil {
				return []plan.Want{want}, nil, nil
			}
			if o, err := s.Found(server.Ref); err != nil {
				return nil, nil, err
			} else if running, is := o.(*plan.Server); is && running.Running {
				return nil, nil, conflict(n, home.Ref, fmt.Sprintf("it is gone, and the server that was started from it still runs (pid %d); stop that one first", running.PID))
			}
			p := d.Pack
			want.Why = "App Manager " + p.Version
			want.After = &plan.Home{
				Meta:    plan.Meta{Mode: 0o755, Owner: p.Owners[n.Host]},
				Version: p.Version, Pack: p.Name, SHA256: p.SHA256, URL: p.URL, Packed: p.Packed, Files: p.Files, Size: p.Size,
			}
			return []plan.Want{want}, nil, nil
		},
	}
}

// ServiceUser wants the user that homes are unpacked for, where one is to be.
func ServiceUser(d Deployment, h inventory.Host) plan.Step {
	name := d.Inventory.Product.ServiceUser
	user := plan.Need{Ref: plan.Ref{Target: h.Name, Kind: plan.KindUser, Path: name}}
	var homes []plan.Need
	for _, n := range d.Inventory.NodesOn(h.Name) {
		if d.Select.Has(n.Name) {
			homes = append(homes, homeOf(n))
		}
	}
	return plan.Step{
		Name: "service user", Scope: plan.ScopeHost, For: h.Name,
		Needs: append([]plan.Need{user}, homes...),
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			wanted := false
			for _, home := range homes {
				o, err := s.Found(home.Ref)
				wanted = wanted || err == nil && o == nil
			}
			found, err := s.Found(user.Ref)
			switch {
			case !wanted:
				return nil, nil, nil
			case err != nil:
				return nil, nil, err
			case found != nil:
				return []plan.Want{{Ref: user.Ref, After: found, Why: "is there"}}, nil, nil
			case !d.Inventory.Pack.CreateUser:
				return nil, nil, &plan.Error{Cause: plan.Missing, Ref: user.Ref, Text: "there is no such user, for whom a home is to be unpacked; make it, or write create_user = true under [pack]"}
			}
			return []plan.Want{{Ref: user.Ref, After: &plan.User{Shell: noLogin}, Why: "the servers run as it"}}, nil, nil
		},
	}
}

// noLogin keeps people from logging in as the service user. Servers are started
// without its shell.
const noLogin = "/usr/sbin/nologin"
