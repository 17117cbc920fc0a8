package inventory

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Ports of the URLs at offset 0.
const (
	httpsPort       = 9443
	httpPort        = 9763
	endpointPort    = 8280
	endpointTLSPort = 8243
)

// wiring reads how the servers reach each other. The names come before: URLs
// follow from them.
func (r *reader) wiring() {
	s := r.root.table("wiring")
	if !r.inv.Wiring.Manage {
		r.unwired(s)
		return
	}
	idp, gateway, publisher, store := r.inv.IDP.URL, r.inv.Gateway.URL, r.inv.Publisher.URL, r.inv.Store.URL
	r.inv.Wiring = Wiring{
		Manage:         true,
		Authentication: s.link("authentication_url", idp+"/services/"),
		Login:          s.link("login_url", idp+"/samlsso"),
		Provider:       s.link("provider_url", idp),
		Entitlement:    s.link("entitlement_url", idp),
		Publishing:     s.link("gateway_url", gateway+"/services/"),
		Endpoints:      s.links("gateway_endpoint", r.endpoints(), webLink),
		Origins:        s.links("cors_origins", []string{originOf(store), plain("http", r.inv.Store, httpPort)}, origin),
		PublisherACS:   s.link("publisher_acs", publisher+"/publisher/acs"),
		StoreACS:       s.link("store_acs", store+"/store/acs"),
		SocialACS:      s.link("social_acs", store+"/social/acs"),
	}
	for i := range r.nodes {
		r.hostNameOf(s, &r.nodes[i])
	}
	for i := range r.inv.Nodes {
		r.inv.Nodes[i].HostName = r.nodes[i].node.HostName
	}
}

// unwired refuses settings of what is switched off.
func (r *reader) unwired(s section) {
	for _, k := range wiringKeys {
		if k.name != "manage" && s.has(k.name) {
			s.wrong(k.name, "%s is given, and manage = false switches the wiring off: want one", k.name)
		}
	}
	for _, n := range r.nodes {
		if n.has("host_name") {
			n.wrong("host_name", "host_name is given, and [wiring] manage = false switches the wiring off: want one")
		}
	}
}

// hostNameOf gives a node the name that its carbon.xml has of itself: that of
// its role, as this is what browsers and the other nodes call it.
func (r *reader) hostNameOf(s section, n *nodeTable) {
	byDefault := r.inv.Shared(n.node.Role).Name
	if !s.flag("host_names", true) {
		byDefault = ""
	}
	n.node.HostName = n.text("host_name", byDefault, hostName)
}

func (r *reader) endpoints() []string {
	return []string{plain("http", r.inv.Gateway, endpointPort), plain("https", r.inv.Gateway, endpointTLSPort)}
}

// plain is the URL of one port behind a shared name.
func plain(scheme string, s Shared, port int) string {
	return scheme + "://" + s.Name + ":" + strconv.Itoa(port+s.Offset)
}

// sharedURL finds where the nodes of a role are reached: at the ports of the
// first one which the address belongs to. Any other address is a load
// balancer's, which nothing is known of but that it has ports of its own.
func (r *reader) sharedURL(s section, role Role, shared *Shared) {
	for _, n := range r.inv.NodesOf(role) {
		if sameIP(r.inv.HostOf(n).Address, shared.Address) {
			shared.Offset = n.Offset
			break
		}
	}
	shared.URL = plain("https", *shared, httpsPort)
	if !s.login("url") {
		shared.URL = s.text("url", shared.URL, baseURL)
	}
}

// originOf is what a browser calls the site of a page.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

func sameIP(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	return errX == nil && errY == nil && x.Unmap() == y.Unmap()
}

// nameIn is the host name of a URL that was written; "" when it has none.
func (s section) nameIn(key string) string {
	text, _ := s.values[key].(string)
	u, err := url.Parse(text)
	if err != nil || hostName(u.Hostname()) != "" {
		return ""
	}
	return u.Hostname()
}

// link reads a URL; Keep is none.
func (s section) link(name, byDefault string) string {
	list := s.links(name, []string{byDefault}, webLink)
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// links reads URLs that the product's file holds with commas between them.
func (s section) links(name string, byDefault []string, want rule) []string {
	if text, is := s.values[name].(string); is && text == Keep {
		return nil
	}
	if s.login(name) {
		return byDefault
	}
	if list, is := s.values[name].([]any); is && len(list) == 0 {
		s.wrong(name, "%s is an empty list; want what is to be there, or %q for what the file has", name, Keep)
	}
	if list := s.texts(name, want); len(list) > 0 {
		return list
	}
	return byDefault
}

// login reports a URL that holds a user or a password, without showing it.
func (s section) login(name string) bool {
	for _, text := range textsIn(s.values[name]) {
		if strings.Contains(text, "@") {
			s.wrong(name, "%s holds a user or a password, which would be printed; want a URL without one", name)
			return true
		}
	}
	return false
}

// webLink is the rule for URLs that come to stand in the product's files.
func webLink(value string) string {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || !reachable(u) || u.RawQuery+u.Fragment != "" || u.ForceQuery:
		return `is no URL (want "https://name:port/path", or "keep")`
	case strings.ContainsAny(value, ", \"<>"):
		return "contains a character that the product's files have for something else"
	}
	return ""
}

// reachable tells whether a URL names a host, and a port if it has one.
func reachable(u *url.URL) bool {
	name := u.Hostname()
	port, err := strconv.Atoi(u.Port())
	if u.Port() == "" {
		port, err = httpsPort, nil
	}
	return (hostName(name) == "" || ipLiteral(name) == "") && err == nil && port > 0 && port < 65536 && !strings.HasSuffix(u.Host, ":")
}

// baseURL is the rule for URLs that paths are put behind.
func baseURL(value string) string {
	if c := webLink(value); c != "" {
		return strings.Replace(c, `"https://name:port/path", or "keep"`, `"https://name:port"`, 1)
	}
	if !strings.HasPrefix(value, "https://") {
		return "is not https, which logins need"
	}
	if strings.HasSuffix(value, "/") {
		return "ends with a slash, and paths are put behind it: leave the slash out"
	}
	return ""
}

// origin is the rule for what a browser may come from.
func origin(value string) string {
	if value == "*" {
		return ""
	}
	u, err := url.Parse(value)
	if webLink(value) != "" || err != nil || u.Path != "" {
		return `is no origin (want "https://name:port", "*" or "keep")`
	}
	return ""
}

// admin reads the product's administrator. A name without a password would
// leave it open which one the new account gets.
func (r *reader) admin(s section) {
	r.inv.Admin = Credential{User: s.text("user", "admin", adminName), Password: s.secret("password")}
	s.need("password", `: that of the product's administrator (write password = { env = "APPM_ADMIN_PASSWORD" })`)
}

// adminName keeps to what the product's own rule for user names lets pass, and
// needs no escaping anywhere. An @ would name a tenant.
func adminName(value string) string {
	if len(value) < 3 || len(value) > 30 || !only(value, letters+digits+"._-") {
		return "is no name of an administrator (want 3 to 30 letters, digits and . _ -)"
	}
	return ""
}
