package carbon_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/visit"
)

const (
	publisherJSON = "repository/deployment/server/jaggeryapps/publisher/config/publisher.json"
	storeJSON     = "repository/deployment/server/jaggeryapps/store/config/store.json"
	socialJSON    = "repository/deployment/server/jaggeryapps/social/configs/social.json"
	ssoIDP        = "repository/conf/identity/sso-idp-config.xml"
)

// four are the nodes of a deployment, each by a name of its own.
type four struct {
	idp, gateway, publisher, store *home
	servers                        map[*home]*server
}

// base is where a node's web container is, by the name that wired gives it.
func (h *home) base(name string) string {
	return fmt.Sprintf("https://%s.example.org:%d", name, 9443+h.offset)
}

// deployment writes the homes of four nodes that know each other.
func deployment(t *testing.T) *four {
	f := &four{publisher(t), publisher(t), publisher(t), publisher(t), map[*home]*server{}}
	for h, name := range map[*home]string{f.idp: "idp", f.gateway: "gateway", f.publisher: "publisher", f.store: "store"} {
		h.put("../hosts", "127.0.0.1 localhost carbondb.mysql-wso2.com idp.example.org gateway.example.org publisher.example.org store.example.org\n")
		h.swap(carbonXML, "<HostName>", "</HostName>", "<HostName>"+name+".example.org</HostName>")
		if h != f.idp {
			f.wire(h)
		}
	}
	f.publisher.edit(publisherJSON, `%https.host%/samlsso`, f.idp.base("idp")+"/samlsso")
	f.store.edit(storeJSON, `%https.host%/samlsso`, f.idp.base("idp")+"/samlsso")
	f.store.edit(socialJSON, `%https.host%/samlsso`, f.idp.base("idp")+"/samlsso")
	sso := strings.ReplaceAll(f.idp.read(ssoIDP), "https://localhost:9443/publisher", f.publisher.base("publisher")+"/publisher")
	f.idp.put(ssoIDP, strings.ReplaceAll(sso, "https://localhost:9443/", f.store.base("store")+"/"))
	return f
}

// wire writes what app-manager.xml says of the others.
func (f *four) wire(h *home) {
	idp, gateway := f.idp.base("idp"), f.gateway.base("gateway")
	element := func(name, begin, value string) {
		h.swap(appManager, "<"+name+">"+begin, "</"+name+">", "<"+name+">"+value+"</"+name+">")
	}
	element("ServerURL", "https://${", idp+"/services/") // AuthManager's is the first
	element("ServerURL", "https://${", gateway+"/services/")
	element("GatewayEndpoint", "", fmt.Sprintf("http://gateway.example.org:%d,https://gateway.example.org:%d", 8280+f.gateway.offset, 8243+f.gateway.offset))
	element("Access-Control-Allow-Origin", "", f.store.base("store")+",http://store.example.org:9763")
	element("IdentityProviderUrl", "", idp+"/samlsso")
	element("providerURL", "", idp)
	element("ServerUrl", "", idp)
}

func (f *four) start(t *testing.T, nodes ...*home) {
	t.Helper()
	for _, h := range nodes {
		if s := f.servers[h]; s != nil {
			s.cmd.Process.Signal(syscall.SIGTERM)
			s.code()
			h.put("repository/logs/wso2carbon.log", "")
		}
		f.servers[h] = h.start()
		f.servers[h].await("Mgt Console URL")
	}
}

func (f *four) logs() map[string]string {
	return map[string]string{"idp": f.idp.log(), "gateway": f.gateway.log(), "publisher": f.publisher.log(), "store": f.store.log()}
}

// visit goes through it as a user on a machine of its own.
func (f *four) visit() (visit.Seen, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return visit.Deployment{
		Publishers: []string{f.publisher.base("publisher")}, Stores: []string{f.store.base("store")}, User: "admin", Password: "admin",
		Lookup: func(name string) (string, error) {
			if name == "localhost" {
				return "", fmt.Errorf("nothing listens on the user's own machine")
			}
			return "127.0.0.1", nil
		},
	}.Walk(ctx)
}

func TestFourThatKnowEachOther(t *testing.T) {
	f := deployment(t)
	f.start(t, f.idp, f.gateway, f.publisher, f.store)
	seen, err := f.visit()
	if err != nil {
		t.Fatal(err)
	}
	if want := "through " + f.gateway.dir + " for admin"; len(seen.Served) != 1 || !strings.HasSuffix(seen.Served[0], want) {
		t.Errorf("the app is served by %q, want %q", seen.Served, want)
	}
	if want := " through " + f.idp.base("idp") + "/samlsso"; len(seen.Logins) != 3 || !strings.HasSuffix(seen.Logins[0], want) {
		t.Errorf("logins: got %q, want three %q", seen.Logins, want)
	}
	for name, log := range f.logs() {
		if strings.Contains(log, "ERROR") {
			t.Errorf("%s complains:\n%s", name, log)
		}
	}
	if !strings.Contains(f.idp.log(), "'admin@carbon.super [-1234]' logged in at [") {
		t.Errorf("nobody logged in at the IDP:\n%s", f.idp.log())
	}
	f.start(t, f.idp, f.gateway, f.publisher, f.store)
	if _, err := f.visit(); err != nil {
		t.Errorf("after a restart: %v", err)
	}

	for _, m := range miswirings {
		t.Run(m.name, func(t *testing.T) { f.miswired(t, m) })
	}
}

