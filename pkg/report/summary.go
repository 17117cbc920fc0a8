package report

import (
	"fmt"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Summary is the plan in one line.
func Summary(p *plan.Plan) string {
	if p.Empty() {
		return nothing(p)
	}
	line := "Plan: " + strings.Join(todo(p), ", ")
	switch idle, all := hosts(p, false), hosts(p, true); {
	case idle == 0:
	case idle == all:
		line += "; nothing to do on " + count(all, "host", "hosts")
	default:
		line += fmt.Sprintf("; nothing to do on %d of %d hosts", idle, all)
	}
	if n := len(p.Kept); n > 0 {
		line += "; " + count(n, "resource stays as it is", "resources stay as they are")
	}
	return line + "."
}

// nothing is the summary of a plan without changes: what was compared, and with
// what result.
func nothing(p *plan.Plan) string {
	if len(p.Kept) == 0 {
		return "No changes."
	}
	var what []string
	if all := hosts(p, true); all > 0 {
		what = append(what, count(all, "host", "hosts"))
	}
	is := " are"
	for _, target := range p.Targets {
		if target == plan.Deployment {
			what = append(what, "the databases")
		}
	}
	if len(what) == 1 && what[0] == "1 host" {
		is = " is"
	}
	return "No changes. " + capital(strings.Join(what, " and ")) + is + " as the inventory says; " + count(len(p.Kept), "resource was compared.", "resources were compared.")
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// todo counts what is to be done, by what it is.
func todo(p *plan.Plan) []string {
	n := map[string]int{}
	for _, c := range p.Changes {
		switch sign(c) {
		case '+':
			n["create"]++
		case '-':
			n["remove"]++
		case '>':
			n[startWord(c)]++
		default:
			n["change"]++
		}
	}
	var list []string
	for _, word := range []string{"create", "change", "remove", "start", "restart", "stop"} {
		if n[word] > 0 {
			list = append(list, fmt.Sprintf("%d to %s", n[word], word))
		}
	}
	return list
}

// hosts counts those that were looked at: all, or only those on which nothing is
// to do.
func hosts(p *plan.Plan, all bool) int {
	n := 0
	for _, target := range p.Targets {
		if target != plan.Deployment && (all || len(p.On(target)) == 0) {
			n++
		}
	}
	return n
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
