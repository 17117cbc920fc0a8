package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with an inventory, or doubtful.
type Problem struct {
	File string
	Line int // 1 for what the file as a whole lacks
	Text string
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text) }

// Warning is a Problem that hinders nobody.
type Warning = Problem

// Invalid is the error of Parse: every problem of the file, sorted by line.
type Invalid struct{ Problems []Problem }

func (e *Invalid) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// notes collects what is found while reading goes on.
type notes struct {
	file     string
	problems []Problem
	warnings []Warning
}

func (n *notes) wrong(line int, text string) {
	n.problems = append(n.problems, Problem{n.file, line, text})
}

func (n *notes) warn(line int, text string) {
	n.warnings = append(n.warnings, Warning{n.file, line, text})
}

// result is what Parse returns beside the inventory.
func (n *notes) result() ([]Warning, error) {
	byLine := func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) }
	slices.SortStableFunc(n.problems, byLine)
	slices.SortStableFunc(n.warnings, byLine)
	if len(n.problems) > 0 {
		return n.warnings, &Invalid{n.problems}
	}
	return n.warnings, nil
}
