package report

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// laneWidth is the room of a database or the cluster, which are columns in the
// tall drawing: nodes one below the other, their wires to the right.
const laneWidth = 24

func (sc *scene) tall(width int, class string) *drawing {
	d := &drawing{ID: "tall" + fmt.Sprint(width), Class: class, W: width}
	sc.caption(d)
	var columns []string
	if sc.layout.Cluster != "" {
		columns = append(columns, "cluster")
	}
	databases := len(columns)
	columns = append(columns, sc.layout.Server.Databases...)
	left := width - len(columns)*laneWidth
	middle := func(i int) int { return left + i*laneWidth + laneWidth/2 }
	longest := 0
	for _, name := range columns {
		longest = max(longest, utf8.RuneCountInString(fit(visible(name), 110, "m")))
	}
	y := longest*74/10 + 14
	for i, name := range columns {
		d.text("m", middle(i)+4, y-6, 110, name).Turned = true
	}
	first, last := map[int]int{}, map[int]int{}
	var dots []func()
	for _, h := range sc.hosts {
		height := 48 + len(h.Nodes)*66
		d.rect("box", 0, y, left-8, height, 4)
		sc.machine(d, h, 10, y, left-28)
		for i, n := range h.Nodes {
			top := y + 46 + i*66
			sc.row(d, spot{h.Name, n.Name, ""}, top, left)
			d.text("b", 18, top+20, left-120, n.Role)
			d.text("m", 18, top+36, left-42, pick(n.ClusterPort != 0, fmt.Sprintf("https %d, cluster %d", n.Port, n.ClusterPort), fmt.Sprintf("https %d", n.Port)))
			if n.Name != h.Name {
				d.text("s end", left-26, top+20, left-120, n.Name)
			}
			center, reach := top+28, left
			for c, name := range columns {
				member := c < databases && n.ClusterPort != 0
				if !member && (c < databases || !slices.Contains(n.Databases, name)) {
					continue
				}
				reach = middle(c)
				if _, is := first[c]; !is {
					first[c] = center
				}
				last[c] = center
				dots = append(dots, func() {
					if member {
						d.dot("member", middle(c), center, 6, n.Name+" is a member")
					} else {
						d.dot("dot", middle(c), center, 5, n.Name+" uses "+name)
					}
				})
			}
			d.line("wire", left-16, center, reach, center)
		}
		y += height + 10
	}
	for c := range columns {
		if _, is := first[c]; !is {
			continue
		}
		if c < databases {
			d.line("link", middle(c), first[c], middle(c), last[c])
		} else {
			d.line("lane", middle(c), first[c], middle(c), y+4)
		}
	}
	for _, dot := range dots {
		dot()
	}
	sc.serverBelow(d, y+4, width)
	return d
}

func (sc *scene) row(d *drawing, at spot, y, left int) {
	d.rect("card "+sc.kinds[at], 8, y, left-24, 60, 3)
	d.parts("n", 18, y+52, sc.marksOf(at))
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
