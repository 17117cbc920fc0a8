package inventory

import (
	"slices"
	"strings"
)

// schemaName keeps to what needs no quoting and is the same on servers that
// ignore case and servers that do not.
func schemaName(value string) string {
	switch {
	case len(value) > 64 || !only(value, letters+digits+"_") || only(value, digits):
		return "is no name for a database (want at most 64 letters, digits and _)"
	case slices.Contains(serverSchemas, strings.ToLower(value)):
		return "is a database of the server itself"
	}
	return ""
}

var serverSchemas = []string{"mysql", "information_schema", "performance_schema", "sys"}

// accountName leaves out what would need escaping in an account, a JDBC cache
// key and a log alike. 32 is the limit of MySQL 5.7 and later.
func accountName(value string) string {
	if len(value) > 32 || !only(value, letters+digits+"._-") {
		return "is no account name (want at most 32 letters, digits and . _ -)"
	}
	return ""
}

// accountHost is the rule for X of 'user'@'X'.
func accountHost(value string) string {
	if len(value) > 60 || !only(value, letters+digits+".:_%-/") {
		return "is no host of an account (want an address, a name, or a pattern such as 192.168.10.%)"
	}
	return ""
}

func charset(value string) string {
	if !only(value, lowerLetters+digits+"_") {
		return "is no character set"
	}
	return ""
}

func sqlMode(value string) string {
	if !only(value, letters+"_,") {
		return "is no sql_mode (want names with commas between them)"
	}
	return ""
}

// urlOptions is the rule for the query of a JDBC URL. Credentials in it would
// stand in files and logs beside the account that they override.
func urlOptions(value string) string {
	if strings.HasPrefix(value, "?") {
		return "begins with ?, which the tool adds itself"
	}
	if !only(value, letters+digits+"._-=&,:;/%+$()@*~!'") {
		return "contains a character that cannot stand in a JDBC URL"
	}
	return ""
}

// hasCredentials tells whether the options name a user or a password.
func hasCredentials(options string) bool {
	for option := range strings.SplitSeq(options, "&") {
		name, _, _ := strings.Cut(strings.ToLower(option), "=")
		if name == "user" || strings.Contains(name, "password") {
			return true
		}
	}
	return false
}
