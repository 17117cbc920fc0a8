package steps

import (
	"strconv"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// Carbon sets the port offset of the inventory in carbon.xml, so that several
// nodes can share a host (facts.md section 2.6).
func Carbon(_ Deployment, n inventory.Node) Edit {
	return Edit{
		name: "carbon.xml", file: carbonXML,
		why: "port offset " + strconv.Itoa(n.Offset),
		edits: func(*xmledit.Doc) ([]xmledit.Edit, error) {
			return []xmledit.Edit{xmledit.SetText("Server/Ports/Offset", strconv.Itoa(n.Offset))}, nil
		},
	}
}
