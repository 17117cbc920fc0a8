package carbon

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// configuration is what the server understood of its files.
type configuration struct {
	product     string // name and version
	hostName    string
	mgtHostName string
	offset      int

	sources  []datasource
	apps     apps
	identity string // JNDI name
	users    users
	registry registry
	axis     axis
	wiring   wiring
}

// read reads every file, and returns all that is wrong with any of them.
func (s *server) read() (configuration, error) {
	var c configuration
	errs := []error{s.readCarbon(&c)}
	var err error
	c.axis, err = s.readAxis()
	errs = append(errs, err)
	s.announce(c) // the ports are part of what other files say
	c.sources, err = s.readDatasources()
	errs = append(errs, err)
	c.apps, err = s.readApps()
	errs = append(errs, err)
	c.identity, err = s.readIdentity()
	errs = append(errs, err)
	c.users, err = s.readUsers()
	errs = append(errs, err)
	c.registry, err = s.readRegistry()
	errs = append(errs, err)
	c.wiring, err = s.readWiring(c)
	return c, errors.Join(append(errs, err)...)
}

// document parses a file below repository/conf.
func (s *server) document(class, path string) (*node, error) {
	data, err := os.ReadFile(filepath.Join(s.home, "repository", "conf", filepath.FromSlash(path)))
	if err != nil {
		return nil, faultf(class, "repository/conf/%s cannot be read: %v", path, err)
	}
	root, err := parse(data)
	if err != nil {
		return nil, faultf(class, "repository/conf/%s is not well-formed: %v", path, err)
	}
	return root, nil
}

// expand replaces ${x} by the system property x; an unknown one stays as it is.
func (s *server) expand(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return b.String() + "${" + rest
		}
		if value, ok := s.props[name]; ok {
			b.WriteString(value)
		} else {
			b.WriteString("${" + name + "}")
		}
		text = after
	}
}

// keys flattens a document the way ServerConfiguration and its copies do: the
// path of names with dots, the root left out, namespaces ignored, elements
// without text left out, values not trimmed. The first of a key is the one
// that counts.
func (s *server) keys(root *node) map[string]string {
	found := map[string]string{}
	var walk func(n *node, path string)
	walk = func(n *node, path string) {
		for _, c := range n.children {
			key := path + c.name.Local
			if strings.TrimSpace(c.text) != "" {
				if _, there := found[key]; !there {
					found[key] = s.expand(c.text)
				}
			}
			walk(c, key+".")
		}
	}
	walk(root, "")
	return found
}

const serverConfiguration = "org.wso2.carbon.base.ServerConfiguration"

// readCarbon reads carbon.xml, and the offset from -DportOffset before that.
func (s *server) readCarbon(c *configuration) error {
	root, err := s.document(serverConfiguration, "carbon.xml")
	if err != nil {
		return err
	}
	if root.name.Space != "http://wso2.org/projects/carbon/carbon.xml" {
		return faultf(serverConfiguration, "repository/conf/carbon.xml: the root element is not in the namespace of carbon.xml")
	}
	keys := s.keys(root)
	c.product = keys["Name"] + "-" + keys["Version"]
	c.hostName, c.mgtHostName = keys["HostName"], keys["MgtHostName"]
	if c.hostName == "" {
		c.hostName = "localhost"
	}
	if c.mgtHostName == "" {
		c.mgtHostName = c.hostName
	}
	return c.setOffset(keys["Ports.Offset"], s.props["portOffset"])
}

func (c *configuration) setOffset(file, property string) error {
	text := file
	if property != "" {
		text = property
	}
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 50000 {
		return faultf(serverConfiguration, "Invalid port offset: For input string: %q", text)
	}
	c.offset = n
	return nil
}
