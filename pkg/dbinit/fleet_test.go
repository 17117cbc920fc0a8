package dbinit

import (
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// special starts a server of the test's own with further arguments; only what
// the fleet has is tried.
func special(t *testing.T, s testServer, dir string, args ...string) testServer {
	t.Helper()
	if s.own == nil {
		t.Skipf("NOT TESTED on %s: it is not ours to restart", s.name)
	}
	own, err := mysqld.Start(t.Context(), mysqld.Options{Kind: mysqld.Kind(s.name), Dir: dir, Password: "r", Args: args})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Stop(); err != nil {
			t.Error(err)
		}
	})
	return testServer{name: s.name, config: own.Config(""), own: own}
}

// The server dies in the middle of a load, as in a power cut; started again on
// what it left, the next run finishes.
func TestAServerKilledInTheMiddleOfALoad(t *testing.T) {
	rounds := 2
	if os.Getenv("APPM_CRASH") == "all" {
		rounds = 12
	}
	t.Logf("-seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 2))
	list := script(t, allScripts...)
	onEach(t, func(t *testing.T, s testServer) {
		dir := t.TempDir()
		durable := []string{"--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=1"}
		first := special(t, s, dir, durable...)
		db := first.open(t)
		const schema = "KILL_DB"
		mustLoad(t, db, schema, Options{}, list)
		want := dump(t, db, schema)
		for range rounds {
			exec(t, db, "DROP DATABASE "+ident(schema))
			at := 1 + r.IntN(len(list)-1)
			err := Run(t.Context(), db, planned(t, db, schema, Options{}, list), func(done, _ int) {
				if done == at {
					_ = syscall.Kill(first.own.PID, syscall.SIGKILL) // if it is gone already, Run says so
				}
			})
			var lost *Lost
			if err != nil && !errors.As(err, &lost) {
				t.Errorf("killed at %d: %v (%T), want a *Lost", at, err, err)
			}
			_ = db.Close()
			if err := first.own.Stop(); err != nil && !strings.Contains(err.Error(), "killed") {
				t.Fatal(err)
			}
			first = special(t, s, dir, durable...)
			db = first.open(t)
			v, err := load(t.Context(), t, db, schema, Options{}, list)
			if err != nil {
				t.Fatalf("killed at %d, then %s: %v", at, v, err)
			}
			if got := dump(t, db, schema); got != want {
				t.Fatalf("killed at %d, then %s: %s", at, v, difference(got, want))
			}
		}
	})
}

// Servers that keep names in lower case show script tables under other names.
func TestAServerThatFoldsNames(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		folding := special(t, s, t.TempDir(), "--lower-case-table-names=1", unsynced)
		db := folding.open(t)
		cutAnywhere(t, db, script(t, "identity.sql", "storage.sql"))
		schema, o := names(t, db)
		exec(t, db, "CREATE DATABASE "+ident(schema))
		t.Cleanup(func() { dropUser(t, db, "appm7") })
		settle(t, db, []string{schema}, Want{User: "appm7", Hosts: []string{"127.0.0.1"}, Password: "x", Schemas: []string{schema}}, o)
	})
}

// A replica, or a server put aside for maintenance, takes no writes: said, and
// nothing is left half done.
func TestAReadOnlyServer(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		own := special(t, s, t.TempDir())
		root := own.open(t)
		exec(t, root, "CREATE USER boss@'127.0.0.1' IDENTIFIED BY 'x'", "GRANT CREATE, ALTER, DROP, INDEX, REFERENCES, SELECT, INSERT, UPDATE, DELETE ON *.* TO boss@'127.0.0.1'")
		db := own.open(t, as("boss", "x"))
		list := script(t, "identity.sql")
		l := planned(t, db, "RO_DB", Options{}, list)
		exec(t, root, "SET GLOBAL read_only = 1")
		f, err := Inspect(t.Context(), db, Query{})
		if err != nil || f.Server.ReadOnly != "read_only" {
			t.Errorf("read only by %q, %v", f.Server.ReadOnly, err)
		}
		err = Run(t.Context(), db, l, nil)
		if number(err) != 1290 || !strings.Contains(err.Error(), "the server takes no writes") {
			t.Errorf("error %v, want 1290 and what it means", err)
		}
		exec(t, root, "SET GLOBAL read_only = 0")
		if err := Run(t.Context(), db, l, nil); err != nil {
			t.Error(err)
		}
	})
}

// A full disk ends the load with a word about it; with room again it goes on.
func TestAFullDisk(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		if os.Geteuid() != 0 {
			t.Skip("NOT TESTED: a small file system needs root to mount")
		}
		dir := t.TempDir()
		if err := syscall.Mount("none", dir, "tmpfs", 0, "size=400m"); err != nil {
			t.Skipf("NOT TESTED: no tmpfs may be mounted here: %v", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, 0); err != nil {
				t.Error(err)
			}
		})
		own := special(t, s, dir)
		db := own.open(t)
		list := script(t, allScripts...)
		mustLoad(t, db, "WANT_DB", Options{}, list)
		want := dump(t, db, "WANT_DB")
		l := planned(t, db, "FULL_DB", Options{}, list)
		fill(t, dir)
		err := Run(t.Context(), db, l, nil)
		if err == nil || !strings.Contains(err.Error(), "the server's disk is full") {
			t.Errorf("error %v, want it to say that the disk is full", err)
		}
		if err := os.Remove(dir + "/ballast"); err != nil {
			t.Fatal(err)
		}
		if v, err := load(t.Context(), t, db, "FULL_DB", Options{}, list); err != nil {
			t.Fatalf("with room again, %s: %v", v, err)
		}
		if got := dump(t, db, "FULL_DB"); got != want {
			t.Error(difference(got, want))
		}
	})
}

// fill leaves a few pages, enough for some tables. The server may take some
// between the look and the grip: then it looks again.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(dir + "/ballast")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 50 {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(dir, &fs); err != nil {
			t.Fatal(err)
		}
		size := int64(fs.Bavail)*int64(fs.Bsize) - 600<<10
		if err = syscall.Fallocate(int(f.Fd()), 0, 0, size); err == nil {
			return
		}
	}
	t.Fatal(err)
}
