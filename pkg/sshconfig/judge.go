package sshconfig

import (
	"slices"
	"strings"
)

// judge refuses what applies to the host and would change whom we talk to, or
// as whom, if it were ignored.
func (s *settings) judge() error {
	for _, keyword := range s.order {
		line := s.first[keyword]
		switch classOf(keyword) {
		case unknown:
			return line.wrong("no directive is called " + keyword + didYouMean(keyword))
		case refused:
			off := slices.ContainsFunc(harmlessValues[keyword], func(v string) bool { return strings.EqualFold(v, line.args[0]) })
			if !off {
				return line.wrong(spelled(keyword) + " is not supported, and without it we might not talk to whom you mean; " + instead[keyword])
			}
		}
	}
	return nil
}

// didYouMean suggests a directive that is at most two letters away.
func didYouMean(keyword string) string {
	best, least := "", 3
	for _, name := range strings.Fields(honouredNames + " " + harmlessNames + " " + refusedNames) {
		if d := distance(keyword, strings.ToLower(name), least); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return "; if your ssh knows it, name it in IgnoreUnknown, or leave it out for this host"
	}
	return " (did you mean " + best + "?)"
}

// distance counts the letters to change, add or take away; limit is enough.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
