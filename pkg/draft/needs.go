package draft

import (
	"path"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Site is a node that somebody made by hand: the host that carries it and its
// home. All else is read from its files.
type Site struct{ Host, Address, Home string }

// The files of a home that tell what it is part of.
const (
	carbon      = "repository/conf/carbon.xml"
	datasources = "repository/conf/datasources/master-datasources.xml"
	appManager  = "repository/conf/app-manager.xml"
	userMgt     = "repository/conf/user-mgt.xml"
	// singleSignOn is an IDP's; every home has one.
	singleSignOn = "repository/conf/identity/sso-idp-config.xml"
	registry     = "repository/conf/registry.xml"
	axis2        = "repository/conf/axis2/axis2.xml"
	drivers      = "repository/components/lib/mysql-connector-*.jar"
)

// compared are those in which siblings are compared.
var compared = []string{carbon, datasources, appManager, userMgt, registry, axis2}

// Needs are what must be read of a host's sites.
func Needs(host, hostsFile string, sites []Site) []plan.Need {
	needs := []plan.Need{{Ref: file(host, hostsFile)}}
	for _, s := range sites {
		if s.Host != host {
			continue
		}
		for _, f := range append([]string{singleSignOn}, compared...) {
			needs = append(needs, plan.Need{Ref: s.at(f), As: s.Home})
		}
		needs = append(needs, plan.Need{Ref: plan.Ref{Target: host, Kind: plan.KindListing, Path: path.Join(s.Home, drivers)}, As: s.Home})
	}
	return needs
}

func file(host, name string) plan.Ref {
	return plan.Ref{Target: host, Kind: plan.KindFile, Path: name}
}

func (s Site) at(rel string) plan.Ref { return file(s.Host, path.Join(s.Home, rel)) }
