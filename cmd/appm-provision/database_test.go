package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/mysqld"
	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// comeIn is the way of an inventory with these lines in [database], up to what
// a plan reads of the server. It yields the cipher of the connection.
func comeIn(t *testing.T, dir string, port int, lines string) (cipher string, err error) {
	t.Helper()
	text := fmt.Sprintf("name = \"t\"\npartial = true\n[driver]\nfile = \"d.jar\"\n[database]\naddress = \"127.0.0.1\"\nport = %d\nuser = \"appm\"\npassword = { env = \"P\" }\n%s\n", port, lines)
	inv, _, err := inventory.Parse("inventory.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s := &session{app: &app{stdin: os.Stdin, stderr: &bytes.Buffer{}}, inv: inv, dir: dir, conns: map[string]*sshexec.Conn{}}
	if err := s.prepareDatabase(sources{dir: dir, stdin: os.Stdin}); err != nil {
		return "", err
	}
	db, err := s.openDatabase()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := converge.Databases(t.Context(), db, inv.Database.Ledger, nil); err != nil {
		return "", err
	}
	return cipher, db.QueryRowContext(t.Context(), "SHOW STATUS LIKE 'Ssl_cipher'").Scan(new(string), &cipher)
}

// mariaDB starts a server whose root logs in with the password in dir/root.
func mariaDB(t *testing.T, dir string, args ...string) (*mysqld.Server, *sql.DB) {
	t.Helper()
	return server(t, mysqld.MariaDB, dir, args...)
}

func server(t *testing.T, kind mysqld.Kind, dir string, args ...string) (*mysqld.Server, *sql.DB) {
	t.Helper()
	if testing.Short() {
		t.Skip("LEFT OUT by -short: a database server")
	}
	if why := mysqld.Unfit(kind); why != "" {
		t.Skip("NOT TESTED: " + why)
	}
	if _, err := mysqld.Find(kind); err != nil {
		if os.Getenv("APPM_REQUIRE_SERVERS") == "1" {
			t.Fatal(err)
		}
		t.Skipf("NOT TESTED (APPM_REQUIRE_SERVERS=1 makes this a failure): %v", err)
	}
	s, err := mysqld.Start(t.Context(), mysqld.Options{Kind: kind, Dir: filepath.Join(dir, "db"), Args: args})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "root"), []byte(s.Password), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := s.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return s, db
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, q := range statements {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// asAdmin logs in with root's password.
const asAdmin = "admin = { password = { file = \"root\" } }\n"

// A want is how a way in ends: with a cipher, without one, or with an error that
// says each of the texts.
type want struct {
	lines  string
	cipher bool
	says   []string
}

func (w want) check(t *testing.T, dir string, port int) {
	t.Helper()
	cipher, err := comeIn(t, dir, port, w.lines)
	switch {
	case len(w.says) == 0 && err != nil:
		t.Errorf("%s: %v", w.lines, err)
	case len(w.says) == 0 && (cipher != "") != w.cipher:
		t.Errorf("%s: cipher %q, want one: %v", w.lines, cipher, w.cipher)
	case len(w.says) > 0 && err == nil:
		t.Errorf("%s: came in with cipher %q, want an error", w.lines, cipher)
	}
	if len(w.says) == 0 || err == nil {
		return
	}
	if code := exitCode(context.Background(), err); code != exitDatabase {
		t.Errorf("%s: exit code %d, want %d: %v", w.lines, code, exitDatabase, err)
	}
	for _, text := range w.says {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error does not say %q: %v", w.lines, text, err)
		}
	}
	t.Log(err)
}

func TestAnAuthorityThatIsNone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte("-----BEGIN PRIVATE KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, says := range map[string]string{"none.pem": "correct the path", "key.pem": "holds no certificate"} {
		_, err := comeIn(t, dir, 1, asAdmin+"tls = \"verify\"\ntls_ca = \""+file+"\"")
		if err == nil || !strings.Contains(err.Error(), says) || exitCode(context.Background(), err) != exitInput {
			t.Errorf("%s: got %v, want an error of the inventory that says %q", file, err, says)
		}
	}
}

func TestALocalSocket(t *testing.T) {
	dir := t.TempDir()
	s, db := mariaDB(t, dir)
	socket := fmt.Sprintf("socket = %q\n", s.Socket)
	want{socket + asAdmin, false, nil}.check(t, dir, s.Port)
	who := "'" + me() + "'@'localhost'"
	execute(t, db, "CREATE USER other@localhost IDENTIFIED VIA unix_socket",
		"CREATE OR REPLACE USER "+who+" IDENTIFIED VIA unix_socket", "GRANT ALL ON *.* TO "+who+" WITH GRANT OPTION")
	as := func(user string) string { return fmt.Sprintf("%sadmin = { user = %q }", socket, user) }
	want{as(me()), false, nil}.check(t, dir, s.Port)
	want{as("other"), false, []string{"no password was given", "the server sees the system's user " + me(), "run as other"}}.check(t, dir, s.Port)
	want{"socket = \"/nowhere/mysqld.sock\"\nadmin = { user = \"root\" }", false, []string{"/nowhere/mysqld.sock", "via"}}.check(t, dir, s.Port)
}

// auth_socket is to MySQL what unix_socket is to MariaDB.
func TestALocalSocketOfMySQL(t *testing.T) {
	dir := t.TempDir()
	s, db := server(t, mysqld.MySQL9, dir)
	execute(t, db, "INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'", "CREATE USER other@localhost IDENTIFIED WITH auth_socket",
		"ALTER USER '"+me()+"'@'localhost' IDENTIFIED WITH auth_socket")
	as := func(user string) string { return fmt.Sprintf("socket = %q\nadmin = { user = %q }", s.Socket, user) }
	want{as(me()), false, nil}.check(t, dir, s.Port)
	want{as("other"), false, []string{"no password was given", "the server sees the system's user " + me(), "run as other"}}.check(t, dir, s.Port)
}
