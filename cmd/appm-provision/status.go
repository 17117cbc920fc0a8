package main

import (
	"path"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
)

// rows are the table of status: one for each node, and one for the databases.
func (s *session) rows(state *plan.State, p *plan.Plan, proofs []proof) []report.Row {
	var rows []report.Row
	for _, n := range s.inv.Nodes {
		if s.sel.Has(n.Name) {
			row := nodeRow(state, p, n)
			row.Database = databaseWord(proofs, n)
			rows = append(rows, row)
		}
	}
	if s.db == nil {
		return rows
	}
	row := report.Row{Name: plan.Deployment, Server: s.inv.Database.Name + ":" + strconv.Itoa(s.inv.Database.Port)}
	if o, err := state.Found(plan.Ref{Target: plan.Deployment, Kind: plan.KindMySQL}); err == nil {
		if server, is := o.(*plan.MySQL); is {
			row.Server = server.Flavor + " " + server.Version
		}
	}
	for _, c := range p.On(plan.Deployment) {
		row.Drift = append(row.Drift, string(c.Ref.Kind)+" "+c.Ref.Path)
	}
	return append(rows, row)
}

// databaseWord says whether the node can use its databases; the reasons are for
// stderr, as they are long.
func databaseWord(proofs []proof, n inventory.Node) string {
	for _, p := range proofs {
		switch {
		case p.node.Name != n.Name:
		case !p.provable:
			return "not provable"
		case p.err != nil:
			return "FAILS"
		default:
			return "ok"
		}
	}
	return ""
}

// nowAndThen turns a plan's reasons into what is the case now.
var nowAndThen = strings.NewReplacer(" changes with this plan", " has drifted", " change with this plan", " have drifted")

func nodeRow(state *plan.State, p *plan.Plan, n inventory.Node) report.Row {
	row := report.Row{Name: n.Name, Role: string(n.Role), Host: n.Host, Server: "stopped"}
	o, err := state.Found(plan.Ref{Target: n.Host, Kind: plan.KindServer, Path: n.Home})
	if server, is := o.(*plan.Server); err == nil && is && server.Running {
		row.Server, row.Up = "process "+strconv.Itoa(server.PID), server.Age
	}
	for _, c := range p.On(n.Host) {
		if c.Node != n.Name && c.Node != "" {
			continue
		}
		if _, is := c.After.(*plan.Server); is {
			row.Stale = nowAndThen.Replace(c.Why)
			continue
		}
		row.Drift = append(row.Drift, path.Base(c.Ref.Path))
	}
	return row
}
