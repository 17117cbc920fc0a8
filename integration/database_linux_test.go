package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// TestDatabase, on Linux for the small file system, is what a database server can do to a run, through the command:
// one clear error with its exit code, and the run after it completes.
func TestDatabase(t *testing.T) {
	t.Parallel()
	for _, kind := range []mysqld.Kind{mysqld.MariaDB, mysqld.MySQL9} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			if why := mysqld.Unfit(kind); why != "" {
				t.Skip("LEFT OUT: " + why)
			}
			d := databaseWorld{small: small(t)}
			d.world = up(t, deployment{name: string(kind), kind: kind, under: d.small})
			var err error
			if d.root, err = d.OpenDatabase(); err != nil {
				t.Fatal(err)
			}
			defer d.root.Close()
			for _, s := range []struct {
				name string
				run  func(*testing.T, databaseWorld)
			}{
				{"a wrong admin password", wrongPassword},
				{"an admin that lacks a privilege", lacking},
				{"a server that takes no writes", readOnly},
				{"a full disk", fullDisk},
				{"a server that restarts in the middle of a load", restarted},
				{"nothing to write on a server that takes no writes", idleReadOnly},
				{"a locked account", locked},
				{"a password that cannot be compared", incomparable},
			} {
				if !t.Run(s.name, func(t *testing.T) { s.run(t, d) }) {
					t.Fatal("the rest builds on this")
				}
			}
		})
	}
}

type databaseWorld struct {
	*world
	root  *sql.DB
	small string // the small file system that it lies on; "" is none
}

