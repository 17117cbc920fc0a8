package steps

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// schema is one of the four databases and the scripts that fill it, below
// dbscripts.
type schema struct {
	name    string
	scripts []string
}

// schemas are the page's databases. Both scripts of the first create
// IDN_OAUTH_CONSUMER_APPS, and only the identity one with all its columns, so
// it comes first unless the inventory asks for the page's order (facts.md 5.4).
func schemas(db inventory.Database) []schema {
	am := []string{"identity/mysql.sql", "appmgt/mysql.sql"}
	if db.Order == inventory.PageOrder {
		am[0], am[1] = am[1], am[0]
	}
	return []schema{
		{db.Schemas.AM, am},
		{db.Schemas.UM, []string{"mysql.sql"}},
		{db.Schemas.REG, []string{"mysql.sql"}},
		{db.Schemas.ES, []string{"storage/mysql/resource.sql"}},
	}
}

func database(k plan.Kind, name string) plan.Ref {
	return plan.Ref{Target: plan.Deployment, Kind: k, Path: name}
}

// Databases creates and fills the four databases with the scripts of a node's
// home, and lets every node's own address in, where the page lets in localhost.
func Databases(d Deployment) plan.Step {
	db := d.Inventory.Database
	n, _ := d.Inventory.Node(db.Scripts)
	home := need(n, plan.KindDir, "")
	home.As = ""
	needs := []plan.Need{home, {Ref: database(plan.KindMySQL, "")}, {Ref: database(plan.KindAccount, db.User)}}
	if d.Pack.Given() {
		needs = append(needs, homeOf(n)) // of one that is not there the pack has the scripts
	}
	for _, want := range schemas(db) {
		needs = append(needs, plan.Need{Ref: database(plan.KindSchema, want.name)})
		for _, script := range want.scripts {
			needs = append(needs, need(n, plan.KindFile, path.Join("dbscripts", script)))
		}
	}
	return plan.Step{
		Name: "databases", Scope: plan.ScopeDeployment, For: plan.Deployment, Needs: needs,
		Want: func(s *plan.State) ([]plan.Want, []plan.Note, error) {
			if o, err := s.Get(home.Ref); err != nil {
				return nil, nil, err
			} else if o == nil {
				return nil, nil, missing(n, home.Ref, "there is no such directory, and the database scripts are read from it; correct database.scripts or the home in the inventory")
			}
			var wants []plan.Want
			var notes []plan.Note
			var errs []error
			for _, want := range schemas(db) {
				w, said, err := d.schema(s, n, want)
				wants, notes, errs = append(wants, w), append(notes, said...), append(errs, err)
			}
			w, said, list, err := d.account(s)
			wants, notes, errs = append(wants, w), append(notes, said...), append(errs, err)
			if err := errors.Join(errs...); err != nil {
				return nil, nil, err
			}
			said, err = d.feasible(s, wants, list)
			return wants, append(said, notes...), err
		},
	}
}

// schema wants one database complete.
func (d Deployment) schema(s *plan.State, n inventory.Node, want schema) (plan.Want, []plan.Note, error) {
	ref := database(plan.KindSchema, want.name)
	o, err := s.Get(ref)
	if err != nil {
		return plan.Want{}, nil, err
	}
	found := dbinit.Schema{Name: want.name}
	if there, is := o.(*plan.Schema); is {
		found = there.Found.(dbinit.Schema)
	}
	list, err := d.statements(s, n, want)
	if err != nil {
		return plan.Want{}, nil, err
	}
	verdict := dbinit.Judge(found, list)
	if err := verdict.Refusal(want.name); err != nil {
		return plan.Want{}, nil, &plan.Error{Cause: plan.Conflict, Ref: ref, Text: strings.TrimPrefix(err.Error(), "schema "+want.name+": ")}
	}
	after := &plan.Schema{
		Charset: d.Inventory.Database.Charset, Tables: dbinit.Tables(list), SQLMode: d.Inventory.Database.SQLMode,
		Load: verdict.Loads(), Opening: dbinit.Opening(found, verdict, d.Inventory.Database.Charset),
		Scripts: want.scripts, Statements: fromDB(list), Resume: verdict.Resume, Found: found,
	}
	var notes []plan.Note
	for _, text := range verdict.Notes {
		notes = append(notes, plan.Note{Target: plan.Deployment, Text: "schema " + want.name + ": " + text})
	}
	why := verdict.String()
	switch {
	case verdict.Loads():
		why = tables(verdict.Want)
	case verdict.State == dbinit.Complete:
		why = "complete, " + tables(verdict.Want)
	}
	return plan.Want{Ref: ref, After: after, Why: why}, notes, nil
}

func tables(n int) string {
	if n == 1 {
		return "1 table"
	}
	return fmt.Sprintf("%d tables", n)
}

