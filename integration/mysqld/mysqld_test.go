package mysqld

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T, o Options) *Server {
	t.Helper()
	if _, err := Ensure(t.Context(), o.Kind); err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestServersAnswerAndKeepTheirDataOverARestart(t *testing.T) {
	for _, kind := range Tested {
		t.Run(string(kind), func(t *testing.T) {
			fit(t, kind)
			dir := t.TempDir()
			s := start(t, Options{Kind: kind, Dir: dir, RootHosts: []string{"%"}})
			exec1(t, s, "CREATE DATABASE kept")
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			again := start(t, Options{Kind: kind, Dir: dir, Password: "it's\\new"})
			exec1(t, again, "USE kept")
			t.Log(again.Version)
		})
	}
}

func exec1(t *testing.T, s *Server, q string) {
	t.Helper()
	db, err := s.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), q); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

func TestNoPasswordInArgvOrFiles(t *testing.T) {
	s := start(t, Options{Kind: MariaDB, Dir: t.TempDir(), Password: "planted-secret-7"})
	if cmdline, err := os.ReadFile("/proc/self/cmdline"); err == nil && len(cmdline) > 0 {
		argv, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.PID), "cmdline"))
		if err != nil || !strings.Contains(string(argv), "--datadir") {
			t.Fatalf("argv of %d: %q, %v", s.PID, argv, err)
		}
		if strings.Contains(string(argv), "planted") {
			t.Errorf("argv holds the password: %q", argv)
		}
	}
	if _, err := os.Stat(filepath.Join(s.Dir, "init.sql")); !os.IsNotExist(err) {
		t.Errorf("init.sql with the password is still there (%v)", err)
	}
}

func TestAServerThatCannotStartShowsItsLog(t *testing.T) {
	if _, err := Ensure(t.Context(), MariaDB); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	_, err := Start(t.Context(), Options{Kind: MariaDB, Dir: t.TempDir(), Args: []string{"--no-such-option"}})
	if err == nil || !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("got %v, want the log's complaint about no-such-option", err)
	}
	if d := time.Since(begun); d > 30*time.Second {
		t.Errorf("took %s to notice that the server had ended", d)
	}
}

func TestSimulatedReadsInstLines(t *testing.T) {
	out := "NOTE: This is only a simulation!\nInst libaio1 (0.3.113-4 Debian:12/stable [amd64])\nInst mariadb-server-core [1:10] (1:10.11 Debian)\nConf libaio1 (0.3)\n"
	if got := strings.Join(simulated([]byte(out)), " "); got != "libaio1 mariadb-server-core" {
		t.Errorf("got %q, want libaio1 mariadb-server-core", got)
	}
}

func TestAnotherArchiveIsNotRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "archive.tgz")
	if err := os.WriteFile(file, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := checkSum(file, mysql56Sum); err == nil || !strings.Contains(err.Error(), "is not run") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestServicesAreDeniedOnlyWhilePackagesAreInstalled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy-rc.d")
	for _, c := range []struct{ before, during, after string }{
		{"", noPolicy, ""},
		{noPolicy, noPolicy, ""}, // left by a run that was killed
		{"the machine's own", "the machine's own", "the machine's own"},
	} {
		if c.before != "" {
			if err := os.WriteFile(path, []byte(c.before), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		allow, err := denyServices(path)
		if err != nil {
			t.Fatal(err)
		}
		during, _ := os.ReadFile(path)
		allow()
		after, _ := os.ReadFile(path)
		if string(during) != c.during || string(after) != c.after {
			t.Errorf("before %q: during %q, after %q; want %q, %q", c.before, during, after, c.during, c.after)
		}
	}
}

func TestCancelEndsTheWait(t *testing.T) {
	if _, err := Ensure(t.Context(), MariaDB); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{Kind: MariaDB, Dir: t.TempDir()}); err == nil {
		t.Error("a cancelled start returned a server")
	}
}
