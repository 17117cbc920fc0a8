package steps

import (
	"errors"
	"fmt"

	"github.com/appm-provision/appm-provision/pkg/inventory"
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

// UserManagement gives all nodes the shared user database, and the active user
// store the page's properties.
func UserManagement(d Deployment, n inventory.Node) Edit {
	why := "the shared user database and the page's user store"
	if d.Inventory.Product.UserStore == inventory.UserStoreKeep {
		why = "the shared user database"
	}
	return Edit{
		name: "user-mgt.xml", file: userMgtXML, why: why,
		edits: func(doc *xmledit.Doc) ([]xmledit.Edit, error) {
			edits := []xmledit.Edit{xmledit.SetProperties("UserManager/Realm/Configuration", "Property", "name",
				xmledit.KV{Key: "dataSource", Value: "jdbc/WSO2UM_DB"})}
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
