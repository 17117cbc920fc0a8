package dbinit

import (
	"bytes"
	"net"
	"os"
	osexec "os/exec"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/appm-provision/appm-provision/integration/wire"
)

var deployment = [][]string{{"identity.sql", "app.sql"}, {"registry.sql"}, {"registry.sql"}, {"storage.sql"}}

// The four databases of a deployment in parallel over a line of 40 ms cost our
// own time on a fast line and 12 round trips at most, logins included. The
// client's time on the same line is printed beside it.
func TestTheFourDatabasesOverASlowLine(t *testing.T) {
	const roundTrip = 40 * time.Millisecond
	onEach(t, func(t *testing.T, s testServer) {
		line, err := wire.Listen(wire.Options{Target: s.config.Addr})
		if err != nil {
			t.Fatal(err)
		}
		defer line.Close()
		clientFast := clientAll(t, s, line.Address)
		line.SetDelay(roundTrip / 2)
		clientSlow := clientAll(t, s, line.Address)
		var fast, slow time.Duration
		for range measured(4) { // a busy machine may spoil a measurement; all of them it does not
			line.SetDelay(0)
			fast = best(func() time.Duration { return loadAll(t, s, line.Address) })
			line.SetDelay(roundTrip / 2)
			slow = best(func() time.Duration { return loadAll(t, s, line.Address) })
			if slow <= fast+12*roundTrip {
				break
			}
		}
		t.Logf("%s: 0 ms: %d ms, client %d ms; 40 ms: %d ms, client %d ms", s.name,
			fast.Milliseconds(), clientFast.Milliseconds(), slow.Milliseconds(), clientSlow.Milliseconds())
		// How many round trips a load takes is asserted by TestRoundTrips; a
		// busy machine's times fail only where somebody asked for times.
		if limit := fast + 12*roundTrip; slow > limit && os.Getenv("APPM_BENCH") != "" {
			t.Errorf("at 40 ms: %s, want at most %s (%s at 0 ms)", slow, limit, fast)
		}
	})
}

// measured is how often to do it where somebody asked for times, and otherwise
// once: that it works at all is part of every run.
func measured(n int) int {
	if os.Getenv("APPM_BENCH") == "" {
		return 1
	}
	return n
}

// best of a few: what else the machine does only adds.
func best(do func() time.Duration) time.Duration {
	least := do()
	for range measured(3) - 1 {
		least = min(least, do())
	}
	return least
}

// loadAll is Inspect and four Runs from a pool without connections.
func loadAll(t *testing.T, s testServer, addr string) time.Duration {
	root := s.open(t)
	_, o := names(t, root)
	q := Query{User: "appm", Options: o}
	for range deployment {
		schema, _ := names(t, root)
		q.Schemas = append(q.Schemas, schema)
	}
	db := s.open(t, func(c *mysql.Config) { c.Addr = addr })
	start := time.Now()
	f, err := Inspect(t.Context(), db, q)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i, schema := range f.Schemas {
		list := script(t, deployment[i]...)
		wg.Go(func() {
			if err := Run(t.Context(), db, Load{Schema: schema.Name, Charset: DefaultCharset, SQLMode: DefaultSQLMode, Statements: list, Saw: Judge(schema, list), Options: o}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// clientAll is four clients in parallel, each fed its scripts; 0 without one.
func clientAll(t *testing.T, s testServer, addr string) time.Duration {
	client, err := osexec.LookPath("mariadb")
	if err != nil {
		t.Logf("the client's time is not measured: %v", err)
		return 0
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	var schemas []string
	for range deployment {
		schema, _ := names(t, s.open(t))
		schemas = append(schemas, schema)
	}
	start := time.Now()
	var wg sync.WaitGroup
	for i, files := range deployment {
		in := bytes.NewBufferString("SET SESSION sql_mode = '" + DefaultSQLMode + "'; " + CreateStatement(schemas[i], DefaultCharset) + "; USE " + ident(schemas[i]) + ";\n")
		for _, f := range files {
			data, err := os.ReadFile("testdata/" + f)
			if err != nil {
				t.Fatal(err)
			}
			in.Write(append(data, "\n;\n"...))
		}
		wg.Go(func() {
			cmd := osexec.Command(client, "--no-defaults", "--skip-ssl", "--host="+host, "--port="+port, "--user="+s.config.User)
			cmd.Env = append(os.Environ(), "MYSQL_PWD="+s.config.Passwd)
			cmd.Stdin = in
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("mariadb: %v: %s", err, out)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}
