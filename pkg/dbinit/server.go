package dbinit

import (
	"fmt"
	"strconv"
	"strings"
)

// Flavor is whose server it is.
type Flavor string

const (
	MySQL   Flavor = "MySQL"
	MariaDB Flavor = "MariaDB"
)

// Version is major, minor and patch, in this order.
type Version [3]int

// AtLeast reports whether v is that version or a later one.
func (v Version) AtLeast(major, minor, patch int) bool {
	for i, n := range (Version{major, minor, patch}) {
		if v[i] != n {
			return v[i] > n
		}
	}
	return true
}

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// Server is what matters of a server to scripts and accounts.
type Server struct {
	Version             string // as the server says it, 10.11.6-MariaDB
	Flavor              Flavor
	Numeric             Version
	SQLMode             string // of this session, before a load sets its own
	Charset             string // that a schema gets when nobody says
	Engine              string // that a table gets when nobody says
	LowerCaseTableNames int    // 0: names are kept and differ by case
	MaxPacket           int    // max_allowed_packet, bytes
	ReadOnly            string // the variable by which it takes no writes; "": it takes them
	PartialRevokes      bool   // then a grant's schema name is no pattern
	Judges              bool   // a plugin of MariaDB's judges passwords, and takes no hash of one
	DefaultPlugin       string // how a new account proves itself when nobody says
	BindAddress         string
	Admin               Admin // whom we logged in as; read with a user's accounts
}

// String is the server in a plan's line.
func (s Server) String() string { return string(s.Flavor) + " " + s.Numeric.String() }

// variables are the names that Inspect asks for. SHOW VARIABLES leaves out
// those that a version does not know, where SELECT @@name would fail.
var variables = []string{
	"version", "sql_mode", "character_set_server", "default_storage_engine", "lower_case_table_names",
	"max_allowed_packet", "partial_revokes", "super_read_only", "read_only", "innodb_read_only",
	"default_authentication_plugin", "authentication_policy", "bind_address",
	"strict_password_validation", "simple_password_check_minimal_length", "cracklib_password_check_dictionary", "password_reuse_check_interval",
}

func parseServer(vars map[string]string) Server {
	s := Server{
		Version:        vars["version"],
		Flavor:         MySQL,
		SQLMode:        vars["sql_mode"],
		Charset:        vars["character_set_server"],
		Engine:         vars["default_storage_engine"],
		BindAddress:    vars["bind_address"],
		ReadOnly:       readOnly(vars),
		PartialRevokes: isOn(vars["partial_revokes"]),
		Judges:         judges(vars),
	}
	if strings.Contains(strings.ToLower(s.Version), "mariadb") {
		s.Flavor = MariaDB
	}
	s.Numeric = parseVersion(s.Version)
	s.LowerCaseTableNames, _ = strconv.Atoi(vars["lower_case_table_names"])
	s.MaxPacket, _ = strconv.Atoi(vars["max_allowed_packet"])
	s.DefaultPlugin = defaultPlugin(s, vars)
	return s
}

// readOnly names the variable. Under read_only alone root may still write,
// but what is written to a replica is not on its primary.
func readOnly(vars map[string]string) string {
	for _, name := range []string{"innodb_read_only", "super_read_only", "read_only"} {
		if v := vars[name]; v != "" && v != "0" && !strings.EqualFold(v, "OFF") { // MariaDB 12 has more than ON
			return name
		}
	}
	return ""
}

// judges: each of MariaDB's plugins that judge passwords brings its variables.
func judges(vars map[string]string) bool {
	for _, name := range []string{"simple_password_check_minimal_length", "cracklib_password_check_dictionary", "password_reuse_check_interval"} {
		if _, there := vars[name]; there && isOn(vars["strict_password_validation"]) {
			return true
		}
	}
	return false
}

func isOn(v string) bool { return strings.EqualFold(v, "ON") || v == "1" }

// parseVersion reads the digits before the first "-", and past the "5.5.5-"
// that some MariaDB servers put before their version.
func parseVersion(s string) (v Version) {
	if rest, ok := strings.CutPrefix(s, "5.5.5-"); ok {
		s = rest
	}
	s, _, _ = strings.Cut(s, "-")
	for i, part := range strings.SplitN(s, ".", 3) {
		v[i], _ = strconv.Atoi(part)
	}
	return v
}

// defaultPlugin: authentication_policy is MySQL 8.0.27's successor of
// default_authentication_plugin; its first part is "*", "*:plugin" or a plugin.
func defaultPlugin(s Server, vars map[string]string) string {
	first, _, _ := strings.Cut(vars["authentication_policy"], ",")
	_, named, _ := strings.Cut(first, ":")
	switch {
	case named != "":
		return named
	case first != "" && first != "*":
		return first
	case vars["default_authentication_plugin"] != "":
		return vars["default_authentication_plugin"]
	case s.Flavor == MySQL && s.Numeric.AtLeast(8, 0, 0):
		return "caching_sha2_password"
	}
	return "mysql_native_password"
}
