package carbon

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// wiring is where the files say that the other servers are. Every node of the
// product can do everything: what makes four of them one deployment is to whom
// each sends its logins and its apps.
type wiring struct {
	auth         peer // asked about users, AuthManager
	gateways     []environment
	sso          string // where the Gateway sends who is not logged in
	postfix      string // of an app's own assertion consumer
	configurator peer   // told about an app that wants logins
	entitlement  peer
	origins      string // who may read the Gateway's answers in a browser
	pages        []page
	providers    []provider // whom this server, as the IDP, sends logins back to
}

// peer is a server to log in to, as the file has it: nothing is trimmed.
type peer struct{ url, user, password string }

// environment is a Gateway to publish to, and how users reach it.
type environment struct {
	peer
	name, endpoints string
}

// page is a web application that asks the IDP for logins.
type page struct{ name, issuer, idp string }

// provider is who may ask for logins, and where the answers go.
type provider struct {
	Issuer  string   `json:"issuer"`
	URLs    []string `json:"urls"`
	Default string   `json:"default"`
}

func (p provider) consumes(url string) bool {
	for _, u := range p.URLs {
		if u == url {
			return true
		}
	}
	return false
}

// The JSON files of the pages, from the folder of the web applications.
var pageFiles = []struct{ name, file string }{
	{"publisher", "publisher/config/publisher.json"},
	{"store", "store/config/store.json"},
	{"social", "social/configs/social.json"},
}

const (
	ssoReader  = "org.wso2.carbon.identity.core.persistence.IdentityPersistenceManager"
	pageReader = "org.jaggeryjs.jaggery.core.manager.WebAppManager"
)

// announce makes the system properties with which the files as they come name
// the node itself. The address is the one of this machine; the one that is
// listened on, where the stand-in was given one.
func (s *server) announce(c configuration) {
	set := func(name, value string) {
		if _, given := s.props[name]; !given {
			s.props[name] = value
		}
	}
	set("carbon.local.ip", ownAddress(s.env("CARBON_BIND")))
	set("carbon.context", "")
	set("mgt.transport.https.port", strconv.Itoa(webPorts[0]+c.offset))
	set("mgt.transport.http.port", strconv.Itoa(webPorts[1]+c.offset))
	for _, t := range c.axis.transports {
		set(t.name+".nio.port", strconv.Itoa(t.port+c.offset))
	}
}

// readWiring reads what app-manager.xml, the pages' files and the IDP's file
// say of the other servers. Whether it is right shows when it is used.
func (s *server) readWiring(c configuration) (wiring, error) {
	var w wiring
	root, err := s.document("org.wso2.carbon.appmgt.impl.AppManagerConfiguration", "app-manager.xml")
	if err == nil {
		w.read(s, root)
	}
	pages, errPages := s.readPages(c)
	providers, errProviders := s.readProviders()
	w.pages, w.providers = pages, providers
	return w, errors.Join(err, errPages, errProviders)
}

func (w *wiring) read(s *server, root *node) {
	keys := s.keys(root)
	const configurator, entitlement = "SSOConfiguration.Configurators.Configurator.parameters.", "EntitlementServiceConfiguration.Parameters."
	w.auth = peer{keys["AuthManager.ServerURL"], keys["AuthManager.Username"], keys["AuthManager.Password"]}
	w.sso, w.postfix = keys["SSOConfiguration.IdentityProviderUrl"], keys["SSOConfiguration.ACSURLPostfix"]
	w.configurator = peer{keys[configurator+"providerURL"], keys[configurator+"username"], keys[configurator+"password"]}
	w.entitlement = peer{keys[entitlement+"ServerUrl"], keys[entitlement+"Username"], keys[entitlement+"Password"]}
	if keys["CORSConfiguration.Enabled"] == "true" {
		w.origins = keys["CORSConfiguration.Access-Control-Allow-Origin"]
	}
	for _, list := range root.all("APIGateway") {
		for _, n := range list.all("Environments") {
			for _, e := range n.all("Environment") {
				k := s.keys(e)
				w.gateways = append(w.gateways, environment{peer{k["ServerURL"], k["Username"], k["Password"]}, k["Name"], k["GatewayEndpoint"]})
			}
		}
	}
}

// readPages reads the files of the web applications. %https.host% is this
// server by its own name.
func (s *server) readPages(c configuration) ([]page, error) {
	host := "https://" + c.hostName + ":" + s.props["mgt.transport.https.port"]
	var pages []page
	var errs []error
	for _, f := range pageFiles {
		path := "repository/deployment/server/jaggeryapps/" + f.file
		data, err := os.ReadFile(filepath.Join(s.home, filepath.FromSlash(path)))
		if err != nil {
			errs = append(errs, faultf(pageReader, "%s cannot be read: %v", path, err))
			continue
		}
		var text struct {
			SSO struct {
				Issuer string `json:"issuer"`
				IDP    string `json:"identityProviderURL"`
			} `json:"ssoConfiguration"`
		}
		if err := json.Unmarshal(data, &text); err != nil {
			errs = append(errs, faultf(pageReader, "%s is no JSON: %v", path, err))
			continue
		}
		pages = append(pages, page{f.name, text.SSO.Issuer, strings.ReplaceAll(text.SSO.IDP, "%https.host%", host)})
	}
	return pages, errors.Join(errs...)
}

// readProviders reads sso-idp-config.xml. Nothing is trimmed [deduced].
func (s *server) readProviders() ([]provider, error) {
	root, err := s.document(ssoReader, "identity/sso-idp-config.xml")
	if err != nil {
		return nil, err
	}
	var list []provider
	for _, n := range root.all("ServiceProviders") {
		for _, sp := range n.all("ServiceProvider") {
			p := provider{Issuer: raw(sp, "Issuer"), Default: raw(sp, "DefaultAssertionConsumerServiceURL")}
			if urls := sp.first("AssertionConsumerServiceURLs"); urls != nil {
				for _, u := range urls.all("AssertionConsumerServiceURL") {
					p.URLs = append(p.URLs, u.text)
				}
			}
			list = append(list, p)
		}
	}
	return list, nil
}
