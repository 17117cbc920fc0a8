package steps_test

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// The sections of a case that change the world, in the order in which they
// stand in the file. Paths are below the home of the case's node, or absolute.
//
//	on                 the node whose home and host the next sections change
//	applied            the whole deployment, or the steps named, are applied first
//	files/PATH         the whole file
//	replace/PATH       OLD, a line "=>", NEW; more of these after a line "===="; OLD is there once
//	remove             paths, one a line
//	unread             PATH WHY, one a line
//	crlf               paths of files that get CRLF line ends
//	jars               PATH ours | PATH WORD (bytes that are not the driver's)
//	hosts              the hosts file of the node's host; a last line "\" takes the final newline off
//	home               owner NAME | absent | ours PACK, by a note of the host | left by a removal
//	server             running AGO [JDK] | in UNIT | changed PATH AGO | java HOME VERSION | no java
//	unit               no systemd | as USER | enabled | disabled | stale | dropin PATH, of the node's unit
//	database           see databaseLine
func (c *testCase) section(name string, data []byte) error {
	verb, rel, _ := strings.Cut(name, "/")
	switch verb {
	case "applied":
		return c.apply(strings.Split(strings.TrimSpace(string(data)), "\n"))
	case "on":
		var known bool
		if c.node, known = c.w.inv.Node(strings.TrimSpace(string(data))); !known {
			return errors.New("there is no such node")
		}
		return nil
	case "files":
		return c.edit(rel, func([]byte) ([]byte, error) { return data, nil })
	case "replace":
		return c.edit(rel, func(old []byte) ([]byte, error) { return replace(old, data) })
	case "hosts":
		body, cut := strings.CutSuffix(string(data), "\n\\\n")
		if !cut {
			body = string(data)
		}
		return c.edit(c.host().HostsFile, func([]byte) ([]byte, error) { return []byte(body), nil })
	}
	lines := map[string]func(words []string) error{
		"remove": c.remove, "unread": c.unread, "crlf": c.crlf, "jars": c.jars, "home": c.home, "server": c.server, "unit": c.unit, "database": c.database,
	}
	line, known := lines[verb]
	if !known {
		return fmt.Errorf("no section is called %s", name)
	}
	for l := range strings.Lines(string(data)) {
		if err := line(strings.Fields(l)); err != nil {
			return fmt.Errorf("%s: %s: %w", name, strings.TrimSpace(l), err)
		}
	}
	return nil
}

func (c *testCase) host() inventory.Host { return c.w.inv.HostOf(c.node) }

func (c *testCase) machine() *machine { return c.w.hosts[c.node.Host] }

func (c *testCase) path(rel string) string {
	if path.IsAbs(rel) {
		return rel
	}
	return path.Join(c.node.Home, rel)
}

// edit changes a file as somebody did long ago: its times stay.
func (c *testCase) edit(rel string, change func([]byte) ([]byte, error)) error {
	f, was := c.machine().files[c.path(rel)]
	if !was {
		f = c.w.file(nil, 0o644, "appm")
	}
	var err error
	f.Data, err = change(f.Data)
	c.machine().files[c.path(rel)] = f
	return err
}

// replace makes each replacement once; line ends are those of the file.
func replace(src, pairs []byte) ([]byte, error) {
	crlf := bytes.Contains(src, []byte("\r\n"))
	for _, pair := range strings.Split(string(pairs), "\n====\n") {
		old, now, ok := strings.Cut(strings.TrimSuffix(pair, "\n"), "\n=>\n")
		if !ok {
			if old, ok = strings.CutSuffix(strings.TrimSuffix(pair, "\n"), "\n=>"); !ok {
				return nil, fmt.Errorf("%q is no replacement", pair)
			}
		}
		if crlf {
			old, now = strings.ReplaceAll(old, "\n", "\r\n"), strings.ReplaceAll(now, "\n", "\r\n")
		}
		if n := strings.Count(string(src), old); n != 1 {
			return nil, fmt.Errorf("%q is there %d times, want 1", old, n)
		}
		src = []byte(strings.Replace(string(src), old, now, 1))
	}
	return src, nil
}

