package steps

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// gone is why everything of a deployment that is taken away goes.
const gone = "the deployment is taken away"

// Out are the steps that take a deployment away, or the selected part of it:
// what For's steps want there, as far as this tool made it. Servers stop against
// the order in which they start. The databases go only where they are selected.
func Out(d Deployment) []plan.Step {
	var list []plan.Step
	for _, n := range slices.Backward(d.nodes()) {
		list = append(list, d.stopOut(n))
	}
	for _, n := range d.nodes() {
		n.Service = inventory.ServiceNone
		list = append(list, because(gone, UnitFile(d, n)), because(gone, Service(d, n)))
	}
	for _, h := range d.Inventory.Hosts {
		if h.Entries && d.wholly(h) {
			list = append(list, d.entriesOut(h))
		}
	}
	for _, n := range d.nodes() {
		list = append(list, d.homeOut(n))
	}
	if d.Select.Database && d.Inventory.Database.Manage {
		list = append(list, d.databasesOut())
	}
	return list
}

func (d Deployment) nodes() []inventory.Node {
	return slices.DeleteFunc(slices.Clone(d.Inventory.Nodes), func(n inventory.Node) bool { return !d.Select.Has(n.Name) })
}

// wholly tells whether all nodes of a host are selected, and there is one: what
// belongs to the host goes with the last of them.
func (d Deployment) wholly(h inventory.Host) bool {
	return len(h.Nodes) > 0 && !slices.ContainsFunc(h.Nodes, func(n string) bool { return !d.Select.Has(n) })
}

// because gives all that a step changes one reason, and the last stage.
func because(why string, step plan.Step) plan.Step {
	ask := step.Want
	step.Want = func(s *plan.State) ([]plan.Want, []plan.Note, error) {
		wants, notes, err := ask(s)
		for i := range wants {
			wants[i].Why, wants[i].During = why, plan.StageRemove
		}
		return wants, notes, err
	}
	return step
}

// stopOut wants the node's server stopped, before anything is taken from under it.
func (d Deployment) stopOut(n inventory.Node) plan.Step {
	server := need(n, plan.KindServer, "")
	server.As = ""
	n.Running, n.Service = false, inventory.ServiceNone
	return plan.Step{
		Name: "stop", Scope: plan.ScopeNode, For: n.Name, Needs: []plan.Need{server, {Ref: d.unit(n)}},
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			o, err := s.Found(server.Ref)
			if err != nil {
				return nil, nil, err
			}
			found := o.(*plan.Server)
			if !found.Running {
				return nil, nil, nil
			}
			after := &plan.Server{Start: &plan.Start{StopTimeout: round(d.Inventory.Product.StopTimeout), Leaves: d.leaves(n, found)}}
			return []plan.Want{{Ref: server.Ref, As: n.Home, Node: n.Name, After: after, Why: gone, During: plan.StageStop}}, nil, d.mayUse(s, n, after)
		},
	}
}

// entriesOut takes our block out of the hosts file; all else keeps its bytes.
func (d Deployment) entriesOut(h inventory.Host) plan.Step {
	ref := plan.Ref{Target: h.Name, Kind: plan.KindFile, Path: h.HostsFile}
	return plan.Step{
		Name: "host entries", Scope: plan.ScopeHost, For: h.Name, Needs: []plan.Need{{Ref: ref}},
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			o, err := s.Get(ref)
			file, is := o.(*plan.File)
			if err != nil || !is {
				return nil, nil, err
			}
			after := *file
			if after.Data, err = withEntries(file.Data, d.Inventory.Name, nil); err != nil {
				return nil, nil, conflicts(ref, err)
			}
			if bytes.Equal(after.Data, file.Data) {
				return nil, nil, nil
			}
			return []plan.Want{{Ref: ref, After: &after, Why: gone, During: plan.StageRemove}}, nil, nil
		},
	}
}

