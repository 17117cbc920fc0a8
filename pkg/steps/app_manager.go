package steps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// Where app-manager.xml names other servers, and the account for them.
const (
	authManager = "AppManager/AuthManager"
	environment = "AppManager/APIGateway/Environments/Environment"
	single      = "AppManager/SSOConfiguration"
	provider    = single + "/Configurators/Configurator/parameters"
	entitlement = "AppManager/EntitlementServiceConfiguration/Parameters"
	cors        = "AppManager/CORSConfiguration"
)

// AppManager names the App Manager database in app-manager.xml, and the servers
// that do what this one does not do itself. The page's second line,
// UiActivityPublishDataSourceName below the root, is one that the product
// ignores; the key it reads is UIActivityPublishDataSourceName inside Analytics
// (facts.md sections 1, 2.5 and 4).
func AppManager(d Deployment, _ inventory.Node) Edit {
	wiring := d.appManagerWiring()
	return Edit{
		name: "app-manager.xml", file: appManagerXML,
		why: d.withWiring("the App Manager database by its JNDI name", "where the other servers are"),
		edits: func(doc *xmledit.Doc) ([]xmledit.Edit, error) {
			if err := d.oneEnvironment(doc); err != nil {
				return nil, err
			}
			edits := append(slices.Clone(wiring), xmledit.Upsert("AppManager", text("DataSourceName", "jdbc/WSO2AM_DB"), xmledit.First))
			analytics, err := doc.Find("AppManager/Analytics")
			if err != nil {
				return nil, err
			}
			publish := text("UIActivityPublishDataSourceName", "jdbc/WSO2AM_DB")
			if len(analytics) == 0 {
				return append(edits, xmledit.Upsert("AppManager", xmledit.Element{Name: "Analytics", Children: []xmledit.Element{publish}}, xmledit.Last)), nil
			}
			return append(edits, xmledit.Upsert("AppManager/Analytics", publish, xmledit.Last)), nil
		},
	}
}

// appManagerWiring are the URLs of the inventory, and the administrator's account
// wherever this server logs in to another of the deployment. DASUsername and
// AuthUser are accounts on servers that are none of ours.
func (d Deployment) appManagerWiring() []xmledit.Edit {
	w := d.Inventory.Wiring
	type value struct{ in, name, text string }
	values := []value{
		{authManager, "ServerURL", w.Authentication},
		{environment, "ServerURL", w.Publishing},
		{environment, "GatewayEndpoint", strings.Join(w.Endpoints, ",")},
		{single, "IdentityProviderUrl", w.Login},
		{provider, "providerURL", w.Provider},
		{entitlement, "ServerUrl", w.Entitlement},
		{cors, "Access-Control-Allow-Origin", strings.Join(w.Origins, ",")},
	}
	if user, password, ours := d.administrator(); ours {
		for _, in := range []string{authManager, environment, entitlement} {
			values = append(values, value{in, "Username", user}, value{in, "Password", password})
		}
		values = append(values, value{provider, "username", user}, value{provider, "password", password})
	}
	var edits []xmledit.Edit
	for _, v := range values {
		if v.text != "" {
			edits = append(edits, xmledit.Upsert(v.in, text(v.name, v.text), xmledit.Last))
		}
	}
	return edits
}

// withWiring says why a file changes that also has what its step is named for.
func (d Deployment) withWiring(why, urls string) string {
	if d.Inventory.Wiring.Manage && urls != "" {
		why = join(why, urls)
	}
	if _, _, ours := d.administrator(); ours {
		why = join(why, "the administrator's account")
	}
	return why
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// oneEnvironment refuses a file with several gateways: which of them is that of
// the deployment cannot be told.
func (d Deployment) oneEnvironment(doc *xmledit.Doc) error {
	_, _, admin := d.administrator()
	w := d.Inventory.Wiring
	if w.Publishing == "" && len(w.Endpoints) == 0 && !admin {
		return nil
	}
	if _, err := doc.One(environment); err != nil {
		return fmt.Errorf(`%w; write gateway_url = "keep" and gateway_endpoint = "keep" under [wiring], and leave [admin] out, where gateways are set by hand`, err)
	}
	return nil
}

// administrator is the product's own, where the inventory names one.
func (d Deployment) administrator() (user, password string, ours bool) {
	admin := d.Inventory.Admin
	return admin.User, d.Administrator.Reveal(), admin.Password.Kind() != inventory.SecretMissing
}
