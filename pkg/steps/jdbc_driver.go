package steps

import (
	"path"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// JDBCDriver puts the driver jar into the home's lib folder, alone. At every
// start the product turns each jar of lib into a bundle in dropins and never
// removes one, so an older driver's bundle has to go with its jar, or an
// arbitrary one of the two is used (facts.md section 6).
func JDBCDriver(d Deployment, n inventory.Node) plan.Step {
	folder := need(n, plan.KindDir, lib)
	files := driverNeeds(d, n)
	jar := files[0]
	return plan.Step{
		Name: "JDBC driver", Scope: plan.ScopeNode, For: n.Name,
		Needs: append(files, folder),
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			if o, err := s.Get(folder.Ref); err != nil {
				return nil, nil, err
			} else if o == nil {
				return nil, nil, missing(n, folder.Ref, "there is no such folder; the home is not a whole App Manager "+version)
			}
			before, err := s.Found(jar.Ref)
			if err != nil {
				return nil, nil, err
			}
			after := &plan.Blob{Size: d.Driver.Size, SHA256: d.Driver.SHA256}
			kept := false
			if b, is := before.(*plan.Blob); is {
				after.Meta, kept = b.Meta, b.SHA256 == after.SHA256
			}
			wants := []plan.Want{{Ref: jar.Ref, As: n.Home, Node: n.Name, After: after,
				Why: "MySQL JDBC driver " + d.Driver.Version}}
			old, err := d.oldDrivers(s, n, kept)
			return append(wants, old...), nil, err
		},
	}
}

// driverNeeds are the jar, all driver jars, and all bundles made from any.
func driverNeeds(d Deployment, n inventory.Node) []plan.Need {
	return []plan.Need{
		need(n, plan.KindBlob, path.Join(lib, d.Driver.Name)),
		need(n, plan.KindListing, path.Join(lib, "mysql-connector-*.jar")),
		need(n, plan.KindListing, path.Join(dropins, "mysql_connector_*.jar")),
	}
}

// oldDrivers are the other driver jars, and the bundles that were generated
// from them or, unless ours is kept, from what had its name.
func (d Deployment) oldDrivers(s *plan.State, n inventory.Node, kept bool) ([]plan.Want, error) {
	var wants []plan.Want
	needs := driverNeeds(d, n)
	gone := func(list plan.Need, keep string, why func(string) string) error {
		o, err := s.Get(list.Ref)
		if err != nil {
			return err
		}
		for _, r := range o.(*plan.Listing).Matches {
			if base := path.Base(r.Path); base != keep {
				wants = append(wants, plan.Want{Ref: r, As: n.Home, Node: n.Name, Why: why(base)})
			}
		}
		return nil
	}
	err := gone(needs[1], d.Driver.Name, func(string) string {
		return "another MySQL driver; with two of them the server uses either"
	})
	if err != nil {
		return nil, err
	}
	keep := ""
	if kept {
		keep = bundleOf(d.Driver.Name)
	}
	err = gone(needs[2], keep, func(base string) string {
		if base == bundleOf(d.Driver.Name) {
			return "not made from this jar; the server makes it anew"
		}
		return "made from a driver that is not the one of this deployment"
	})
	return wants, err
}

// bundleOf is the file in dropins that the product generates from a jar.
func bundleOf(jar string) string {
	return strings.ReplaceAll(strings.TrimSuffix(jar, ".jar"), "-", "_") + "_1.0.0.jar"
}

// Bundle is what the product generates from a jar: its path; "" for every other
// file.
func Bundle(file string) string {
	home, is := strings.CutSuffix(path.Dir(file), "/"+lib)
	if match, _ := path.Match("mysql-connector-*.jar", path.Base(file)); !is || !match {
		return ""
	}
	return path.Join(home, dropins, bundleOf(path.Base(file)))
}

// IsBundle tells whether the product may have generated the file from a driver.
func IsBundle(file string) bool {
	match, _ := path.Match("mysql_connector_*.jar", path.Base(file))
	return match && strings.HasSuffix(path.Dir(file), "/"+dropins)
}

// Driver is the local JDBC driver jar.
type Driver struct {
	Name    string // the jar's file name
	Version string // from the name; empty where it does not tell
	Class   string
	Classes string // those of the jar that a datasource may name, with blanks between
	Size    int64
	SHA256  string // hex
}

// class is the driver's class by its version: 8 renamed it and keeps the old
// name as a deprecated shim.
func class(version string) string {
	if major, _, _ := strings.Cut(version, "."); major == "" || major < "8" && len(major) == 1 {
		return "com.mysql.jdbc.Driver"
	}
	return "com.mysql.cj.jdbc.Driver"
}
