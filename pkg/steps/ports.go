package steps

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// Ports wants nothing: it makes sure that no two nodes of one address listen on
// one port by what their files say once the plan is applied. The inventory has
// compared the ports that the product comes with; who changed one of them by
// hand may have put it onto another node's.
func Ports(d Deployment, nodes []inventory.Node) plan.Step {
	var needs []plan.Need
	for _, n := range nodes {
		for _, f := range portFiles(n) {
			needs = append(needs, need(n, plan.KindFile, f))
		}
	}
	return plan.Step{
		Name: "ports", Scope: plan.ScopeNodes, For: d.Inventory.Name, Whole: true, Needs: needs,
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			taken := map[netip.AddrPort]claim{}
			var errs []error
			var notes []plan.Note
			for _, n := range nodes {
				h := &homeCheck{node: n, state: s}
				h.claim(taken, d.Inventory.HostOf(n).Address, h.claims())
				errs, notes = append(errs, h.errs...), append(notes, h.notes...)
			}
			return nil, notes, errors.Join(errs...)
		},
	}
}

// portFiles are the files of a node that say what it listens on. Of axis2.xml,
// which is ten times the size of the others, only that of a member is read.
func portFiles(n inventory.Node) []string {
	files := []string{carbonXML, catalinaXML}
	if n.Role.Clustered() {
		files = append(files, axis2XML)
	}
	return files
}

// A claim is a port that a node's files have it listen on.
type claim struct {
	port       int
	what, file string
	line       int
	vital      bool
	node       string
}

// carbonPorts are those of carbon.xml. Where one cannot be had the server logs
// that and goes on.
var carbonPorts = []struct{ path, what string }{
	{"Server/Ports/JMX/RMIRegistryPort", "jmx registry"},
	{"Server/Ports/JMX/RMIServerPort", "jmx server"},
	{"Server/Ports/ThriftEntitlementReceivePort", "thrift"},
	{"Server/Ports/EmbeddedQpid/BrokerPort", "amqp"},
	{"Server/Ports/EmbeddedQpid/BrokerSSLPort", "amqp over tls"},
}

// claims are the ports of a node, its offset added. What a value from outside
// decides, or a word, cannot be told here.
func (h *homeCheck) claims() []claim {
	carbon := h.doc(carbonXML)
	offset := 0
	for _, e := range h.find(carbon, carbonXML, "Server/Ports/Offset") {
		offset, _ = strconv.Atoi(strings.TrimSpace(e.Text()))
	}
	var list []claim
	add := func(value, what, file string, line, offset int, vital bool) {
		if port, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
			list = append(list, claim{port + offset, what, file, line, vital, h.node.Name})
		}
	}
	for _, e := range h.find(h.doc(catalinaXML), catalinaXML, "Server/Service/Connector") {
		port, _ := e.Attr("port")
		if _, narrow := e.Attr("address"); !narrow { // of one address only: another's may have the port
			add(port, scheme(e), catalinaXML, e.Line(), offset, true)
		}
	}
	for _, p := range carbonPorts {
		for _, e := range h.find(carbon, carbonXML, p.path) {
			add(e.Text(), p.what, carbonXML, e.Line(), offset, false)
		}
	}
	if !h.node.Role.Clustered() {
		return list
	}
	axis2 := h.doc(axis2XML)
	for _, scheme := range []string{"http", "https"} {
		for _, e := range h.find(axis2, axis2XML, "axisconfig/transportReceiver[@name='"+scheme+"']/parameter[@name='port']") {
			add(e.Text(), "pass-through "+scheme, axis2XML, e.Line(), offset, false)
		}
	}
	for _, e := range h.find(axis2, axis2XML, "axisconfig/clustering/parameter[@name='localMemberPort']") {
		add(e.Text(), "cluster", axis2XML, e.Line(), 0, true)
	}
	return list
}

// webPorts notes connectors that listen elsewhere than every start is waited for,
// and than the other servers are told.
func (h *homeCheck) webPorts() {
	known := map[string]string{"http": "9763", "https": "9443"}
	for _, e := range h.find(h.doc(catalinaXML), catalinaXML, "Server/Service/Connector") {
		port, _ := e.Attr("port")
		if want := known[scheme(e)]; port != want && !replaced(port) {
			h.tell(false, catalinaXML, fmt.Sprintf("line %d: the %s connector listens on %s and not on %s: a start is waited for at %s plus the offset, and the other servers are told that one; set it back, and move ports by the offset", e.Line(), scheme(e), shown(port), want, want))
		}
	}
}

func scheme(connector xmledit.Node) string {
	if s, _ := connector.Attr("scheme"); s == "https" {
		return s
	}
	return "http"
}

// claim reports one port of a node that is taken, one without which a server
// does not start before any other: with one offset for two nodes all of them are.
func (h *homeCheck) claim(taken map[netip.AddrPort]claim, address string, claims []claim) {
	host, _ := netip.ParseAddr(address)
	var mine, theirs claim
	fatal := false
	for _, c := range claims {
		at := netip.AddrPortFrom(host, uint16(c.port))
		other, found := taken[at]
		if !found {
			taken[at] = c
			continue
		}
		vital := c.vital || other.vital
		if mine.file == "" || vital && !fatal {
			mine, theirs, fatal = c, other, vital
		}
	}
	if mine.file == "" {
		return
	}
	whose := fmt.Sprintf("also the %s port of node %s on the same address", theirs.what, theirs.node)
	if theirs.node == h.node.Name {
		whose = "also the node's own " + theirs.what + " port"
	}
	h.tell(fatal, mine.file, fmt.Sprintf("line %d: port %d (%s) is %s (line %d of its %s); give one of them another", mine.line, mine.port, mine.what, whose, theirs.line, theirs.file))
}
