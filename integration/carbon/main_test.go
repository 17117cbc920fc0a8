package carbon_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/mysqld"
	"github.com/appm-provision/appm-provision/integration/product"
	"github.com/go-sql-driver/mysql"
)

// What the tests of this package share: a JAVA_HOME with the stand-in in it,
// and one database server with the four databases loaded: the machine's, or
// the kind that APPM_TEST_SERVER names (mariadb, mysql, mysql-5.6).
var (
	javaHome string
	dbOnce   sync.Once
	dbServer *mysqld.Server
	errDB    error
	tempDir  string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if tempDir, err = os.MkdirTemp("", "carbon-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(tempDir)
	javaHome = filepath.Join(tempDir, "java")
	if err := buildJava(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if dbServer != nil {
			dbServer.Stop()
		}
	}()
	return m.Run()
}

func buildJava() error {
	cmd := exec.Command("go", "build", "-o", filepath.Join(javaHome, "bin", "java"), "./cmd/java")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/java: %w\n%s", err, out)
	}
	return os.WriteFile(filepath.Join(javaHome, "release"), []byte("JAVA_VERSION=\"1.8.0_292\"\n"), 0o644)
}

// database returns the shared server. A machine that has none is told so;
// with APPM_REQUIRE_SERVERS=1 that is a failure.
func database(t *testing.T) *mysqld.Server {
	t.Helper()
	dbOnce.Do(startDatabase)
	if errDB == nil {
		return dbServer
	}
	if os.Getenv("APPM_REQUIRE_SERVERS") == "1" {
		t.Fatal(errDB)
	}
	t.Skipf("NOT TESTED, for want of a database server (APPM_REQUIRE_SERVERS=1 makes this a failure): %v", errDB)
	return nil
}

const appPassword = `p<w&"d'1`

func startDatabase() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if dbServer, errDB = mysqld.Start(ctx, mysqld.Options{Kind: mysqld.Kind(os.Getenv("APPM_TEST_SERVER")), Dir: filepath.Join(tempDir, "db")}); errDB != nil {
		return
	}
	// Where an anonymous user lives at localhost, '%' alone would not do.
	if errDB = statements("",
		"CREATE USER 'appm'@'%' IDENTIFIED BY 'p<w&\"d''1', 'appm'@'localhost' IDENTIFIED BY 'p<w&\"d''1'",
		"CREATE DATABASE EMPTY_DB", "GRANT ALL ON EMPTY_DB.* TO 'appm'@'%', 'appm'@'localhost'"); errDB != nil {
		return
	}
	for name, scripts := range map[string][]string{
		"AM_DB":         {"identity/mysql.sql", "appmgt/mysql.sql"},
		"UM_DB":         {"mysql.sql"},
		"UM2_DB":        {"mysql.sql"}, // for those who race
		"REG_DB":        {"mysql.sql"},
		"ES_STORAGE_DB": {"storage/mysql/resource.sql"},
	} {
		if errDB = load(name, scripts); errDB != nil {
			return
		}
	}
}

func load(database string, scripts []string) error {
	if err := statements("", "CREATE DATABASE "+database+" CHARACTER SET latin1", "GRANT ALL ON "+database+".* TO 'appm'@'%', 'appm'@'localhost'"); err != nil {
		return err
	}
	files, err := product.Home{}.Files()
	if err != nil {
		return err
	}
	for _, script := range scripts {
		for _, f := range files {
			if f.Path == "dbscripts/"+script {
				if err := statements(database, "SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'; "+string(f.Data)); err != nil {
					return fmt.Errorf("%s: %w", script, err)
				}
			}
		}
	}
	return nil
}

// statements runs each on a connection of its own.
func statements(database string, list ...string) error {
	c := dbServer.Config(database)
	c.MultiStatements = true
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	for _, s := range list {
		if _, err := db.Exec(s); err != nil {
			return fmt.Errorf("%.60s: %w", s, err)
		}
	}
	return nil
}