// miswiring is a place that one node was not told of, or wrongly; what a user
// meets then, and what the log of which node says.
type miswiring struct {
	name  string
	node  func(*four) *home
	file  string
	make  func(*four, *home)
	user  string // "" when a visit goes well all the same
	where func(*four) *home
	log   string
}

var (
	idp       = func(f *four) *home { return f.idp }
	gateway   = func(f *four) *home { return f.gateway }
	pub       = func(f *four) *home { return f.publisher }
	shop      = func(f *four) *home { return f.store }
	localhost = "https://${carbon.local.ip}:${mgt.transport.https.port}"
)

// element gives an element of app-manager.xml another text.
func element(name, begin, value string) func(*four, *home) {
	return func(_ *four, h *home) {
		h.swap(appManager, "<"+name+">"+begin, "</"+name+">", "<"+name+">"+value+"</"+name+">")
	}
}

var miswirings = []miswiring{
	{"a Publisher's page that asks its own node", pub, publisherJSON, func(f *four, h *home) { h.edit(publisherJSON, f.idp.base("idp"), "%https.host%") },
		"nothing listens on the user's own machine", nil, ""},
	{"a Store's page that asks its own node", shop, storeJSON, func(f *four, h *home) { h.edit(storeJSON, f.idp.base("idp"), "%https.host%") },
		"nothing listens on the user's own machine", nil, ""},
	{"the Store's other page that asks its own node", shop, socialJSON, func(f *four, h *home) { h.edit(socialJSON, f.idp.base("idp"), "%https.host%") },
		"/social/: ", nil, ""},
	{"an IDP as it comes", idp, ssoIDP, func(f *four, h *home) {
		h.put(ssoIDP, strings.ReplaceAll(h.read(ssoIDP), f.publisher.base("publisher"), "https://localhost:9443"))
	}, "nothing listens on the user's own machine", nil, ""},
	{"a consumer on a port where nothing listens", idp, ssoIDP, func(f *four, h *home) {
		h.put(ssoIDP, strings.ReplaceAll(h.read(ssoIDP), f.publisher.base("publisher"), "https://publisher.example.org:1"))
	}, "connection refused", nil, ""},
	{"a consumer on the other node", idp, ssoIDP, func(f *four, h *home) {
		h.put(ssoIDP, strings.ReplaceAll(h.read(ssoIDP), f.publisher.base("publisher"), f.store.base("store")))
	}, "the login ended at https://store.example.org", nil, ""},
	{"one of the two places of a consumer", idp, ssoIDP, func(f *four, h *home) {
		h.swap(ssoIDP, "<AssertionConsumerServiceURL>"+f.publisher.base("publisher"), "<", "<AssertionConsumerServiceURL>https://localhost:9443/publisher/acs<")
	}, "ALERT: Invalid Assertion Consumer URL value", idp, "ALERT: Invalid Assertion Consumer URL value 'https://publisher.example.org"},
	{"a page that the IDP does not know", pub, publisherJSON, func(_ *four, h *home) { h.edit(publisherJSON, `"issuer": "publisher"`, `"issuer": "publishers"`) },
		"is not registered", idp, "A Service Provider with the Issuer 'publishers' is not registered"},
	{"users looked up where nothing listens", pub, appManager, func(f *four, h *home) {
		h.edit(appManager, f.idp.base("idp")+"/services/", "https://localhost:1/services/")
	}, "", pub, "Error while accessing backend services for user role list"},
	{"users looked up without the last slash", pub, appManager, func(f *four, h *home) {
		h.edit(appManager, f.idp.base("idp")+"/services/", f.idp.base("idp")+"/services")
	}, "", pub, "Transport error: 404"},
	{"users looked up without TLS", pub, appManager, func(f *four, h *home) {
		h.edit(appManager, f.idp.base("idp")+"/services/", fmt.Sprintf("http://idp.example.org:%d/services/", 9763+f.idp.offset))
	}, "", pub, "Transport error: 403"},
	{"users looked up by a name that the host does not know", pub, appManager, func(f *four, h *home) {
		h.edit(appManager, f.idp.base("idp")+"/services/", "https://idp.elsewhere.org:9443/services/")
	}, "", pub, "java.net.UnknownHostException: idp.elsewhere.org"},
	{"users looked up with an old password", pub, appManager, element("Password", "", "old-password"),
		"", idp, "Failed Administrator login attempt 'admin[-1234]' at ["},
	{"apps that go to the Publisher's own node", pub, appManager, func(f *four, h *home) {
		h.edit(appManager, f.gateway.base("gateway")+"/services/", localhost+"/services/")
	}, "404 Not Found", nil, ""},
	{"apps that go where nothing listens", pub, appManager, func(f *four, h *home) {
		h.edit(appManager, f.gateway.base("gateway")+"/services/", "https://gateway.example.org:1/services/")
	}, "publishing hello", pub, "Error while publishing to Gateway  {org.wso2.carbon.appmgt.impl.APIProviderImpl}\norg.apache.axis2.AxisFault: Error while contacting the authentication admin services\nCaused by: java.net.ConnectException: Connection refused"},
	{"a password that the Gateway refuses", pub, appManager, func(_ *four, h *home) {
		head, tail, _ := strings.Cut(h.read(appManager), "<Environment type")
		h.put(appManager, head+"<Environment type"+strings.Replace(tail, "<Password>admin<", "<Password>old-password<", 1))
	}, "Error while authenticating against the API gateway admin", pub, "LoginAuthenticationExceptionException"},
	{"an app that is not made known to the IDP", pub, appManager, element("providerURL", "", localhost),
		"is not registered", idp, "A Service Provider with the Issuer 'hello"},
	{"a configurator where nothing listens", pub, appManager, element("providerURL", "", "https://localhost:1"),
		"publishing hello", pub, "Error initializing WSO2 SAML SSO Configurator {org.wso2.carbon.appmgt.impl.idp.sso.configurator.IS500SAMLSSOConfigurator}"},
	{"entitlement where nothing listens", pub, appManager, element("ServerUrl", "", "https://localhost:1"),
		"", pub, "Cannot initialize XACML entitlement service. {org.wso2.carbon.appmgt.impl.entitlement.XacmlEntitlementServiceImpl}"},
	{"a Store that shows its own node", shop, appManager, element("GatewayEndpoint", "", "http://${carbon.local.ip}:${http.nio.port},https://${carbon.local.ip}:${https.nio.port}"),
		"404 Not Found", nil, ""},
	{"a Store with another registry", shop, datasources, func(_ *four, h *home) { h.first(datasources, "/REG_DB?", "/UM2_DB?") },
		"it is not among the 0 apps of the Store", nil, ""},
	{"a Gateway that asks its own node", gateway, appManager, element("IdentityProviderUrl", "", localhost+"/samlsso"),
		"is not registered", gateway, "A Service Provider with the Issuer 'hello"},
	{"a Gateway that answers nobody's pages", gateway, appManager, element("Access-Control-Allow-Origin", "", "https://localhost:9443"),
		"may not read the answer", nil, ""},
}

