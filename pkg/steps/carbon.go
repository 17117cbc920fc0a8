package steps

import (
	"fmt"
	"strconv"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// Carbon sets what a server says of itself in carbon.xml: its host name, which
// logins go astray without, and the port offset of the inventory, so that several
// nodes can share a host (facts.md sections 2.6 and 4).
func Carbon(_ Deployment, n inventory.Node) Edit {
	why := "port offset " + strconv.Itoa(n.Offset)
	edits := []xmledit.Edit{xmledit.SetText("Server/Ports/Offset", strconv.Itoa(n.Offset))}
	if n.HostName != "" {
		why = fmt.Sprintf("host name %s, %s", n.HostName, why)
		edits = append(edits,
			xmledit.Upsert("Server", text("HostName", n.HostName), xmledit.Last),
			xmledit.Upsert("Server", text("MgtHostName", n.HostName), xmledit.After("HostName")))
	}
	return Edit{
		name: "carbon.xml", file: carbonXML, why: why,
		edits: func(*xmledit.Doc) ([]xmledit.Edit, error) { return edits, nil },
	}
}