// statements are those of a schema's scripts.
func (d Deployment) statements(s *plan.State, n inventory.Node, want schema) ([]dbinit.Statement, error) {
	var all []dbinit.Statement
	for _, script := range want.scripts {
		ref := at(n, plan.KindFile, path.Join("dbscripts", script))
		f, err := file(s, n, ref)
		if err != nil {
			return nil, err
		}
		list, err := dbinit.SplitMode(d.Inventory.Database.SQLMode, script, f.Data)
		if err == nil {
			err = dbinit.Check(list)
		}
		if err != nil {
			return nil, conflict(n, ref, err.Error())
		}
		all = append(all, list...)
	}
	return all, nil
}

func fromDB(list []dbinit.Statement) []plan.Statement {
	out := make([]plan.Statement, len(list))
	for i, s := range list {
		out[i] = plan.Statement{SQL: s.SQL, File: s.File, Line: s.Line, Account: s.Account}
		for _, h := range s.Hidden {
			out[i].Hidden = append(out[i].Hidden, plan.Span(h))
		}
	}
	return out
}

// account wants the application's account at every address that a node has, and
// says by which statements.
func (d Deployment) account(s *plan.State) (plan.Want, []plan.Note, []dbinit.Statement, error) {
	db := d.Inventory.Database
	ref := database(plan.KindAccount, db.User)
	o, err := s.Get(ref)
	if err != nil {
		return plan.Want{}, nil, nil, err
	}
	m, err := s.Get(database(plan.KindMySQL, ""))
	if err != nil {
		return plan.Want{}, nil, nil, err
	}
	server := m.(*plan.MySQL)
	var have []dbinit.Account
	if there, is := o.(*plan.Account); is {
		have = there.Found.([]dbinit.Account)
	}
	want := dbinit.Want{User: db.User, Hosts: db.Hosts, Password: d.Password.Reveal()}
	for _, schema := range schemas(db) {
		want.Schemas = append(want.Schemas, schema.name)
	}
	list, err := dbinit.AccountStatements(server.Found.(dbinit.Server), have, want)
	if err != nil {
		return plan.Want{}, nil, nil, &plan.Error{Cause: plan.Conflict, Ref: ref, Text: strings.TrimPrefix(err.Error(), "account "+db.User+": ")}
	}
	after := &plan.Account{Grants: d.whileStopped(list), Found: have}
	for _, host := range db.Hosts {
		after.Entries = append(after.Entries, plan.Entry{Host: host, Changes: changes(list, db.User+"@"+host)})
	}
	return plan.Want{Ref: ref, After: after, Why: fmt.Sprintf("the nodes log in from %s", strings.Join(db.Hosts, ", "))},
		append(d.lockedOut(after.Grants, list), d.accountNotes(dbinit.Found{Server: server.Found.(dbinit.Server), Accounts: have, Shadows: server.Anonymous}, want)...), list, nil
}

// whileStopped makes each changed password part of its node's restart, so that
// no server is locked out longer than that takes. An account that several
// nodes log in with changes with the first of them.
func (d Deployment) whileStopped(list []dbinit.Statement) []plan.Statement {
	out := fromDB(list)
	for i, s := range list {
		if !s.Locks {
			continue
		}
		for _, n := range d.Inventory.Nodes {
			if s.Account == d.Inventory.Database.User+"@"+d.Inventory.HostOf(n).Address && n.Running && d.Select.Has(n.Name) {
				out[i].Node = n.Name
				break
			}
		}
	}
	return out
}

// lockedOut tells of passwords that change for servers which go on running.
func (d Deployment) lockedOut(list []plan.Statement, locks []dbinit.Statement) []plan.Note {
	var notes []plan.Note
	for i, s := range list {
		if locks[i].Locks && s.Node == "" {
			notes = append(notes, plan.Note{Target: plan.Deployment, Text: "the password of " + s.Account +
				" changes before any restart: servers that log in with it are locked out from then until they restart"})
		}
	}
	return notes
}

func changes(list []dbinit.Statement, account string) bool {
	for _, s := range list {
		if s.Account == account {
			return true
		}
	}
	return false
}

// accountNotes tell what could not be compared, and which other accounts would
// be taken for ours.
func (d Deployment) accountNotes(found dbinit.Found, want dbinit.Want) []plan.Note {
	var notes []plan.Note
	for _, a := range found.Accounts {
		if _, known := dbinit.PasswordIs(a, want.Password); !known && slices.Contains(want.Hosts, a.Host) {
			notes = append(notes, plan.Note{Target: plan.Deployment, Text: "account " + a.Name() + ": its password cannot be compared (" + a.Plugin + ")" + toldByLogin(a)})
		}
	}
	for _, text := range found.ShadowNotes(want) {
		notes = append(notes, plan.Note{Target: plan.Deployment, Text: text})
	}
	return append(notes, d.driverNotes(found, want)...)
}
