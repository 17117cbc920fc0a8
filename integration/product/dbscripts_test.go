package product_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/mysqld"
	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/go-sql-driver/mysql"
)

// servers runs a test against every server that the traps were found on.
func servers(t *testing.T, test func(*testing.T, *mysqld.Server)) {
	for _, kind := range []mysqld.Kind{mysqld.MariaDB, mysqld.MySQL56} {
		t.Run(string(kind), func(t *testing.T) {
			if _, err := mysqld.Find(kind); err != nil {
				if os.Getenv("APPM_REQUIRE_SERVERS") == "1" {
					t.Fatal(err)
				}
				t.Skipf("NOT TESTED (APPM_REQUIRE_SERVERS=1 makes this a failure): %v", err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			s, err := mysqld.Start(ctx, mysqld.Options{Kind: kind, Dir: filepath.Join(t.TempDir(), "db")})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Stop()
			test(t, s)
		})
	}
}

// load loads scripts into a new database, or one that is there, and returns
// the first error's number.
func load(t *testing.T, s *mysqld.Server, database, charset, mode string, scripts ...string) uint16 {
	t.Helper()
	if charset != "" {
		execute(t, s, "", "CREATE DATABASE "+database+" CHARACTER SET "+charset)
	}
	home := files(t, product.Home{})
	for _, script := range scripts {
		f, there := home["dbscripts/"+script]
		if !there {
			t.Fatalf("no script %s", script)
		}
		text := string(f.Data)
		if mode != "" {
			text = "SET SESSION sql_mode = '" + mode + "'; " + text
		}
		if n := number(t, try(s, database, text)); n != 0 {
			return n
		}
	}
	return 0
}

func try(s *mysqld.Server, database, text string) error {
	c := s.Config(database)
	c.MultiStatements = true
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	_, err = db.Exec(text)
	return err
}

func execute(t *testing.T, s *mysqld.Server, database, text string) {
	t.Helper()
	if err := try(s, database, text); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, err error) uint16 {
	t.Helper()
	var e *mysql.MySQLError
	if err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	if e == nil {
		return 0
	}
	return e.Number
}

func count(t *testing.T, s *mysqld.Server, query string) int {
	t.Helper()
	db, err := s.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

const plain = "NO_ENGINE_SUBSTITUTION"

func TestTheScriptsLoadWithTheRecipe(t *testing.T) {
	servers(t, func(t *testing.T, s *mysqld.Server) {
		for database, c := range map[string]struct {
			tables, keys int
			scripts      []string
		}{
			"am1":    {30, 18, []string{"identity/mysql.sql", "appmgt/mysql.sql"}},
			"am2":    {30, 18, []string{"appmgt/mysql.sql", "identity/mysql.sql"}}, // the page's order
			"am3":    {30, 18, []string{"identity/mysql-5.7+.sql", "appmgt/mysql.sql"}},
			"um":     {18, 7, []string{"mysql.sql"}},
			"um57":   {18, 7, []string{"mysql5.7.sql"}},
			"es":     {1, 0, []string{"storage/mysql/resource.sql"}},
			"social": {2, 1, []string{"social/mysql/resource.sql"}},
		} {
			if n := load(t, s, database, "latin1", plain, c.scripts...); n != 0 {
				t.Errorf("%v: error %d", c.scripts, n)
			}
			tables := count(t, s, fmt.Sprintf("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '%s'", database))
			keys := count(t, s, fmt.Sprintf("SELECT COUNT(*) FROM information_schema.referential_constraints WHERE constraint_schema = '%s'", database))
			if tables != c.tables || keys != c.keys {
				t.Errorf("%v: %d tables, %d foreign keys, want %d, %d", c.scripts, tables, keys, c.tables, c.keys)
			}
		}
		for query, want := range map[string]int{
			"SELECT COUNT(*) FROM am1.APM_APP_JAVA_POLICY":                                                                                              7,
			"SELECT COUNT(*) FROM am1.IDN_BASE_TABLE":                                                                                                   1,
			"SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'am1' AND column_name LIKE 'PKCE%'":                                   2,
			"SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'am2' AND column_name LIKE 'PKCE%'":                                   0,
			`SELECT COUNT(*) FROM am1.APM_APP_JAVA_POLICY WHERE POLICY_PROPERTIES = '{"id": "A","policyKey": "gov:/appmgt/applicationdata/tiers.xml"}'`: 1,
		} {
			if got := count(t, s, query); got != want {
				t.Errorf("%s: got %d, want %d", query, got, want)
			}
		}
	})
}

func TestASecondLoadFails(t *testing.T) {
	servers(t, func(t *testing.T, s *mysqld.Server) {
		for script, want := range map[string]uint16{
			"identity/mysql.sql":         1062, // the row of IDN_BASE_TABLE
			"appmgt/mysql.sql":           1061, // an index
			"mysql.sql":                  1061,
			"storage/mysql/resource.sql": 0,
		} {
			execute(t, s, "", "DROP DATABASE IF EXISTS again")
			first := load(t, s, "again", "latin1", plain, script)
			if second := load(t, s, "again", "", plain, script); first != 0 || second != want {
				t.Errorf("%s: errors %d and %d, want 0 and %d", script, first, second, want)
			}
		}
	})
}

// What happens without the recipe, and where.
func TestTheScriptsFailWhereTheProductsDo(t *testing.T) {
	const noZero = "STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE"
	servers(t, func(t *testing.T, s *mysqld.Server) {
		maria := s.Kind == mysqld.MariaDB
		for i, c := range []struct {
			charset, mode, script string
			wantMaria, want56     uint16
		}{
			{"latin1", "", "appmgt/mysql.sql", 1005, 0}, // errno 150 under strict
			{"latin1", "", "identity/mysql.sql", 0, 0},
			{"latin1", noZero, "appmgt/mysql.sql", 1067, 1067},
			{"latin1", noZero, "identity/mysql.sql", 1067, 1067},
			{"latin1", noZero, "identity/mysql-5.7+.sql", 0, 0},
			{"latin1", noZero, "mysql.sql", 1067, 1067},
			{"latin1", noZero, "mysql5.7.sql", 0, 0},
			{"utf8mb4", plain, "mysql.sql", 0, 1071}, // keys beyond 767 bytes
			{"utf8mb4", plain, "identity/mysql.sql", 0, 1071},
			{"utf8", plain, "appmgt/mysql.sql", 0, 1071},
		} {
			want := c.want56
			if maria {
				want = c.wantMaria
			}
			if got := load(t, s, fmt.Sprintf("f%d", i), c.charset, c.mode, c.script); got != want {
				t.Errorf("%s, %s, %q: error %d, want %d", c.script, c.charset, c.mode, got, want)
			}
		}
	})
}

// A naive split at every semicolon gives pieces that are no statements.
func TestCommentsHoldSemicolons(t *testing.T) {
	data := string(files(t, product.Home{})["dbscripts/mysql.sql"].Data)
	n := 0
	for line := range strings.Lines(data) {
		if strings.HasPrefix(line, "--") && strings.Contains(line, ";") {
			n++
		}
	}
	if n < 5 {
		t.Errorf("%d comments with a semicolon, want 5 or more", n)
	}
}
