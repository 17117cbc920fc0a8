package carbon

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// need is a data source that a part of the server looks up, and the tables
// that it reads there first. Those of seeded must hold a row.
type need struct {
	class, by, jndi string
	tables, seeded  []string
}

// tables looks up every data source that is used, and in those of MySQL the
// tables that the scripts make.
func (s *server) tables(ctx context.Context) error {
	var errs []error
	for _, n := range append(s.needs(), s.registryNeeds()...) {
		errs = append(errs, s.check(ctx, n))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.pkce(ctx)
	return nil
}

// pkce notes when the columns are missing that only identity/mysql.sql makes,
// and only when it is the first to make their table.
func (s *server) pkce(ctx context.Context) {
	ds, _ := s.conf.lookup(s.conf.identity)
	if p := s.pools[ds.name]; p != nil {
		if _, err := rowsOf(ctx, p.db, "SELECT PKCE_MANDATORY FROM IDN_OAUTH_CONSUMER_APPS LIMIT 1"); err != nil {
			s.log.warn("org.wso2.carbon.identity.oauth.OAuthUtil", "PKCE is disabled: "+err.Error())
		}
	}
}

func (s *server) needs() []need {
	c := s.conf
	users := []string{"UM_TENANT", "UM_USER", "UM_ROLE", "UM_USER_ROLE", "UM_PERMISSION", "UM_ACCOUNT_MAPPING"}
	list := []need{
		{class: appmgt, by: "app-manager.xml: DataSourceName", jndi: c.apps.source,
			tables: []string{"APM_SUBSCRIBER", "APM_APP", "APM_SUBSCRIPTION", "APM_API_CONSUMER_APPS"}, seeded: []string{"APM_APP_JAVA_POLICY"}},
		{class: storage, by: "app-manager.xml: DataSources/Storage", jndi: c.apps.storage, tables: []string{"resource"}},
		{class: idn, by: "identity.xml: JDBCPersistenceManager", jndi: c.identity,
			tables: []string{"IDN_OAUTH_CONSUMER_APPS", "SP_APP"}, seeded: []string{"IDN_BASE_TABLE"}},
		{class: "org.wso2.carbon.user.core.internal.Activator", by: "user-mgt.xml: dataSource", jndi: c.users.source, tables: users},
	}
	if c.apps.clicks != "" {
		list = append(list, need{class: appmgt, by: "app-manager.xml: Analytics/UIActivityPublishDataSourceName", jndi: c.apps.clicks})
	}
	return list
}

// registryNeeds are the own tree and what is mounted. A dbConfig that nothing
// refers to may name what it likes: it is only warned about.
func (s *server) registryNeeds() []need {
	r := s.conf.registry
	used := map[string]bool{r.current: true}
	for _, m := range r.mounts {
		used[r.instances[m.instance].config] = true
	}
	var list []need
	for _, name := range slices.Sorted(maps.Keys(r.sources)) {
		jndi := r.sources[name]
		_, known := s.conf.lookup(jndi)
		if !used[name] {
			if !known {
				s.log.warn(registryClass, "Couldn't find dataSource '"+jndi+"' of dbConfig "+name)
			}
			continue
		}
		list = append(list, need{class: registryClass, by: "registry.xml: dbConfig " + name, jndi: jndi,
			tables: []string{"REG_PATH", "REG_RESOURCE", "REG_PROPERTY", "REG_LOG"}})
	}
	return list
}

func (s *server) check(ctx context.Context, n need) error {
	ds, ok := s.conf.lookup(n.jndi)
	if !ok {
		return faultf(n.class, "Error while looking up the data source: %s: javax.naming.NameNotFoundException: %q is not bound", n.by, n.jndi)
	}
	p := s.pools[ds.name]
	if p == nil {
		return nil // embedded: made with its tables in it
	}
	for _, table := range n.tables {
		if _, err := rowsOf(ctx, p.db, "SELECT * FROM "+table+" LIMIT 1"); err != nil {
			return faultf(n.class, "%s: data source %s: %v", n.by, ds.name, err)
		}
	}
	for _, table := range n.seeded {
		rows, err := rowsOf(ctx, p.db, "SELECT * FROM "+table+" LIMIT 1")
		if err != nil {
			return faultf(n.class, "%s: data source %s: %v", n.by, ds.name, err)
		}
		if rows == 0 {
			return faultf(n.class, "%s: data source %s: table %s is empty: its script was not loaded to the end", n.by, ds.name, table)
		}
	}
	return nil
}
