package steps

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/jsonedit"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// A NameUse is a place in a node's files that names a host.
type NameUse struct {
	Name string
	File string // as on the host
	Path string // of the element
	Line int
}

// urlPlaces are the elements of a node's files whose URLs its server calls, or
// sends browsers and other servers to.
var urlPlaces = []struct{ file, path string }{
	{masterDatasourcesXML, "datasources-configuration/datasources/datasource/definition/configuration/url"},
	{appManagerXML, "AppManager/AuthManager/ServerURL"},
	{appManagerXML, "AppManager/APIGateway/Environments/Environment/ServerURL"},
	{appManagerXML, "AppManager/APIGateway/Environments/Environment/GatewayEndpoint"},
	{appManagerXML, "AppManager/SSOConfiguration/IdentityProviderUrl"},
	{appManagerXML, "AppManager/SSOConfiguration/Configurators/Configurator/parameters/providerURL"},
	{appManagerXML, "AppManager/EntitlementServiceConfiguration/Parameters/ServerUrl"},
}

// urlMembers are those of the JSON files of the portals.
var urlMembers = []struct{ file, name string }{
	{publisherJSON, "identityProviderURL"}, {publisherJSON, "publisherAcs"},
	{storeJSON, "identityProviderURL"}, {storeJSON, "storeAcs"},
	{socialJSON, "identityProviderURL"}, {socialJSON, "storeAcs"},
}

// NamesUsed are the host names that the node's files hold once the plan is
// applied, each at its first place, and none that the hosts file of the node's
// host maps then.
func (d Deployment) NamesUsed(s *plan.State, p *plan.Plan, n inventory.Node) []NameUse {
	after := p.Applied(s)
	known := map[string]bool{"localhost": true}
	for _, name := range d.mappedNames(after, d.Inventory.HostOf(n)) {
		known[name] = true
	}
	h := &homeCheck{node: n, state: after}
	var uses []NameUse
	use := func(value, file, path string, line int) {
		for _, name := range namesIn(value) {
			if !known[strings.ToLower(name)] {
				known[strings.ToLower(name)] = true
				uses = append(uses, NameUse{Name: name, File: at(n, plan.KindFile, file).Path, Path: path, Line: line})
			}
		}
	}
	for _, place := range urlPlaces {
		for _, e := range h.find(h.doc(place.file), place.file, place.path) {
			use(e.Text(), place.file, e.Path(), e.Line())
		}
	}
	for _, m := range urlMembers {
		path := jsonedit.Pointer("ssoConfiguration", m.name)
		if value, line, there := h.member(m.file, path); there {
			use(value, m.file, path, line)
		}
	}
	return uses
}

// member is a text in a JSON file of the home; there is none where the wiring is
// somebody else's, and the file is not read.
func (h *homeCheck) member(file, pointer string) (value string, line int, there bool) {
	o, err := h.state.Get(at(h.node, plan.KindFile, file))
	f, is := o.(*plan.File)
	if err != nil || !is {
		return "", 0, false
	}
	doc, err := jsonedit.Parse(f.Data)
	if err != nil {
		return "", 0, false // the step that writes it has said so
	}
	value, there, _ = doc.Text(pointer)
	doc.Walk(func(p, _ string, v jsonedit.Span) bool {
		if p == pointer {
			line = 1 + bytes.Count(f.Data[:v.Start], []byte("\n"))
		}
		return true
	})
	return value, line, there
}

// mappedNames are those of a host's hosts file, in lower case.
func (d Deployment) mappedNames(s *plan.State, h inventory.Host) []string {
	o, err := s.Get(plan.Ref{Target: h.Name, Kind: plan.KindFile, Path: h.HostsFile})
	f, is := o.(*plan.File)
	if err != nil || !is {
		return nil
	}
	var names []string
	for _, l := range parseHosts(f.Data, 1) {
		names = append(names, strings.ToLower(l.name))
	}
	return names
}

// namesIn are the host names of a value: of one URL or several with commas between,
// or of a JDBC URL, which may have several hosts. An address is no name, nor is what
// a system property decides.
func namesIn(value string) []string {
	parts := strings.Split(value, ",")
	if strings.HasPrefix(value, "jdbc:") {
		hosts := authority(value)
		parts = strings.Split(hosts[strings.LastIndexByte(hosts, '@')+1:], ",") // a password may hold a comma
	}
	var names []string
	for _, part := range parts {
		host := authority(part)
		name, _, _ := strings.Cut(host[strings.LastIndexByte(host, '@')+1:], ":")
		if _, err := netip.ParseAddr(name); err != nil && hostName(name) {
			names = append(names, name)
		}
	}
	return names
}

// authority is what stands before the path of a URL, and behind its // if there
// is one.
func authority(url string) string {
	if _, behind, found := strings.Cut(url, "//"); found {
		url = behind
	} else if strings.HasPrefix(url, "jdbc:") {
		return "" // of a file
	}
	if i := strings.IndexAny(url, "/?#;"); i >= 0 {
		url = url[:i]
	}
	return url
}

// hostName tells whether the text could be one.
func hostName(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == ""
}
