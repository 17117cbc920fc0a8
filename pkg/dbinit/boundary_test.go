package dbinit

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// What a script's SELECTs answer, sent as Split cuts them one by one, is what
// the server answers when it finds the ends by itself.
func TestSplitFindsTheEndsThatTheServerSees(t *testing.T) {
	t.Logf("-seed %d", *seed)
	onEach(t, func(t *testing.T, s testServer) {
		r := rand.New(rand.NewPCG(*seed, 3))
		db := s.open(t)
		for range 300 {
			src := randomScript(r)
			list, err := Split("r.sql", []byte(src))
			if err != nil {
				t.Fatalf("%q: %v", src, err)
			}
			var ours []string
			for _, st := range list {
				ours = append(ours, resultSets(t, db, st.SQL)...)
			}
			theirs := resultSets(t, db, src)
			if fmt.Sprintf("%q", ours) != fmt.Sprintf("%q", theirs) {
				t.Fatalf("%q\nsplit as %q\nanswers   %q\nthe server's %q", src, sqlOf(list), ours, theirs)
			}
		}
	})
}

func resultSets(t *testing.T, db *sql.DB, q string) (out []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), q)
	if err != nil {
		t.Fatalf("%q: %v", q, err)
	}
	defer rows.Close()
	for {
		list, err := scan(rows)
		if err != nil {
			t.Fatalf("%q: %v", q, err)
		}
		for _, r := range list {
			out = append(out, fmt.Sprint(r.cells))
		}
		if !rows.NextResultSet() {
			break
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%q: %v", q, err)
	}
	return out
}

// randomScript is SELECTs of literals, with everything that can hide an end
// between their words.
func randomScript(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	gap := func() string {
		var b strings.Builder
		b.WriteString(pick(" ", "\n", "\t"))
		for range r.IntN(3) {
			b.WriteString(pick(" ", "\n", "-- it's; \"no\n", "--\n", "--\t;\n", "# `;'\n", "#\n", "/* ; ' \" ` */", "/**/", "/*;*/ ", "/* -- */\n", "/*!40000 */", "/*! */ ", "/*!99999 nothing */"))
		}
		return b.String()
	}
	literal := func() string {
		q := pick("'", "'", `"`)
		inner := ""
		for range r.IntN(5) {
			inner += pick("a", ";", `\'`, `\\`, `\"`, "--", "-- ", "#", "/*", "*/", "\n", q+q, "ä", "DELIMITER ", "`")
		}
		return q + inner + q
	}
	var b strings.Builder
	for n := 1 + r.IntN(8); n > 0; n-- {
		b.WriteString(pick("", "\n", "-- x;y\n", "# '\n", "/* a;b */"))
		b.WriteString("SELECT" + gap() + literal() + gap())
		for range r.IntN(3) {
			b.WriteString("," + gap() + pick(literal(), "1-1", "1--1", "NULL", "3/2*2") + gap())
		}
		b.WriteString(pick("", "AS `x;'`", "AS `a``;\"`", ""))
		b.WriteString(pick(";", " ;", ";\n"))
	}
	return b.String()
}

// The scripts that are loaded end their statements where the server sees them
// end: sent whole, in one piece, the server counts as many and they leave the same.
func TestScriptsEndWhereTheServerSeesThem(t *testing.T) {
	all, err := deployment()
	if err != nil {
		t.Fatal(err)
	}
	comments, err := os.ReadFile("testdata/comments.sql")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(comments), ";") - len(script(t, "comments.sql")); n < 15 {
		t.Fatalf("only %d ends that are none in comments.sql", n)
	}
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t, func(c *mysql.Config) { c.Params = map[string]string{"sql_mode": text(DefaultSQLMode)} })
		for i, list := range append([][]Statement{script(t, "comments.sql")}, all...) {
			whole := strings.Join(sqlOf(list), "\n;\n")
			if i == 0 {
				whole = string(comments)
			}
			want, counted := made(t, db, whole)
			if counted != len(list) {
				t.Errorf("script %d: the server counts %d statements, we %d", i, counted, len(list))
			}
			got, _ := made(t, db, sqlOf(list)...)
			if got != want {
				t.Errorf("script %d: %s", i, difference(got, want))
			}
		}
	})
}

// made sends each text and tells what it leaves, and how many statements the
// server counted.
func made(t *testing.T, db *sql.DB, texts ...string) (left string, counted int) {
	t.Helper()
	schema, _ := names(t, db)
	exec(t, db, CreateStatement(schema, DefaultCharset))
	conn, err := connect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer discard(conn)
	questions := func() (n int) {
		if err := conn.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Questions'").Scan(new(string), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if _, err := conn.ExecContext(t.Context(), "USE "+ident(schema)); err != nil {
		t.Fatal(err)
	}
	before := questions()
	for _, q := range texts {
		if _, err := conn.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%.100s: %v", q, err)
		}
	}
	return dump(t, db, schema), questions() - before - 1
}
