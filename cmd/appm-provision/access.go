package main

import (
	"slices"

	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// filesOn are the files that may be written on a host, by whom they are read as.
func (s *session) filesOn(host string) map[string][]string {
	files := map[string][]string{}
	for _, n := range steps.Needs(s.steps) {
		if n.Target == host && n.Kind == plan.KindFile && !slices.Contains(files[n.As], n.Path) {
			files[n.As] = append(files[n.As], n.Path)
		}
	}
	return files
}

// accessNotes say which of the files that a plan changes have an access control
// list: it is kept, or its file is not written.
func (s *session) accessNotes(p *plan.Plan) []plan.Note {
	var notes []plan.Note
	for _, c := range p.Changes {
		if slices.Contains(s.health[c.Ref.Target].Listed, c.Ref.Path) && c.After != nil {
			notes = append(notes, plan.Note{Target: c.Ref.Target, Node: c.Node, Text: c.Ref.Path +
				" has an access control list, which is kept; where the host has no tool for that, the file is not written"})
		}
	}
	return notes
}
