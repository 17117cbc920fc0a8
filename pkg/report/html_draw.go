package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// drawing is a picture made of shapes; a template writes it as SVG, so that
// every text in it is escaped where it stands.
type drawing struct {
	ID, Class, Name string
	Desc            string
	W, H            int
	Shapes          []shape
}

// shape is one of rect, line, circle, path and text.
type shape struct {
	Kind, Class string
	X, Y, W, H  int // a line goes from X, Y to W, H
	R           int
	Path        string
	Text        string
	Parts       []inked
	Turned      bool   // upwards
	Tip         string // what a pointer is told, and who listens
}

// inked is a piece of a text in a color of its own.
type inked struct{ Class, Text string }

func (d *drawing) rect(class string, x, y, w, h, r int) *shape {
	d.Shapes = append(d.Shapes, shape{Kind: "rect", Class: class, X: x, Y: y, W: w, H: h, R: r})
	return &d.Shapes[len(d.Shapes)-1]
}

func (d *drawing) line(class string, x, y, toX, toY int) {
	d.Shapes = append(d.Shapes, shape{Kind: "line", Class: class, X: x, Y: y, W: toX, H: toY})
}

func (d *drawing) dot(class string, x, y, r int, tip string) {
	d.Shapes = append(d.Shapes, shape{Kind: "circle", Class: class, X: x, Y: y, R: r, Tip: tip})
}

func (d *drawing) path(class, path string) {
	d.Shapes = append(d.Shapes, shape{Kind: "path", Class: class, Path: path})
}

// text is cut to the width that it has; the whole of it is the tip then.
func (d *drawing) text(class string, x, y, width int, text string) *shape {
	s := shape{Kind: "text", Class: class, X: x, Y: y, Text: fit(visible(text), width, class)}
	if s.Text != visible(text) {
		s.Tip = text
	}
	d.Shapes = append(d.Shapes, s)
	return &d.Shapes[len(d.Shapes)-1]
}

func (d *drawing) parts(class string, x, y int, parts []inked) {
	if len(parts) > 0 {
		d.Shapes = append(d.Shapes, shape{Kind: "text", Class: class, X: x, Y: y, Parts: parts})
	}
}

// can is the sign of a database: a cylinder.
func (d *drawing) can(x, y int) {
	d.path("can", fmt.Sprintf("M%d %d v10 a7 3 0 0 0 14 0 v-10 a7 3 0 0 0 -14 0 a7 3 0 0 0 14 0", x, y))
}

// fit cuts a text to about so many pixels.
func fit(text string, width int, class string) string {
	tenths := 76 // of a pixel, a letter of the proportional type
	if classes := strings.Fields(class); len(classes) > 0 {
		tenths = map[string]int{"b": 82, "m": 73, "n": 73, "s": 70}[classes[0]]
	}
	room := width * 10 / max(tenths, 1)
	if utf8.RuneCountInString(text) <= room {
		return text
	}
	return string([]rune(text)[:max(room-1, 1)]) + "…"
}

func pick[T any](yes bool, a, b T) T {
	if yes {
		return a
	}
	return b
}