// miswired makes one mistake, looks at what comes of it, and takes it back.
func (f *four) miswired(t *testing.T, m miswiring) {
	h := m.node(f)
	right := h.read(m.file)
	m.make(f, h)
	if h.read(m.file) == right {
		t.Fatal("nothing was changed")
	}
	f.start(t, h)
	_, err := f.visit()
	if m.user == "" && err != nil || m.user != "" && (err == nil || !strings.Contains(err.Error(), m.user)) {
		t.Errorf("a user meets %v, want %q", err, m.user)
	}
	if m.where != nil && !strings.Contains(m.where(f).log(), m.log) {
		t.Errorf("no %q in\n%s", m.log, m.where(f).log())
	}
	for name, log := range f.logs() {
		if strings.Contains(log, "old-password") {
			t.Errorf("a password is in the log of %s", name)
		}
	}
	h.put(m.file, right)
	f.start(t, h)
}

// A node whose neighbours are down comes up: they may be started later.
func TestANodeAloneComesUpAndSaysWhoIsMissing(t *testing.T) {
	f := deployment(t)
	f.start(t, f.publisher)
	for _, text := range []string{"Error while accessing backend services for user role list", "Error initializing WSO2 SAML SSO Configurator", "Error while publishing to Gateway "} {
		if !strings.Contains(f.publisher.log(), "ERROR {org.wso2.carbon.appmgt.impl.") || !strings.Contains(f.publisher.log(), text) {
			t.Errorf("no %q in\n%s", text, f.publisher.log())
		}
	}
}

// Homes as they come know nobody but themselves: each node is content, and no
// user gets anywhere.
func TestFourThatWereLeftAsTheyCome(t *testing.T) {
	f := &four{publisher(t), publisher(t), publisher(t), publisher(t), map[*home]*server{}}
	f.start(t, f.idp, f.publisher)
	for name, log := range map[string]string{"idp": f.idp.log(), "publisher": f.publisher.log()} {
		if strings.Contains(log, "ERROR") {
			t.Errorf("%s complains:\n%s", name, log)
		}
	}
	if _, err := f.visit(); err == nil || !strings.Contains(err.Error(), "nothing listens on the user's own machine") {
		t.Errorf("a user meets %v", err)
	}
}