// small is a folder on a small file system of its own, where one can be had.
func small(t *testing.T) string {
	if os.Geteuid() != 0 {
		return ""
	}
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=900m"); err != nil {
		return ""
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (d databaseWorld) exec(t *testing.T, list ...string) {
	t.Helper()
	for _, q := range list {
		if _, err := d.root.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// boss gives an inventory whose admin has these privileges and no more.
func (d databaseWorld) boss(t *testing.T, grants ...string) string {
	t.Helper()
	_, _ = d.root.Exec("DROP USER boss@'127.0.0.1'") // of an earlier case
	d.exec(t, "CREATE USER boss@'127.0.0.1' IDENTIFIED BY 'bo55'")
	for _, g := range grants {
		what, option, _ := strings.Cut(g, " WITH ")
		if option != "" {
			option = " WITH " + option
		}
		d.exec(t, "GRANT "+what+" TO boss@'127.0.0.1'"+option)
	}
	file := filepath.Join(t.TempDir(), "boss")
	if err := os.WriteFile(file, []byte("bo55"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := d.Database.Admin
	return d.vary(t, fmt.Sprintf("user = %q, password = { file = %q }", a.User, a.PasswordFile), fmt.Sprintf("user = \"boss\", password = { file = %q }", file))
}

// says runs the command and wants its code and texts.
func (d databaseWorld) says(t *testing.T, inventory string, code int, args []string, texts ...string) result {
	t.Helper()
	r := d.runOn(t, inventory, args...)
	if r.code != code {
		t.Fatalf("%v ended with %d, want %d\n%s%s", args, r.code, code, r.out, r.err)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.err, text) {
			t.Errorf("%v does not say %q:\n%s%s", args, text, r.out, r.err)
		}
	}
	return r
}

var (
	plans   = []string{"plan", "--limit", "database"}
	applies = []string{"apply", "--yes", "--limit", "database"}
)

// asked is what docs/databases.md asks for an admin.
var asked = []string{
	"ALL ON `AM\\_DB`.* WITH GRANT OPTION", "ALL ON `UM\\_DB`.* WITH GRANT OPTION", "ALL ON `REG\\_DB`.* WITH GRANT OPTION",
	"ALL ON `ES\\_STORAGE\\_DB`.* WITH GRANT OPTION", "ALL ON `appm\\_provision`.*", "CREATE USER ON *.*", "SELECT ON mysql.*",
}

// without is all of it but one; the option that of the last database.
func without(what string) (list []string) {
	for _, g := range asked {
		switch {
		case g == what:
		case what == "GRANT OPTION" && strings.Contains(g, "STORAGE"):
			list = append(list, strings.TrimSuffix(g, " WITH GRANT OPTION"))
		default:
			list = append(list, g)
		}
	}
	return list
}

func wrongPassword(t *testing.T, d databaseWorld) {
	file := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(file, []byte("not-the-password"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := d.Database.Admin
	inventory := d.vary(t, fmt.Sprintf("file = %q", a.PasswordFile), fmt.Sprintf("file = %q", file))
	before := d.look(t)
	for _, args := range [][]string{plans, applies} {
		r := d.says(t, inventory, 16, args, "database: ", a.User)
		if lines := strings.Count(r.err, "\n"); lines != 1 || r.out != "" || strings.Contains(r.err, "not-the-password") {
			t.Errorf("%v: want one error, no plan and no password:\n%s%s", args, r.out, r.err)
		}
		t.Log(r.err)
	}
	d.same(t, before, "a refused run")
}

func lacking(t *testing.T, d databaseWorld) {
	for _, c := range []struct {
		lacks string
		says  string
	}{
		{"SELECT ON mysql.*", "needs SELECT ON mysql.user"},
		{"CREATE USER ON *.*", "lacks CREATE USER ON *.*"},
		{"ALL ON `appm\\_provision`.*", "lacks CREATE, SELECT, INSERT, UPDATE, DELETE ON `appm\\_provision`.*"},
		{"ALL ON `ES\\_STORAGE\\_DB`.* WITH GRANT OPTION", "lacks ALL PRIVILEGES, GRANT OPTION ON `ES\\_STORAGE\\_DB`.*"},
		{"GRANT OPTION", "lacks GRANT OPTION ON `ES\\_STORAGE\\_DB`.*"},
	} {
		inventory := d.boss(t, without(c.lacks)...)
		before := d.look(t)
		for _, args := range [][]string{plans, applies} {
			r := d.says(t, inventory, 16, args, "boss", c.says)
			if lines := strings.Count(r.err, "\n"); lines != 1 || r.out != "" {
				t.Errorf("%s: %v: want one error and no plan:\n%s%s", c.lacks, args, r.out, r.err)
			}
			if args[0] == "plan" {
				t.Log(r.err)
			}
		}
		d.same(t, before, "a refused run")
	}
	d.says(t, d.boss(t, asked...), 0, plans, "create, load")
}

// takesNoWrites ends when the test does.
func (d databaseWorld) takesNoWrites(t *testing.T) {
	t.Cleanup(func() { d.exec(t, "SET GLOBAL read_only = 0") })
	d.exec(t, "SET GLOBAL read_only = 1")
}

func readOnly(t *testing.T, d databaseWorld) {
	before := d.look(t)
	d.takesNoWrites(t)
	for _, args := range [][]string{plans, applies} {
		r := d.says(t, d.inventory, 16, args, "127.0.0.1, port ", "takes no writes: read_only is on", "is it a replica?")
		if lines := strings.Count(r.err, "\n"); lines != 1 || r.out != "" {
			t.Errorf("%v: want one error and no plan:\n%s%s", args, r.out, r.err)
		}
		t.Log(r.err)
	}
	d.same(t, before, "a refused run")
}

func idleReadOnly(t *testing.T, d databaseWorld) {
	d.takesNoWrites(t)
	d.says(t, d.inventory, 0, plans, "takes no writes (read_only is on); nothing has to be written", "No changes.")
}

func fullDisk(t *testing.T, d databaseWorld) {
	if d.small == "" {
		t.Skip("NOT TESTED: a small file system needs root to mount")
	}
	ballast := filepath.Join(d.small, "ballast")
	fill(t, ballast, 600<<10)
	r := d.says(t, d.inventory, 16, applies, "the server's disk is full; make room and run again")
	t.Log(r.err)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	d.says(t, d.inventory, 0, applies, "Applied and verified")
	d.says(t, d.inventory, 0, plans, "No changes.")
}

// fill leaves so many bytes. The server may take some between the look and the
// grip: then it looks again.
func fill(t *testing.T, file string, left int64) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 50 {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(filepath.Dir(file), &fs); err != nil {
			t.Fatal(err)
		}
		if err = syscall.Fallocate(int(f.Fd()), 0, 0, int64(fs.Bavail)*fs.Bsize-left); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// restarted holds the load when some tables are there, and restarts the server
// under it.
func restarted(t *testing.T, d databaseWorld) {
	for try := 1; ; try++ {
		for _, s := range []string{"AM_DB", "UM_DB", "REG_DB", "ES_STORAGE_DB", "appm_provision"} {
			d.exec(t, "DROP DATABASE IF EXISTS "+s)
		}
		done := make(chan error, 1)
		go func() { done <- d.restartAt(t.Context(), 3) }()
		r := d.runOn(t, d.inventory, applies...)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if r.code == 0 && try < 5 {
			continue // it had loaded all before it could be held
		}
		if r.code != 16 || !strings.Contains(r.err, "the connection to the database was lost") || !strings.Contains(r.err, "run again") {
			t.Errorf("apply ended with %d:\n%s", r.code, r.err)
		}
		t.Log(r.err)
		break
	}
	d.says(t, d.inventory, 0, plans, "go on with an interrupted load")
	d.says(t, d.inventory, 0, applies, "Applied and verified")
	d.says(t, d.inventory, 0, plans, "No changes.")
}

func (d databaseWorld) restartAt(ctx context.Context, tables int) error {
	for n := 0; n < tables; time.Sleep(time.Millisecond) {
		if err := d.root.QueryRow("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'AM_DB'").Scan(&n); err != nil {
			return err
		}
	}
	conn, err := d.root.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "FLUSH TABLES WITH READ LOCK"); err != nil {
		return err
	}
	return d.RestartDatabase(ctx)
}
