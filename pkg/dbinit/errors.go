package dbinit

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Moved says that a schema is no longer what the plan saw.
type Moved struct {
	Schema   string
	Saw, Now Verdict
}

func (e *Moved) Error() string {
	return fmt.Sprintf("schema %s: it was %s when the plan was made and is %s now; nothing was changed, plan again", e.Schema, e.Saw.State, e.Now.State)
}

// Refused says that a schema is in a state that no load can start from.
type Refused struct {
	Schema  string
	Verdict Verdict
	Why     string // "" is what the verdict says
}

func (e *Refused) Error() string {
	why := e.Why
	if why == "" {
		why = e.Verdict.String()
	}
	return fmt.Sprintf("schema %s: %s; nothing was changed. Two ways out: finish it by hand, so that every table of the scripts is there (%d in all); or, when its data may go, save what is needed, DROP DATABASE %s, and run again", e.Schema, why, e.Verdict.Want, ident(e.Schema))
}

// Locked says that another session holds a schema, or the accounts.
type Locked struct {
	What   string // "schema AM_DB", "accounts"
	Holder int64  // its connection id, 0 when unknown
	Waited time.Duration
}

func (e *Locked) Error() string {
	return fmt.Sprintf("%s: another session (connection %d) is at work on it, and did not end within %s; wait for the other run, or look at it with SHOW PROCESSLIST", e.What, e.Holder, e.Waited)
}

// Denied says that the account we logged in with may not do something.
type Denied struct {
	Doing string // "schema AM_DB: identity/mysql.sql:8: CREATE TABLE IDN_X …"
	Needs string // the privilege
	Err   error
}

func (e *Denied) Error() string {
	return fmt.Sprintf("%s: %s; the admin account needs %s", e.Doing, e.Err, e.Needs)
}

func (e *Denied) Unwrap() error { return e.Err }

// Failed says that the server refused a statement.
type Failed struct {
	Schema    string // "" for an account's statement
	Statement Statement
	Err       error // *mysql.MySQLError, without secrets
}

func (e *Failed) Error() string {
	out := where(e.Schema, e.Statement) + ": " + e.Err.Error()
	if hint := hintFor(e.Err); hint != "" {
		out += "; " + hint
	}
	return out
}

func (e *Failed) Unwrap() error { return e.Err }

// where says which statement of what.
func where(schema string, s Statement) string {
	parts := []string{s.start()}
	if w := s.Where(); w != "" {
		parts = append([]string{w}, parts...)
	}
	if schema != "" {
		parts = append([]string{"schema " + schema}, parts...)
	} else if s.Account != "" {
		parts = append([]string{"account " + s.Account}, parts...)
	}
	return strings.Join(parts, ": ")
}

// Lost says that the connection broke. What was sent may still be running; the
// next run waits for it and goes on from where it got to.
type Lost struct {
	Doing string
	Err   error
}

func (e *Lost) Error() string {
	return fmt.Sprintf("%s: the connection to the database was lost (%s); run again, a load goes on from where it got to", e.Doing, e.Err)
}

func (e *Lost) Unwrap() error { return e.Err }

// isLost: not the server's answer but the way to it.
func isLost(err error) bool {
	var op net.Error
	return errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &op) || number(err) == 1053 || number(err) == 1317 || number(err) == 1927 ||
		number(err) == 1152 || number(err) == 1158 || number(err) == 1160
}

// number is the server's error number, 0 when it is none of the server's.
func number(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// asServer is the server's error within err, or err.
func asServer(err error) error {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e
	}
	return err
}

// explain gives an error of the server or the driver the type a caller
// branches on. A cancelled context stays what it is.
func explain(ctx context.Context, doing string, err error) error {
	var denied *Denied
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	case errors.As(err, &denied):
		return &Denied{doing, denied.Needs, denied.Err}
	case isLost(err):
		return &Lost{doing, err}
	case privilege(err) != "":
		return &Denied{doing, privilege(err), err}
	}
	if hint := hintFor(err); hint != "" {
		return fmt.Errorf("%s: %w; %s", doing, err, hint)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// privilege is what a refusal says is missing, "" when it is no refusal.
func privilege(err error) string {
	switch number(err) {
	case 1044:
		return "ALL PRIVILEGES on that schema, WITH GRANT OPTION for grants"
	case 1045, 1698:
		return "the password that the inventory gives, and an account for the address it logs in from"
	case 1142, 1143, 1227, 1370, 1419:
		return "all privileges on the schemas and the ledger WITH GRANT OPTION, CREATE USER, and SELECT on mysql.user and mysql.db"
	}
	return ""
}

// noSpace is ENOSPC as the servers write it, with errno, error or Errcode.
var noSpace = regexp.MustCompile(`(?i)err[a-z]*: 28\b|no space left`)

const fullDisk = "the server's disk is full; make room and run again, the load goes on from here"

// hintFor is what to do about an error that an operator is known to meet.
func hintFor(err error) string {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return ""
	}
	switch {
	case e.Number == 3675, e.Number == 1005 && strings.Contains(e.Message, "errno: 135"):
		return fullDisk
	case e.Number == 1005 && strings.Contains(e.Message, "150"), e.Number == 1067, e.Number == 1292:
		return "a strict sql_mode does this to the product's scripts; the session's should be " + DefaultSQLMode
	case e.Number == 1071:
		return "the schema's characters are too wide for the scripts' keys; its character set should be " + DefaultCharset
	case e.Number == 1114, e.Number == 1021, e.Number == 1878, noSpace.MatchString(e.Message):
		return fullDisk
	case e.Number == 1133, e.Number == 1410, e.Number == 1396:
		return "the account came or went since the plan was made; plan again"
	case e.Number == 3750:
		return "the server demands a primary key of every table (sql_require_primary_key), which the product's scripts do not give; it must be off for the load"
	case e.Number == 1290 || e.Number == 1836 || e.Number == 1792:
		return "the server takes no writes; is it a replica?"
	}
	return ""
}
