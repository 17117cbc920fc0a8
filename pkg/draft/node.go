package draft

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/xmledit"
)

// node is what the files of a site say of it.
type node struct {
	Site
	name       string
	role       inventory.Role
	offset     string
	sources    map[string]source // by the datasource's name
	clustered  bool
	parameters map[string]string // of the cluster
	shared     string            // the host name in the remote instance's URL
	jars       []plan.Ref
	hostName   string            // of carbon.xml
	links      map[string]string // what its files have of [wiring], by the key
}

// source is a datasource on MySQL.
type source struct {
	host, port, schema, options string
	values                      map[string]string // of its configuration
	line                        int
}

// read takes a site's files apart.
func (s Site) read(state *plan.State) (*node, error) {
	n := &node{Site: s, sources: map[string]source{}, parameters: map[string]string{}, links: map[string]string{}}
	for _, part := range []struct {
		file string
		take func(*node, *xmledit.Doc) error
	}{{carbon, takeCarbon}, {datasources, takeSources}, {registry, takeRegistry}, {axis2, takeCluster},
		{appManager, takeLinks(appManagerLinks)}, {singleSignOn, takeLinks(singleSignOnLinks)}} {
		doc, err := s.parse(state, part.file)
		if err == nil {
			err = part.take(n, doc)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", s.Host, path.Join(s.Home, part.file), err)
		}
	}
	list, err := state.Found(plan.Ref{Target: s.Host, Kind: plan.KindListing, Path: path.Join(s.Home, drivers)})
	if err != nil {
		return nil, err
	}
	n.jars = list.(*plan.Listing).Matches
	return n, nil
}

func (s Site) parse(state *plan.State, rel string) (*xmledit.Doc, error) {
	o, err := state.Found(s.at(rel))
	if err != nil {
		return nil, err
	}
	f, is := o.(*plan.File)
	if !is {
		return nil, errors.New("there is no such file; name the home of an App Manager 1.2.0")
	}
	return xmledit.Parse(f.Data)
}

// first is the text of the first element that a path finds; "" where there is
// none.
func first(doc *xmledit.Doc, path string) string {
	found, err := doc.Find(path)
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[0].Text()
}

func takeCarbon(n *node, doc *xmledit.Doc) error {
	n.hostName = strings.TrimSpace(first(doc, "Server/HostName"))
	n.offset = strings.TrimSpace(first(doc, "Server/Ports/Offset"))
	return nil
}

// takeSources keeps what is on MySQL: the others are the product's own.
func takeSources(n *node, doc *xmledit.Doc) error {
	list, err := doc.Find("datasources-configuration/datasources/datasource")
	if err != nil {
		return err
	}
	for _, d := range list {
		name, values := "", map[string]string{}
		for _, c := range d.Children() {
			switch c.Local() {
			case "name":
				name = c.Text()
			case "definition":
				values = configuration(c)
			}
		}
		if !strings.HasPrefix(values["url"], "jdbc:mysql:") {
			continue
		}
		u, err := url.Parse(strings.TrimPrefix(values["url"], "jdbc:"))
		if err != nil || u.Hostname() == "" || len(u.Path) < 2 {
			return fmt.Errorf("line %d: datasource %s: its URL is not jdbc:mysql://HOST:PORT/DATABASE", d.Line(), name)
		}
		if u.User != nil || strings.Contains(strings.ToLower(u.RawQuery), "password") {
			return fmt.Errorf("line %d: datasource %s: its URL holds a password, which would be shown with it; move it to <password>", d.Line(), name)
		}
		port := u.Port()
		if port == "" {
			port = "3306"
		}
		n.sources[name] = source{host: u.Hostname(), port: port, schema: u.Path[1:], options: u.RawQuery, values: values, line: d.Line()}
	}
	return nil
}

func configuration(definition xmledit.Node) map[string]string {
	values := map[string]string{}
	for _, conf := range definition.Children() {
		for _, v := range conf.Children() {
			values[v.Local()] = v.Text()
		}
	}
	return values
}

func takeRegistry(n *node, doc *xmledit.Doc) error {
	instances, err := doc.Find("wso2registry/remoteInstance[id='gov']")
	if err != nil || len(instances) == 0 {
		return err
	}
	address, _ := instances[0].Attr("url")
	if u, err := url.Parse(address); err == nil {
		n.shared = u.Hostname()
	}
	return nil
}

func takeCluster(n *node, doc *xmledit.Doc) error {
	found, err := doc.Find("axisconfig/clustering")
	if err != nil || len(found) == 0 {
		return err
	}
	enable, _ := found[0].Attr("enable")
	n.clustered = enable == "true"
	for _, p := range found[0].Children() {
		if name, is := p.Attr("name"); is && p.Local() == "parameter" && len(p.Children()) == 0 {
			n.parameters[name] = strings.TrimSpace(p.Text())
		}
	}
	return nil
}

// hints are the words in names of hosts, homes and URLs by which people tell the
// roles apart.
var hints = []struct {
	role  inventory.Role
	words []string
}{
	{inventory.Gateway, []string{"gateway", "gw"}},
	{inventory.IDP, []string{"idp", "identity"}},
	{inventory.Publisher, []string{"publisher", "pub"}},
	{inventory.Store, []string{"store"}},
}

// guess tells the role. Publisher and Store share the registry and are members
// of the cluster; IDP and Gateway differ in nothing that the page changes, so
// only their names tell them apart.
func (n *node) guess() (inventory.Role, error) {
	_, reg := n.sources["WSO2REG_DB"]
	member := n.shared != "" || n.clustered || reg
	for _, text := range []string{n.shared, path.Base(n.Home), n.Host} {
		for _, h := range hints {
			if h.role.Clustered() == member && slices.ContainsFunc(h.words, func(w string) bool { return strings.Contains(strings.ToLower(text), w) }) {
				return h.role, nil
			}
		}
	}
	which := "the Identity Provider or a Gateway"
	if member {
		which = "a Publisher or a Store"
	}
	return "", fmt.Errorf("%s: %s is %s, and neither its files nor its name tell which; say --role %s=…", n.Host, n.Home, which, n.name)
}