func (c *testCase) remove(words []string) error {
	for _, rel := range words {
		delete(c.machine().files, c.path(rel))
		delete(c.machine().dirs, c.path(rel))
	}
	return nil
}

func (c *testCase) unread(words []string) error {
	c.machine().unread[c.path(words[0])] = strings.Join(words[1:], " ")
	return nil
}

func (c *testCase) crlf(words []string) error {
	return c.edit(words[0], func(old []byte) ([]byte, error) {
		return bytes.ReplaceAll(old, []byte("\n"), []byte("\r\n")), nil
	})
}

func (c *testCase) jars(words []string) error {
	return c.edit(words[0], func([]byte) ([]byte, error) {
		if words[1] == "ours" {
			return c.w.jar, nil
		}
		return []byte(words[1]), nil
	})
}

func (c *testCase) home(words []string) error {
	d := c.machine().dirs[c.node.Home]
	switch words[0] {
	case "owner":
		d.Owner = words[1]
		c.machine().dirs[c.node.Home] = d
	case "absent":
		c.machine().empty(c.node.Home)
	case "ours":
		c.machine().homes[c.node.Home] = plan.Unpacked{Ours: true, Pack: strings.Join(words[1:], " ")}
	case "left":
		c.machine().homes[c.node.Home] = plan.Unpacked{Left: true}
	default:
		return errors.New("want owner, absent, ours or left")
	}
	return nil
}

func (c *testCase) server(words []string) error {
	m := c.machine()
	switch words[0] {
	case "running":
		ago, err := time.ParseDuration(words[1])
		s := plan.Server{Running: true, PID: 4711, Started: c.w.clock.Add(-ago)}
		if len(words) > 2 {
			s.JDK = words[2]
		}
		m.servers[c.node.Home] = s
		return err
	case "in":
		s := m.servers[c.node.Home]
		s.Unit = words[1]
		m.servers[c.node.Home] = s
	case "stopped":
		delete(m.servers, c.node.Home)
	case "changed":
		return c.changed(c.path(words[1]), words[2])
	case "java":
		m.java = append(m.java, plan.JDK{Home: words[1], Version: words[2]})
	case "no":
		m.java = nil
	default:
		return errors.New("want running, stopped, changed, java or no java")
	}
	return nil
}

func (c *testCase) unit(words []string) error {
	m, name := c.machine(), steps.UnitName(c.w.inv, c.node)
	u := m.units[name]
	switch words[0] {
	case "no":
		m.systemd = false
	case "as":
		m.session = words[1]
	case "enabled":
		u.Enabled = true
	case "disabled":
		u.Enabled = false
	case "stale":
		u.Stale = true
	case "dropin":
		u.Dropins = append(u.Dropins, words[1])
	default:
		return errors.New("want no systemd, as, enabled, disabled, stale or dropin")
	}
	m.units[name] = u
	return nil
}

func (c *testCase) changed(name, ago string) error {
	age, err := time.ParseDuration(ago)
	at := c.w.clock.Add(-age)
	if f, is := c.machine().files[name]; is {
		f.Changed = at
		c.machine().files[name] = f
		return err
	}
	d, is := c.machine().dirs[name]
	if !is {
		return fmt.Errorf("there is no %s", name)
	}
	d.Changed = at
	c.machine().dirs[name] = d
	return err
}

