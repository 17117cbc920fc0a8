package carbon

import (
	"net"
	"strings"
	"unicode"
)

// jdbcURL is a MySQL URL taken apart as Connector/J does.
type jdbcURL struct {
	host, port, database string
	properties           map[string]string
}

// switches are the connection properties that are true or false and nothing
// else; one with a line end behind it is an error.
var switches = []string{"autoReconnect", "useSSL", "requireSSL", "verifyServerCertificate", "useUnicode",
	"relaxAutoCommit", "allowPublicKeyRetrieval", "allowMultiQueries", "nullCatalogMeansCurrent", "tinyInt1isBit"}

const mysqlPrefix = "jdbc:mysql://"

// parseURL returns what is wrong in words, or "".
func parseURL(url string) (jdbcURL, string) {
	rest, ok := strings.CutPrefix(url, mysqlPrefix)
	if !ok {
		return jdbcURL{}, "the driver returned null for this URL"
	}
	if i := strings.IndexFunc(url, unicode.IsSpace); i >= 0 {
		return jdbcURL{}, "blank or line end inside of the URL, which is not trimmed"
	}
	rest, query, _ := strings.Cut(rest, "?")
	where, database, ok := strings.Cut(rest, "/")
	if !ok || database == "" {
		return jdbcURL{}, "no database in the URL"
	}
	u := jdbcURL{host: where, port: "3306", database: database, properties: map[string]string{}}
	if host, port, err := net.SplitHostPort(where); err == nil {
		u.host, u.port = host, port
	}
	if u.host == "" {
		u.host = "localhost"
	}
	if strings.ContainsAny(u.host, ",()[]") {
		return jdbcURL{}, "several hosts or an address form, which the stand-in does not know"
	}
	return u, u.setProperties(query)
}

func (u jdbcURL) setProperties(query string) string {
	for _, pair := range strings.Split(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		u.properties[name] = value
	}
	for _, name := range switches {
		switch value, set := u.properties[name]; {
		case !set, value == "true", value == "false", value == "yes", value == "no":
		default:
			return "the connection property '" + name + "' only accepts values of the form: 'true', 'false', 'yes' or 'no'"
		}
	}
	return ""
}
