package carbon

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// transport is a way in for messages: its port is before the offset.
type transport struct {
	name string
	port int
}

// axis is what axis2.xml says.
type axis struct {
	transports []transport
	clustering bool
	scheme     string
	domain     string
	host       string // of this member
	port       int
	bindHost   string
	bindPort   int
	members    []string // host:port
}

const (
	axisClass = "org.apache.axis2.deployment.AxisConfigBuilder"
	hazelcast = "org.wso2.carbon.core.clustering.hazelcast.HazelcastClusteringAgent"
	wkaScheme = "org.wso2.carbon.core.clustering.hazelcast.wka.WKABasedMembershipScheme"
)

// readAxis reads the transports' ports and the first clustering element.
func (s *server) readAxis() (axis, error) {
	root, err := s.document(axisClass, "axis2/axis2.xml")
	if err != nil {
		return axis{}, err
	}
	if root.name.Local != "axisconfig" || root.name.Space != "" {
		return axis{}, faultf(axisClass, "axis2.xml: unexpected root element <%s>", root.name.Local)
	}
	var a axis
	errs := []error{a.readPorts(root)}
	if c := root.first("clustering"); c != nil {
		errs = append(errs, s.readClustering(&a, c))
	}
	return a, errors.Join(errs...)
}

func (a *axis) readPorts(root *node) error {
	for _, t := range root.all("transportReceiver") {
		for _, p := range t.all("parameter") {
			if name, _ := p.attr("name"); name != "port" {
				continue
			}
			port, err := strconv.Atoi(strings.TrimSpace(p.text))
			if err != nil {
				return faultf(axisClass, "axis2.xml: a transport on port %q", p.text)
			}
			id, _ := t.attr("name")
			a.transports = append(a.transports, transport{id, port})
		}
	}
	return nil
}

// readClustering takes the parameters as a map, in which the last of a name
// stays, and the members from the first <members> alone. All but the domain
// are trimmed.
func (s *server) readClustering(a *axis, c *node) error {
	enable, _ := c.attr("enable")
	if !strings.EqualFold(strings.TrimSpace(enable), "true") {
		return nil
	}
	if class, _ := c.attr("class"); class != hazelcast {
		return faultf(axisClass, "axis2.xml: clustering class %q cannot be loaded", class)
	}
	a.clustering = true
	p := map[string]string{}
	for _, n := range c.all("parameter") {
		if name, ok := n.attr("name"); ok {
			p[name] = n.text
		}
	}
	a.domain = p["domain"]
	a.scheme = strings.TrimSpace(p["membershipScheme"])
	a.host = strings.TrimSpace(p["localMemberHost"])
	a.bindHost = strings.TrimSpace(p["localMemberBindAddress"])
	if a.bindHost == "" {
		a.bindHost = a.host
	}
	errs := []error{a.setPorts(p), a.check()}
	if _, err := os.Stat(filepath.Join(s.home, "repository", "conf", "hazelcast.xml")); err == nil {
		errs = append(errs, faultf(hazelcast, "repository/conf/hazelcast.xml takes the place of the clustering block of axis2.xml; the stand-in cannot read it"))
	}
	return errors.Join(append(errs, a.readMembers(c))...)
}

func (a *axis) setPorts(p map[string]string) error {
	var err, errBind error
	a.port, err = strconv.Atoi(strings.TrimSpace(p["localMemberPort"]))
	a.bindPort = a.port
	if bind := strings.TrimSpace(p["localMemberBindPort"]); bind != "" {
		a.bindPort, errBind = strconv.Atoi(bind)
	}
	if err != nil || errBind != nil {
		return faultf(hazelcast, "axis2.xml: localMemberPort: For input string: %q", p["localMemberPort"])
	}
	return nil
}

func (a *axis) check() error {
	switch {
	case a.domain == "":
		return faultf(hazelcast, "axis2.xml: clustering without a domain")
	case a.scheme != "wka" && a.scheme != "multicast":
		return faultf(hazelcast, "Invalid membership scheme %q. Supported schemes: multicast, wka", a.scheme)
	case a.host != "localhost" && net.ParseIP(a.host) == nil:
		return faultf(hazelcast, "axis2.xml: localMemberHost is %q; Hazelcast clustering needs ip addresses for localMemberHost and members", a.host)
	}
	return nil
}

func (a *axis) readMembers(c *node) error {
	list := c.first("members")
	if list == nil || a.scheme != "wka" {
		return nil
	}
	var errs []error
	for _, m := range list.all("member") {
		host, port := child(m, "hostName"), child(m, "port")
		if _, err := strconv.Atoi(port); err != nil {
			errs = append(errs, faultf(wkaScheme, "axis2.xml: member %s: port: For input string: %q", host, port))
		}
		if host != "localhost" && net.ParseIP(host) == nil {
			errs = append(errs, faultf(wkaScheme, "axis2.xml: member %q; Hazelcast clustering needs ip addresses for localMemberHost and members", host))
		}
		a.members = append(a.members, net.JoinHostPort(host, port))
	}
	return errors.Join(errs...)
}

// elsewhere says whether a member is on another machine, where the loopback
// address of this one leads nowhere.
func (a axis) elsewhere() bool {
	return slices.ContainsFunc(a.members, func(m string) bool {
		host, _, _ := net.SplitHostPort(m)
		return !loopback(host)
	})
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
