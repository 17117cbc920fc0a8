package draft

import (
	"net/url"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// A link is a setting of [wiring] and where the product's files have it.
type link struct {
	key  string
	path string
	list bool // with commas in the file, as a list in the inventory
	now  func(inventory.Wiring) []string
}

func one(get func(inventory.Wiring) string) func(inventory.Wiring) []string {
	return func(w inventory.Wiring) []string { return []string{get(w)} }
}

// links of app-manager.xml come first, then those of sso-idp-config.xml.
var (
	appManagerLinks = []link{
		{"authentication_url", "AppManager/AuthManager/ServerURL", false, one(func(w inventory.Wiring) string { return w.Authentication })},
		{"login_url", "AppManager/SSOConfiguration/IdentityProviderUrl", false, one(func(w inventory.Wiring) string { return w.Login })},
		{"provider_url", "AppManager/SSOConfiguration/Configurators/Configurator/parameters/providerURL", false, one(func(w inventory.Wiring) string { return w.Provider })},
		{"entitlement_url", "AppManager/EntitlementServiceConfiguration/Parameters/ServerUrl", false, one(func(w inventory.Wiring) string { return w.Entitlement })},
		{"gateway_url", "AppManager/APIGateway/Environments/Environment/ServerURL", false, one(func(w inventory.Wiring) string { return w.Publishing })},
		{"gateway_endpoint", "AppManager/APIGateway/Environments/Environment/GatewayEndpoint", true, func(w inventory.Wiring) []string { return w.Endpoints }},
		{"cors_origins", "AppManager/CORSConfiguration/Access-Control-Allow-Origin", true, func(w inventory.Wiring) []string { return w.Origins }},
	}
	singleSignOnLinks = []link{
		{"publisher_acs", acsOf("publisher"), false, one(func(w inventory.Wiring) string { return w.PublisherACS })},
		{"store_acs", acsOf("store"), false, one(func(w inventory.Wiring) string { return w.StoreACS })},
		{"social_acs", acsOf("social"), false, one(func(w inventory.Wiring) string { return w.SocialACS })},
	}
)

func acsOf(issuer string) string {
	return "SSOIdentityProviderConfig/ServiceProviders/ServiceProvider[Issuer=" + xmledit.Quote(issuer) + "]/DefaultAssertionConsumerServiceURL"
}

func takeLinks(links []link) func(*node, *xmledit.Doc) error {
	return func(n *node, doc *xmledit.Doc) error {
		for _, l := range links {
			if found, err := doc.Find(l.path); err == nil && len(found) == 1 {
				n.links[l.key] = found[0].Text()
			}
		}
		return nil
	}
}

const unwired = `As their files are, these servers send logins, tokens and apps each to its own
machine. Without this table a plan shows what connects them.
`

// wiring is how the servers reach each other, and says of it what would not
// follow by itself. A deployment that stopped where the page ends has none.
func (r *reading) wiring(d *Draft) {
	values := map[string]string{}
	for _, l := range slices.Concat(appManagerLinks, singleSignOnLinks) {
		idp := slices.ContainsFunc(singleSignOnLinks, func(s link) bool { return s.key == l.key })
		values[l.key] = r.agreed(l.key, func(n *node) (string, bool) { return n.links[l.key], (n.role == inventory.IDP) == idp })
	}
	named := slices.ContainsFunc(r.nodes, func(n *node) bool { return n.named() != "" })
	if !named && !slices.ContainsFunc(slices.Concat(appManagerLinks, singleSignOnLinks), func(l link) bool { return l.of(values) != nil }) {
		t := d.Table("wiring")
		t.Note = unwired
		t.put("manage", "false")
		return
	}
	r.roleName(d, inventory.IDP, values["login_url"])
	r.roleName(d, inventory.Gateway, values["gateway_url"])
	inv, _, err := inventory.Parse("", d.Text())
	if err != nil {
		return // what is wrong is told when the whole is read
	}
	r.differing(d, inv, values)
}

// roleName is the name by which a URL knows the nodes of a role.
func (r *reading) roleName(d *Draft, role inventory.Role, address string) {
	u, err := url.Parse(address)
	if err != nil || !ours(address) {
		return
	}
	t := d.Table(string(role))
	t.text("name", u.Hostname())
	if nodes := r.of(role); len(nodes) > 1 {
		at := r.elsewhere(role, u.Hostname())
		if at == "" {
			at = nodes[0].Address
		}
		t.text("address", at)
	}
}

// differing writes what the files say otherwise than it would follow.
func (r *reading) differing(d *Draft, inv inventory.Inventory, values map[string]string) {
	for _, l := range slices.Concat(appManagerLinks, singleSignOnLinks) {
		is := l.of(values)
		switch {
		case is == nil:
			d.Table("wiring").text(l.key, inventory.Keep)
		case !slices.Equal(is, l.now(inv.Wiring)) && l.list:
			quoted := make([]string, len(is))
			for i, text := range is {
				quoted[i] = inventory.Quote(text)
			}
			d.Table("wiring").put(l.key, "["+strings.Join(quoted, ", ")+"]")
		case !slices.Equal(is, l.now(inv.Wiring)):
			d.Table("wiring").text(l.key, is[0])
		}
	}
	if !slices.ContainsFunc(r.nodes, func(n *node) bool { return n.named() != "" }) {
		d.Table("wiring").put("host_names", "false")
		return
	}
	for _, n := range r.nodes {
		follows, _ := inv.Node(n.name)
		if is := n.named(); is != "" && is != follows.HostName {
			if keys := d.node(n.name); keys != nil {
				find(keys, "host_name").Literal = inventory.Quote(is)
			}
		}
	}
}

// of are the URLs that a file gives; nil where it says nothing that would be
// right on another node.
func (l link) of(values map[string]string) []string {
	is := []string{values[l.key]}
	if l.list {
		is = strings.Split(values[l.key], ",")
	}
	if slices.ContainsFunc(is, func(text string) bool { return !ours(text) && !(l.key == "cors_origins" && text == "*") }) {
		return nil
	}
	return is
}

// ours tells whether a text is a URL that an inventory takes, and not one of the
// server itself, as those of a fresh pack are.
func ours(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.Hostname() != "localhost" &&
		!strings.HasPrefix(u.Hostname(), "127.") && !strings.ContainsAny(text, "@?#$%, ")
}

// named is the host name that a server has of itself, if it was given one.
func (n *node) named() string {
	if n.hostName == "localhost" || strings.ContainsAny(n.hostName, "${} ") {
		return ""
	}
	return n.hostName
}
