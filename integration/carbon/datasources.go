package carbon

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// datasource is a <datasource>, its values as they stand in the file.
type datasource struct {
	file, name, jndi string

	url, user, password, driver, query string
	testOnBorrow                       bool
}

const (
	dsManager = "org.wso2.carbon.ndatasource.core.DataSourceManager"
	dsReader  = "org.wso2.carbon.ndatasource.rdbms.RDBMSDataSourceReader"
	dsPool    = "org.apache.tomcat.jdbc.pool.ConnectionPool"
)

const (
	master   = "master-datasources.xml"
	dsSuffix = "-datasources.xml"
)

// readDatasources reads every *-datasources.xml, a forgotten copy included,
// the master first. Two of one name make all of them unusable.
func (s *server) readDatasources() ([]datasource, error) {
	files, err := s.datasourceFiles()
	if err != nil {
		return nil, err
	}
	var list []datasource
	var errs []error
	byName := map[string]string{}
	for _, file := range files {
		found, err := s.readDatasourceFile(file)
		errs = append(errs, err)
		for _, ds := range found {
			if other, there := byName[ds.name]; there {
				errs = append(errs, faultf(dsManager, "System datasource %s can not be updated. (It is in %s and again in %s)", ds.name, other, file))
			}
			byName[ds.name] = file
		}
		list = append(list, found...)
	}
	return list, errors.Join(errs...)
}

func (s *server) datasourceFiles() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.home, "repository", "conf", "datasources"))
	if err != nil {
		return nil, faultf(dsManager, "repository/conf/datasources cannot be read: %v", err)
	}
	var files []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), dsSuffix) && e.Name() != master {
			files = append(files, e.Name())
		}
	}
	slices.Sort(files)
	return append([]string{master}, files...), nil
}

func (s *server) readDatasourceFile(file string) ([]datasource, error) {
	root, err := s.document(dsManager, "datasources/"+file)
	if err != nil {
		return nil, err
	}
	if root.name.Local != "datasources-configuration" || root.name.Space != "" {
		return nil, faultf(dsManager, "datasources/%s: unexpected root element <%s>", file, root.name.Local)
	}
	container := root.last("datasources")
	if container == nil {
		return nil, nil
	}
	var list []datasource
	var errs []error
	for _, n := range container.all("datasource") {
		ds, err := s.readDatasource(n, file)
		list, errs = append(list, ds), append(errs, err)
	}
	return list, errors.Join(errs...)
}

// readDatasource takes one apart as JAXB does: no trimming, and of two
// elements of a name the last.
func (s *server) readDatasource(n *node, file string) (datasource, error) {
	ds := datasource{file: file, name: s.value(n, "name")}
	if ds.name == "" {
		return ds, faultf(dsManager, "datasources/%s: a datasource without a <name>", file)
	}
	if jndi := n.last("jndiConfig"); jndi != nil {
		ds.jndi = s.value(jndi, "name")
	}
	definition := n.last("definition")
	if definition == nil {
		return ds, faultf(dsManager, "Error in creating data source %s: no <definition>", ds.name)
	}
	if t, _ := definition.attr("type"); t != "RDBMS" {
		return ds, faultf(dsManager, "Error in creating data source %s: no reader for type %q", ds.name, t)
	}
	c := definition.last("configuration")
	if c == nil {
		return ds, faultf(dsReader, "Error in creating data source %s: no <configuration>", ds.name)
	}
	if pw := c.last("password"); pw != nil {
		for _, a := range pw.attrs {
			if a.Name.Local == "secretAlias" {
				return ds, faultf(dsReader, "Error in creating data source %s: secret alias %q is not in the vault", ds.name, a.Value)
			}
		}
	}
	ds.url, ds.user, ds.password = s.value(c, "url"), s.value(c, "username"), s.value(c, "password")
	ds.driver, ds.query = s.value(c, "driverClassName"), s.value(c, "validationQuery")
	ds.testOnBorrow = strings.TrimSpace(s.value(c, "testOnBorrow")) == "true"
	return ds, nil
}

func (s *server) value(n *node, name string) string {
	if c := n.last(name); c != nil {
		return s.expand(c.text)
	}
	return ""
}

// lookup finds a data source by its JNDI name, character by character. A name
// that was bound twice is the last one's.
func (c configuration) lookup(jndi string) (datasource, bool) {
	for _, ds := range slices.Backward(c.sources) {
		if jndi != "" && ds.jndi == jndi {
			return ds, true
		}
	}
	return datasource{}, false
}
