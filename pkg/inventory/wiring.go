package inventory

// Wiring is how the servers of a deployment reach each other, and where they
// send browsers (facts.md section 4). Every URL follows from the names and ports
// of the roles unless the inventory says otherwise. An empty one, or an empty
// list, is none of ours: what the file says stays.
type Wiring struct {
	// Manage is false when the servers' URLs are somebody else's; then nothing
	// below is set.
	Manage bool
	// Authentication is where users are authenticated: app-manager.xml's AuthManager.
	Authentication string
	// Login is the IDP's page for single sign-on: in app-manager.xml, and in the
	// JSON files of Publisher and Store.
	Login string
	// Provider is the IDP at which apps are registered.
	Provider string
	// Entitlement is the IDP that evaluates policies.
	Entitlement string
	// Publishing is the Gateway to which apps are published.
	Publishing string
	// Endpoints are where apps are called, on the Gateway.
	Endpoints []string
	// Origins are the sites that may call apps from a browser.
	Origins []string
	// PublisherACS, StoreACS and SocialACS are where the IDP sends who has logged in.
	PublisherACS, StoreACS, SocialACS string
}

// Leads tells whether the ports in the URLs of a role are those of one of its
// nodes. Where they are not, as behind a load balancer, the name must not lead
// the node to itself.
func (s Shared) Leads(n Node) bool {
	return s.Offset == n.Offset && s.URL == plain("https", s, httpsPort)
}

// Keep is what to write to leave a URL as the file has it.
const Keep = "keep"
