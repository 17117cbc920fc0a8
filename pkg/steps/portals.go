package steps

import (
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/jsonedit"
)

// The web applications of Publisher and Store have files of their own, in JSON,
// which say once more where users log in and where they come back to (facts.md
// section 4).

// PublisherJSON is that of the Publisher, which also logs in as the
// administrator.
func PublisherJSON(d Deployment, _ inventory.Node) Edit {
	edits := d.portal("publisherAcs", d.Inventory.Wiring.PublisherACS)
	if user, password, ours := d.administrator(); ours {
		edits = append(edits, jsonedit.Set("/user/username", user), jsonedit.Set("/user/password", password))
	}
	return Edit{name: "publisher.json", file: publisherJSON, why: d.withWiring("", portalWhy), json: edits}
}

// StoreJSON is that of the Store.
func StoreJSON(d Deployment, _ inventory.Node) Edit {
	return Edit{name: "store.json", file: storeJSON, why: portalWhy, json: d.portal("storeAcs", d.Inventory.Wiring.StoreACS)}
}

// SocialJSON is that of the Store's comments and ratings. The account in it is
// one on an analytics server, which is none of ours.
func SocialJSON(d Deployment, _ inventory.Node) Edit {
	return Edit{name: "social.json", file: socialJSON, why: portalWhy, json: d.portal("storeAcs", d.Inventory.Wiring.SocialACS)}
}

const portalWhy = "where users log in and come back to"

func (d Deployment) portal(key, acs string) []jsonedit.Edit {
	var edits []jsonedit.Edit
	for _, v := range []struct{ name, url string }{{"identityProviderURL", d.Inventory.Wiring.Login}, {key, acs}} {
		if v.url != "" {
			edits = append(edits, jsonedit.Set(jsonedit.Pointer("ssoConfiguration", v.name), v.url))
		}
	}
	return edits
}
