package report

import (
	"fmt"
	"slices"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// Measures of the wide drawing, in its own units: hosts side by side, each node
// with a wire downwards past the cluster and the databases, a dot where it uses
// what it passes.
const (
	wideWidth  = 1000
	gutter     = 206 // names of the lanes
	headHeight = 48
	cardHeight = 92
	laneHeight = 42
	boxHead    = 68 // of the database server
)

// wired is a node and where its wire is.
type wired struct {
	run.Node
	x int
}

func (sc *scene) wide() *drawing {
	d := &drawing{ID: "wide", Class: "wide-picture", W: wideWidth}
	sc.caption(d)
	column := min((wideWidth-gutter+14)/max(sc.nodes(), 1), 260)
	var wires []wired
	x := gutter
	for _, h := range sc.hosts {
		width := column * max(len(h.Nodes), 1)
		sc.host(d, h, x, width-14)
		for i, n := range h.Nodes {
			wires = append(wires, wired{n, x + i*column + (column-14)/2})
		}
		x += width
	}
	right := x - 14
	bottom := headHeight + cardHeight + 10
	y := bottom + 34
	lanes := sc.layout.Server.Databases
	top := y + 34
	if sc.layout.Cluster == "" {
		top = bottom + 24
	}
	sc.serverBox(d, top, len(lanes), right, gutter+column/2-40)
	below := func(i int) int { return top + boxHead + 20 + i*laneHeight }
	for _, w := range wires {
		last := bottom
		for i, name := range lanes {
			if slices.Contains(w.Databases, name) {
				last = below(i)
			}
		}
		d.line("wire", w.x, headHeight+cardHeight, w.x, last)
	}
	if sc.layout.Cluster != "" {
		sc.cluster(d, wires, y)
	}
	for i, name := range lanes {
		sc.lane(d, name, below(i), wires)
	}
	d.H = below(len(lanes)-1) + 34
	return d
}

// host draws a machine with its nodes.
func (sc *scene) host(d *drawing, h run.Machine, x, width int) {
	d.rect("box", x, 0, width, headHeight+cardHeight+10, 4)
	sc.machine(d, h, x+10, 0, width-20)
	each := (width + 14) / max(len(h.Nodes), 1)
	for i, n := range h.Nodes {
		left := x + i*each + 7
		sc.card(d, h, n, left, headHeight, each-28, cardHeight)
	}
}

// machine is the head of a host: name and address, and to the right how it came
// out and what changes of the host itself.
func (sc *scene) machine(d *drawing, h run.Machine, x, y, width int) {
	name, address := width, width
	if r, is := sc.result[h.Name]; is {
		name -= len(r.Text)*7 + 8
		sc.right(d, x+width, y+19, []inked{r})
	}
	if marks := sc.marks[spot{target: h.Name}]; len(marks) > 0 {
		address -= 52
		sc.right(d, x+width, y+36, marks)
	}
	d.text("b", x, y+19, name, h.Name)
	d.text("m", x, y+36, address, h.Address)
}

// right sets marks against a right edge.
func (sc *scene) right(d *drawing, x, y int, marks []inked) {
	d.parts("n end", x, y, marks)
}

// card draws one node.
func (sc *scene) card(d *drawing, h run.Machine, n run.Node, x, y, width, height int) {
	at := spot{h.Name, n.Name, ""}
	class := "card " + sc.kinds[at]
	if n.Stopped {
		class += " off"
	}
	d.rect(class, x, y, width, height, 3)
	d.text("b", x+10, y+20, width-20, n.Role)
	line := y + 37
	if n.Name != h.Name {
		d.text("s", x+10, line, width-20, n.Name)
		line += 16
	}
	d.text("m", x+10, line, width-20, fmt.Sprintf("https %d", n.Port))
	if n.ClusterPort != 0 && line+16 < y+height-18 {
		d.text("m", x+10, line+16, width-20, fmt.Sprintf("cluster %d", n.ClusterPort))
	}
	d.parts("n", x+10, y+height-9, sc.marksOf(at))
}

// cluster draws the link between its members.
func (sc *scene) cluster(d *drawing, wires []wired, y int) {
	var members []wired
	for _, w := range wires {
		if w.ClusterPort != 0 {
			members = append(members, w)
		}
	}
	d.text("b", 0, y-2, gutter-20, "cluster")
	d.text("m", 0, y+15, gutter-12, sc.layout.Cluster)
	if len(members) == 0 {
		return
	}
	d.line("link", members[0].x, y, members[len(members)-1].x, y)
	for _, w := range members {
		d.dot("member", w.x, y, 7, fmt.Sprintf("%s is a member at port %d", w.Name, w.ClusterPort))
	}
}

// serverBox draws what stands around the databases. Its words keep to the left
// of the wires.
func (sc *scene) serverBox(d *drawing, y, lanes, right, width int) {
	d.rect("box", 0, y, right, boxHead+lanes*laneHeight+2, 4)
	d.text("b", 14, y+21, width, sc.layout.Server.Name)
	d.text("m", 14, y+38, width, sc.server())
	d.parts("n", 14, y+55, sc.account(width-110))
}

// account is what the nodes log in with, and what changes at the server itself.
func (sc *scene) account(width int) []inked {
	parts := []inked{{"", fit("account "+visible(sc.layout.Server.Account), width, "n")}}
	for _, m := range sc.marks[spot{target: plan.Deployment}] {
		parts = append(parts, inked{"", " "}, m)
	}
	if r, is := sc.result[plan.Deployment]; is {
		parts = append(parts, inked{"", " "}, r)
	}
	return parts
}

// lane draws one database and who uses it.
func (sc *scene) lane(d *drawing, name string, y int, wires []wired) {
	d.can(14, y-6)
	d.text("n", 36, y-1, gutter-46, name)
	d.parts("n", 36, y+14, sc.marksOf(spot{database: name}))
	users := slices.DeleteFunc(slices.Clone(wires), func(w wired) bool { return !slices.Contains(w.Databases, name) })
	if len(users) == 0 {
		return
	}
	d.line("lane", gutter-26, y, users[len(users)-1].x, y)
	for _, w := range users {
		d.dot("dot", w.x, y, 5, w.Name+" uses "+name)
	}
}
