package steps

import (
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// AppManager names the App Manager database in app-manager.xml. The page's
// second line, UiActivityPublishDataSourceName below the root, is one that the
// product ignores; the key it reads is UIActivityPublishDataSourceName inside
// Analytics (facts.md sections 1 and 2.5).
func AppManager(_ Deployment, n inventory.Node) Edit {
	return Edit{
		name: "app-manager.xml", file: appManagerXML,
		why: "the App Manager database by its JNDI name",
		edits: func(doc *xmledit.Doc) ([]xmledit.Edit, error) {
			edits := []xmledit.Edit{xmledit.Upsert("AppManager", text("DataSourceName", "jdbc/WSO2AM_DB"), xmledit.First)}
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
