package mysqld

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// machine is an /etc of the test's own.
func machine(t *testing.T, files map[string]string) string {
	t.Helper()
	etc := t.TempDir()
	for name, text := range files {
		path := filepath.Join(etc, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return etc
}

const release = "PRETTY_NAME=\"Debian\"\nVERSION_CODENAME=bookworm\n"

func TestOnlyTheSuiteOfTheMachinesSourcesIsExchanged(t *testing.T) {
	etc := machine(t, map[string]string{
		"os-release": release,
		"apt/sources.list": "# deb http://old.example/debian bookworm main\n" +
			"deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # ours\n" +
			"deb-src http://mirror.example/debian bookworm main\n" +
			"deb http://mirror.example/security bookworm-security main\n",
		"apt/sources.list.d/tool.list": "deb https://tool.example/apt tool main\n",
		"apt/sources.list.d/debian.sources": "Types: deb deb-src\n# http://comment.example\nURIs: http://m2.example/debian\nSuites: bookworm bookworm-updates\n" +
			"Components: main\nSigned-By:\n -----BEGIN KEY-----\n .\n abc\n\n\n" +
			"types: deb\nuris: http://m2.example/security\nsuites: bookworm-security\ncomponents: main\n\n" +
			"Types: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n",
	})
	got, err := machineSources(etc, "unstable")
	if err != nil {
		t.Fatal(err)
	}
	want := []source{
		{"list", "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian unstable main\n"},
		{"sources", "Types: deb\nSuites: unstable\nComponents: main\nURIs: http://m2.example/debian\nSigned-By:\n -----BEGIN KEY-----\n .\n abc\n"},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d sources %q, want %d", len(got), got, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
}

func TestAMachineWithoutDebianSourcesIsSaid(t *testing.T) {
	etc := machine(t, map[string]string{"os-release": "VERSION_CODENAME=noble\n", "apt/sources.list": "deb http://x.example/other plucky main\n"})
	if _, err := machineSources(etc, "unstable"); err == nil || !strings.Contains(err.Error(), "noble, stable") {
		t.Errorf("got %v, want it to name the suites that were looked for", err)
	}
}

func TestPackagesAreRecordedWithTheirVersions(t *testing.T) {
	got := recorded([]string{"/x/zlib1g_1%3a1.3.1-1_amd64.deb", "/x/mysql-server-core_9.7.4-2_amd64.deb"})
	if want := "mysql-server-core=9.7.4-2\nzlib1g=1:1.3.1-1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if v := field(got, "mysql-server-core"); v != "9.7.4-2" {
		t.Errorf("read again: %q", v)
	}
}

// A run that is cut leaves a directory without its mark, or one under another
// name; neither is taken for an installation.
func TestWhatIsNotCompleteIsNotFound(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	half := filepath.Join(cacheDir(), fetching+"123", "root")
	if err := errors.Join(os.MkdirAll(half, 0o755), os.MkdirAll(filepath.Join(cacheDir(), string(MySQL9), "root"), 0o755)); err != nil {
		t.Fatal(err)
	}
	var missing *Missing
	if inst, err := Find(MySQL9); !errors.As(err, &missing) {
		t.Errorf("found %+v, %v; want *Missing", inst, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, kind := range []Kind{MySQL9, MariaDB11} {
		if inst, err := Ensure(ctx, kind); err == nil {
			t.Errorf("a cancelled Ensure found %+v", inst)
		}
		if inst, err := Find(kind); !errors.As(err, &missing) {
			t.Errorf("after a cancelled Ensure: %+v, %v; want *Missing", inst, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(cacheDir(), fetching+"*")); len(left) != 0 {
		t.Errorf("left there: %q", left)
	}
}

// fit ends a test of a kind that cannot run here, and says so.
func fit(t *testing.T, kind Kind) {
	t.Helper()
	if why := Unfit(kind); why != "" {
		t.Skip("LEFT OUT: " + why)
	}
}

func TestASecondEnsureDoesNothing(t *testing.T) {
	for _, kind := range []Kind{MySQL9, MariaDB11} {
		t.Run(string(kind), func(t *testing.T) {
			fit(t, kind)
			if _, err := Ensure(t.Context(), kind); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // whatever it ran would fail
			inst, err := Ensure(ctx, kind)
			if err != nil || inst.Version == "" {
				t.Fatalf("%+v, %v; want an installation with its version", inst, err)
			}
			t.Logf("%s is %s", kind, inst.Version)
		})
	}
}

// Servers that share a root do not meet, and leave no mount behind.
func TestServersInOneRootAreApart(t *testing.T) {
	fit(t, MariaDB11)
	before := mounts(t)
	a := start(t, Options{Kind: MariaDB11, Dir: t.TempDir()})
	long := filepath.Join(t.TempDir(), strings.Repeat("long/", 20))
	b := start(t, Options{Kind: MariaDB11, Dir: long})
	exec1(t, a, "CREATE DATABASE only_a")
	exec1(t, b, "CREATE DATABASE only_a")
	for _, s := range []*Server{a, b} {
		if info, err := os.Stat(s.Socket); err != nil || info.Mode()&os.ModeSocket == 0 || len(s.Socket) > 100 {
			t.Errorf("socket %s: %v", s.Socket, err)
		}
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}
	if after := mounts(t); after != before {
		t.Errorf("mounts\n%s\nwere\n%s", after, before)
	}
}

func mounts(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, cacheDir()) {
			ours = append(ours, line)
		}
	}
	return strings.Join(ours, "")
}
