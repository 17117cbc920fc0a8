package dbinit

import (
	"fmt"
	"strings"
)

// State is what a schema is, measured by the scripts that should fill it.
type State int

const (
	Absent     State = iota // no schema of that name
	Empty                   // a schema without tables
	Complete                // every table of the scripts is there, and no load is open
	Partial                 // some tables are missing, and the ledger does not say why
	Foreign                 // tables, but none of the scripts'
	Unfinished              // a load of these scripts was cut, and can go on
)

func (s State) String() string {
	names := [...]string{"absent", "empty", "complete", "partial", "foreign", "unfinished"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return names[s]
}

// Verdict is Judge's finding.
type Verdict struct {
	State      State
	Want       int      // tables that the scripts make
	Have       int      // of them, in the schema
	There      []string // these, in the scripts' order
	Missing    []string // in the scripts' order
	Extra      []string // in the schema, made by no script
	Statements int      // of the scripts
	Resume     int      // Unfinished: index of the statement in doubt or to come, -1 for the schema itself
	Notes      []string // for the operator; none is a refusal
}

// Loads reports whether a load has something to do in such a schema.
func (v Verdict) Loads() bool {
	return v.State == Absent || v.State == Empty || v.State == Unfinished
}

// String is the finding in one line, as a plan shows it.
func (v Verdict) String() string {
	switch v.State {
	case Absent, Empty:
		return fmt.Sprintf("%s, %d statements make %d tables", v.State, v.Statements, v.Want)
	case Complete:
		return fmt.Sprintf("complete, %d tables", v.Want)
	case Unfinished:
		return fmt.Sprintf("a load was cut at statement %d of %d and goes on there", min(max(v.Resume, 0)+1, v.Statements), v.Statements)
	}
	out := fmt.Sprintf("%s: %d of %d tables are there", v.State, v.Have, v.Want)
	if v.Have > 0 {
		out += " (" + listed(v.There) + ")"
	}
	if len(v.Missing) > 0 && v.Have > 0 {
		out += ", missing " + listed(v.Missing)
	}
	if len(v.Extra) > 0 {
		out += ", made by no script: " + listed(v.Extra)
	}
	for _, n := range v.Notes {
		out += "; " + n
	}
	return out
}

// listed names the first few.
func listed(names []string) string {
	const few = 8
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// Refusal is the error for a state that a load cannot start from, or nil.
func (v Verdict) Refusal(schema string) error {
	if v.State == Partial || v.State == Foreign {
		return &Refused{Schema: schema, Verdict: v}
	}
	return nil
}

// Judge measures a schema by the statements that should fill it. Extra tables
// and other row counts never refuse: the product makes tables of its own, and
// rows come and go. It trusts an open ledger entry only as far as the tables
// agree with it; while a load is running right now they cannot be read at one
// moment, and the ledger alone decides.
//
//	schema   script tables   ledger entry    state
//	absent   -               any             absent
//	there    none, no other  any but at 0    empty
//	there    none, others    not open        foreign
//	there    some            not open        partial
//	there    all             not open        complete
//	there    as it says      open, same      unfinished
//	there    otherwise       open            partial
func Judge(s Schema, list []Statement) Verdict {
	v := compare(s, Tables(list))
	v.Statements = len(list)
	open := s.Ledger != nil && !s.Ledger.Finished
	ours := s.Ledger != nil && s.Ledger.Digest == Digest(list)
	running := s.Loading != 0 && (open || len(v.Missing) > 0)
	switch {
	case !s.Exists:
		v.State = Absent
	case ours && (running || open && s.agrees(list, s.Ledger.Next)):
		v.State, v.Resume = Unfinished, s.Ledger.Next
	case v.Have == 0 && len(v.Extra) == 0:
		v.State = Empty
	case v.Have == 0 && !open:
		v.State = Foreign
	case len(v.Missing) > 0 || open:
		v.State = Partial
	default:
		v.State = Complete
	}
	v.Notes = append(v.Notes, notes(s, v, list)...)
	return v
}

func compare(s Schema, want []string) Verdict {
	v := Verdict{Want: len(want)}
	have := s.tableSet()
	for _, t := range want {
		if have[s.fold(t)] {
			v.Have, v.There = v.Have+1, append(v.There, t)
		} else {
			v.Missing = append(v.Missing, t)
		}
		delete(have, s.fold(t))
	}
	for _, t := range s.Tables {
		if have[s.fold(t)] {
			v.Extra = append(v.Extra, t)
		}
	}
	return v
}

func notes(s Schema, v Verdict, list []Statement) (out []string) {
	if s.Loading != 0 {
		out = append(out, fmt.Sprintf("a load of it is running right now (connection %d)", s.Loading))
	}
	if v.State == Complete && len(v.Extra) > 0 {
		out = append(out, "tables made by no script: "+listed(v.Extra))
	}
	if v.State != Partial || s.Ledger == nil || s.Ledger.Finished {
		return out
	}
	if s.Ledger.Digest != Digest(list) {
		return append(out, "a load was cut, but of other scripts than these: with the same scripts it can go on")
	}
	return append(out, fmt.Sprintf("a load was cut at statement %d of %d, but the tables are not as it left them", max(s.Ledger.Next, 0)+1, s.Ledger.Statements))
}

// agrees reports whether the tables are as a load leaves them that was cut at
// next: those made before are there, those made only after are not. What the
// statement next itself makes may be there or not.
func (s Schema) agrees(list []Statement, next int) bool {
	if next < beforeCreate || next >= len(list) {
		return false
	}
	have := s.tableSet()
	before := Tables(list[:max(next, 0)])
	for _, t := range before {
		if !have[s.fold(t)] && !dropsTable(list, next, t) {
			return false
		}
		delete(have, s.fold(t))
	}
	for _, t := range Tables(list[:max(next+1, 0)]) {
		delete(have, s.fold(t))
	}
	for _, t := range Tables(list) {
		if have[s.fold(t)] {
			return false
		}
	}
	return true
}

// dropsTable reports whether the statement in doubt may have taken t away.
func dropsTable(list []Statement, next int, t string) bool {
	return next >= 0 && indexOf(Tables(list[:next+1]), t) < 0
}

func (s Schema) tableSet() map[string]bool {
	out := make(map[string]bool, len(s.Tables))
	for _, t := range s.Tables {
		out[s.fold(t)] = true
	}
	return out
}

// fold is a table's name as the server compares it.
func (s Schema) fold(name string) string {
	if s.FoldNames {
		return strings.ToLower(name)
	}
	return name
}

// CreateStatement is the text that creates a schema; charset "" leaves it to
// the server.
func CreateStatement(schema, charset string) string {
	return "CREATE DATABASE " + ident(schema) + charsetClause(charset)
}

// Opening is the statement that comes before the scripts', or "": it creates
// the schema, or gives one that is still empty the character set that the
// scripts' keys need.
func Opening(s Schema, v Verdict, charset string) string {
	fresh := v.State == Empty || v.State == Unfinished && v.Resume <= 0
	switch {
	case v.State == Absent:
		return CreateStatement(s.Name, charset)
	case fresh && charset != "" && !strings.EqualFold(s.Charset, charset):
		return "ALTER DATABASE " + ident(s.Name) + charsetClause(charset)
	}
	return ""
}

func charsetClause(charset string) string {
	if charset == "" {
		return ""
	}
	for i := range len(charset) {
		if !isWord(charset[i]) || charset[i] == '@' {
			return " CHARACTER SET " + ident(charset)
		}
	}
	return " CHARACTER SET " + charset
}
