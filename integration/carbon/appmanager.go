package carbon

// apps are the JNDI names in app-manager.xml.
type apps struct {
	source  string // of apps and subscriptions
	storage string // of the pages
	clicks  string // where what users do is written; may be empty
}

const (
	appmgt  = "org.wso2.carbon.appmgt.impl.utils.APIMgtDBUtil"
	storage = "org.wso2.carbon.appmgt.impl.utils.AppMgtDataSourceProvider"
	idn     = "org.wso2.carbon.identity.core.persistence.JDBCPersistenceManager"
)

// readApps reads app-manager.xml: by path, the first of each, not trimmed.
func (s *server) readApps() (apps, error) {
	root, err := s.document("org.wso2.carbon.appmgt.impl.AppManagerConfiguration", "app-manager.xml")
	if err != nil {
		return apps{}, err
	}
	keys := s.keys(root)
	a := apps{
		source:  keys["DataSourceName"],
		storage: keys["DataSources.Storage"],
		clicks:  keys["Analytics.UIActivityPublishDataSourceName"],
	}
	switch {
	case a.source == "":
		return a, faultf(appmgt, "app-manager.xml: no DataSourceName below the root element")
	case a.storage == "":
		return a, faultf(storage, "app-manager.xml: no DataSources/Storage")
	}
	return a, nil
}

// readIdentity reads the data source of identity.xml, which every node opens.
func (s *server) readIdentity() (string, error) {
	root, err := s.document(idn, "identity/identity.xml")
	if err != nil {
		return "", err
	}
	name := s.keys(root)["JDBCPersistenceManager.DataSource.Name"]
	if name == "" {
		return "", faultf(idn, "identity/identity.xml: no JDBCPersistenceManager/DataSource/Name")
	}
	return name, nil
}
