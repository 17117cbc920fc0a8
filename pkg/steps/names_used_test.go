package steps

import (
	"slices"
	"testing"
)

func TestNamesInAValue(t *testing.T) {
	for value, want := range map[string][]string{
		"https://idp.example.com:9443/services/":                       {"idp.example.com"},
		"https://idp/samlsso?next=https://elsewhere/":                  {"idp"},
		"http://${carbon.local.ip}:8280,https://gw:8243":               {"gw"},
		"http://gw:8280, https://gw2:8243":                             {"gw", "gw2"},
		"https://${carbon.local.ip}:${mgt.transport.https.port}":       nil,
		"https://10.0.0.1:9443":                                        nil,
		"https://[fe80::1]:9443":                                       nil,
		"%https.host%/samlsso":                                         nil,
		"jdbc:mysql://db:3306/AM_DB?a=b,c&d=//e":                       {"db"},
		"jdbc:mysql://one:3306,two/AM_DB":                              {"one", "two"},
		"jdbc:mysql://user:pass,word,x@db/AM_DB":                       {"db"},
		"jdbc:mysql://address=(host=db)(port=3306)/AM_DB":              nil,
		"jdbc:h2:repository/database/WSO2AM_DB;DB_CLOSE_ON_EXIT=FALSE": nil,
		"jdbc:h2:;AUTO_SERVER=TRUE":                                    nil,
		"jdbc:h2:tcp://h2:9092/db":                                     {"h2"},
		"jdbc:oracle:thin:@ora:1521/service":                           nil, // not looked into
		"":                                                             nil,
	} {
		if got := namesIn(value); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}
