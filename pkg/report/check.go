package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// A Level says how a check of a host came out.
type Level int

// The levels, the worse the higher. Planned is not as it should be yet, and the
// plan sees to it.
const (
	NotChecked Level = iota
	OK
	Planned
	Warning
	Failure
)

func (l Level) String() string { return [...]string{"-", "ok", "planned", "warn", "FAIL"}[l] }

// A Finding is what one check found on one host, or of the databases.
type Finding struct {
	Target, Node string
	Check        string // one of the columns
	Level        Level
	Text         string // what, why, and what to do; short where all is well
}

// Where says whom a finding is about, as a plan's notes do.
func (f Finding) Where() string { return where(plan.Note{Target: f.Target, Node: f.Node}) }

// line is the finding as a sentence.
func (f Finding) line() string {
	return fmt.Sprintf("%-7s %s%s: %s", f.Level, f.Where(), f.Check, visible(f.Text))
}

// Checks writes the table, host by check, and below it what is not well, or
// with Verbose everything. A cell is the worst of its findings.
func Checks(w io.Writer, columns, targets []string, findings []Finding, o Options) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "HOST\t%s\n", strings.ToUpper(strings.Join(columns, "\t")))
	for _, target := range targets {
		cells := []string{visible(target)}
		for _, c := range columns {
			cells = append(cells, cell(findings, target, c).String())
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return sentences(w, findings, o)
}

func cell(findings []Finding, target, check string) Level {
	worst := NotChecked
	for _, f := range findings {
		if f.Target == target && f.Check == check {
			worst = max(worst, f.Level)
		}
	}
	return worst
}

// sentences are in the order of the findings, the failures first.
func sentences(w io.Writer, findings []Finding, o Options) error {
	var shown []Finding
	for _, f := range findings {
		if f.Level >= Warning || o.Verbose && f.Text != "" {
			shown = append(shown, f)
		}
	}
	slices.SortStableFunc(shown, func(a, b Finding) int { return cmp.Compare(b.Level, a.Level) })
	paints := map[Level]string{Failure: "31", Warning: "33"}
	for i, f := range shown {
		line := f.line()
		if code := paints[f.Level]; o.Color && code != "" {
			line = "\x1b[" + code + "m" + line + "\x1b[0m"
		}
		if i == 0 {
			line = "\n" + line
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
