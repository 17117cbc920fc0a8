package converge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// Databases reads what the steps need of the database server, on one
// connection. It changes nothing.
func Databases(ctx context.Context, db *sql.DB, ledger string, needs []plan.Need) (*plan.State, error) {
	query := dbinit.Query{Options: dbinit.Options{Ledger: ledger}}
	for _, n := range needs {
		switch {
		case n.Target != plan.Deployment:
		case n.Kind == plan.KindSchema:
			query.Schemas = append(query.Schemas, n.Path)
		case n.Kind == plan.KindAccount:
			query.User = n.Path
		}
	}
	found, err := dbinit.Inspect(ctx, db, query)
	if err != nil {
		return nil, ofDatabase(err)
	}
	state := plan.NewState()
	state.Put(plan.Ref{Target: plan.Deployment, Kind: plan.KindMySQL}, &plan.MySQL{
		Version: found.Server.Version, Flavor: string(found.Server.Flavor), Anonymous: found.Shadows, Found: found.Server,
	})
	for _, s := range found.Schemas {
		state.Put(plan.Ref{Target: plan.Deployment, Kind: plan.KindSchema, Path: s.Name}, schemaObject(s))
	}
	state.Put(plan.Ref{Target: plan.Deployment, Kind: plan.KindAccount, Path: query.User}, accountObject(found.Accounts))
	return state, nil
}

func schemaObject(s dbinit.Schema) plan.Object {
	if !s.Exists {
		return nil
	}
	return &plan.Schema{Charset: s.Charset, Tables: s.Tables, Found: s}
}

func accountObject(list []dbinit.Account) plan.Object {
	if len(list) == 0 {
		return nil
	}
	account := &plan.Account{Found: list}
	for _, a := range list {
		account.Entries = append(account.Entries, plan.Entry{Host: a.Host, Changed: a.Changed})
	}
	return account
}

// ofDatabase gives an error of dbinit its cause.
func ofDatabase(err error) error {
	var ours *Error
	if err == nil || errors.As(err, &ours) {
		return err
	}
	var moved *dbinit.Moved
	var gone *dbinit.Gone
	if errors.As(err, &moved) || errors.As(err, &gone) {
		return &Error{Cause: Drift, Target: plan.Deployment, Text: err.Error()}
	}
	return &Error{Cause: Database, Target: plan.Deployment, Text: err.Error(), below: err}
}

// databases loads all schemas side by side, then changes the accounts.
func (a *application) databases(ctx context.Context) {
	var wg sync.WaitGroup
	changes := a.plan.At(plan.StageDatabases)
	for _, c := range changes {
		if after, is := c.After.(*plan.Schema); is {
			wg.Go(func() { a.database(c.Ref, a.load(ctx, c.Ref.Path, after)) })
		}
	}
	wg.Wait()
	for _, c := range changes {
		if _, is := c.After.(*plan.Account); is && a.failed[plan.Deployment] == nil {
			if err := a.accounts(finishing(ctx), ""); err != nil {
				a.fail(plan.Deployment, err)
			}
		}
	}
}

// accounts makes the account statements that belong to a node's restart, or,
// for "", those that belong to none. The change is made with the last of them.
func (a *application) accounts(ctx context.Context, node string) error {
	for _, c := range a.plan.At(plan.StageDatabases) {
		after, is := c.After.(*plan.Account)
		if !is {
			continue
		}
		var list []plan.Statement
		own := 0
		for _, s := range after.Grants {
			switch {
			case s.Account == "": // sets the session, for each batch anew
				list = append(list, s)
			case s.Node == node:
				list, own = append(list, s), own+1
			}
		}
		if own == 0 {
			continue
		}
		if err := dbinit.ExecAccounts(ctx, a.DB, dbinit.Options{Ledger: a.Ledger}, toDB(list)); err != nil {
			return ofDatabase(err)
		}
		told := run.Event{Stage: run.Databases, Target: plan.Deployment, Text: "account " + c.Ref.Path}
		if node != "" {
			told = run.Event{Stage: run.Restart, Target: a.hostOf(node), Node: node, Text: "account " + c.Ref.Path + " gets its new password"}
		}
		a.say(told)
		if a.granted += own; a.granted == accountStatements(after) {
			a.done(c.Ref, "")
		}
	}
	return nil
}

// hostOf is where a node is that is restarted.
func (a *application) hostOf(node string) string {
	for _, c := range a.plan.At(plan.StageRestart) {
		if c.Node == node {
			return c.Ref.Target
		}
	}
	return node
}

func accountStatements(account *plan.Account) int {
	n := 0
	for _, s := range account.Grants {
		if s.Account != "" {
			n++
		}
	}
	return n
}

// during tells whether a password changes while the node is stopped.
func (a *application) during(node string) bool {
	for _, c := range a.plan.At(plan.StageDatabases) {
		if after, is := c.After.(*plan.Account); is {
			for _, s := range after.Grants {
				if s.Node != "" && s.Node == node {
					return true
				}
			}
		}
	}
	return false
}

func (a *application) database(r plan.Ref, err error) {
	if err != nil {
		a.fail(plan.Deployment, ofDatabase(err))
		return
	}
	a.done(r, "")
}

func (a *application) load(ctx context.Context, name string, after *plan.Schema) error {
	found, ok := after.Found.(dbinit.Schema)
	if !ok {
		return fmt.Errorf("schema %s: the plan does not say what was found; plan again", name)
	}
	list := toDB(after.Statements)
	event := run.Event{Stage: run.Databases, Target: plan.Deployment, Text: "schema " + name, Unit: run.Statements}
	return dbinit.Run(ctx, a.DB, dbinit.Load{
		Schema: name, Charset: after.Charset, SQLMode: after.SQLMode, Statements: list,
		Saw: dbinit.Judge(found, list), Options: dbinit.Options{Ledger: a.Ledger},
	}, func(done, total int) {
		e := event
		e.Done, e.Total = int64(done), int64(total)
		a.say(e)
	})
}

func toDB(list []plan.Statement) []dbinit.Statement {
	out := make([]dbinit.Statement, len(list))
	for i, s := range list {
		out[i] = dbinit.Statement{SQL: s.SQL, File: s.File, Line: s.Line, Account: s.Account}
		for _, h := range s.Hidden {
			out[i].Hidden = append(out[i].Hidden, dbinit.Span(h))
		}
	}
	return out
}

// Verified turns what is left to do after an apply into an error.
func Verified(left *plan.Plan) error {
	if left.Empty() {
		return nil
	}
	c := left.Changes[0]
	return &Error{Cause: Verify, Target: c.Ref.Target, Text: fmt.Sprintf(
		"%d changes are left after the apply, the first is %s of %s (%s); somebody else may be changing the same things: plan again",
		len(left.Changes), c.Step, c.Ref.Path, c.Why)}
}
