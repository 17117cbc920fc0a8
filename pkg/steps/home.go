package steps

import (
	"fmt"
	"path"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// Paths below a home. axis2.xml has siblings that begin with its name, so
// nothing here may become a glob (facts.md section 0).
const (
	carbonXML            = "repository/conf/carbon.xml"
	masterDatasourcesXML = "repository/conf/datasources/master-datasources.xml"
	appManagerXML        = "repository/conf/app-manager.xml"
	catalinaXML          = "repository/conf/tomcat/catalina-server.xml"
	userMgtXML           = "repository/conf/user-mgt.xml"
	identityXML          = "repository/conf/identity/identity.xml"
	registryXML          = "repository/conf/registry.xml"
	ssoXML               = "repository/conf/identity/sso-idp-config.xml"
	portals              = "repository/deployment/server/jaggeryapps/"
	publisherJSON        = portals + "publisher/config/publisher.json"
	storeJSON            = portals + "store/config/store.json"
	socialJSON           = portals + "social/configs/social.json"
	axis2XML             = "repository/conf/axis2/axis2.xml"
	hazelcastXML         = "repository/conf/hazelcast.xml"
	lib                  = "repository/components/lib"
	dropins              = "repository/components/dropins"
	serverScript         = "bin/wso2server.sh"
)

// version is the release whose files the steps know.
const version = "1.2.0"

// at names a resource below a node's home.
func at(n inventory.Node, kind plan.Kind, rel string) plan.Ref {
	return plan.Ref{Target: n.Host, Kind: kind, Path: path.Join(n.Home, rel)}
}

// need reads a resource of a home with the rights of the home's owner.
func need(n inventory.Node, kind plan.Kind, rel string) plan.Need {
	return plan.Need{Ref: at(n, kind, rel), As: n.Home}
}

// Home wants nothing: it makes sure that the home is one of App Manager 1.2.0
// and belongs to whom the inventory says, before any other step relies on it.
func Home(d Deployment, n inventory.Node) plan.Step {
	home := need(n, plan.KindDir, "")
	home.As = "" // the directory itself may be closed to its owner's group; its metadata is not secret
	script, carbon := need(n, plan.KindBlob, serverScript), need(n, plan.KindFile, carbonXML)
	return plan.Step{
		Name: "home", Scope: plan.ScopeNode, For: n.Name,
		Needs: []plan.Need{home, script, carbon},
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			dir, err := s.Get(home.Ref)
			if err != nil {
				return nil, nil, err
			}
			if dir == nil {
				return nil, nil, missing(n, home.Ref, "there is no such directory; unpack App Manager "+version+" there, or correct the home in the inventory")
			}
			owner := dir.(*plan.Dir).Owner
			if want := d.Inventory.Product.ServiceUser; want != "" && want != owner {
				return nil, nil, conflict(n, home.Ref, fmt.Sprintf("it belongs to %s, but the inventory's service_user is %s; change one of them", owner, want))
			}
			if o, err := s.Get(script.Ref); err == nil && o == nil && d.Pack.Given() {
				return nil, nil, conflict(n, home.Ref, "the home is there and holds no App Manager, and nothing is unpacked over it; move it away, or correct the home in the inventory")
			}
			if _, err := blob(s, n, script.Ref, "the home holds no App Manager; unpack it there"); err != nil {
				return nil, nil, err
			}
			return nil, nil, checkVersion(s, n, carbon.Ref)
		},
	}
}

func checkVersion(s *plan.State, n inventory.Node, r plan.Ref) error {
	f, err := file(s, n, r)
	if err != nil {
		return err
	}
	doc, err := xmledit.Parse(f.Data)
	if err != nil {
		return conflict(n, r, err.Error())
	}
	v, err := doc.One("Server/Version")
	if err != nil {
		return conflict(n, r, err.Error())
	}
	if v.Text() != version {
		return conflict(n, r, fmt.Sprintf("line %d: the product's version is %s; this tool knows %s", v.Line(), v.Text(), version))
	}
	return nil
}

// Version is that of the product in a node's home, as gathered; "" where its
// carbon.xml does not say.
func Version(s *plan.State, n inventory.Node) string {
	o, err := s.Found(at(n, plan.KindFile, carbonXML))
	f, is := o.(*plan.File)
	if err != nil || !is {
		return ""
	}
	doc, err := xmledit.Parse(f.Data)
	if err != nil {
		return ""
	}
	v, err := doc.One("Server/Version")
	if err != nil {
		return ""
	}
	return v.Text()
}

func missing(n inventory.Node, r plan.Ref, text string) error {
	return &plan.Error{Cause: plan.Missing, Ref: r, Node: n.Name, Text: text}
}

func conflict(n inventory.Node, r plan.Ref, text string) error {
	return &plan.Error{Cause: plan.Conflict, Ref: r, Node: n.Name, Text: text}
}

// file is a file of the home that must be there.
func file(s *plan.State, n inventory.Node, r plan.Ref) (*plan.File, error) {
	o, err := s.Get(r)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, missing(n, r, "there is no such file; the home is not a whole App Manager "+version)
	}
	return o.(*plan.File), nil
}

func blob(s *plan.State, n inventory.Node, r plan.Ref, otherwise string) (*plan.Blob, error) {
	o, err := s.Get(r)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, missing(n, r, "there is no such file: "+otherwise)
	}
	return o.(*plan.Blob), nil
}
