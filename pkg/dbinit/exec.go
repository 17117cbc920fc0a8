package dbinit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// ExecAccounts executes exactly these statements, in order, in one session and
// one packet, kept apart from other runs by a lock. Around each the ledger
// records that its account changed: before, so that a cut cannot hide a
// change, and after, so that the time is not too early.
func ExecAccounts(ctx context.Context, db *sql.DB, o Options, list []Statement) error {
	if len(list) == 0 {
		return nil
	}
	conn, err := connect(ctx, db)
	if err != nil {
		return err
	}
	defer discard(conn) // its sql_mode must not reach the pool
	if err := lockAccounts(ctx, conn); err != nil {
		return err
	}
	batch := accountBatch(o.ledger(), list)
	at, err := packet(ctx, conn, batch, func(sent) {})
	if err == nil {
		return nil
	}
	return explainAccount(ctx, o.ledger(), batch[min(at, len(batch)-1)], scrub(err, list))
}

func lockAccounts(ctx context.Context, conn *sql.Conn) error {
	const what = "accounts"
	var got, holder sql.NullInt64
	err := conn.QueryRowContext(ctx, fmt.Sprintf("SELECT GET_LOCK(%s, %d), IS_USED_LOCK(%s)",
		text(lockName(what)), int(defaultWait/time.Second), text(lockName(what)))).Scan(&got, &holder)
	if err != nil {
		return explain(ctx, what, err)
	}
	if got.Int64 != 1 {
		return &Locked{What: what, Holder: holder.Int64, Waited: defaultWait}
	}
	return nil
}

func accountBatch(l ledger, list []Statement) (out []sent) {
	ours := func(sql string) { out = append(out, sent{sql: sql, n: -1, ours: true}) }
	for _, sql := range l.make() {
		ours(sql)
	}
	for n, s := range list {
		if s.Account != "" {
			ours(l.accountChanged(s.Account))
		}
		out = append(out, sent{sql: s.SQL, n: n, of: s})
		if s.Account != "" {
			ours(l.accountChanged(s.Account))
		}
	}
	ours("DO RELEASE_LOCK(" + text(lockName("accounts")) + ")")
	return out
}

func explainAccount(ctx context.Context, l ledger, s sent, err error) error {
	if s.ours {
		return explain(ctx, "the ledger in "+ident(l.schema), err)
	}
	doing := where("", s.of)
	if ctx.Err() == nil && !isLost(err) && privilege(err) == "" && number(err) != 0 {
		return &Failed{Statement: s.of, Err: asServer(err)}
	}
	return explain(ctx, doing, err)
}

// scrub takes out of a server's error what it may quote of a statement: a
// syntax error quotes the text from where it stopped understanding, cut at 80
// characters, so a search for the password alone would miss its beginning.
func scrub(err error, list []Statement) error {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return err
	}
	clean := *e
	clean.Message, _, _ = strings.Cut(clean.Message, " near '")
	for _, s := range list {
		for _, h := range s.Hidden {
			literal := s.SQL[h.Start:h.End]
			clean.Message = strings.ReplaceAll(clean.Message, literal, "(secret)")
			if bare := strings.Trim(literal, "'"); bare != "" {
				clean.Message = strings.ReplaceAll(clean.Message, bare, "(secret)")
			}
		}
	}
	return &clean
}
