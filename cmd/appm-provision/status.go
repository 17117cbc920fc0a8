package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

func (a *app) statusCommand() *cobra.Command {
	var every time.Duration
	cmd := &cobra.Command{
		Use: "status", Short: "Show how nodes and databases are", Args: cobra.NoArgs,
		Example: "  appm-provision status\n  appm-provision status --watch --limit store\n  appm-provision status --watch=30s >>status.log    # only what changes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("watch") {
				return a.watch(cmd.Context(), every)
			}
			s, err := a.prepare(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			if err := s.openReachable(cmd.Context()); err != nil {
				return err
			}
			rows, err := s.status(cmd.Context())
			if rows != nil && a.json {
				a.answer(report.NewStatus(s.inv.Name, rows))
			} else if rows != nil {
				if printed := report.Status(a.stdout, rows); printed != nil {
					return printed
				}
			}
			return err
		},
	}
	a.deploymentFlags(cmd)
	cmd.Flags().DurationVar(&every, "watch", 0, "look `again`, every 5s or as often as =30s says")
	cmd.Flags().Lookup("watch").NoOptDefVal = "5s"
	return cmd
}

// status looks once. With rows and an error both, the table has been made and
// the error says what it cannot: a node that cannot use its databases.
func (s *session) status(ctx context.Context) ([]report.Row, error) {
	s.inquiries = map[string]converge.Inquiry{}
	for host := range s.conns {
		if links := s.links(host); len(links) > 0 {
			s.inquiries[host] = converge.Inquiry{Links: links}
		}
	}
	state, p, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	proofs := s.prove(ctx)
	errs := []error{proven(proofs, func(run.Event) {})} // the table has said the rest
	for _, h := range s.inv.Hosts {
		errs = append(errs, s.down[h.Name])
	}
	return s.rows(state, p, proofs), errors.Join(errs...)
}

// openReachable goes on without the hosts that cannot be reached: of them the
// table says that, and of the others how they are. Where none is left, or what
// is wrong is on this machine, it is an error.
func (s *session) openReachable(ctx context.Context) error {
	s.down, s.steps = nil, changing(steps.For(s.deployment))
	err := s.open(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	down := byHost(err)
	var words []string
	for _, n := range s.inv.Nodes {
		if s.sel.Has(n.Name) && down[n.Host] == nil && s.conns[n.Host] != nil {
			words = append(words, n.Name)
		}
	}
	for _, host := range s.wanted() {
		if down[host] == nil && s.conns[host] == nil {
			return err
		}
	}
	if len(words) == 0 || down[s.inv.Database.Via] != nil && s.touchesDatabase() {
		return err
	}
	d := s.deployment
	if d.Select, err = s.inv.Select(words); err != nil {
		return err
	}
	d.Select.Database = s.sel.Database
	s.down, s.steps = down, changing(steps.For(d))
	if s.touchesDatabase() {
		s.db, err = s.openDatabase()
	}
	return err
}

// changing are the steps without those that only look on: what check refuses is no
// reason to show nothing.
func changing(list []plan.Step) []plan.Step {
	return slices.DeleteFunc(list, func(s plan.Step) bool { return s.Whole })
}

// rows are the table of status: one for each node, and one for the databases.
func (s *session) rows(state *plan.State, p *plan.Plan, proofs []proof) []report.Row {
	var rows []report.Row
	past := s.pastRuns()
	for _, n := range s.inv.Nodes {
		if !s.sel.Has(n.Name) {
			continue
		}
		row := report.Row{Name: n.Name, Role: string(n.Role), Host: n.Host, Server: "unreachable", Drift: []string{"?"}}
		if s.down[n.Host] == nil {
			row = s.nodeRow(state, p, n)
			row.Database = databaseWord(proofs, n)
		}
		row.LastRun = lastRun(past, n.Host)
		rows = append(rows, row)
	}
	if s.db == nil {
		return rows
	}
	row := report.Row{Name: plan.Deployment, Server: s.inv.Database.Name + ":" + strconv.Itoa(s.inv.Database.Port), LastRun: lastRun(past, plan.Deployment)}
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

func (s *session) nodeRow(state *plan.State, p *plan.Plan, n inventory.Node) report.Row {
	row := report.Row{Name: n.Name, Role: string(n.Role), Host: n.Host, Server: "stopped", Version: steps.Version(state, n)}
	if s.isBare(state, n) {
		row.Version = "" // the state has what the pack will bring
	}
	own := false // something of its home has drifted
	for _, c := range p.On(n.Host) {
		if c.Node != n.Name && c.Node != "" {
			continue
		}
		if _, is := c.After.(*plan.Server); is {
			row.Stale = nowAndThen.Replace(c.Why)
			continue
		}
		own = own || c.Node == n.Name
		row.Drift = append(row.Drift, path.Base(c.Ref.Path))
	}
	o, err := state.Found(plan.Ref{Target: n.Host, Kind: plan.KindServer, Path: n.Home})
	server, is := o.(*plan.Server)
	if err != nil || !is || !server.Running {
		return row
	}
	row.Server, row.Up = "process "+strconv.Itoa(server.PID), time.Duration(server.Age)
	row.Config = s.config(state, n, own)
	row.Cluster = s.clusterWord(n)
	return row
}

// config says what configuration a server runs on: older than that of its home,
// foreign, which is in its home and not of the inventory, or the current one.
func (s *session) config(state *plan.State, n inventory.Node, drifted bool) string {
	since, err := s.deployment.Since(state, n)
	switch {
	case err != nil:
		return ""
	case len(since) > 0:
		return "older"
	case drifted:
		return "foreign"
	}
	return "current"
}

// pastRuns are the runs of this deployment that this machine has recorded, the
// newest first. That there are none that can be read is no reason not to look.
func (s *session) pastRuns() []*run.Past {
	dir, err := stateDir()
	if err != nil {
		return nil
	}
	list, err := run.List(dir, s.inv.Name)
	if err != nil {
		return nil
	}
	return list
}

// lastRun is the newest run that had something to do on the target.
func lastRun(past []*run.Past, target string) string {
	for _, p := range past {
		if word := became(p, target); word != "" {
			return p.At.UTC().Format("2006-01-02 15:04Z") + " " + word
		}
	}
	return ""
}

// became is what became of the target in a run; "" where the run had nothing to
// do with it.
func became(p *run.Past, target string) string {
	if p.Plan == nil {
		return ""
	}
	concerned := false
	for _, c := range p.Plan.Changes {
		concerned = concerned || c.Target == target
	}
	switch {
	case !concerned:
		return ""
	case p.UnderWay:
		return "under way"
	case p.End == nil:
		return "broken off"
	}
	for _, o := range p.End.Outcomes {
		if o.Target == target {
			return string(o.Result)
		}
	}
	return fmt.Sprintf("exit code %d", p.End.Exit)
}
