package dbinit

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"
)

// Load is one schema to be filled.
type Load struct {
	Schema     string
	Charset    string      // for the schema, "" leaves it to the server; see DefaultCharset
	SQLMode    string      // of the loading session; see DefaultSQLMode
	Statements []Statement // of all its scripts, in order
	Saw        Verdict     // what the plan was made from
	Wait       time.Duration
	Options
}

// A load waits this long for another session that is at work on its schema,
// unless Load.Wait says otherwise: a run that was cut may still be executing
// the packet it had sent.
const defaultWait = time.Minute

// tableWait is how many seconds a statement waits for a table that somebody
// else is using; the servers' own defaults are a day and a year.
const tableWait = 60

// silentWait is after how many seconds without a word the server ends a load's
// session, and its locks with it: who loaded may have lost the network.
const silentWait = 120

// Run makes a schema complete. It takes the schema's lock, looks again, and
// does nothing but *Moved when the schema is not what the plan saw; a load of
// the same scripts that has got further meanwhile is no such move, it goes on
// from there. Then it sends the opening and the statements in packets of many,
// with the ledger's rows between them. progress, which may be nil, hears after
// every statement how many are done; it is called on the caller's goroutine.
//
// The errors a caller can tell apart: *Moved, *Refused, *Locked, *Denied,
// *Failed (a statement, by file and line), *Lost (the connection). After any
// of them the next Run goes on from where this one got to.
func Run(ctx context.Context, db *sql.DB, l Load, progress func(done, total int)) (err error) {
	list, err := classify(l.Statements)
	if err != nil {
		return fmt.Errorf("schema %s: %w", l.Schema, err)
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	for try := 1; ; try++ {
		err := l.runOnce(ctx, db, list, progress)
		// Loads side by side write to one ledger. A server that breaks a tie of
		// theirs refuses one of them, which undoes its last statement alone: what
		// the next run would do may as well be done now.
		if number(err) != deadlock || try == deadlockTries || ctx.Err() != nil {
			return err
		}
	}
}

const (
	deadlock      = 1213
	deadlockTries = 5
)

func (l Load) runOnce(ctx context.Context, db *sql.DB, list []work, progress func(done, total int)) error {
	conn, err := connect(ctx, db)
	if err != nil {
		return fmt.Errorf("schema %s: %w", l.Schema, err)
	}
	// The session's mode, default schema and lock must not reach the pool.
	defer discard(conn)
	r := loader{Load: l, work: list, conn: conn, progress: progress}
	return r.run(ctx)
}

func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // says: close it
	_ = conn.Close()
}

type loader struct {
	Load
	work     []work
	conn     *sql.Conn
	progress func(done, total int)
	server   Server
	rewind   string // what to send before the first statement, see rewinding
}

func (r *loader) run(ctx context.Context) error {
	list, start, err := r.prepare(ctx)
	if err != nil {
		return err
	}
	return r.send(ctx, list, start)
}

// prepare decides, under the lock, what is still to be sent: nothing where the
// schema is complete. start is the first statement among it.
func (r *loader) prepare(ctx context.Context) (list []sent, start int, err error) {
	s, err := r.lockAndLook(ctx)
	if err != nil {
		return nil, 0, err
	}
	v := Judge(s, r.Statements)
	if err := v.Refusal(r.Schema); err != nil {
		return nil, 0, err
	}
	if err := r.moved(s, v); err != nil {
		return nil, 0, err
	}
	if v.State == Complete {
		return nil, len(r.work), nil
	}
	start, err = r.startAt(ctx, s, v)
	return r.batch(s, v, start), start, err
}

// lockAndLook sets the session up, takes the lock and reads the schema under
// it, in one round trip.
func (r *loader) lockAndLook(ctx context.Context) (Schema, error) {
	wait := r.Wait
	if wait <= 0 {
		wait = defaultWait
	}
	seconds := int(max(wait, time.Second) / time.Second)
	q := Query{Schemas: []string{r.Schema}, Options: r.Options}
	rs := append(readings{
		{name: "session", sql: fmt.Sprintf("SET SESSION sql_mode = %s, autocommit = 1, lock_wait_timeout = %d, wait_timeout = %d; SELECT 1", text(r.SQLMode), tableWait, silentWait)},
		{name: "lock", sql: fmt.Sprintf("SELECT GET_LOCK(%s, %d)", text(lockName(r.Schema)), seconds)},
	}, q.readings("")...)
	got, err := rs.run(ctx, r.conn, q.ledger())
	if err != nil {
		return Schema{}, explain(ctx, "schema "+r.Schema, err)
	}
	found := q.found(got)
	r.server = found.Server
	s := found.Schemas[0]
	if len(got["lock"]) != 1 || got["lock"][0].text(0) != "1" {
		return Schema{}, &Locked{What: "schema " + r.Schema, Holder: s.Loading, Waited: wait}
	}
	s.Loading = 0 // it is us
	return s, nil
}

// moved compares with what the plan saw. A later point of the same load is
// where a cut run's last packet took it, and what the plan wanted anyway.
func (r *loader) moved(s Schema, v Verdict) error {
	same := v.State == r.Saw.State && v.Resume == r.Saw.Resume
	ours := r.Saw.Loads() && s.Ledger != nil && s.Ledger.Digest == Digest(r.Statements)
	later := v.State == Complete || v.State == Unfinished && (r.Saw.State != Unfinished || v.Resume > r.Saw.Resume)
	if same || ours && later {
		return nil
	}
	return &Moved{Schema: r.Schema, Saw: r.Saw, Now: v}
}

// startAt is the first statement to send.
func (r *loader) startAt(ctx context.Context, s Schema, v Verdict) (int, error) {
	if v.State != Unfinished {
		return 0, nil
	}
	next := max(v.Resume, 0)
	ran, err := r.ran(ctx, next, s.Ledger)
	if ran || err != nil {
		return next + 1, err
	}
	r.rewind, err = r.rewinding(ctx, next, s.Ledger)
	return next, err
}
