package dbinit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Owner is who holds a database server for a run.
type Owner struct {
	Run, Operator string        // "" where nobody wrote them down
	Age           time.Duration // since it took the lock, or, where nobody knows, since it last said something
	Connection    int64         // 0: it has none any more
	Address       string        // that the connection comes from; "" when unknown
}

// Taken says that another run holds the server.
type Taken struct{ Owner }

func (e *Taken) Error() string {
	who := "a run"
	if e.Run != "" {
		who = "run " + e.Run + " of " + e.Operator
	}
	if e.Address != "" {
		who += " from " + e.Address
	}
	return fmt.Sprintf("another run is at work on it: %s, connection %d, for %s now; wait for its end, or, if it cannot be alive, see: appm-provision unlock", who, e.Connection, e.Age.Round(time.Second))
}

// Holding is the lock of a server. It lives as long as its session, and a
// session that says nothing for a while is ended by the server.
type Holding struct {
	conn   *sql.Conn
	ledger ledger
	// Before is the run that had it last, and ended without letting go; nil where
	// none did.
	Before *Owner
}

// Hold takes the server for a run, or returns a *Taken at once. Beat must be called
// more often than the silence that ends the session.
func Hold(ctx context.Context, db *sql.DB, o Options, who Owner, silence time.Duration) (*Holding, error) {
	conn, err := connect(ctx, db)
	if err != nil {
		return nil, err
	}
	h := &Holding{conn: conn, ledger: o.ledger()}
	if err := h.take(ctx, who, silence); err != nil {
		discard(conn)
		return nil, err
	}
	return h, nil
}

func (h *Holding) take(ctx context.Context, who Owner, silence time.Duration) error {
	const doing = "take the lock of the database"
	_, err := h.conn.ExecContext(ctx, fmt.Sprintf("SET SESSION autocommit = 1, wait_timeout = %d, lock_wait_timeout = %d", max(1, int(silence/time.Second)), tableWait))
	if err != nil {
		return explain(ctx, doing, err)
	}
	var got sql.NullInt64
	if err := h.conn.QueryRowContext(ctx, "SELECT GET_LOCK("+h.ledger.runLock()+", 0)").Scan(&got); err != nil {
		return explain(ctx, doing, err)
	}
	if got.Int64 != 1 {
		owner, err := holder(ctx, h.conn, h.ledger)
		if err != nil {
			return explain(ctx, doing, err)
		}
		return &Taken{owner}
	}
	return explain(ctx, doing, h.sign(ctx, who))
}

