package dbinit

import (
	"bytes"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/appm-provision/appm-provision/integration/mysqld"
	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/appm-provision/appm-provision/integration/wire"
)

// deployment are the scripts of the four databases, as large as the product's.
var deployment = sync.OnceValues(func() ([][]Statement, error) {
	files, err := product.Home{}.Files()
	if err != nil {
		return nil, err
	}
	var all [][]Statement
	for _, paths := range [][]string{{"identity/mysql.sql", "appmgt/mysql.sql"}, {"mysql.sql"}, {"mysql.sql"}, {"storage/mysql/resource.sql"}} {
		var list []Statement
		for _, path := range paths {
			i := slices.IndexFunc(files, func(f product.File) bool { return f.Path == "dbscripts/"+path })
			part, err := Split(path, files[i].Data)
			if err != nil {
				return nil, err
			}
			list = append(list, part...)
		}
		all = append(all, list)
	}
	return all, nil
})

// most is how many round trips the databases may cost, logins included, beside
// our own time on a line without any.
const most = 12

// Looking at the server and then the four databases of a deployment in parallel
// wait for the line 12 times at most: a connection is a round trip, and each
// write that an answer follows.
func TestTheFourDatabasesWaitForTheLineTwelveTimesAtMost(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		line := &cable{}
		loadAll(t, s, line.dial)
		trips := line.trips()
		slices.Sort(trips[1:])
		n := trips[0] + trips[len(trips)-1] // the first looks, then the slowest of those that load
		t.Logf("%d round trips", n)
		if n > most {
			t.Errorf("%d round trips, want at most %d: by connection %v", n, most, trips)
		}
	})
}

// BenchmarkTheFourDatabases loads them on a line of 0 and of 40 ms, beside the
// mariadb client on the same line, which waits for the answer to each statement.
func BenchmarkTheFourDatabases(b *testing.B) {
	const slow = 40 * time.Millisecond
	started.Do(startFleet)
	if _, err := osexec.LookPath("mariadb"); err != nil {
		b.Fatal(err)
	}
	row := func(cells ...any) string { return fmt.Sprintf("%-11s %12v %12v %12v %12v %8v %16v\n", cells...) }
	table := row("server", "ours 0 ms", "client 0 ms", "ours 40 ms", "client 40 ms", "ratio", "ours over 0 ms")
	for _, s := range fleet {
		line, err := wire.Listen(wire.Options{Target: s.config.Addr})
		if err != nil {
			b.Fatal(err)
		}
		defer line.Close()
		least := map[string]time.Duration{}
		for _, trip := range []time.Duration{0, slow} {
			line.SetDelay(trip / 2)
			for _, who := range []string{"ours", "client"} {
				name := fmt.Sprintf("%s %d ms", who, trip.Milliseconds())
				b.Run(s.name+"/"+name, func(b *testing.B) {
					for range b.N {
						took := measure(b, s, who, line.Address)
						if least[name] == 0 || took < least[name] {
							least[name] = took
						}
					}
				})
			}
		}
		over := least["ours 40 ms"] - least["ours 0 ms"]
		table += row(s.name, ms(least["ours 0 ms"]), ms(least["client 0 ms"]), ms(least["ours 40 ms"]), ms(least["client 40 ms"]),
			fmt.Sprintf("%.1f", float64(least["client 40 ms"])/float64(max(least["ours 40 ms"], 1))), fmt.Sprintf("%.1f round trips", float64(over)/float64(slow)))
		if over > most*slow {
			b.Errorf("%s: at 40 ms %s more than at 0 ms, want at most %s", s.name, over, most*slow)
		}
	}
	fmt.Printf("\n%s(the least of each; ratio is the client's time over ours at 40 ms)\n\n", table)
}

func measure(b *testing.B, s testServer, who, addr string) time.Duration {
	if who == "client" {
		return clientAll(b, s, addr)
	}
	return loadAll(b, s, func(c *mysql.Config) { c.Addr = addr })
}

func ms(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// loadAll is Inspect and four Runs from a pool without connections.
func loadAll(t testing.TB, s testServer, way func(*mysql.Config)) time.Duration {
	scripts, err := deployment()
	if err != nil {
		t.Fatal(err)
	}
	root := s.open(t)
	_, o := names(t, root)
	q := Query{User: "appm", Options: o}
	for range scripts {
		schema, _ := names(t, root)
		q.Schemas = append(q.Schemas, schema)
	}
	db := s.open(t, way)
	start := time.Now()
	f, err := Inspect(t.Context(), db, q)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i, schema := range f.Schemas {
		wg.Go(func() {
			if err := Run(t.Context(), db, Load{Schema: schema.Name, Charset: DefaultCharset, SQLMode: DefaultSQLMode, Statements: scripts[i], Saw: Judge(schema, scripts[i]), Options: o}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// clientAll is four clients in parallel, each fed its scripts.
func clientAll(t testing.TB, s testServer, addr string) time.Duration {
	scripts, err := deployment()
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	root := s.open(t)
	var inputs []*bytes.Buffer
	for _, list := range scripts {
		schema, _ := names(t, root)
		in := bytes.NewBufferString("SET SESSION sql_mode = '" + DefaultSQLMode + "'; " + CreateStatement(schema, DefaultCharset) + "; USE " + ident(schema) + ";\n")
		for _, st := range list {
			in.WriteString(st.SQL + "\n;\n")
		}
		inputs = append(inputs, in)
	}
	args := []string{"--no-defaults", "--skip-ssl", "--host=" + host, "--port=" + port, "--user=" + s.config.User}
	if s.name == string(mysqld.MySQL9) { // caching_sha2_password hands its password over in TLS, or not at all
		args[1] = "--ssl"
	}
	start := time.Now()
	var wg sync.WaitGroup
	for _, in := range inputs {
		wg.Go(func() {
			cmd := osexec.Command("mariadb", args...)
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
