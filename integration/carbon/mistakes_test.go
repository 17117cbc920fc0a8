package carbon_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/product"
)

// mistakes are what a careless editor leaves behind, each with what the log
// says about it.
var mistakes = []struct {
	name string
	make func(*home)
	log  string
}{
	// the driver
	{"no driver", func(h *home) { h.remove(lib + connector) }, `ClassNotFoundException: "com.mysql.jdbc.Driver"`},
	{"the archive instead of the jar", func(h *home) {
		h.put(lib+connector, string(product.DriverArchive("5.1.49", product.TarGz)))
	}, "Cannot create bundle from jar file"},
	{"a torn jar", func(h *home) { h.put(lib+connector, string(product.Driver("5.1.49"))[:300]) }, "Cannot create bundle from jar file"},
	{"both jars of the archive", func(h *home) {
		h.put(lib+"mysql-connector-java-5.1.49.jar", string(product.Driver("5.1.49")))
	}, "2 bundles in repository/components/dropins export com.mysql.jdbc"},
	{"the bundle of an older driver", func(h *home) {
		h.put(dropins+"mysql_connector_java_5.1.35_bin_1.0.0.jar", string(product.Driver("5.1.35")))
	}, "mysql_connector_java_5.1.35_bin_1.0.0.jar, mysql_connector_java_5.1.49_bin_1.0.0.jar"},
	{"a jar with capital letters", func(h *home) {
		h.remove(lib + connector)
		h.put(lib+"mysql.JAR", string(product.Driver("5.1.49")))
	}, "ClassNotFoundException"},
	{"the class of another driver", func(h *home) { h.first(datasources, "com.mysql.jdbc.Driver", "com.mysql.cj.jdbc.Driver") },
		`ClassNotFoundException: "com.mysql.cj.jdbc.Driver"`},

	// master-datasources.xml
	{"a class with a line end", func(h *home) { h.first(datasources, "com.mysql.jdbc.Driver", "com.mysql.jdbc.Driver\n") }, "ClassNotFoundException"},
	{"a URL with a line end before it", func(h *home) { h.first(datasources, "<url>jdbc:mysql", "<url>\njdbc:mysql") }, "WSO2AM_DB: the driver returned null"},
	{"a URL with a line end behind it", func(h *home) { h.first(datasources, "autoReconnect=true<", "autoReconnect=true\n<") }, "WSO2AM_DB: blank or line end inside"},
	{"a property that is neither true nor false", func(h *home) { h.first(datasources, "autoReconnect=true", "autoReconnect=on") }, "'autoReconnect' only accepts"},
	{"a URL with a bare ampersand", func(h *home) { h.first(datasources, "autoReconnect=true", "autoReconnect=true&useSSL=false") }, "master-datasources.xml is not well-formed: line"},
	{"a URL escaped twice", func(h *home) { h.first(datasources, "?autoReconnect=true", "?a=b&amp;amp;useSSL=x&amp;useSSL=maybe") }, "'useSSL' only accepts"},
	{"the URL of the embedded database", func(h *home) { h.first(datasources, "jdbc:mysql://", "jdbc:h2:") }, "the driver returned null"},
	{"a host that nobody knows", func(h *home) { h.first(datasources, "carbondb.mysql-wso2.com", "apimgtdb.mysql-wso2.com") }, "UnknownHostException: apimgtdb.mysql-wso2.com"},
	{"a name that begins like the known one", func(h *home) { h.first(datasources, "carbondb.mysql-wso2.com", "carbondb.mysql") }, "UnknownHostException"},
	{"a port where nothing listens", func(h *home) { h.first(datasources, ".com:", ".com:1//") }, "connection refused"},
	{"a database of another name", func(h *home) { h.first(datasources, "/AM_DB?", "/apimgtdb?") }, "apimgtdb"},
	{"no database", func(h *home) { h.first(datasources, "/AM_DB?", "?") }, "no database in the URL"},
	{"an empty database", func(h *home) { h.first(datasources, "/AM_DB?", "/EMPTY_DB?") }, "EMPTY_DB.APM_SUBSCRIBER"},
	{"one database for another", func(h *home) { h.first(datasources, "/UM_DB?", "/AM_DB?") }, "user-mgt.xml: dataSource: data source WSO2UM_DB"},
	{"a wrong password", func(h *home) { h.first(datasources, "<password>p&lt;", "<password>wrong-secret") }, "Access denied for user 'appm'"},
	{"a password with a blank behind it", func(h *home) { h.first(datasources, "1</password>", "1 </password>") }, "Access denied"},
	{"a password escaped twice", func(h *home) { h.first(datasources, "p&lt;w", "p&amp;lt;w") }, "Access denied"},
	{"an unknown user", func(h *home) { h.first(datasources, "<username>appm", "<username>nobody") }, "Access denied for user 'nobody'"},
	{"a validation query that fails", func(h *home) {
		h.first(datasources, "SELECT 1</validationQuery>\n                </c", "SELEKT 1</validationQuery>\n                </c")
	}, "You have an error in your SQL syntax"},
	{"a password behind an alias", func(h *home) { h.first(datasources, "<password>p&lt;", `<password svns:secretAlias="a">p&lt;`) }, "secret alias"},
	{"an undeclared prefix", func(h *home) { h.first(datasources, "<password>p&lt;", `<password svn:secretAlias="a">p&lt;`) }, "the prefix of svn:secretAlias is not declared"},
	{"a data source twice", func(h *home) {
		h.edit(datasources, "    </datasources>", source("WSO2UM_DB", "jdbc/WSO2UM_DB", 1, "X")+"    </datasources>")
	},
		"System datasource WSO2UM_DB can not be updated"},
	{"a copy beside the file", func(h *home) { h.put("repository/conf/datasources/backup-datasources.xml", h.read(datasources)) },
		"System datasource WSO2_CARBON_DB can not be updated. (It is in master-datasources.xml and again in backup-datasources.xml)"},
	{"a JNDI name of another spelling", func(h *home) { h.first(datasources, "<name>jdbc/WSO2UM_DB", "<name>jdbc/WSO2UM_Db") }, `"jdbc/WSO2UM_DB" is not bound`},
	{"a JNDI name with a line end", func(h *home) { h.first(datasources, "<name>jdbc/WSO2UM_DB", "<name>\njdbc/WSO2UM_DB") }, `"jdbc/WSO2UM_DB" is not bound`},
	{"data sources outside of their element", func(h *home) {
		h.edit(datasources, "</datasources-configuration>", source("WSO2UM_DB", "jdbc/WSO2UM_DB", 1, "X")+"</datasources-configuration>")
		h.first(datasources, "<name>WSO2UM_DB</name>", "<name>OTHER</name>")
		h.first(datasources, "<name>jdbc/WSO2UM_DB", "<name>jdbc/OTHER")
	}, `"jdbc/WSO2UM_DB" is not bound`},
	{"another type", func(h *home) { h.first(datasources, `type="RDBMS"`, `type="rdbms"`) }, `no reader for type "rdbms"`},
	{"no master file", func(h *home) { h.remove(datasources) }, "master-datasources.xml cannot be read"},

	// app-manager.xml
	{"a data source name with a line end", func(h *home) { h.first(appManager, "<DataSourceName>", "<DataSourceName>\n") }, `"\njdbc/WSO2AM_DB" is not bound`},
	{"another data source before it", func(h *home) {
		h.first(appManager, "<AppManager>", "<AppManager><DataSourceName>jdbc/Other</DataSourceName>")
	}, `"jdbc/Other" is not bound`},
	{"no data source name", func(h *home) { h.first(appManager, "<DataSourceName>jdbc/WSO2AM_DB</DataSourceName>", "") }, "no DataSourceName below the root element"},
	{"clicks to an unknown place", func(h *home) {
		h.first(appManager, "<UIActivityPublishDataSourceName>jdbc/WSO2AM_DB", "<UIActivityPublishDataSourceName>jdbc/WSO2AM_STATS")
	}, "UIActivityPublishDataSourceName: javax.naming.NameNotFoundException"},
	{"pages to an unknown place", func(h *home) { h.first(datasources, "jdbc/ES_Storage", "jdbc/ES_STORAGE") }, "app-manager.xml: DataSources/Storage"},

	// user-mgt.xml
	{"the page's lower case", func(h *home) {
		h.first(userMgt, "<Configuration>", "<configuration>")
		h.first(userMgt, "</Configuration>", "</configuration>")
	}, "NullPointerException"},
	{"the page's bare regex", func(h *home) { h.first(userMgt, `&lt;&gt;,\'\"]{3,30}$</Property>`, `<>,\'\"]{3,30}$</Property>`) }, "user-mgt.xml is not well-formed: line"},
	{"another data source after it", func(h *home) {
		h.first(userMgt, "</Configuration>", "<Property name=\"dataSource\">jdbc/Nothing</Property></Configuration>")
	}, `"jdbc/Nothing" is not bound`},
	{"a regex whose end was taken for a variable", func(h *home) { h.first(userMgt, `\'\"]{3,30}$<`, `\'\"<`) }, "PatternSyntaxException: UsernameJavaRegEx: missing closing ]"},
	{"a regex without its backslash", func(h *home) { h.edit(userMgt, `"PasswordJavaRegEx">^[\S]`, `"PasswordJavaRegEx">^[S]`) }, "PasswordJavaRegEx does not accept the admin's"},
	{"a store that begins in a comment", func(h *home) { h.first(userMgt, "<!--UserStoreManager", "<UserStoreManager") }, "not well-formed"},
	{"a store outside of the realm", func(h *home) {
		h.swap(userMgt, "        <UserStoreManager", "</UserStoreManager>\n", "")
		h.edit(userMgt, "</Realm>", "</Realm><UserStoreManager class=\"org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager\"/>")
	}, "no UserStoreManager in Realm"},
	{"a declaration behind the comment", func(h *home) { h.first(userMgt, "<UserManager>", "<?xml version=\"1.0\"?>\n<UserManager>") }, "declaration is not at the beginning"},

	// registry.xml
	{"a mount twice", func(h *home) { h.edit(registryXML, "</wso2registry>", governanceMount+"</wso2registry>") }, "Two mounts can't have the same path. (/_system/governance)"},
	{"a remote instance twice", func(h *home) {
		h.edit(registryXML, "</wso2registry>", "<remoteInstance url=\"x\"><id>gov</id><dbConfig>govregistry</dbConfig></remoteInstance></wso2registry>")
	}, "Two remote instances can't have the same id. (gov)"},
	{"a mount of an unknown instance", func(h *home) { h.first(registryXML, "<id>gov</id>", "<id> gov</id>") }, `unknown instance "gov"`},
	{"an unknown dbConfig", func(h *home) {
		h.first(registryXML, "<dbConfig>govregistry</dbConfig>", "<dbConfig>govregistry\r\n</dbConfig>")
	}, `unknown dbConfig "govregistry\n"`},
	{"a mount on an unknown data source", func(h *home) { h.first(registryXML, "jdbc/WSO2REG_DB", "jdbc/WSO2REG") }, "registry.xml: dbConfig govregistry"},
	{"a data source with a blank", func(h *home) { h.first(registryXML, "jdbc/WSO2REG_DB", " jdbc/WSO2REG_DB") }, "registry.xml: dbConfig govregistry"},
	{"the own tree replaced", func(h *home) { h.first(registryXML, `<dbConfig name="wso2registry">`, `<dbConfig name="gov">`) }, `Couldn't find the current dbConfig "wso2registry"`},
	{"overwrite as in the comment", func(h *home) {
		h.put(registryXML, strings.ReplaceAll(h.read(registryXML), `overwrite="true">`, `overwrite="true|false|virtual">`))
	}, `overwrite is "true|false|virtual"`},

	// axis2.xml
	{"a scheme of another spelling", func(h *home) { h.first(axis2, ">wka<", ">WKA<") }, `Invalid membership scheme "WKA"`},
	{"a scheme set again below", func(h *home) {
		h.edit(axis2, "</clustering>", `<parameter name="membershipScheme">none</parameter></clustering>`)
	}, `Invalid membership scheme "none"`},
	{"a name as this member", func(h *home) {
		h.edit(axis2, `<parameter name="localMemberHost">127.0.0.1<`, `<parameter name="localMemberHost">publisher<`)
	}, "needs ip addresses"},
	{"a name as another member", func(h *home) { h.edit(axis2, "<hostName>127.0.0.1<", "<hostName>store<") }, `member "store"`},
	{"an address of another host", func(h *home) {
		h.edit(axis2, `<parameter name="localMemberHost">127.0.0.1<`, `<parameter name="localMemberHost">192.0.2.1<`)
	}, "Hazelcast cannot start"},
	{"a port that is none", func(h *home) { h.edit(axis2, `"localMemberPort">`, `"localMemberPort">x`) }, "For input string"},
	{"clustering twice on the element", func(h *home) {
		h.first(axis2, "                enable=\"true\"", "                enable=\"true\" enable=\"true\"")
	}, "attribute enable of <clustering> stands twice"},
	{"a hazelcast.xml", func(h *home) { h.put("repository/conf/hazelcast.xml", "<hazelcast/>") }, "hazelcast.xml takes the place"},

	// the pages' files, and the IDP's
	{"a comma too many", func(h *home) { h.edit(publisherJSON, `"enabled": true,`, `"enabled": true,,`) }, "publisher.json is no JSON"},
	{"no file of the Store's page", func(h *home) { h.remove(storeJSON) }, "store.json cannot be read"},
	{"an IDP's file with an end too many", func(h *home) { h.first(ssoIDP, "</ServiceProvider>", "</ServiceProvider></ServiceProvider>") }, "sso-idp-config.xml is not well-formed"},

	// carbon.xml
	{"an offset with a blank", func(h *home) { h.first(carbonXML, "\n        <Offset>", "\n        <Offset> ") }, "Invalid port offset"},
	{"the namespace lost", func(h *home) { h.first(carbonXML, ` xmlns="http://wso2.org/projects/carbon/carbon.xml"`, "") }, "not in the namespace"},
	{"a second root", func(h *home) { h.put(carbonXML, h.read(carbonXML)+"<Server/>\n") }, "a second root element"},
	{"text behind the root", func(h *home) { h.put(carbonXML, h.read(carbonXML)+"x\n") }, "text outside of the root element"},
}

