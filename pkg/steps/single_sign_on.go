package steps

import (
	"fmt"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// SingleSignOn lets the Identity Provider send who has logged in back to the
// Publisher and the Store. It knows each address twice: among those that may be
// asked for, and as the one that is taken when none is (facts.md section 4).
func SingleSignOn(d Deployment, _ inventory.Node) Edit {
	w := d.Inventory.Wiring
	return Edit{
		name: "sso-idp-config.xml", file: ssoXML,
		why: "logins lead back to Publisher and Store",
		edits: func(doc *xmledit.Doc) ([]xmledit.Edit, error) {
			var edits []xmledit.Edit
			for _, app := range []struct{ issuer, acs string }{
				{"store", w.StoreACS}, {"social", w.SocialACS}, {"publisher", w.PublisherACS},
			} {
				if app.acs == "" {
					continue
				}
				more, err := acs(doc, app.issuer, app.acs)
				if err != nil {
					return nil, err
				}
				edits = append(edits, more...)
			}
			return edits, nil
		},
	}
}

// acs makes url the address of an application. Others that somebody added may
// stay: a browser can come by each of them.
func acs(doc *xmledit.Doc, issuer, url string) ([]xmledit.Edit, error) {
	provider := "SSOIdentityProviderConfig/ServiceProviders/ServiceProvider[Issuer=" + xmledit.Quote(issuer) + "]"
	list := provider + "/AssertionConsumerServiceURLs"
	edits := []xmledit.Edit{xmledit.Upsert(provider, text("DefaultAssertionConsumerServiceURL", url), xmledit.After("AssertionConsumerServiceURLs"))}
	if _, err := doc.One(provider); err != nil {
		return nil, fmt.Errorf("%w; the Identity Provider cannot send anybody to the %s", err, issuer)
	}
	there, err := doc.Find(list + "/AssertionConsumerServiceURL")
	if err != nil {
		return nil, err
	}
	if len(there) == 1 {
		return append(edits, xmledit.SetText(list+"/AssertionConsumerServiceURL", url)), nil
	}
	return append(edits, xmledit.InsertLast(list, text("AssertionConsumerServiceURL", url))), nil
}
