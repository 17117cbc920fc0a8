package steps

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// A jndiUse is a place where a file names a datasource by its JNDI name.
type jndiUse struct {
	file, path, name string
	line             int
	exact            bool // the product takes the value with the blanks around it
	fatal            bool // without the datasource the server is of no use
}

// jndiPlaces are the elements that name a datasource. Of several elements of one
// path in app-manager.xml the product reads the first (facts.md section 2.5), and
// takes blanks around it as part of the name. Two further ones are not fatal:
// analytics are off unless somebody turned them on, and the store of binary
// files is one of Publisher and Store.
var jndiPlaces = []struct {
	file, path   string
	first, exact bool
	fatal        func(inventory.Role) bool
}{
	{appManagerXML, "AppManager/DataSourceName", true, true, always},
	{appManagerXML, "AppManager/DataSources/Storage", true, true, inventory.Role.Clustered},
	{appManagerXML, "AppManager/Analytics/UIActivityPublishDataSourceName", true, true, never},
	{userMgtXML, "UserManager/Realm/Configuration/Property[@name='dataSource']", false, false, always},
	{userMgtXML, "UserManager/Realm/UserStoreManager[1]/Property[@name='dataSource']", false, false, always},
	{userMgtXML, "UserManager/Realm/UserStoreManager/Property[@name='dataSource']", false, false, never},
	{identityXML, "Server/JDBCPersistenceManager/DataSource/Name", true, false, always},
}

func always(inventory.Role) bool { return true }
func never(inventory.Role) bool  { return false }

// uses are all places of the home's files that name a datasource.
func (h *homeCheck) uses() []jndiUse {
	var list []jndiUse
	docs := map[string]*xmledit.Doc{}
	for _, p := range jndiPlaces {
		doc, read := docs[p.file]
		if !read {
			doc = h.doc(p.file)
			docs[p.file] = doc
		}
		for i, e := range h.find(doc, p.file, p.path) {
			u := jndiUse{file: p.file, path: e.Path(), name: e.Text(), line: e.Line(), exact: p.exact, fatal: p.fatal(h.node.Role)}
			known := slices.ContainsFunc(list, func(o jndiUse) bool { return o.file == u.file && o.line == u.line && o.path == u.path })
			if !known && (i == 0 || !p.first) {
				list = append(list, u)
			}
		}
	}
	return append(list, h.registryUses()...)
}

// registryUses are the datasources of registry.xml. Fatal are the one of the
// local registry and those that something is mounted from; a definition that
// nobody uses only warns (facts.md section 2.3).
func (h *homeCheck) registryUses() []jndiUse {
	doc := h.doc(registryXML)
	used := map[string]bool{}
	for _, e := range h.find(doc, registryXML, "wso2registry/currentDBConfig") {
		used[e.Text()] = true
	}
	for _, m := range h.find(doc, registryXML, "wso2registry/mount/instanceId") {
		for _, c := range h.find(doc, registryXML, "wso2registry/remoteInstance[id="+xmledit.Quote(m.Text())+"]/dbConfig") {
			used[c.Text()] = true
		}
	}
	var list []jndiUse
	for _, e := range h.find(doc, registryXML, "wso2registry/dbConfig/dataSource") {
		config, _ := e.Parent()
		name, _ := config.Attr("name")
		list = append(list, jndiUse{file: registryXML, path: e.Path(), name: e.Text(), line: e.Line(), exact: true, fatal: used[name]})
	}
	return list
}

// A source is a datasource of master-datasources.xml.
type source struct {
	name, jndi, url, user, class string
	urlLine, userLine, classLine int
}

const datasourceFiles = "repository/conf/datasources/*-datasources.xml"

// datasources are those that the home defines, their values untrimmed, as the
// product takes them, and without the comments inside them.
func (h *homeCheck) datasources() []source {
	doc := h.doc(masterDatasourcesXML)
	var list []source
	for _, e := range h.find(doc, masterDatasourcesXML, "datasources-configuration/datasources/datasource") {
		s := source{}
		for _, c := range e.Children() {
			switch c.Local() {
			case "name":
				s.name = c.Text()
			case "jndiConfig":
				s.jndi = textOf(c, "name").Text()
			case "definition":
				conf := textOf(c, "configuration")
				url, user, class := textOf(conf, "url"), textOf(conf, "username"), textOf(conf, "driverClassName")
				s.url, s.urlLine = url.Text(), url.Line()
				s.user, s.userLine = user.Text(), user.Line()
				s.class, s.classLine = class.Text(), class.Line()
			}
		}
		list = append(list, s)
	}
	return list
}

// textOf is the last child of a name, which is the one that counts; the zero
// Node, whose text is empty, where there is none.
func textOf(e xmledit.Node, name string) (last xmledit.Node) {
	for _, c := range e.Children() {
		if c.Local() == name {
			last = c
		}
	}
	return last
}

// defined wants a datasource for every name.
func (h *homeCheck) defined(uses []jndiUse, sources []source) {
	others := slices.DeleteFunc(h.listed(datasourceFiles), func(f string) bool { return f == path.Base(masterDatasourcesXML) })
	for _, u := range uses {
		switch {
		case replaced(u.name) || u.of(sources) != nil:
		case len(others) > 0:
			h.tell(false, u.file, fmt.Sprintf("line %d: %s names the datasource %s, which master-datasources.xml does not define; see that %s does", u.line, u.path, shown(u.name), strings.Join(others, " or ")))
		default:
			h.tell(u.fatal, u.file, fmt.Sprintf("line %d: %s names the datasource %s, which master-datasources.xml does not define%s", u.line, u.path, shown(u.name), u.instead(sources)))
		}
	}
}

// of is the datasource that the name leads to.
func (u jndiUse) of(sources []source) *source {
	name := u.name
	if !u.exact {
		name = strings.TrimSpace(name)
	}
	for i, s := range sources {
		if s.jndi == name && name != "" {
			return &sources[i]
		}
	}
	return nil
}

func (u jndiUse) instead(sources []source) string {
	var names []string
	for _, s := range sources {
		if s.jndi != "" && strings.TrimSpace(s.jndi) == strings.TrimSpace(u.name) {
			return " but with other blanks or line ends around the name, and the product trims none; write both without any"
		}
		if s.jndi != "" {
			names = append(names, shown(s.jndi))
		}
	}
	if len(names) == 0 {
		return "; define it there"
	}
	return "; define it there, or name one of " + strings.Join(names, ", ")
}

// shown is a name as a message says it: quoted where a blank would be lost.
func shown(name string) string {
	if name == "" || strings.ContainsAny(name, " \t\r\n") {
		return fmt.Sprintf("%q", name)
	}
	return name
}
