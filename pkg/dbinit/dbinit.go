// Package dbinit brings MySQL and MariaDB schemas and accounts into being: it
// splits scripts, reads what a server holds, judges it, loads what is missing
// so that a load cut anywhere can go on, and writes the account statements.
//
// What a plan shows and what is executed are the same values: Opening, Split
// and AccountStatements are pure and the only source of statements, Run and
// ExecAccounts send exactly those. Beside them only the ledger's own rows are
// written, and only by Run and ExecAccounts; Inspect reads.
//
// A caller opens the *sql.DB with Configure applied to its configuration.
package dbinit

import (
	"fmt"
	"io"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// The one recipe that every server from MySQL 5.6 to 9.7 and every MariaDB
// takes for the product's scripts: with two-byte characters their keys exceed
// the limits, and in a strict mode MariaDB refuses a foreign key and MySQL a
// zero date.
const (
	DefaultCharset = "latin1"
	DefaultSQLMode = "NO_ENGINE_SUBSTITUTION"
	DefaultLedger  = "appm_provision"
)

// Options hold for everything that writes.
type Options struct {
	Ledger string // the schema of the tool's own tables; "" is DefaultLedger
}

func (o Options) ledger() ledger {
	if o.Ledger == "" {
		return ledger{DefaultLedger}
	}
	return ledger{o.Ledger}
}

// Configure sets what this package needs of a connection, and silences the
// driver, which would otherwise write to the terminal by itself.
func Configure(c *mysql.Config) {
	c.MultiStatements = true
	c.Logger = silent{}
	c.DialFunc = dialBounded(c)
}

type silent struct{}

func (silent) Print(...any) {}

// Span is a range of bytes, End excluded.
type Span struct{ Start, End int }

// Statement is one statement and where it comes from. Printing it, through any
// verb, shows Masked.
type Statement struct {
	SQL     string
	File    string // script; "" for a statement of the tool's own
	Line    int    // of its first token, from 1
	Hidden  []Span // what of SQL is a secret, in order: a password with its quotes
	Account string // user@host that it changes; "" for a script's statement
	Opens   string // schema that it grants
	Locks   bool   // it changes a password: whoever logs in with the old one is locked out
}

// Masked is SQL with every hidden span replaced. The replacement has no
// quotes, so a masked text that were executed by mistake is a syntax error and
// never a password.
func (s Statement) Masked() string {
	var b strings.Builder
	at := 0
	for _, h := range s.Hidden {
		if h.Start < at || h.End < h.Start || h.End > len(s.SQL) {
			return "(secret)" // spans that do not fit hide everything
		}
		b.WriteString(s.SQL[at:h.Start])
		b.WriteString("(secret)")
		at = h.End
	}
	b.WriteString(s.SQL[at:])
	return b.String()
}

// Format makes every verb print Masked.
func (s Statement) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.Masked()) }

// MarshalText writes Masked, so that a record of a run holds no secret.
func (s Statement) MarshalText() ([]byte, error) { return []byte(s.Masked()), nil }

// Where is file:line, or "" for a statement of the tool's own.
func (s Statement) Where() string {
	if s.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// start is the statement's first words on one line, for messages.
func (s Statement) start() string {
	const limit = 60
	text := strings.Join(strings.Fields(s.Masked()), " ")
	if r := []rune(text); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return text
}
