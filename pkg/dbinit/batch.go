package dbinit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// sent is one text that goes to the server.
type sent struct {
	sql  string
	n    int       // the statement it serves; -1 for none
	of   Statement // for messages
	ours bool      // the ledger's, not the plan's
	done bool      // after it the statement n is done
}

// batch is everything that a load still sends, in order.
func (r *loader) batch(s Schema, v Verdict, start int) (out []sent) {
	l := r.ledger()
	ours := func(n int, sqls ...string) {
		for _, sql := range sqls {
			out = append(out, sent{sql: sql, n: n, ours: true})
		}
	}
	if v.State != Unfinished {
		ours(-1, l.make()...)
		ours(-1, l.begin(r.Schema, Digest(r.Statements), len(r.work), beforeCreate))
	}
	if sql := Opening(s, v, r.Charset); sql != "" {
		out = append(out, sent{sql: sql, n: -1, of: Statement{SQL: sql}})
	}
	if start == 0 {
		ours(-1, l.done(r.Schema, 0))
	}
	ours(-1, "USE "+ident(r.Schema))
	if r.rewind != "" {
		ours(-1, r.rewind)
	}
	for n, w := range r.work {
		if n >= start || w.effect == setsSession {
			out = append(out, r.around(n, w)...)
		}
	}
	ours(-1, l.finish(r.Schema, len(r.work)), "DO RELEASE_LOCK("+text(lockName(r.Schema))+")")
	return out
}

// around is a statement with the ledger's rows before and after it.
func (r *loader) around(n int, w work) []sent {
	l := r.ledger()
	self := sent{sql: w.SQL, n: n, of: w.Statement, done: true}
	ours := func(sql string) sent { return sent{sql: sql, n: n, of: w.Statement, ours: true} }
	mark := ours("SET @appm_mark = (" + r.markOf(w) + ")")
	mark.ours = false // fails when the statement's table is not there: the statement's own fault
	switch w.effect {
	case bracket:
		return nil
	case setsSession:
		return []sent{self}
	case changesRows:
		self.done = false
		commit := ours("COMMIT")
		commit.done = true
		return []sent{mark, ours(l.intent(r.Schema, n)), ours("START TRANSACTION"), self, ours(l.done(r.Schema, n+1)), commit}
	}
	return []sent{mark, ours(l.intent(r.Schema, n)), self}
}

// A packet is at most this large, so that progress shows; and never more than
// half of what the server takes.
const packetSize = 256 << 10

// send sends everything, in as few packets as their size allows.
func (r *loader) send(ctx context.Context, list []sent, start int) error {
	r.progress(start, len(r.work))
	limit := packetSize
	if half := r.server.MaxPacket / 2; half > 0 && half < limit {
		limit = half
	}
	heard := func(s sent) {
		if s.done && s.n >= start {
			r.progress(s.n+1, len(r.work))
		}
	}
	for len(list) > 0 {
		n := fit(list, limit)
		if at, err := packet(ctx, r.conn, list[:n], heard); err != nil {
			return r.explain(ctx, list[min(at, n-1)], err)
		}
		list = list[n:]
	}
	r.progress(len(r.work), len(r.work))
	return nil
}

// fit is how many of the list go into one packet; one always does.
func fit(list []sent, limit int) int {
	size := 0
	for i, s := range list {
		size += len(s.sql) + len(marker(i))
		if size > limit && i > 0 {
			return i
		}
	}
	return len(list)
}

const markerColumn = "appm_done"

// marker follows each text. The driver gives no place for an error, so the
// last marker that came back tells it. The line end closes a "--" comment that
// a text may end in.
func marker(i int) string { return fmt.Sprintf("\n;\nSELECT %d AS %s;\n", i, markerColumn) }

// packet sends the list in one round trip; at is the text that failed.
func packet(ctx context.Context, conn *sql.Conn, list []sent, heard func(sent)) (at int, err error) {
	var b strings.Builder
	for i, s := range list {
		b.WriteString(s.sql + marker(i))
	}
	rows, err := conn.QueryContext(ctx, b.String())
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for {
		n, ok, err := readMarker(rows)
		switch {
		case err != nil:
			return at, err
		case ok && n != at:
			return at, errBoundary
		case ok:
			heard(list[at])
			at++
		}
		if at == len(list) || !rows.NextResultSet() {
			break
		}
	}
	if err := rows.Err(); err != nil {
		return at, err
	}
	if at < len(list) {
		return at, errBoundary
	}
	return at, nil
}

// errBoundary: the server saw the end of a statement elsewhere than we did.
var errBoundary = errors.New("the server took another end of this statement than the script has; is there an unclosed comment in it?")

// readMarker reads a result; one that is no marker is a statement's own.
func readMarker(rows *sql.Rows) (n int, ok bool, err error) {
	columns, err := rows.Columns()
	if err != nil {
		return 0, false, err
	}
	ok = len(columns) == 1 && columns[0] == markerColumn
	for rows.Next() {
		if ok {
			err = errors.Join(err, rows.Scan(&n))
		}
	}
	return n, ok, errors.Join(err, rows.Err())
}

// explain says where a load stopped.
func (r *loader) explain(ctx context.Context, s sent, err error) error {
	doing := where(r.Schema, s.of)
	if s.ours || s.of.SQL == "" {
		doing = "schema " + r.Schema + ": the ledger in " + ident(r.ledger().schema)
	}
	err = explain(ctx, doing, err)
	if number(err) == 0 || s.ours || s.of.SQL == "" || ctx.Err() != nil {
		return err
	}
	var lost *Lost
	var denied *Denied
	if errors.As(err, &lost) || errors.As(err, &denied) {
		return err
	}
	return &Failed{Schema: r.Schema, Statement: s.of, Err: asServer(err)}
}
