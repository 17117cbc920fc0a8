package steps

import (
	"errors"
	"fmt"
	"slices"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

const jdbcStore = "org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager"

// pageStore are the page's properties of the user store. The page shows two of
// the expressions with a bare "<>", which is not well-formed; these are the
// values. It names MaxUserNameListLength twice, as the stock file does.
var pageStore = []xmledit.KV{
	{Key: "TenantManager", Value: "org.wso2.carbon.user.core.tenant.JDBCTenantManager"},
	{Key: "ReadOnly", Value: "false"},
	{Key: "MaxUserNameListLength", Value: "100"},
	{Key: "IsEmailUserName", Value: "false"},
	{Key: "DomainCalculation", Value: "default"},
	{Key: "PasswordDigest", Value: "SHA-256"},
	{Key: "StoreSaltedPassword", Value: "true"},
	{Key: "ReadGroups", Value: "true"},
	{Key: "WriteGroups", Value: "true"},
	{Key: "UserNameUniqueAcrossTenants", Value: "false"},
	{Key: "PasswordJavaRegEx", Value: `^[\S]{5,30}$`},
	{Key: "PasswordJavaScriptRegEx", Value: `^[\S]{5,30}$`},
	{Key: "UsernameJavaRegEx", Value: `^[^~!#$;%^*+={}\\|\\\\<>,\'\"]{3,30}$`},
	{Key: "UsernameJavaScriptRegEx", Value: `^[\S]{3,30}$`},
	{Key: "RolenameJavaRegEx", Value: `^[^~!#$;%^*+={}\\|\\\\<>,\'\"]{3,30}$`},
	{Key: "RolenameJavaScriptRegEx", Value: `^[\S]{3,30}$`},
	{Key: "UserRolesCacheEnabled", Value: "true"},
	{Key: "MaxRoleNameListLength", Value: "100"},
	{Key: "SharedGroupEnabled", Value: "false"},
	{Key: "SCIMEnabled", Value: "false"},
}

// UserManagement gives all nodes the shared user database, the active user store
// the page's properties, and the administrator the inventory's name and password.
func UserManagement(d Deployment, n inventory.Node) Edit {
	why := "the shared user database and the page's user store"
	if d.Inventory.Product.UserStore == inventory.UserStoreKeep {
		why = "the shared user database"
	}
	return Edit{
		name: "user-mgt.xml", file: userMgtXML, why: d.withWiring(why, ""),
		notes: func(s *plan.State) []plan.Note { return d.knownAdministrator(s, n) },
		edits: func(doc *xmledit.Doc) ([]xmledit.Edit, error) {
			edits := []xmledit.Edit{xmledit.SetProperties("UserManager/Realm/Configuration", "Property", "name",
				xmledit.KV{Key: "dataSource", Value: "jdbc/WSO2UM_DB"})}
			if user, password, ours := d.administrator(); ours {
				edits = append(edits, xmledit.Upsert("UserManager/Realm/Configuration", xmledit.Element{Name: "AdminUser",
					Children: []xmledit.Element{text("UserName", user), text("Password", password)}}, xmledit.First))
			}
			if d.Inventory.Product.UserStore == inventory.UserStoreKeep {
				return edits, nil
			}
			if err := checkStore(doc); err != nil {
				return nil, err
			}
			return append(edits, xmledit.SetProperties("UserManager/Realm/UserStoreManager[1]", "Property", "name", pageStore...)), nil
		},
	}
}

// knownAdministrator notes that the product makes the administrator's account at
// the first start of all, and never looks at these two values again but to know
// whom it is: what a file says does not change what the user database has.
func (d Deployment) knownAdministrator(s *plan.State, n inventory.Node) []plan.Note {
	user, password, ours := d.administrator()
	first := slices.IndexFunc(d.Inventory.Nodes, func(n inventory.Node) bool { return d.Select.Has(n.Name) })
	if !ours || first < 0 || d.Inventory.Nodes[first].Name != n.Name || !d.filled(s) {
		return nil
	}
	o, err := s.Found(at(n, plan.KindFile, userMgtXML))
	f, is := o.(*plan.File)
	if err != nil || !is {
		return nil
	}
	doc, err := xmledit.Parse(f.Data)
	if err != nil {
		return nil
	}
	if saysText(doc, adminUser+"/UserName", user) && saysText(doc, adminUser+"/Password", password) {
		return nil
	}
	return []plan.Note{{Target: plan.Deployment, Text: "administrator " + user + ": if the servers have been started before, the user database has an account already and keeps it as it is; " +
		"give it this name and password in the management console too, or the servers cannot log in to each other"}}
}

const adminUser = "UserManager/Realm/Configuration/AdminUser"

func saysText(doc *xmledit.Doc, path, want string) bool {
	n, err := doc.One(path)
	return err == nil && n.Text() == want
}

// filled tells whether the user database may hold accounts: it is not known to
// be without tables.
func (d Deployment) filled(s *plan.State) bool {
	o, err := s.Found(database(plan.KindSchema, d.Inventory.Database.Schemas.UM))
	schema, is := o.(*plan.Schema)
	return err != nil || is && len(schema.Tables) > 0
}

// checkStore makes sure that the active store is the kind the page configures.
// The product takes the first one as primary (facts.md section 2.2).
func checkStore(doc *xmledit.Doc) error {
	stores, err := doc.Find("UserManager/Realm/UserStoreManager")
	if err != nil {
		return err
	}
	if len(stores) == 0 {
		return errors.New(`UserManager/Realm holds no active UserStoreManager; restore the stock one, or set user_store = "keep" in [product]`)
	}
	if class, _ := stores[0].Attr("class"); class != jdbcStore {
		return fmt.Errorf(`line %d: the active user store is %s, and the page configures %s; make that the first one, or set user_store = "keep" in [product]`, stores[0].Line(), class, jdbcStore)
	}
	return nil
}
