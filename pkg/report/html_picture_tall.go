package report

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/appm-provision/appm-provision/pkg/run"
)

// laneWidth is the room of a database or the cluster, which are columns in the
// tall drawing: nodes one below the other, their wires to the right.
const laneWidth = 24

// lanes are the columns of the tall drawing: the cluster, if there is one, then
// the databases.
type lanes struct {
	names       []string
	cluster     bool // the first is the cluster
	left        int  // where they begin
	first, last map[int]int
	dots        []shape // drawn last, over wires and lanes
}

func (c *lanes) middle(i int) int { return c.left + i*laneWidth + laneWidth/2 }

func (sc *scene) tall(width int, class string) *drawing {
	d := &drawing{ID: "tall" + fmt.Sprint(width), Class: class, W: width}
	sc.caption(d)
	c := &lanes{first: map[int]int{}, last: map[int]int{}, cluster: sc.layout.Cluster != ""}
	if c.cluster {
		c.names = append(c.names, "cluster")
	}
	c.names = append(c.names, sc.layout.Server.Databases...)
	c.left = width - len(c.names)*laneWidth
	y := c.head(d)
	for _, h := range sc.hosts {
		height := 48 + len(h.Nodes)*66
		d.rect("box", 0, y, c.left-8, height, 4)
		sc.machine(d, h, 10, y, c.left-28)
		for i, n := range h.Nodes {
			sc.row(d, h, n, y+46+i*66, c)
		}
		y += height + 10
	}
	c.draw(d, y+4)
	sc.serverBelow(d, y+4, width)
	return d
}

// head writes the names of the columns upwards, and returns where they stand.
func (c *lanes) head(d *drawing) int {
	longest := 0
	for _, name := range c.names {
		longest = max(longest, utf8.RuneCountInString(fit(visible(name), 110, "m")))
	}
	y := longest*74/10 + 14
	for i, name := range c.names {
		d.text("m", c.middle(i)+4, y-6, 110, name).Turned = true
	}
	return y
}

// row draws one node and its wire.
func (sc *scene) row(d *drawing, h run.Machine, n run.Node, y int, c *lanes) {
	at := spot{h.Name, n.Name, ""}
	d.rect("card "+sc.kinds[at], 8, y, c.left-24, 60, 3)
	d.parts("n", 18, y+52, sc.marksOf(at))
	d.text("b", 18, y+20, c.left-120, n.Role)
	ports := fmt.Sprintf("https %d", n.Port)
	if n.ClusterPort != 0 {
		ports += fmt.Sprintf(", cluster %d", n.ClusterPort)
	}
	d.text("m", 18, y+36, c.left-42, ports)
	if n.Name != h.Name {
		d.text("s end", c.left-26, y+20, c.left-120, n.Name)
	}
	d.line("wire", c.left-16, y+28, c.join(n, y+28), y+28)
}

// join puts a node's dots on its lanes and returns how far its wire reaches.
func (c *lanes) join(n run.Node, y int) int {
	reach := c.left
	for i, name := range c.names {
		dot := shape{Kind: "circle", Class: "dot", X: c.middle(i), Y: y, R: 5, Tip: n.Name + " uses " + name}
		switch {
		case c.cluster && i == 0 && n.ClusterPort != 0:
			dot.Class, dot.R, dot.Tip = "member", 6, n.Name+" is a member"
		case c.cluster && i == 0, !slices.Contains(n.Databases, name):
			continue
		}
		reach = dot.X
		if _, is := c.first[i]; !is {
			c.first[i] = y
		}
		c.last[i] = y
		c.dots = append(c.dots, dot)
	}
	return reach
}

// draw draws the lanes: the cluster's between its members, the others down to
// the database server.
func (c *lanes) draw(d *drawing, bottom int) {
	for i := range c.names {
		first, is := c.first[i]
		switch {
		case !is:
		case c.cluster && i == 0:
			d.line("link", c.middle(i), first, c.middle(i), c.last[i])
		default:
			d.line("lane", c.middle(i), first, c.middle(i), bottom)
		}
	}
	d.Shapes = append(d.Shapes, c.dots...)
}

// serverBelow is the database server at the foot of the tall drawing.
func (sc *scene) serverBelow(d *drawing, y, width int) {
	names := sc.layout.Server.Databases
	d.rect("box", 0, y, width-1, 62+len(names)*24, 4)
	d.text("b", 10, y+20, width-20, sc.layout.Server.Name)
	d.text("m", 10, y+37, width-20, sc.server())
	d.parts("n", 10, y+54, sc.account(width-130))
	for i, name := range names {
		d.can(10, y+66+i*24)
		d.text("n", 32, y+76+i*24, width-150, name)
		sc.right(d, width-12, y+76+i*24, sc.marksOf(spot{database: name}))
	}
	d.H = y + 64 + len(names)*24
}
