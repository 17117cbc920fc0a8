package carbon

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// users is what user-mgt.xml says.
type users struct {
	source   string // JNDI name
	addAdmin bool
	admin    string
	role     string
	password string
}

const realmClass = "org.wso2.carbon.user.core.config.RealmConfigXMLProcessor"

// readUsers reads user-mgt.xml. Properties are trimmed here, and the last of
// a name wins; the first store is the primary one.
func (s *server) readUsers() (users, error) {
	root, err := s.document(realmClass, "user-mgt.xml")
	if err != nil {
		return users{}, err
	}
	realm := root.first("Realm")
	if root.name.Local != "UserManager" || realm == nil {
		return users{}, faultf(realmClass, "user-mgt.xml: no UserManager/Realm")
	}
	c := realm.first("Configuration")
	if c == nil {
		return users{}, faultf(realmClass, "user-mgt.xml: java.lang.NullPointerException (no Realm/Configuration; the name is spelt with a capital letter)")
	}
	primary, err := s.stores(realm)
	if err != nil {
		return users{}, err
	}
	if realm.first("AuthorizationManager") == nil {
		return users{}, faultf(realmClass, "user-mgt.xml: java.lang.NullPointerException (no Realm/AuthorizationManager)")
	}
	u := users{source: s.realmProperties(c)["dataSource"], addAdmin: child(c, "AddAdmin") == "true", role: child(c, "AdminRole")}
	if user := c.first("AdminUser"); user != nil {
		u.admin, u.password = child(user, "UserName"), child(user, "Password")
	}
	if u.source == "" {
		return u, faultf(realmClass, "user-mgt.xml: no property dataSource in Realm/Configuration")
	}
	return u, errors.Join(
		fits(primary, "UsernameJavaRegEx", u.admin),
		fits(primary, "RolenameJavaRegEx", u.role),
		fits(primary, "PasswordJavaRegEx", u.password))
}

// stores returns the properties of the primary store, and logs which stores
// are passed over.
func (s *server) stores(realm *node) (map[string]string, error) {
	all := realm.all("UserStoreManager")
	if len(all) == 0 {
		return nil, faultf(realmClass, "user-mgt.xml: no UserStoreManager in Realm")
	}
	if class, _ := all[0].attr("class"); class != "org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager" {
		return nil, faultf(realmClass, "user-mgt.xml: the primary user store is %q, which the stand-in does not have", class)
	}
	first := s.realmProperties(all[0])
	for _, name := range []string{"TenantManager", "PasswordDigest", "PasswordJavaRegEx", "UsernameJavaRegEx", "RolenameJavaRegEx"} {
		if first[name] == "" {
			return nil, faultf(realmClass, "user-mgt.xml: the primary user store has no property %s", name)
		}
	}
	for _, extra := range all[1:] {
		if s.realmProperties(extra)["DomainName"] == "" {
			s.log.warn(realmClass, "Required property DomainName missing in secondary user store. Skip adding the user store.")
		}
	}
	return first, nil
}

// fits checks that the admin, whom the server adds, is somebody whom the
// store would let in: an expression that an editor damaged shows here. What
// only Java's expressions can say passes.
func fits(store map[string]string, property, value string) error {
	re, err := regexp.Compile("^(?:" + store[property] + ")$")
	var bad *syntax.Error
	switch {
	case errors.As(err, &bad) && slices.Contains(javasToo, bad.Code):
		return faultf(jdbcStore, "java.util.regex.PatternSyntaxException: %s: %v", property, bad.Code)
	case err == nil && !re.MatchString(value):
		return faultf(jdbcStore, "%s does not accept the admin's", property)
	}
	return nil
}

// javasToo are mistakes in Java's eyes as well.
var javasToo = []syntax.ErrorCode{syntax.ErrMissingBracket, syntax.ErrMissingParen, syntax.ErrUnexpectedParen,
	syntax.ErrInvalidCharRange, syntax.ErrTrailingBackslash, syntax.ErrMissingRepeatArgument}

// realmProperties are the <Property> children.
func (s *server) realmProperties(n *node) map[string]string {
	values := map[string]string{}
	for _, p := range n.all("Property") {
		if name, ok := p.attr("name"); ok {
			values[name] = strings.TrimSpace(s.expand(p.text))
		}
	}
	return values
}

func child(n *node, name string) string {
	if c := n.first(name); c != nil {
		return strings.TrimSpace(c.text)
	}
	return ""
}
