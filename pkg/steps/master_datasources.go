package steps

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// datasource is one of the page's datasources.
type datasource struct {
	name, description, jndi, schema string
	host                            string // in the URL
	autoCommit                      string // defaultAutoCommit; empty: the page does not set it
}

// datasources are those of a node: the page gives the Gateway no registry
// database although its text counts it among the users (docs/deployment.md).
func datasources(db inventory.Database, role inventory.Role) []datasource {
	list := []datasource{
		{"WSO2AM_DB", "The datasource used for the API Manager database", "jdbc/WSO2AM_DB", db.Schemas.AM, db.Names.AM, "false"},
		{"WSO2UM_DB", "The datasource used by user manager", "jdbc/WSO2UM_DB", db.Schemas.UM, db.Names.UM, ""},
	}
	if role.Clustered() || role == inventory.Gateway && db.RegistryOnGateway {
		list = append(list, datasource{"WSO2REG_DB", "The datasource used by the registry", "jdbc/WSO2REG_DB", db.Schemas.REG, db.Names.REG, ""})
	}
	if role.Clustered() {
		list = append(list, datasource{"JAGH2", "The datasource used for by the Jaggery Storage Manager", "jdbc/ES_Storage", db.Schemas.ES, db.Names.ES, ""})
	}
	return list
}

// Schemas are the databases that a node's datasources open.
func Schemas(db inventory.Database, role inventory.Role) []string {
	var names []string
	for _, ds := range datasources(db, role) {
		names = append(names, ds.schema)
	}
	return names
}

// jdbcURL is the one URL of a database: Publisher and Store must have the same
// bytes, or the registry's cache invalidation between them fails silently
// (facts.md section 2.3).
func jdbcURL(db inventory.Database, host, schema string) string {
	url := fmt.Sprintf("jdbc:mysql://%s:%d/%s", host, db.Port, schema)
	if db.Options != "" {
		url += "?" + db.Options
	}
	return url
}

// MasterDatasources puts the shared databases into master-datasources.xml. The
// local H2 database stays what it is; an element that is there is changed in
// place, because a second datasource of one name makes the server unusable
// (facts.md section 2.1).
func MasterDatasources(d Deployment, n inventory.Node) Edit {
	others := need(n, plan.KindListing, path.Join(path.Dir(masterDatasourcesXML), "*-datasources.xml"))
	return Edit{
		name: "master-datasources.xml", file: masterDatasourcesXML,
		why:   "datasources of the shared databases",
		needs: []plan.Need{others},
		edits: func(doc *xmledit.Doc) ([]xmledit.Edit, error) { return d.datasourceEdits(doc, n) },
		notes: func(s *plan.State) []plan.Note { return otherDatasources(s, n, others.Ref) },
	}
}

func (d Deployment) datasourceEdits(doc *xmledit.Doc, n inventory.Node) ([]xmledit.Edit, error) {
	const parent = "datasources-configuration/datasources"
	var edits []xmledit.Edit
	where := xmledit.After("datasource[name='WSO2_CARBON_DB']")
	if local, err := doc.Find(parent + "/datasource[name='WSO2_CARBON_DB']"); err != nil || len(local) == 0 {
		where = xmledit.Last
	}
	for _, ds := range datasources(d.Inventory.Database, n.Role) {
		if err := errors.Join(oneJNDI(doc, ds), openPassword(doc, ds)); err != nil {
			return nil, err
		}
		there, err := doc.Find(parent + "/datasource[name='" + ds.name + "']")
		if err != nil {
			return nil, err
		}
		edits = append(edits, xmledit.Upsert(parent, d.datasource(ds, len(there) == 0), where))
		where = xmledit.After("datasource[name='" + ds.name + "']")
	}
	return edits, nil
}

// oneJNDI refuses a JNDI name that a datasource of another name has already:
// which of the two the product would use is left to chance.
func oneJNDI(doc *xmledit.Doc, ds datasource) error {
	same, err := doc.Find("datasources-configuration/datasources/datasource[jndiConfig/name='" + ds.jndi + "']")
	if err != nil {
		return err
	}
	for _, o := range same {
		name := ""
		for _, c := range o.Children() {
			if c.Local() == "name" {
				name = c.Text()
			}
		}
		if name != ds.name {
			return fmt.Errorf("line %d: datasource %q has the JNDI name %s, which belongs to %s; remove or rename it", o.Line(), name, ds.jndi, ds.name)
		}
	}
	return nil
}

// openPassword refuses a password that the secure vault replaces: the product
// would take the vault's, whatever we write.
func openPassword(doc *xmledit.Doc, ds datasource) error {
	list, err := doc.Find("datasources-configuration/datasources/datasource[name='" + ds.name + "']/definition/configuration/password")
	if err != nil {
		return err
	}
	for _, p := range list {
		for _, a := range p.Attrs() {
			if strings.HasSuffix(a.Name, "secretAlias") {
				return fmt.Errorf("line %d: the password of datasource %s comes from the secure vault (%s), which this tool does not fill; remove that attribute", p.Line(), ds.name, a.Name)
			}
		}
	}
	return nil
}

// datasource is the element with what is ours in it: the connection and the
// page's pool values. A description is given to new elements only.
func (d Deployment) datasource(ds datasource, fresh bool) xmledit.Element {
	db := d.Inventory.Database
	conf := []xmledit.Element{
		text("url", jdbcURL(db, ds.host, ds.schema)),
		text("username", db.User),
		text("password", d.Password.Reveal()),
	}
	if ds.autoCommit != "" {
		conf = append(conf, text("defaultAutoCommit", ds.autoCommit))
	}
	conf = append(conf,
		text("driverClassName", d.Driver.Class),
		text("maxActive", strconv.Itoa(db.Pool.MaxActive)),
		text("maxWait", strconv.Itoa(db.Pool.MaxWait)),
		text("testOnBorrow", strconv.FormatBool(db.Pool.TestOnBorrow)),
		text("validationQuery", db.Pool.ValidationQuery),
		text("validationInterval", strconv.Itoa(db.Pool.ValidationInterval)),
	)
	e := xmledit.Element{Name: "datasource", Key: "name", Children: []xmledit.Element{text("name", ds.name)}}
	if fresh {
		e.Children = append(e.Children, text("description", ds.description))
	}
	e.Children = append(e.Children,
		xmledit.Element{Name: "jndiConfig", Children: []xmledit.Element{text("name", ds.jndi)}},
		xmledit.Element{Name: "definition", Attrs: []xmledit.Attribute{{Name: "type", Value: "RDBMS"}},
			Children: []xmledit.Element{{Name: "configuration", Children: conf}}},
	)
	return e
}

func text(name, value string) xmledit.Element { return xmledit.Element{Name: name, Text: value} }

// otherDatasources warns of files that the product reads as well.
func otherDatasources(s *plan.State, n inventory.Node, listing plan.Ref) []plan.Note {
	o, err := s.Get(listing)
	if err != nil || o == nil {
		return nil
	}
	var notes []plan.Note
	for _, r := range o.(*plan.Listing).Matches {
		if path.Base(r.Path) != path.Base(masterDatasourcesXML) {
			notes = append(notes, plan.Note{Target: n.Host, Node: n.Name,
				Text: r.Path + " is read by the server too; a datasource in it with the name of one of ours makes the server unusable"})
		}
	}
	return notes
}
