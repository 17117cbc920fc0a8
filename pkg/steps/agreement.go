package steps

import (
	"errors"
	"fmt"
	"slices"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// Agreement wants nothing: it compares what Publishers and Stores mount. They
// tell each other what has changed in the shared registry by user and URL of its
// database, so these must be the same bytes, or one goes on showing what the
// other has replaced, and no log says so (facts.md section 2.3).
func Agreement(d Deployment, nodes []inventory.Node) plan.Step {
	var members []inventory.Node
	var needs []plan.Need
	for _, n := range nodes {
		if n.Role.Clustered() {
			members = append(members, n)
			needs = append(needs, need(n, plan.KindFile, registryXML), need(n, plan.KindFile, masterDatasourcesXML))
		}
	}
	return plan.Step{
		Name: "agreement", Scope: plan.ScopeNodes, For: d.Inventory.Name, Whole: true, Needs: needs,
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			var errs []error
			var notes []plan.Note
			var first *homeCheck
			var want []fact
			for _, n := range members {
				h := &homeCheck{node: n, state: s}
				facts := h.mounted()
				if first == nil {
					first, want = h, facts
				} else {
					h.agree(first.node.Name, want, facts)
				}
				errs, notes = append(errs, h.errs...), append(notes, h.notes...)
			}
			return nil, notes, errors.Join(errs...)
		},
	}
}

// A fact is something of a mount that members of the cluster must have alike. Its
// value is compared and never shown: a URL may hold a password.
type fact struct {
	what, of, value, file string
	line                  int
	fatal                 bool
}

func (f fact) String() string { return f.what + " of the mount of " + f.of }

// sharedMounts are those without which Publisher and Store do not share
// anything; a mount of somebody else's is only worth a note.
var sharedMounts = []string{"/_system/governance", "/_system/config"}

// mounted are the facts of a home's mounts. A cacheId has no effect where the
// mount names a database, so one that differs is worth a note.
func (h *homeCheck) mounted() []fact {
	doc, sources := h.doc(registryXML), h.datasources()
	var facts []fact
	for _, m := range h.find(doc, registryXML, "wso2registry/mount") {
		path, _ := m.Attr("path")
		add := func(what, value, file string, line int, fatal bool) {
			facts = append(facts, fact{what, path, value, file, line, fatal && slices.Contains(sharedMounts, path)})
		}
		add("target", textOf(m, "targetPath").Text(), registryXML, m.Line(), true)
		for _, r := range h.find(doc, registryXML, "wso2registry/remoteInstance[id="+xmledit.Quote(textOf(m, "instanceId").Text())+"]") {
			add("registryRoot", textOf(r, "registryRoot").Text(), registryXML, r.Line(), true)
			add("cacheId", textOf(r, "cacheId").Text(), registryXML, r.Line(), false)
			if s := h.sourceOf(doc, textOf(r, "dbConfig").Text(), sources); s != nil {
				add("database URL", s.url, masterDatasourcesXML, s.urlLine, true)
				add("database user", s.user, masterDatasourcesXML, s.userLine, true)
			}
		}
	}
	return facts
}

// sourceOf is the datasource of a definition; of two of a name the last counts.
func (h *homeCheck) sourceOf(doc *xmledit.Doc, config string, sources []source) (last *source) {
	for _, c := range h.find(doc, registryXML, "wso2registry/dbConfig[@name="+xmledit.Quote(config)+"]") {
		last = jndiUse{name: textOf(c, "dataSource").Text(), exact: true}.of(sources)
	}
	return last
}

// agree compares with the facts of another node, which comes first. Mounts of one
// instance share most of their facts: each is told once.
func (h *homeCheck) agree(other string, want, got []fact) {
	told := map[string]bool{}
	tell := func(f fact, format string, args ...any) {
		if key := fmt.Sprint(f.what, f.file, f.line); !told[key] {
			told[key] = true
			h.tell(f.fatal, f.file, fmt.Sprintf(format, args...)+"; make both alike")
		}
	}
	is := map[string]fact{}
	for _, f := range got {
		is[f.String()] = f
	}
	for _, w := range want {
		f, there := is[w.String()]
		delete(is, w.String())
		switch {
		case !there && w.what == "target":
			h.tell(w.fatal, w.file, fmt.Sprintf("there is no mount of %s, which node %s has; make both alike", w.of, other))
		case !there: // with the mount, which was told, or the definition, which is told of the node itself
		case f.value != w.value:
			tell(f, "line %d: the %s is not that of node %s, byte for byte", f.line, f, other)
		}
	}
	for _, f := range got {
		if _, more := is[f.String()]; more && f.what == "target" {
			tell(f, "line %d: node %s has no mount of %s", f.line, other, f.of)
		}
	}
}
