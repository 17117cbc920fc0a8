package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// pictures is the deployment drawn twice, for a wide page and a narrow one,
// and told in words.
type pictures struct {
	Wide, Tall *drawing
	Words      []string
	Legend     []tally
	Cluster    bool
}

// most is how many nodes stand side by side; more stand one below the other.
const most = 6

// scene is what both drawings show.
type scene struct {
	layout *run.Layout
	hosts  []run.Machine // that carry nodes, in role order
	marks  map[spot][]inked
	kinds  map[spot]string  // fresh or touched, of what changes
	result map[string]inked // of a run, by target
}

// spot is where a change belongs: a host, a node of it, a database.
type spot struct{ target, node, database string }

func draw(l *run.Layout, p *run.Past) *pictures {
	sc := newScene(l, p)
	pics := &pictures{Words: sc.words(), Legend: tallies(p.Plan), Cluster: l.Cluster != ""}
	pics.Tall = sc.tall(340, "tall")
	if sc.nodes() <= most {
		pics.Wide = sc.wide()
	} else {
		pics.Wide = sc.tall(720, "wide-picture column")
	}
	return pics
}

func newScene(l *run.Layout, p *run.Past) *scene {
	sc := &scene{layout: l, marks: map[spot][]inked{}, kinds: map[spot]string{}, result: map[string]inked{}}
	for _, h := range l.Hosts {
		if len(h.Nodes) > 0 || h.Name != l.Server.Host {
			sc.hosts = append(sc.hosts, h)
		}
	}
	slices.SortStableFunc(sc.hosts, func(a, b run.Machine) int { return cmp.Compare(rank(a), rank(b)) })
	sc.count(p.Plan)
	if p.End != nil {
		for _, o := range p.End.Outcomes {
			class, sign := marked(o.Result)
			if o.Result == run.Unchanged {
				continue // its nodes say so
			}
			sc.result[o.Target] = inked{class, sign + " " + string(o.Result)}
		}
	}
	return sc
}

// rank sorts hosts as their servers start.
func rank(h run.Machine) int {
	first := 9
	for _, n := range h.Nodes {
		if i := slices.Index([]string{"idp", "gateway", "publisher", "store"}, n.Role); i >= 0 {
			first = min(first, i)
		}
	}
	return first
}

// count finds out what changes where.
func (sc *scene) count(p *run.Plan) {
	signs := map[spot]map[string]int{}
	words := map[spot]string{}
	for _, c := range p.Changes {
		at, sign := sc.of(c), signOf(c)
		if signs[at] == nil {
			signs[at] = map[string]int{}
		}
		signs[at][sign]++
		if sign == ">" {
			head, _ := parted(c)
			words[at] = firstWord(head)
		}
		if sc.kinds[at] != "touched" {
			sc.kinds[at] = map[bool]string{true: "fresh", false: "touched"}[sign == "+"]
		}
	}
	for at, n := range signs {
		for _, sign := range []string{"+", "~", "-"} {
			if class, glyph := glyphOf(sign); n[sign] > 0 {
				sc.marks[at] = append(sc.marks[at], inked{class, fmt.Sprintf("%s%d ", glyph, n[sign])})
			}
		}
		if words[at] != "" {
			sc.marks[at] = append(sc.marks[at], inked{"run", "▸ " + words[at]})
		}
	}
}

func (sc *scene) of(c run.Change) spot {
	switch {
	case c.Target == plan.Deployment && c.Kind == string(plan.KindSchema):
		return spot{database: c.Path}
	case c.Target == plan.Deployment, c.Kind == string(plan.KindPackage), c.Kind == string(plan.KindService), c.Kind == string(plan.KindAdmin):
		return spot{target: plan.Deployment}
	case c.Node != "":
		return spot{target: c.Target, node: c.Node}
	}
	return spot{target: c.Target}
}

func (sc *scene) nodes() int {
	n := 0
	for _, h := range sc.hosts {
		n += max(len(h.Nodes), 1)
	}
	return n
}

// marksOf is what changes at a place; where nothing does that is said as well.
func (sc *scene) marksOf(at spot) []inked {
	if m := sc.marks[at]; len(m) > 0 {
		return m
	}
	return []inked{{"not", "= as it is"}}
}

// server says where the database server is.
func (sc *scene) server() string {
	s := sc.layout.Server
	text := fmt.Sprintf("%s:%d", s.Address, s.Port)
	if s.Host != "" {
		text += " on host " + s.Host
	}
	return text
}

// words are the picture for those who do not see it, and for those who search.
func (sc *scene) words() []string {
	var list []string
	for _, h := range sc.hosts {
		list = append(list, fmt.Sprintf("Host %s, %s: %s.", h.Name, h.Address, sc.said(spot{target: h.Name})))
		for _, n := range h.Nodes {
			text := fmt.Sprintf("Node %s, %s on host %s in %s, console at port %d", n.Name, n.Role, h.Name, n.Home, n.Port)
			if n.ClusterPort != 0 {
				text += fmt.Sprintf(", member of the cluster %s at port %d", sc.layout.Cluster, n.ClusterPort)
			}
			list = append(list, fmt.Sprintf("%s, databases %s: %s.", text, strings.Join(n.Databases, ", "), sc.said(spot{h.Name, n.Name, ""})))
		}
	}
	s := sc.layout.Server
	list = append(list, fmt.Sprintf("Database server %s, %s, account %s: %s.", s.Name, sc.server(), s.Account, sc.said(spot{target: plan.Deployment})))
	for _, name := range s.Databases {
		list = append(list, fmt.Sprintf("Database %s: %s.", name, sc.said(spot{database: name})))
	}
	return list
}

// said are the marks in words.
func (sc *scene) said(at spot) string {
	var parts []string
	for _, m := range sc.marks[at] {
		n := strings.TrimSpace(strings.TrimLeft(m.Text, "+~−▸"))
		word := map[string]string{"add": n + " to create", "mod": n + " to change", "del": n + " to remove", "run": n}[m.Class]
		parts = append(parts, word)
	}
	if len(parts) == 0 {
		return "stays as it is"
	}
	return strings.Join(parts, ", ")
}

// caption is what a drawing is called and what it shows, for those who listen.
func (sc *scene) caption(d *drawing) {
	d.Name = "The deployment, and what changes where"
	d.Desc = fmt.Sprintf("%s on %s over %s of the server %s. Everything in this picture is told in words below it.",
		count(sc.nodes(), "node", "nodes"), count(len(sc.hosts), "host", "hosts"),
		count(len(sc.layout.Server.Databases), "database", "databases"), sc.layout.Server.Name)
}