// database sets the database server up:
//
//	MySQL|MariaDB VERSION                    the server
//	read_only                                it takes no writes
//	schema NAME empty|complete [CHARSET]     complete: all tables of its scripts
//	schema NAME tables A,B                   just these
//	schema NAME cut N                        a load was cut at statement N
//	extra NAME TABLE                         one more table
//	account HOST ours|other|unreadable [AGO] a login with all grants
//	login HOST let-in|turned-away|not-told   what a login said of its password
//	lock HOST
//	revoke HOST SCHEMA                       without this one
//	anonymous HOST
func (c *testCase) database(words []string) error {
	db := c.w.db
	switch words[0] {
	case "MySQL", "MariaDB":
		s := dbinit.Server{Version: words[1], Flavor: dbinit.Flavor(words[0])}
		for i, part := range strings.SplitN(words[1], ".", 3) {
			s.Numeric[i], _ = strconv.Atoi(part)
		}
		if s.DefaultPlugin = "mysql_native_password"; s.Flavor == dbinit.MySQL && s.Numeric.AtLeast(8, 0, 0) {
			s.DefaultPlugin = "caching_sha2_password"
		}
		db.server = s
	case "read_only":
		db.server.ReadOnly = words[0]
	case "schema":
		return c.schema(words[1], words[2:])
	case "login":
		a := db.accounts[words[1]]
		a.Login = map[string]dbinit.Login{
			"let-in": {From: "gw1", Answer: dbinit.LetIn}, "turned-away": {From: "gw1", Answer: dbinit.TurnedAway}, "not-told": {From: "gw1", Why: "no answer"},
		}[words[2]]
		db.accounts[words[1]] = a
	case "lock":
		a := db.accounts[words[1]]
		a.Locked = true
		db.accounts[words[1]] = a
	case "extra":
		s := db.schemas[words[1]]
		s.Tables = append(s.Tables, words[2])
		db.schemas[words[1]] = s
	case "account":
		return c.account(words[1:])
	case "revoke":
		a := db.accounts[words[1]]
		a.All = without(a.All, words[2])
		db.accounts[words[1]] = a
	case "anonymous":
		db.anonymous = append(db.anonymous, words[1])
	default:
		return errors.New("no such thing about a database")
	}
	return nil
}

func without(list []string, one string) []string {
	var out []string
	for _, s := range list {
		if s != one {
			out = append(out, s)
		}
	}
	return out
}

func (c *testCase) account(words []string) error {
	names := c.w.inv.Database.Schemas
	pass := password
	if words[1] != "ours" {
		pass = "somebody else's"
	}
	a := c.w.db.account(c.w.inv.Database.User, words[0], pass, names.AM, names.UM, names.REG, names.ES)
	if words[1] == "unreadable" {
		a.Plugin, a.Hash, a.HashReadable = "caching_sha2_password", "", false
	}
	if len(words) > 2 {
		age, err := time.ParseDuration(words[2])
		if err != nil {
			return err
		}
		a.changed = c.w.clock.Add(-age)
	}
	c.w.db.accounts[words[0]] = a
	return nil
}

func (c *testCase) schema(name string, words []string) error {
	s := dbinit.Schema{Name: name, Exists: true, Charset: "latin1"}
	list, err := c.w.statements(name)
	if err != nil {
		return err
	}
	switch words[0] {
	case "empty":
		if len(words) > 1 {
			s.Charset = words[1]
		}
	case "complete":
		s.Tables = dbinit.Tables(list)
	case "tables":
		s.Tables = strings.Split(words[1], ",")
	case "cut":
		n, err := strconv.Atoi(words[1])
		if err != nil {
			return err
		}
		s.Tables = dbinit.Tables(list[:n])
		s.Ledger = &dbinit.Entry{Digest: dbinit.Digest(list), Statements: len(list), Next: n}
	default:
		return errors.New("want empty, complete, tables or cut")
	}
	c.w.db.schemas[name] = s
	return nil
}

// statements are those of a schema's scripts, read as the page loads them.
func (w *world) statements(schema string) ([]dbinit.Statement, error) {
	names := w.inv.Database.Schemas
	scripts := map[string][]string{
		names.AM: {"identity/mysql.sql", "appmgt/mysql.sql"}, names.UM: {"mysql.sql"},
		names.REG: {"mysql.sql"}, names.ES: {"storage/mysql/resource.sql"},
	}
	n, _ := w.inv.Node(w.inv.Database.Scripts)
	var all []dbinit.Statement
	for _, script := range scripts[schema] {
		f := w.hosts[n.Host].files[path.Join(n.Home, "dbscripts", script)]
		list, err := dbinit.SplitMode(w.inv.Database.SQLMode, script, f.Data)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}
