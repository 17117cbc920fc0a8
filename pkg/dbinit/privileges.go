package dbinit

import (
	"maps"
	"slices"
	"strings"
)

// Admin is the account that we logged in with, and what it may do.
type Admin struct {
	Name   string // user@host, as the server knows it
	grants []privileges
	known  bool // false: roles or partial revokes are in it, and it may hold more or less than is seen
}

// privileges are what one line of SHOW GRANTS gives on a schema or on all.
type privileges struct {
	on     string // schema, a pattern; "*" for all
	names  []string
	option bool // and to pass them on
}

// Job is what a run wants to do, for Lacks.
type Job struct {
	Load    map[string][]Statement // by schema, what is still to be loaded
	Drop    []string               // schemas
	Account []Statement
	Options
}

// everythingOnASchema is what ALL PRIVILEGES on a schema are on every server; who
// grants it needs each of them.
var everythingOnASchema = []string{
	"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER", "CREATE TEMPORARY TABLES", "LOCK TABLES",
	"EXECUTE", "CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "EVENT", "TRIGGER",
}

// Lacks names the privileges that the job needs and the admin has not, as they
// are granted: "CREATE USER ON *.*". None where that cannot be known.
func (s Server) Lacks(job Job) (out []string) {
	if !s.Admin.known {
		return nil
	}
	needs := s.needs(job)
	for _, schema := range slices.Sorted(maps.Keys(needs)) {
		names := slices.DeleteFunc(needs[schema], func(n string) bool { return s.may(n, schema) })
		if len(names) == 0 {
			continue
		}
		all := strings.Join(everythingOnASchema, ", ")
		out = append(out, strings.Replace(strings.Join(names, ", "), all, "ALL PRIVILEGES", 1)+" ON "+on(schema))
	}
	return out
}

// needs are the privileges by schema, "*" for all.
func (s Server) needs(job Job) map[string][]string {
	needs := map[string][]string{}
	for _, schema := range opened(job.Account) {
		needs[schema] = append(slices.Clone(everythingOnASchema), "GRANT OPTION")
	}
	for schema, list := range job.Load {
		if needs[schema] == nil {
			needs[schema] = loads(list)
		}
	}
	for _, schema := range job.Drop {
		needs[schema] = []string{"DROP"}
	}
	if len(job.Load) > 0 || len(job.Account) > 0 || len(job.Drop) > 0 {
		needs[job.ledger().schema] = []string{"CREATE", "SELECT", "INSERT", "UPDATE", "DELETE"}
	}
	for _, c := range job.Account {
		switch {
		case c.Locks && !s.alters(): // SET PASSWORD
			needs["mysql"] = []string{"UPDATE"}
		case c.Account != "" && c.Opens == "":
			needs["*"] = []string{"CREATE USER"}
		}
	}
	return needs
}

func on(schema string) string {
	if schema == "*" {
		return "*.*"
	}
	return ident(strings.NewReplacer(`_`, `\_`, `%`, `\%`).Replace(schema)) + ".*"
}

// loads are the privileges that statements cannot do without on any server;
// what else some of them want, as REFERENCES, differs.
func loads(list []Statement) []string {
	need := []string{"CREATE"}
	for _, s := range list {
		verb, rest, _ := strings.Cut(strings.ToUpper(s.start()), " ")
		next, _, _ := strings.Cut(rest, " ")
		var name string
		switch {
		case verb == "INSERT" || verb == "UPDATE" || verb == "DELETE" || verb == "DROP" && next == "TABLE" || verb == "ALTER" && next == "TABLE":
			name = verb
		case verb == "CREATE" && (next == "INDEX" || next == "UNIQUE"):
			name = "INDEX"
		}
		if name != "" && !slices.Contains(need, name) {
			need = append(need, name)
		}
	}
	return need
}

func opened(list []Statement) (out []string) {
	for _, s := range list {
		if s.Opens != "" && !slices.Contains(out, s.Opens) {
			out = append(out, s.Opens)
		}
	}
	return out
}

// may: the admin has that privilege on a schema, or on all.
func (s Server) may(name, schema string) bool {
	for _, p := range s.Admin.grants {
		reach := p.on == "*" || schema != "*" && s.matches(p.on, schema)
		all := slices.Contains(p.names, "ALL PRIVILEGES")
		switch {
		case !reach:
		case name == "GRANT OPTION" && p.option,
			name != "GRANT OPTION" && (all || slices.Contains(p.names, name)):
			return true
		}
	}
	return false
}

// matches: a grant's schema is a pattern, in which a backslash takes a
// wildcard's meaning away.
func (s Server) matches(pattern, schema string) bool {
	if s.LowerCaseTableNames != 0 {
		pattern, schema = strings.ToLower(pattern), strings.ToLower(schema)
	}
	if s.PartialRevokes {
		return pattern == schema
	}
	return likeEscaped(schema, pattern)
}

// likeEscaped is like with backslashes.
func likeEscaped(s, pattern string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '%':
			return slices.ContainsFunc(tails(s), func(tail string) bool { return likeEscaped(tail, pattern[1:]) })
		case pattern[0] == '\\' && len(pattern) > 1:
			pattern = pattern[1:]
			if s == "" || s[0] != pattern[0] {
				return false
			}
		case s == "" || pattern[0] != '_' && pattern[0] != s[0]:
			return false
		}
		s, pattern = s[1:], pattern[1:]
	}
	return s == ""
}

func tails(s string) []string {
	out := make([]string, 0, len(s)+1)
	for i := 0; i <= len(s); i++ {
		out = append(out, s[i:])
	}
	return out
}

// admin reads SHOW GRANTS:
//
//	GRANT SELECT, CREATE USER ON *.* TO `boss`@`%` IDENTIFIED BY PASSWORD '…' WITH GRANT OPTION
//	GRANT ALL PRIVILEGES ON `AM\_DB`.* TO `boss`@`%`
//	GRANT SELECT (`User`, `Host`) ON `mysql`.`user` TO `boss`@`%`
//	GRANT `a role`@`%` TO `boss`@`%`
//
// Lines for a table are not among what a run needs, and are passed over.
func (a answers) admin() Admin {
	out := Admin{known: len(a["privileges"]) > 0}
	for _, r := range a["admin"] {
		out.Name = r.text(0)
	}
	for _, r := range a["privileges"] {
		names, rest, isGrant := strings.Cut(strings.TrimPrefix(r.text(0), "GRANT "), " ON ")
		object, tail, _ := strings.Cut(rest, " TO ")
		schema, isSchema := strings.CutSuffix(object, ".*")
		switch {
		case !isGrant || strings.HasPrefix(names, "REVOKE "):
			out.known = out.known && strings.HasPrefix(names, "SET DEFAULT ROLE NONE")
		case isSchema:
			out.grants = append(out.grants, privileges{
				on: unquoted(schema), names: strings.FieldsFunc(names, func(r rune) bool { return r == ',' }), option: strings.Contains(tail, "GRANT OPTION")})
		}
	}
	for _, p := range out.grants {
		for i := range p.names {
			p.names[i] = strings.TrimSpace(p.names[i])
		}
	}
	return out
}

func unquoted(name string) string {
	if bare, ok := strings.CutPrefix(name, "`"); ok {
		return strings.ReplaceAll(strings.TrimSuffix(bare, "`"), "``", "`")
	}
	return name
}

// String is the admin in messages.
func (a Admin) String() string { return "the admin account " + a.Name }