// sign writes down whose lock it is, where there is a ledger to write it in, and
// reads who signed before.
func (h *Holding) sign(ctx context.Context, who Owner) error {
	there, err := h.ledger.is(ctx, h.conn)
	if err != nil || !there {
		return err
	}
	before, err := signed(ctx, h.conn, h.ledger)
	if err != nil {
		return err
	}
	h.Before = before
	for _, sql := range []string{h.ledger.makeRuns(), h.ledger.signRun(who)} {
		if _, err := h.conn.ExecContext(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// Beat is a sign of life. An error means that the lock is lost.
func (h *Holding) Beat(ctx context.Context) error {
	var held sql.NullBool
	err := h.conn.QueryRowContext(ctx, "SELECT IS_USED_LOCK("+h.ledger.runLock()+") = CONNECTION_ID()").Scan(&held)
	if err == nil && !held.Bool {
		err = errors.New("the lock of the database is no longer ours")
	}
	return explain(ctx, "keep the lock of the database", err)
}

// Release lets go of the lock. The ledger may have come into being meanwhile;
// where the row cannot be removed, the next run says whose it was.
func (h *Holding) Release(ctx context.Context) {
	if there, err := h.ledger.is(ctx, h.conn); err == nil && there {
		_, _ = h.conn.ExecContext(ctx, "DELETE FROM "+h.ledger.runs()+" WHERE connection = CONNECTION_ID()")
	}
	// The session's end would be the lock's, too, but a moment later.
	_, _ = h.conn.ExecContext(ctx, "DO RELEASE_LOCK("+h.ledger.runLock()+")")
	discard(h.conn)
}

// Holder is who holds a server; nil when nobody does.
func Holder(ctx context.Context, db *sql.DB, o Options) (*Owner, error) {
	conn, err := connect(ctx, db)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	owner, err := holder(ctx, conn, o.ledger())
	if err != nil || owner.Connection == 0 {
		return nil, explain(ctx, "read the lock of the database", err)
	}
	return &owner, nil
}

// Break ends the session of a holder, if it still is the one.
func Break(ctx context.Context, db *sql.DB, o Options, owner Owner) error {
	now, err := Holder(ctx, db, o)
	if err != nil || now == nil || now.Connection != owner.Connection {
		return err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("KILL %d", owner.Connection))
	if number(err) == 1094 { // it has ended by itself
		return nil
	}
	return explain(ctx, fmt.Sprintf("end connection %d", owner.Connection), err)
}

// holder reads who has the lock: the server knows the connection, the ledger
// whose it is.
func holder(ctx context.Context, conn *sql.Conn, l ledger) (Owner, error) {
	var id sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT IS_USED_LOCK("+l.runLock()+")").Scan(&id); err != nil || !id.Valid {
		return Owner{}, err
	}
	owner := Owner{Connection: id.Int64}
	if row, err := signed(ctx, conn, l); err == nil && row != nil && row.Connection == owner.Connection {
		owner = *row
	}
	var address sql.NullString
	var seconds sql.NullInt64
	err := conn.QueryRowContext(ctx, fmt.Sprintf("SELECT HOST, TIME FROM information_schema.PROCESSLIST WHERE ID = %d", owner.Connection)).Scan(&address, &seconds)
	switch {
	case errors.Is(err, sql.ErrNoRows), number(err) != 0: // gone meanwhile, or the account may not see it
		return owner, nil
	case err != nil:
		return owner, err
	}
	owner.Address = address.String
	if owner.Age == 0 {
		owner.Age = time.Duration(seconds.Int64) * time.Second
	}
	return owner, nil
}

// signed is the last signature; nil without one.
func signed(ctx context.Context, conn *sql.Conn, l ledger) (*Owner, error) {
	var (
		o      Owner
		micros int64
	)
	err := conn.QueryRowContext(ctx, "SELECT run, operator, connection, TIMESTAMPDIFF(MICROSECOND, since, UTC_TIMESTAMP(6)) FROM "+l.runs()).
		Scan(&o.Run, &o.Operator, &o.Connection, &micros)
	if errors.Is(err, sql.ErrNoRows) || isAbsence(err) {
		return nil, nil
	}
	o.Age = time.Duration(micros) * time.Microsecond
	return &o, err
}

// runLock keeps whole runs apart, as the locks of schemas keep loads apart.
func (l ledger) runLock() string { return text(lockName("run/" + l.schema)) }

func (l ledger) runs() string { return ident(l.schema) + ".`runs`" }

func (l ledger) is(ctx context.Context, conn *sql.Conn) (bool, error) {
	n := 0
	err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = "+text(l.schema)).Scan(&n)
	return n > 0, err
}

// makeRuns: one row at most, of the run that holds the server.
func (l ledger) makeRuns() string {
	return "CREATE TABLE IF NOT EXISTS " + l.runs() + ` (
  name VARCHAR(16) CHARACTER SET ascii NOT NULL,
  run VARCHAR(64) CHARACTER SET utf8mb4 NOT NULL,
  operator VARCHAR(200) CHARACTER SET utf8mb4 NOT NULL,
  connection BIGINT NOT NULL,
  since DATETIME(6) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB`
}

func (l ledger) signRun(who Owner) string {
	return fmt.Sprintf("REPLACE INTO %s (name, run, operator, connection, since) VALUES ('run', %s, %s, CONNECTION_ID(), UTC_TIMESTAMP(6))",
		l.runs(), text(cut(who.Run, 64)), text(cut(who.Operator, 200)))
}

func cut(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit])
	}
	return s
}
