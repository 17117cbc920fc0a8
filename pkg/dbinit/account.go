package dbinit

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Account is one account of the application's user, as found.
type Account struct {
	User, Host   string
	Plugin       string // how it proves itself
	Hash         string // of its password
	HashReadable bool   // false: the admin account may not see it
	Login        Login  // what a login said where the hash cannot be compared
	WantsTLS     bool   // or a client's certificate: without, it turns a right password away too
	Locked       bool
	Expired      bool          // its password
	All          []string      // schemas of the query on which it holds ALL PRIVILEGES
	Changed      time.Duration // how long ago this tool last changed it, by the server's clock; 0: never
}

// Name is user@host.
func (a Account) Name() string { return a.User + "@" + a.Host }

func (a answers) accounts(q Query) (out []Account) {
	for _, r := range a["users"] {
		if r.named["user"].String != q.User || q.User == "" || r.named["is_role"].String == "Y" {
			continue
		}
		acc := Account{
			User:    q.User,
			Host:    r.named["host"].String,
			Plugin:  r.named["plugin"].String,
			Expired: r.named["password_expired"].String == "Y",
		}
		acc.WantsTLS = r.named["ssl_type"].String != ""
		acc.Locked = isYes(r.named["account_locked"].String)
		acc.Hash, acc.HashReadable = r.hash()
		acc.All = a.held(q, acc)
		acc.Changed = a.changed(acc.Name())
		out = append(out, acc)
	}
	slices.SortFunc(out, func(x, y Account) int { return strings.Compare(x.Host, y.Host) })
	return out
}

// isYes: MySQL writes Y, MariaDB a JSON value.
func isYes(v string) bool { return v == "Y" || v == "1" || v == "true" }

// hash: MySQL 5.6 keeps it in password or, with a plugin named, in
// authentication_string; MySQL 5.7 has only the latter, MariaDB shows both.
func (r row) hash() (string, bool) {
	pw, old := r.named["password"]
	auth, new := r.named["authentication_string"]
	if auth.String != "" {
		return auth.String, true
	}
	return pw.String, old || new
}

func (a answers) changed(account string) time.Duration {
	for _, r := range a["changed"] {
		if r.text(0) == account {
			return r.age(1)
		}
	}
	return 0
}

// held are the schemas on which a row of mysql.db gives the account every
// privilege. A row whose name has its wildcards unescaped gives it too.
func (a answers) held(q Query, acc Account) (out []string) {
	for _, schema := range q.Schemas {
		for _, r := range a["grants"] {
			host, db := r.named["host"].String, r.named["db"].String
			if strings.EqualFold(host, acc.Host) && covers(db, schema, a.fold()) && r.all() {
				out = append(out, schema)
				break
			}
		}
	}
	return out
}

func (a answers) fold() bool {
	for _, r := range a["variables"] {
		if r.text(0) == "lower_case_table_names" {
			return r.text(1) != "0"
		}
	}
	return false
}

// covers reports whether a grant on db, as mysql.db writes it, reaches exactly
// this schema: escaped, or with the wildcards of its own name left bare. A
// broader pattern is somebody else's grant, and no reason to leave ours out.
func covers(db, schema string, fold bool) bool {
	bare := strings.NewReplacer(`\_`, `_`, `\%`, `%`).Replace(db)
	return bare == schema || fold && strings.EqualFold(bare, schema)
}

// all: every privilege of the row but the one to pass them on.
func (r row) all() bool {
	seen := false
	for name, v := range r.named {
		if !strings.HasSuffix(name, "_priv") || name == "grant_priv" {
			continue
		}
		if v.String != "Y" {
			return false
		}
		seen = true
	}
	return seen
}

// Want is what the accounts should be.
type Want struct {
	User     string
	Hosts    []string // as the server sees them: addresses, or patterns
	Password string
	Schemas  []string
}

