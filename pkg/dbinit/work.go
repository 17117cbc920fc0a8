package dbinit

import (
	"fmt"
	"strings"
)

// effect is what a statement leaves behind, by which a load that was cut can
// tell whether it had run.
type effect int

const (
	makesTable    effect = iota // the table is there
	changesTable                // its columns, indexes or constraints have changed
	changesRows                 // its rows, committed together with the ledger's row
	changesObject               // a view, trigger, routine or event is there, or gone
	setsSession                 // nothing on the server: said again when a load goes on
	bracket                     // BEGIN, COMMIT: not sent, each statement commits by itself
)

// work is a statement as the loader sees it.
type work struct {
	Statement
	effect effect
	object string // TABLE, VIEW, TRIGGER, PROCEDURE, FUNCTION, EVENT
	name   string // of the object
	drops  bool
}

// Check refuses, by file and line, the first statement that a load would not
// send: what reaches beyond tables and rows of one schema. Run does so, too;
// who makes a plan wants to know before.
func Check(list []Statement) error {
	_, err := classify(list)
	return err
}

// classify understands every statement, or refuses the first that a load must
// not send, by name.
func classify(list []Statement) ([]work, error) {
	out := make([]work, 0, len(list))
	for _, s := range list {
		w, err := understand(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", s.Where(), s.start(), err)
		}
		out = append(out, w)
	}
	return out, nil
}

func understand(s Statement) (work, error) {
	r := &reader{tokens: tokens(s.SQL)}
	w := work{Statement: s}
	var err error
	switch verb := r.word(); verb {
	case "CREATE", "ALTER", "DROP":
		err = r.definition(&w, verb)
	case "TRUNCATE":
		r.accept("TABLE")
		w.effect, w.object = changesTable, "TABLE"
		w.name, err = r.name()
	case "INSERT", "REPLACE", "UPDATE", "DELETE":
		err = r.rows(&w)
	case "SET":
		w.effect, err = setsSession, r.session()
	case "BEGIN", "COMMIT":
		w.effect = bracket
	case "START":
		w.effect = bracket
		if !r.accept("TRANSACTION") {
			err = refused("START " + r.word())
		}
	default:
		err = refused(verb)
	}
	return w, err
}

func refused(what string) error {
	if strings.TrimSpace(what) == "" {
		what = "this"
	}
	return fmt.Errorf("%s is not something a load may do: a script may define tables, indexes, views, triggers and routines, change rows and set session variables", strings.TrimSpace(what))
}

// definition reads what CREATE, ALTER or DROP is about.
func (r *reader) definition(w *work, verb string) (err error) {
	w.drops = verb == "DROP"
	for {
		switch t := r.word(); t {
		case "OR", "REPLACE", "TEMPORARY", "UNIQUE", "FULLTEXT", "SPATIAL", "ONLINE", "OFFLINE", "IGNORE", "AGGREGATE":
			if t == "TEMPORARY" {
				return refused(verb + " TEMPORARY TABLE")
			}
		case "SQL": // SECURITY DEFINER
			r.next()
			r.next()
		case "ALGORITHM", "DEFINER":
			r.option()
		case "TABLE", "TABLES":
			w.effect, w.object = changesTable, "TABLE"
			if verb == "CREATE" {
				w.effect = makesTable
			}
			if w.name, err = r.name(); err == nil && verb == "ALTER" {
				err = r.renames()
			}
			return err
		case "INDEX":
			w.effect, w.object, w.drops = changesTable, "TABLE", false
			w.name, err = r.indexed()
			return err
		case "VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT":
			w.effect, w.object = changesObject, t
			w.name, err = r.name()
			return err
		default:
			return refused(verb + " " + t)
		}
	}
}

// renames refuses to rename a table: Tables would have to follow it.
func (r *reader) renames() error {
	for r.more() {
		if r.word() == "RENAME" && !r.accept("COLUMN", "INDEX", "KEY") {
			return refused("renaming a table")
		}
	}
	return nil
}

// option skips "= value", "= `user`@`host`" and "= CURRENT_USER()".
func (r *reader) option() {
	r.acceptMark("=")
	r.next()
	if r.acceptMark("@") {
		r.next()
	}
	r.acceptMark("(")
	r.acceptMark(")")
}

// indexed is the table of CREATE INDEX i ON t and of DROP INDEX i ON t.
func (r *reader) indexed() (string, error) {
	for r.more() {
		if r.word() == "ON" {
			return r.name()
		}
	}
	return "", fmt.Errorf("no ON and table after INDEX")
}

// rows reads the table whose rows change.
func (r *reader) rows(w *work) (err error) {
	w.effect, w.object = changesRows, "TABLE"
	for r.accept("LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE", "INTO", "FROM") {
	}
	w.name, err = r.name()
	return err
}

// session refuses a SET that reaches beyond the session.
func (r *reader) session() error {
	for r.more() {
		switch t := r.word(); t {
		case "GLOBAL", "PERSIST", "PERSIST_ONLY", "PASSWORD", "ROLE", "DEFAULT_ROLE", "@@GLOBAL", "@@PERSIST", "@@PERSIST_ONLY", "STATEMENT":
			return refused("SET " + t)
		case "AUTOCOMMIT", "@@AUTOCOMMIT":
			return refused("SET AUTOCOMMIT")
		}
	}
	return nil
}

// Tables are the names of the tables that the statements leave behind, in the
// order in which they are first created. What is no table, and what a load
// would refuse, does not count.
func Tables(list []Statement) []string {
	var out []string
	for _, s := range list {
		if w, err := understand(s); err == nil {
			out = w.apply(out)
		}
	}
	return out
}

// apply adds or takes away the table that w makes or drops.
func (w work) apply(tables []string) []string {
	i := indexOf(tables, w.name)
	switch {
	case w.effect == makesTable && i < 0:
		return append(tables, w.name)
	case w.effect == changesTable && w.drops && i >= 0:
		return append(tables[:i:i], tables[i+1:]...)
	}
	return tables
}

func indexOf(list []string, name string) int {
	for i, s := range list {
		if s == name {
			return i
		}
	}
	return -1
}
