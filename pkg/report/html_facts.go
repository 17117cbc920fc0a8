package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// facts are who, when, with what.
func facts(p *run.Past, ran bool) []fact {
	var list []fact
	add := func(word, said string, wide bool) {
		if said != "" {
			list = append(list, fact{word, said, wide})
		}
	}
	if ran {
		add("run", p.ID, false)
		add("began", p.At.UTC().Format(clock), false)
		if !p.EndAt.IsZero() {
			add(map[bool]string{true: "ended", false: "last word"}[p.End != nil], p.EndAt.UTC().Format(clock), false)
		}
	} else {
		add("made", p.At.UTC().Format(clock), false)
	}
	add("deployment", p.Begin.Deployment, false)
	add("operator", p.Begin.Operator, false)
	add("version", p.Begin.Version, false)
	add("takes back", p.Begin.Of, false)
	add("inventory", p.Begin.Inventory, true)
	add("its digest", strings.TrimSpace(p.Begin.Digest), false)
	add("command", strings.TrimSpace("appm-provision "+strings.Join(p.Begin.Command, " ")), true)
	return list
}

// tallies count the changes by what is done.
func tallies(p *run.Plan) []tally {
	list := []tally{{"add", "+", "to create", 0}, {"mod", "~", "to change", 0}, {"del", "−", "to remove", 0},
		{"run", "▸", "to start", 0}, {"run", "▸", "to restart", 0}, {"run", "▸", "to stop", 0}}
	for _, c := range p.Changes {
		at := strings.Index("+~->", signOf(c))
		if at == 3 {
			head, _ := parted(c)
			at += max(slices.Index([]string{"start", "restart", "stop"}, firstWord(head)), 0)
		}
		list[at].N++
	}
	list = slices.DeleteFunc(list, func(t tally) bool { return t.N == 0 })
	if len(p.Kept) > 0 {
		list = append(list, tally{"not", "=", map[bool]string{true: "stays as it is", false: "stay as they are"}[len(p.Kept) == 1], len(p.Kept)})
	}
	return list
}

// signOf is one of + ~ - >, also of a change in an old record.
func signOf(c run.Change) string {
	switch {
	case c.Shown != nil && len(c.Shown.Sign) == 1 && strings.Contains("+~->", c.Shown.Sign):
		return c.Shown.Sign
	case c.Kind == string(plan.KindServer):
		return ">"
	case c.Before == nil:
		return "+"
	case c.After == nil:
		return "-"
	}
	return "~"
}

// glyphOf is how a sign is set, and in which color.
func glyphOf(sign string) (class, glyph string) {
	switch sign {
	case "+":
		return "add", "+"
	case "-":
		return "del", "−"
	case ">":
		return "run", "▸"
	}
	return "mod", "~"
}

// restarts are the servers in the order of the plan, which is that of the run.
func restarts(p *run.Past, ran bool) []restart {
	var list []restart
	for i, c := range p.Plan.Changes {
		if signOf(c) != ">" {
			continue
		}
		head, _ := parted(c)
		r := restart{Sign: "▸", Word: firstWord(head), Node: c.Node, Target: c.Target, Why: c.Why}
		if r.Node == "" {
			r.Node = "database server"
		}
		if ran {
			r.Became = became(p, i)
		}
		list = append(list, r)
	}
	return list
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

// keptAll sorts what stays by target.
func (s *sheet) keptAll(list []run.Kept) {
	if len(list) == 0 {
		return
	}
	s.KeptCount = count(len(list), "resource stays as it is", "resources stay as they are")
	for _, k := range list {
		i := slices.IndexFunc(s.Kept, func(on keptOn) bool { return on.Target == k.Target })
		if i < 0 {
			i = len(s.Kept)
			s.Kept = append(s.Kept, keptOn{Target: k.Target})
		}
		s.Kept[i].List = append(s.Kept[i].List, k)
	}
	for i := range s.Kept {
		s.Kept[i].Count = fmt.Sprint(len(s.Kept[i].List))
	}
}

// bytesOf is an amount in words that can be compared at a glance.
func bytesOf(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d B", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%d MB", n/1_000_000)
}
