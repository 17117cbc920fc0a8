package carbon

import (
	"errors"
	"slices"
	"strings"
)

// registry is what registry.xml says.
type registry struct {
	current   string            // the name of the dbConfig of the own tree
	sources   map[string]string // name of a dbConfig → JNDI name
	instances map[string]remote // by id
	mounts    []mount
}

type remote struct{ id, config string }

type mount struct{ path, instance, target string }

const registryClass = "org.wso2.carbon.registry.core.config.RegistryConfigurationProcessor"

// readRegistry reads registry.xml. Nothing is trimmed. Of two dbConfigs of a
// name the last wins; two remote instances of an id, or two mounts of a path,
// end it.
func (s *server) readRegistry() (registry, error) {
	root, err := s.document(registryClass, "registry.xml")
	if err != nil {
		return registry{}, err
	}
	r := registry{sources: map[string]string{}, instances: map[string]remote{}}
	if c := root.first("currentDBConfig"); c != nil {
		r.current = c.text
	}
	for _, n := range root.all("dbConfig") {
		name, _ := n.attr("name")
		r.sources[name] = raw(n, "dataSource")
	}
	errs := []error{r.readInstances(root), r.readMounts(root)}
	if _, there := r.sources[r.current]; !there {
		errs = append(errs, faultf(registryClass, "Couldn't find the current dbConfig %q", r.current))
	}
	return r, errors.Join(errs...)
}

func (r *registry) readInstances(root *node) error {
	var errs []error
	for _, n := range root.all("remoteInstance") {
		i := remote{id: raw(n, "id"), config: raw(n, "dbConfig")}
		url, _ := n.attr("url")
		_, twice := r.instances[i.id]
		switch {
		case i.id == "":
			errs = append(errs, faultf(registryClass, "registry.xml: a remoteInstance without an id"))
		case twice:
			errs = append(errs, faultf(registryClass, "Two remote instances can't have the same id. (%s)", i.id))
		case url == "":
			errs = append(errs, faultf(registryClass, "registry.xml: remote instance %q has no url", i.id))
		case i.config == "":
			errs = append(errs, faultf(registryClass, "registry.xml: remote instance %q has no dbConfig, which the stand-in needs", i.id))
		}
		r.instances[i.id] = i
	}
	return errors.Join(errs...)
}

func (r *registry) readMounts(root *node) error {
	var errs []error
	for _, n := range root.all("mount") {
		path, _ := n.attr("path")
		m := mount{path: path, instance: raw(n, "instanceId"), target: raw(n, "targetPath")}
		over, set := n.attr("overwrite")
		switch {
		case !strings.HasPrefix(m.path, "/"):
			errs = append(errs, faultf(registryClass, "registry.xml: a mount at %q, which is no path", m.path))
		case slices.ContainsFunc(r.mounts, func(o mount) bool { return o.path == m.path }):
			errs = append(errs, faultf(registryClass, "Two mounts can't have the same path. (%s)", m.path))
		case set && over != "true" && over != "false" && over != "virtual":
			errs = append(errs, faultf(registryClass, "registry.xml: mount %s: overwrite is %q", m.path, over))
		case !strings.HasPrefix(m.target, "/"):
			errs = append(errs, faultf(registryClass, "registry.xml: mount %s: the target %q is no path", m.path, m.target))
		}
		if i, there := r.instances[m.instance]; !there {
			errs = append(errs, faultf(registryClass, "registry.xml: mount %s: unknown instance %q", m.path, m.instance))
		} else if _, there := r.sources[i.config]; i.config != "" && !there {
			errs = append(errs, faultf(registryClass, "registry.xml: remote instance %q: unknown dbConfig %q", i.id, i.config))
		}
		r.mounts = append(r.mounts, m)
	}
	return errors.Join(errs...)
}

func raw(n *node, name string) string {
	if c := n.first(name); c != nil {
		return c.text
	}
	return ""
}

// cacheKey is how the server names the cache of what is mounted: by user and
// URL of the database, and not by <cacheId>, once there is a dbConfig.
func (c configuration) cacheKey() string {
	for _, m := range c.registry.mounts {
		source := c.registry.sources[c.registry.instances[m.instance].config]
		if ds, ok := c.lookup(source); ok {
			return ds.user + "@" + ds.url
		}
	}
	return ""
}