// AccountStatements are the statements that make the accounts what they should
// be, in order; none when they are. An account is created with its password,
// never without one, and the first statement keeps a GRANT from creating one
// by itself, as MySQL 5.6 would.
func AccountStatements(server Server, have []Account, want Want) ([]Statement, error) {
	if err := want.check(); err != nil {
		return nil, err
	}
	d := dialect{server, want}
	var out []Statement
	for _, host := range want.Hosts {
		i := slices.IndexFunc(have, func(a Account) bool { return strings.EqualFold(a.Host, host) && a.User == want.User })
		var acc Account
		switch {
		case i < 0:
			out = append(out, d.create(host))
		default:
			acc = have[i]
			if !d.proves(acc) {
				out = append(out, d.change(acc))
			} else if acc.Locked {
				out = append(out, d.unlock(host))
			}
		}
		for _, schema := range want.Schemas {
			if !slices.Contains(acc.All, schema) {
				out = append(out, d.grant(host, schema))
			}
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return append([]Statement{d.session()}, out...), nil
}

func (w Want) check() error {
	switch {
	case w.User == "":
		return fmt.Errorf("no user for the database account")
	case w.Password == "":
		return fmt.Errorf("account %s: an empty password; give it one", w.User)
	case strings.ContainsAny(w.Password, "\x00\n\r"):
		return fmt.Errorf("account %s: its password holds a line end or a NUL byte, which a datasource cannot carry", w.User)
	}
	return nil
}

// alters: the server has ALTER USER … IDENTIFIED BY.
func (s Server) alters() bool {
	if s.Flavor == MariaDB {
		return s.Numeric.AtLeast(10, 2, 0)
	}
	return s.Numeric.AtLeast(5, 7, 6)
}

// dialect writes account statements for one server.
type dialect struct {
	server Server
	want   Want
}

// session makes the literals mean what they say, and a GRANT to an account
// that is gone an error.
func (d dialect) session() Statement {
	if d.server.Flavor == MySQL && d.server.Numeric.AtLeast(8, 0, 0) {
		return Statement{SQL: "SET SESSION sql_mode = ''"}
	}
	return Statement{SQL: "SET SESSION sql_mode = 'NO_AUTO_CREATE_USER', old_passwords = 0"}
}

// proves: the account lets the wanted password in, as far as can be known. A
// locked one whose hash cannot be compared gets it with the unlocking: nobody
// can try.
func (d dialect) proves(a Account) bool {
	if a.Expired {
		return false
	}
	if match, known := PasswordIs(a, d.want.Password); known {
		return match
	}
	return a.Login.Answer != TurnedAway && !a.Locked
}

func (d dialect) name(host string) string {
	return escaped(d.want.User) + "@" + escaped(host)
}

func (d dialect) create(host string) Statement {
	return d.identified(host, "CREATE USER ", "")
}

func (d dialect) change(a Account) Statement {
	var s Statement
	switch {
	case a.Locked: // which only servers know that have ALTER USER
		s = d.identified(a.Host, "ALTER USER ", " ACCOUNT UNLOCK")
	case d.server.alters():
		s = d.identified(a.Host, "ALTER USER ", "")
	case d.byHash():
		s = d.hashed(a.Host, "SET PASSWORD FOR "+d.name(a.Host)+" = ", "")
	default:
		s = d.hidden(a.Host, "SET PASSWORD FOR "+d.name(a.Host)+" = PASSWORD(", ")")
	}
	s.Locks = true
	return s
}

// byHash: MariaDB writes statements into its logs as they came, so it is given
// the hash; unless it wants to judge passwords, when it takes none. MySQL takes
// passwords out of what it logs.
func (d dialect) byHash() bool { return d.server.Flavor == MariaDB && !d.server.Judges }

func (d dialect) identified(host, verb, tail string) Statement {
	head := verb + d.name(host) + " IDENTIFIED BY "
	if d.byHash() {
		return d.hashed(host, head+"PASSWORD ", tail)
	}
	return d.hidden(host, head, tail)
}

func (d dialect) unlock(host string) Statement {
	return Statement{SQL: "ALTER USER " + d.name(host) + " ACCOUNT UNLOCK", Account: d.want.User + "@" + host}
}

// hidden has the password between head and tail, hashed what
// mysql_native_password stores of it.
func (d dialect) hidden(host, head, tail string) Statement {
	return d.between(host, head, escaped(d.want.Password), tail)
}

func (d dialect) hashed(host, head, tail string) Statement {
	return d.between(host, head, escaped(nativeHash(d.want.Password)), tail)
}

func (d dialect) between(host, head, secret, tail string) Statement {
	return Statement{
		SQL:     head + secret + tail,
		Hidden:  []Span{{len(head), len(head) + len(secret)}},
		Account: d.want.User + "@" + host,
	}
}

// grant names the schema exactly: "_" and "%" in it are wildcards unless
// escaped. Under partial_revokes MySQL takes the name as it is.
func (d dialect) grant(host, schema string) Statement {
	name := schema
	if !d.server.PartialRevokes {
		name = strings.NewReplacer(`_`, `\_`, `%`, `\%`).Replace(schema)
	}
	return Statement{
		SQL:     "GRANT ALL PRIVILEGES ON " + ident(name) + ".* TO " + d.name(host),
		Account: d.want.User + "@" + host,
		Opens:   schema,
	}
}
