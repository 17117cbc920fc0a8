package dbinit

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// The crash test takes a seeded sample of its cut points; all of them with
// APPM_CRASH=all.
var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the crash test's sample")

const sample = 10

// cutAfter runs a load that dies when the server has executed n texts of it,
// and reports how many there were.
func cutAfter(t *testing.T, db *sql.DB, l Load, n int) int {
	t.Helper()
	list, err := classify(l.Statements)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := connect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer discard(conn)
	r := loader{Load: l, work: list, conn: conn}
	texts, _, err := r.prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n > 0 && n <= len(texts) {
		if _, err := packet(context.Background(), conn, texts[:n], func(sent) {}); err != nil {
			t.Fatalf("the first %d texts: %v", n, err)
		}
	}
	return len(texts)
}

func planned(t *testing.T, db *sql.DB, schema string, o Options, list []Statement) Load {
	t.Helper()
	return Load{
		Schema: schema, Charset: DefaultCharset, SQLMode: DefaultSQLMode, Statements: list,
		Saw: Judge(look(t, db, schema, o), list), Options: o,
	}
}

// A load cut after any text it sends, the ledger's own included, is finished
// by the next run without an error, with the schema and rows of an unbroken
// load; also when that next run is cut once more.
func TestALoadCutAnywhereIsFinishedByTheNextRun(t *testing.T) {
	t.Logf("-seed %d", *seed)
	for _, files := range [][]string{allScripts, {"routines.sql"}} {
		t.Run(files[0], func(t *testing.T) {
			onEach(t, func(t *testing.T, s testServer) { cutAnywhere(t, s.open(t), script(t, files...)) })
		})
	}
}

func cutAnywhere(t *testing.T, db *sql.DB, list []Statement) {
	schema, o := names(t, db)
	mustLoad(t, db, schema, o, list)
	want := dump(t, db, schema)
	reset := func() {
		exec(t, db, "DROP DATABASE "+ident(schema), "DROP DATABASE "+ident(o.Ledger))
	}
	reset()
	total := cutAfter(t, db, planned(t, db, schema, o, list), 0)
	for _, cut := range cutPoints(total) {
		cutAfter(t, db, planned(t, db, schema, o, list), cut[0])
		cutAfter(t, db, planned(t, db, schema, o, list), cut[1])
		v, err := load(t.Context(), t, db, schema, o, list)
		if err != nil {
			t.Fatalf("cut after text %d of %d and %d of the next: the next run: %v", cut[0], total, cut[1], err)
		}
		if got := dump(t, db, schema); got != want {
			t.Fatalf("cut after text %d of %d and %d of the next (then %s): %s", cut[0], total, cut[1], v, difference(got, want))
		}
		if v := Judge(look(t, db, schema, o), list); v.State != Complete {
			t.Fatalf("cut after text %d of %d and %d of the next: %s", cut[0], total, cut[1], v)
		}
		reset()
	}
}

// cutPoints are pairs: texts of the first run, and of the second; 0 in the
// second means that it is not cut again but dies before it sends.
func cutPoints(total int) (out [][2]int) {
	r := rand.New(rand.NewPCG(*seed, 1))
	for n := 1; n < total; n++ {
		out = append(out, [2]int{n, 0}, [2]int{n, 1 + r.IntN(8)})
	}
	if os.Getenv("APPM_CRASH") == "all" {
		return out
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:sample]
}

// difference lists the lines that only one of two texts has.
func difference(got, want string) string {
	count := map[string]int{}
	for _, l := range strings.Split(got, "\n") {
		count[l]++
	}
	for _, l := range strings.Split(want, "\n") {
		count[l]--
	}
	var out []string
	for l, n := range count {
		if n != 0 {
			out = append(out, fmt.Sprintf("%+d %s", n, l))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