// homeOut wants a home gone that we unpacked. Of another nobody knows what else
// is in it, so it stays, and that is said.
func (d Deployment) homeOut(n inventory.Node) plan.Step {
	ref := at(n, plan.KindUnpacked, "")
	return plan.Step{
		Name: "home", Scope: plan.ScopeNode, For: n.Name, Needs: []plan.Need{{Ref: ref, State: d.Inventory.HostOf(n).StateDir}},
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			o, err := s.Get(ref)
			home, is := o.(*plan.Unpacked)
			switch {
			case err != nil || !is:
				return nil, nil, err
			case home.Left && !home.Ours:
				return []plan.Want{{Ref: ref, Node: n.Name, Why: "its removal was cut off", During: plan.StageRemove}}, nil, nil
			case !home.Ours:
				return nil, []plan.Note{{Target: n.Host, Node: n.Name, Text: "the home " + n.Home + " stays, with its configuration and driver as they are: no note on the host says that this tool unpacked it"}}, nil
			}
			why := gone + "; with all that is in it, unpacked by this tool from " + home.Pack
			return []plan.Want{{Ref: ref, Node: n.Name, Why: why, During: plan.StageRemove}}, nil, nil
		},
	}
}

// databasesOut wants the databases gone with all that is in them, and the
// account at the addresses that it was made for.
func (d Deployment) databasesOut() plan.Step {
	db := d.Inventory.Database
	needs := []plan.Need{{Ref: database(plan.KindMySQL, "")}, {Ref: database(plan.KindAccount, db.User)}}
	for _, schema := range schemas(db) {
		needs = append(needs, plan.Need{Ref: database(plan.KindSchema, schema.name)})
	}
	return plan.Step{
		Name: "databases", Scope: plan.ScopeDeployment, For: plan.Deployment, Needs: needs,
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			var wants []plan.Want
			var drop []string
			for _, schema := range schemas(db) {
				w, err := schemaOut(s, schema.name)
				if err != nil {
					return nil, nil, err
				}
				if w.Ref.Path != "" {
					wants, drop = append(wants, w), append(drop, schema.name)
				}
			}
			w, list, err := d.accountOut(s)
			if err != nil {
				return nil, nil, err
			}
			notes, err := d.feasibleOut(s, drop, list)
			return append(wants, w...), notes, err
		},
	}
}

// schemaOut is the zero Want where there is no such schema.
func schemaOut(s *plan.State, name string) (plan.Want, error) {
	o, err := s.Get(database(plan.KindSchema, name))
	schema, is := o.(*plan.Schema)
	if err != nil || !is {
		return plan.Want{}, err
	}
	why := gone + "; with all that is in it, " + tables(len(schema.Tables))
	if found, known := schema.Found.(dbinit.Schema); known && found.Ledger == nil {
		why += "; this tool did not load it"
	}
	return plan.Want{Ref: database(plan.KindSchema, name), Why: why, During: plan.StageRemove}, nil
}

func (d Deployment) accountOut(s *plan.State) ([]plan.Want, []dbinit.Statement, error) {
	db := d.Inventory.Database
	ref := database(plan.KindAccount, db.User)
	o, err := s.Get(ref)
	account, is := o.(*plan.Account)
	if err != nil || !is {
		return nil, nil, err
	}
	have, _ := account.Found.([]dbinit.Account)
	list := dbinit.DropAccounts(have, db.User, db.Hosts)
	if len(list) == 0 {
		return nil, nil, nil
	}
	after := &plan.Account{Grants: fromDB(list), Found: have}
	for _, e := range account.Entries {
		if name := db.User + "@" + e.Host; changes(list, name) {
			after.Entries = append(after.Entries, plan.Entry{Host: e.Host, Changes: true})
		}
	}
	return []plan.Want{{Ref: ref, After: after, Why: gone, During: plan.StageRemove}}, list, nil
}

// feasibleOut refuses what the server would not let be done.
func (d Deployment) feasibleOut(s *plan.State, drop []string, accounts []dbinit.Statement) ([]plan.Note, error) {
	if len(drop) == 0 && len(accounts) == 0 {
		return nil, nil
	}
	ref := database(plan.KindMySQL, "")
	o, err := s.Get(ref)
	if err != nil {
		return nil, err
	}
	server := o.(*plan.MySQL).Found.(dbinit.Server)
	if server.ReadOnly != "" {
		return nil, &plan.Error{Cause: plan.Denied, Ref: ref, Text: d.serverName() + " takes no writes: " + server.ReadOnly + " is on"}
	}
	if lacks := server.Lacks(dbinit.Job{Drop: drop, Account: accounts, Options: dbinit.Options{Ledger: d.Inventory.Database.Ledger}}); len(lacks) > 0 {
		return nil, &plan.Error{Cause: plan.Denied, Ref: ref, Text: fmt.Sprintf("%s lacks %s; grant it that, or name another admin under [database]", server.Admin, strings.Join(lacks, "; "))}
	}
	return nil, nil
}
