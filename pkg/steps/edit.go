package steps

import (
	"bytes"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/jsonedit"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// An Edit is a step that changes one XML or JSON file of a home, which the node's
// server loads: edits of XML may depend on what stands in the file.
type Edit struct {
	name  string
	file  string // below the home
	why   string
	needs []plan.Need
	edits func(*xmledit.Doc) ([]xmledit.Edit, error)
	json  []jsonedit.Edit // of a file that is no XML
	notes func(*plan.State) []plan.Note
}

// step makes the edit a step of the node.
func (e Edit) step(n inventory.Node) plan.Step {
	r := need(n, plan.KindFile, e.file)
	return plan.Step{
		Name: e.name, Scope: plan.ScopeNode, For: n.Name,
		Needs: append([]plan.Need{r}, e.needs...),
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			f, err := file(s, n, r.Ref)
			if err != nil {
				return nil, nil, err
			}
			out, err := e.apply(f.Data)
			if err != nil {
				return nil, nil, conflict(n, r.Ref, err.Error())
			}
			after := *f
			after.Data = out
			var notes []plan.Note
			if e.notes != nil {
				notes = e.notes(s)
			}
			hidden := secrets(f.Data)
			before := hidden
			if !bytes.Equal(out, f.Data) { // on most hosts of most runs it is
				hidden = secrets(out)
			}
			return []plan.Want{{
				Ref: r.Ref, As: n.Home, Node: n.Name, After: &after, Why: e.why,
				Hidden: hidden, HiddenBefore: before,
			}}, notes, nil
		},
	}
}

func (e Edit) apply(src []byte) ([]byte, error) {
	if e.edits == nil {
		out, _, err := jsonedit.Apply(src, e.json...)
		return out, err
	}
	doc, err := xmledit.Parse(src)
	if err != nil {
		return nil, err
	}
	edits, err := e.edits(doc)
	if err != nil {
		return nil, err
	}
	out, _, err := xmledit.Apply(src, edits...)
	return out, err
}
