package steps

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// crossed are the files of a home that name something which another file must
// define. The steps write some of them; what stands in the others counts too.
var crossed = []string{masterDatasourcesXML, appManagerXML, userMgtXML, registryXML, identityXML, catalinaXML}

// CrossCheck wants nothing: it reads the files of a node as the plan leaves
// them, and makes sure that what one names another defines. What is planned by
// this tool or is sure to break the server is an error, the rest a note.
func CrossCheck(d Deployment, n inventory.Node) plan.Step {
	needs := append(driverNeeds(d, n)[:2], need(n, plan.KindListing, datasourceFiles), need(n, plan.KindListing, path.Join(lib, "*.jar")))
	for _, f := range crossed {
		needs = append(needs, need(n, plan.KindFile, f))
	}
	return plan.Step{
		Name: "cross-check", Scope: plan.ScopeNode, For: n.Name, Whole: true, Needs: needs,
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			h := &homeCheck{node: n, state: s}
			uses := h.uses()
			sources := h.datasources()
			h.defined(uses, sources)
			h.drivers(d.Driver, uses, sources)
			h.webPorts()
			return nil, h.notes, errors.Join(h.errs...)
		},
	}
}

// A homeCheck goes over the planned files of one home.
type homeCheck struct {
	node  inventory.Node
	state *plan.State
	notes []plan.Note
	errs  []error
}

// doc is a file as it is planned; nil where there is none.
func (h *homeCheck) doc(file string) *xmledit.Doc {
	r := at(h.node, plan.KindFile, file)
	o, err := h.state.Get(r)
	if err != nil {
		h.errs = append(h.errs, err)
		return nil
	}
	f, is := o.(*plan.File)
	if !is {
		return nil
	}
	doc, err := xmledit.Parse(f.Data)
	if err != nil {
		h.errs = append(h.errs, conflict(h.node, r, err.Error()))
	}
	return doc
}

// find is every element of a path; none where the file is not there.
func (h *homeCheck) find(doc *xmledit.Doc, file, at string) []xmledit.Node {
	if doc == nil {
		return nil
	}
	list, err := doc.Find(at)
	if err != nil {
		h.tell(true, file, err.Error())
	}
	return list
}

// tell says what is wrong in a file.
func (h *homeCheck) tell(fatal bool, file, text string) {
	r := at(h.node, plan.KindFile, file)
	if fatal {
		h.errs = append(h.errs, conflict(h.node, r, text))
		return
	}
	h.notes = append(h.notes, plan.Note{Target: h.node.Host, Node: h.node.Name, Text: r.Path + ": " + text})
}

// listed are the names of the files of a glob once the plan is applied.
func (h *homeCheck) listed(glob string) []string {
	o, err := h.state.Get(at(h.node, plan.KindListing, glob))
	if err != nil {
		h.errs = append(h.errs, err)
		return nil
	}
	listing, is := o.(*plan.Listing)
	if !is {
		return nil
	}
	var names []string
	for _, r := range listing.Matches {
		if there, err := h.state.Get(r); err == nil && there != nil {
			names = append(names, path.Base(r.Path))
		}
	}
	slices.Sort(names)
	return names
}

// replaced tells whether the product puts a system property into the value, so
// that what it will be cannot be told here.
func replaced(value string) bool { return strings.Contains(value, "${") }
