package dbinit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// ledger is the tool's own schema on a server: which statement of which load
// comes next, and when an account was last changed.
//
// Its rows are what makes a load survive a cut. A statement's intent is
// written before it, and that the one before is done with it: next = n means
// that all up to n-1 are done and that n, and no other, is in doubt. Rows
// commit in one transaction with next = n+1, so on a transactional engine
// they are never in doubt. For the others, mark holds what the statement's
// object looked like before (see markOf): it looks different now, or the
// statement has not run.
type ledger struct{ schema string }

func (l ledger) loads() string    { return ident(l.schema) + ".`loads`" }
func (l ledger) accounts() string { return ident(l.schema) + ".`accounts`" }

// beforeCreate is next while the schema itself is about to be created.
const beforeCreate = -1

// alone makes sessions that create the ledger at once wait for one another:
// MySQL 9 finds a deadlock among the metadata locks of their CREATE TABLE IF NOT
// EXISTS. A server that knows only one lock a session, such as MySQL 5.6, takes
// none, as it would let go of the schema's; nor does it find a deadlock.
func alone(call string) string {
	return "DO 0 /*!50705 + " + call + " */ /*M!100002 + " + call + " */"
}

// make creates the ledger; loads comes last, so that where it is all is. Every name in it fits 5.6's key limit of 767 bytes.
func (l ledger) make() []string {
	name := text(lockName("ledger/" + l.schema))
	return []string{
		alone(fmt.Sprintf("GET_LOCK(%s, %d)", name, tableWait)),
		"CREATE DATABASE IF NOT EXISTS " + ident(l.schema) + " CHARACTER SET utf8mb4",
		"CREATE TABLE IF NOT EXISTS " + l.accounts() + ` (
  account VARCHAR(180) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  changed DATETIME(6) NOT NULL,
  PRIMARY KEY (account)
) ENGINE=InnoDB`,
		"CREATE TABLE IF NOT EXISTS " + l.loads() + ` (
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  digest CHAR(64) CHARACTER SET ascii NOT NULL,
  statements INT NOT NULL,
  next INT NOT NULL,
  mark VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  began DATETIME(6) NOT NULL,
  finished DATETIME(6) NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB`,
		alone("RELEASE_LOCK(" + name + ")"),
	}
}

// begin opens a load's row, replacing that of an earlier load.
func (l ledger) begin(schema, digest string, statements, next int) string {
	return fmt.Sprintf("REPLACE INTO %s (name, digest, statements, next, mark, began, finished) VALUES (%s, %s, %d, %d, NULL, UTC_TIMESTAMP(6), NULL)",
		l.loads(), text(schema), text(digest), statements, next)
}

// intent says that statement n comes next; its object's mark is in @appm_mark.
func (l ledger) intent(schema string, n int) string {
	return fmt.Sprintf("UPDATE %s SET next = %d, mark = @appm_mark WHERE name = %s", l.loads(), n, text(schema))
}

// done says that all before next is done, and nothing in doubt.
func (l ledger) done(schema string, next int) string {
	return fmt.Sprintf("UPDATE %s SET next = %d, mark = NULL WHERE name = %s", l.loads(), next, text(schema))
}

func (l ledger) finish(schema string, statements int) string {
	return fmt.Sprintf("UPDATE %s SET next = %d, mark = NULL, finished = UTC_TIMESTAMP(6) WHERE name = %s", l.loads(), statements, text(schema))
}

// readLoads lists the rows of the schemas; the age is by the server's clock.
func (l ledger) readLoads(schemas []string) string {
	return fmt.Sprintf("SELECT name, digest, statements, next, mark, finished IS NOT NULL, TIMESTAMPDIFF(MICROSECOND, COALESCE(finished, began), UTC_TIMESTAMP(6)) FROM %s WHERE name IN (%s)",
		l.loads(), texts(schemas))
}

func (l ledger) accountChanged(account string) string {
	return fmt.Sprintf("INSERT INTO %s (account, changed) VALUES (%s, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE changed = UTC_TIMESTAMP(6)",
		l.accounts(), text(account))
}

func (l ledger) readAccounts(user string) string {
	return fmt.Sprintf("SELECT account, TIMESTAMPDIFF(MICROSECOND, changed, UTC_TIMESTAMP(6)) FROM %s WHERE LEFT(account, %d) = %s",
		l.accounts(), len([]rune(user))+1, text(user+"@"))
}

// Entry is what the ledger says of the last load of a schema.
type Entry struct {
	Digest     string // of its statements, see Digest
	Statements int
	Next       int  // the statement in doubt or to come; -1 while the schema was to be created
	Finished   bool //
	Age        time.Duration
	mark       string
}

// Digest identifies the statements of a load. Comments around statements,
// line ends and file names do not count.
func Digest(list []Statement) string {
	h := sha256.New()
	for _, s := range list {
		fmt.Fprintf(h, "%d:%s;", len(s.SQL), s.SQL)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// lockName is what keeps two loads of a schema apart, whatever their ledgers.
// A server allows 64 bytes.
func lockName(what string) string {
	name := "appm_provision/" + what
	if len(name) > 64 {
		sum := sha256.Sum256([]byte(what))
		name = "appm_provision/" + hex.EncodeToString(sum[:16])
	}
	return name
}