// first replaces the first that is there.
func (h *home) first(file, old, by string) {
	h.t.Helper()
	before := h.read(file)
	if !strings.Contains(before, old) {
		h.t.Fatalf("%s: no %q", file, old)
	}
	h.put(file, strings.Replace(before, old, by, 1))
}

func TestEveryMistakeIsRefusedAndNamed(t *testing.T) {
	database(t)
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			h := publisher(t)
			m.make(h)
			if got := h.start().code(); got != 1 {
				t.Errorf("exit code: got %d, want 1", got)
			}
			want(t, h, m.log)
		})
	}
}

func TestSeveralMistakesAreNamedAtOnce(t *testing.T) {
	h := publisher(t)
	h.first(appManager, "<DataSourceName>jdbc/WSO2AM_DB</DataSourceName>", "")
	h.first(axis2, ">wka<", ">WKA<")
	h.edit(registryXML, "</wso2registry>", governanceMount+"</wso2registry>")
	h.start().code()
	want(t, h, "no DataSourceName", "Invalid membership scheme", "Two mounts")
}

// What is wrong without being fatal, there and here.
func TestWhatIsPassedOver(t *testing.T) {
	for name, make := range map[string]func(*home){
		"a file that only begins like a data source file": func(h *home) {
			h.put("repository/conf/datasources/master-datasources.xml.bak", "<")
		},
		"siblings of axis2.xml": func(h *home) { h.put("repository/conf/axis2/axis2.xml_old", "<") },
		"a second store without a domain": func(h *home) {
			h.edit(userMgt, "        <AuthorizationManager", "<UserStoreManager class=\"x\"/>\n        <AuthorizationManager")
		},
		"a second list of members": func(h *home) {
			h.edit(axis2, "</clustering>", "<members><member><hostName>nowhere</hostName><port>0</port></member></members></clustering>")
		},
		"an unused dbConfig of an unknown source": func(h *home) {
			h.edit(registryXML, "</wso2registry>", "<dbConfig name=\"old\"><dataSource>jdbc/Gone</dataSource></dbConfig></wso2registry>")
		},
		"a property trimmed in user-mgt.xml": func(h *home) { h.edit(userMgt, ">jdbc/WSO2UM_DB<", ">\n jdbc/WSO2UM_DB \n<") },
		"the element that the page has wrong": func(h *home) {
			h.first(appManager, "<AppManager>", "<AppManager><UiActivityPublishDataSourceName>jdbc/x</UiActivityPublishDataSourceName>")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := publisher(t)
			make(h)
			h.start().await("Mgt Console URL")
		})
	}
}

func TestAStaleBundleIsStillLoaded(t *testing.T) {
	h := publisher(t)
	h.remove(lib + connector)
	h.put(dropins+"mysql_connector_java_5.1.35_bin_1.0.0.jar", string(product.Driver("5.1.35")))
	h.start().await("Mgt Console URL")
	entries, err := os.ReadDir(filepath.Join(h.dir, dropins))
	if err != nil || len(entries) != 1 {
		t.Errorf("dropins: got %v, %v, want the one stale bundle", entries, err)
	}
}
