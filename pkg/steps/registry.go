package steps

import (
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// Registry mounts the shared registry beside the local one, which stays as it
// is. A second remoteInstance or mount of one key would keep the server from
// starting, so present ones are changed in place (facts.md section 2.3).
func Registry(d Deployment, n inventory.Node) Edit {
	shared := d.Inventory.Publisher
	if n.Role == inventory.Store {
		shared = d.Inventory.Store
	}
	db := d.Inventory.Database
	const root = "wso2registry"
	return Edit{
		name: "registry.xml", file: registryXML,
		why: "the shared registry, mounted as governance and config",
		edits: func(doc *xmledit.Doc) ([]xmledit.Edit, error) {
			cacheID, err := cacheID(doc, db)
			if err != nil {
				return nil, err
			}
			return []xmledit.Edit{
				xmledit.Upsert(root, xmledit.Element{Name: "dbConfig", Key: "@name",
					Attrs:    []xmledit.Attribute{{Name: "name", Value: "govregistry"}},
					Children: []xmledit.Element{text("dataSource", "jdbc/WSO2REG_DB")},
				}, xmledit.After("dbConfig[@name='wso2registry']")),
				xmledit.Upsert(root, xmledit.Element{Name: "remoteInstance", Key: "id",
					Attrs: []xmledit.Attribute{{Name: "url", Value: "https://" + shared.Name}},
					Children: []xmledit.Element{
						text("id", "gov"),
						text("cacheId", cacheID),
						text("dbConfig", "govregistry"),
						text("readOnly", "false"),
						text("enableCache", "true"),
						text("registryRoot", "/"),
					},
				}, xmledit.After("dbConfig[@name='govregistry']")),
				xmledit.Upsert(root, mount("/_system/governance"), xmledit.After("remoteInstance[id='gov']")),
				xmledit.Upsert(root, mount("/_system/config"), xmledit.After("mount[@path='/_system/governance']")),
			}, nil
		},
	}
}

// cacheID names the cache after user and URL. The product makes the key of a
// mounted database itself and does not read this one, so one without the URL's
// query, as the page shows it, stays as it is: it is worth no restart
// (facts.md section 2.3).
func cacheID(doc *xmledit.Doc, db inventory.Database) (string, error) {
	id := db.User + "@" + jdbcURL(db, db.Names.REG, db.Schemas.REG)
	there, err := doc.Find("wso2registry/remoteInstance[id='gov']/cacheId")
	if err != nil {
		return "", err
	}
	if url, _, _ := strings.Cut(id, "?"); len(there) == 1 && there[0].Text() == url {
		return url, nil
	}
	return id, nil
}

func mount(path string) xmledit.Element {
	return xmledit.Element{Name: "mount", Key: "@path",
		Attrs:    []xmledit.Attribute{{Name: "path", Value: path}, {Name: "overwrite", Value: "true"}},
		Children: []xmledit.Element{text("instanceId", "gov"), text("targetPath", path)},
	}
}
