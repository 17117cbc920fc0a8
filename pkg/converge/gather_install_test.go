package converge

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

func TestWhatAPackageProbeSays(t *testing.T) {
	for _, c := range []struct{ name, out, want string }{
		{"mariadb-server", "user 0\nmanager apt\nhave mariadb-server 1:10.11.19-0+deb12u1\n", "apt mariadb-server there 1:10.11.19-0+deb12u1: MariaDB 10.11.19 root"},
		{"mariadb-server", "user 1000\nmanager apt\nhave mysql-server-8.0 8.0.36-0ubuntu0.22.04.1\n", "apt mysql-server-8.0 there 8.0.36-0ubuntu0.22.04.1: MySQL 8.0.36"},
		{"default-mysql-server", "user 0\nmanager apt\ncomes mariadb-server-core 1:10.11.6-0\ncomes mariadb-server 1:10.11.6-0\ncomes default-mysql-server 1.1.0\n",
			"apt default-mysql-server 1.1.0 with 3: MariaDB 10.11.6 root"},
		{"default-mysql-server", "user 0\nmanager apt\nunknown Unable to locate package default-mysql-server\n", "apt default-mysql-server unknown: root"},
		{"mysql-server", "user 0\nmanager apt\ncomes mysql-server-core-8.0 8.0.36-0\ncomes mysql-server 8.0.36-0\n", "apt mysql-server 8.0.36-0 with 2: MySQL 8.0.36 root"},
		{"mariadb-server", "user 0\nmanager dnf\ncomes mariadb-server 3:10.5.22-1.el9_2\n", "dnf mariadb-server 3:10.5.22-1.el9_2 with 1: MariaDB 10.5.22 root"},
		{"mariadb-server", "user 0\nmanager dnf\nhave mariadb105-server 10.5.20-1.amzn2023\n", "dnf mariadb105-server there 10.5.20-1.amzn2023: MariaDB 10.5.20 root"},
		{"mariadb-server", "user 0\nmanager apt\nbroken mariadb-server half-configured\n", "apt mariadb-server broken half-configured: MariaDB root"},
		{"mariadb-server", "user 0\n", "mariadb-server: MariaDB root"},
		{"nginx", "user 0\nmanager apt\ncomes nginx 1.22\n", "apt nginx 1.22 with 1: root"},
	} {
		o, err := parsePackage(c.name, c.out)
		if err != nil {
			t.Errorf("%q: %v", c.out, err)
			continue
		}
		if got := words(o.(*plan.Package)); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.out, got, c.want)
		}
	}
	for _, out := range []string{"sudo: a password is required\n", "\n"} {
		if o, err := parsePackage("x", out); err == nil {
			t.Errorf("%q: got %+v, want an error", out, o)
		}
	}
}

func words(p *plan.Package) string {
	s := p.Manager + " " + p.Name
	switch {
	case p.Installed != "":
		s += " there " + p.Installed
	case p.Broken != "":
		s += " broken " + p.Broken
	case p.Unknown != "":
		s += " unknown"
	case p.Version != "":
		s += " " + p.Version + " with " + string(rune('0'+len(p.With)))
	}
	s += ": " + p.Flavor + " " + p.Server
	if p.Root {
		s += " root"
	}
	return strings.Join(strings.Fields(s), " ")
}

func TestWhatAServiceProbeSays(t *testing.T) {
	o, err := parseService("process 418\nlisten 0100007F\nlisten 00000000000000000000000000000000\nlisten B80D0120000000000000000001000000\nlisten 0000000000000000FFFF00000B0AA8C0\nlisten 0100007F\ndatabase mysql\ndatabase AM_DB\n")
	if err != nil {
		t.Fatal(err)
	}
	s := o.(*plan.Service)
	if want := []string{"127.0.0.1", "192.168.10.11", "2001:db8::1", "::"}; !s.Running || s.PID != 418 || !slices.Equal(s.Listens, want) || !slices.Equal(s.Databases, []string{"mysql", "AM_DB"}) {
		t.Errorf("got %+v, want addresses %v", s, want)
	}
	if o, err := parseService(""); err != nil || o.(*plan.Service).Running {
		t.Errorf("of nothing: %+v, %v", o, err)
	}
	for _, out := range []string{"process x\n", "listen 01\n", "listen zz\n", "listen 0100007F00\n", "listen 0100007F0100007F\n", "Segmentation fault\n"} {
		if o, err := parseService(out); err == nil {
			t.Errorf("%q: got %+v, want an error", out, o)
		}
	}
	for _, a := range []string{"127.0.0.1", "192.168.10.5", "2001:db8::1", "::"} {
		if back, err := kernelAddress(toKernel(a)); err != nil || back != a {
			t.Errorf("%s becomes %s, %v", a, back, err)
		}
	}
}

func TestAServerThatIsNotThereHoldsNothing(t *testing.T) {
	service := ref("db1", plan.KindService, "3306")
	needs := []plan.Need{{Ref: ref(plan.Deployment, plan.KindSchema, "AM_DB")}, {Ref: ref(plan.Deployment, plan.KindAccount, "appm")},
		{Ref: ref(plan.Deployment, plan.KindAdmin, "root")}, {Ref: service}}
	p := &plan.Package{Name: "mariadb-server", Flavor: "MariaDB", Server: "10.11.6"}
	s, err := Fresh(p, service, &plan.Service{Databases: []string{"mysql", "sys"}}, "ledger", needs)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range needs[:2] {
		if o, err := s.Found(n.Ref); o != nil || err != nil {
			t.Errorf("%s: got %v, %v, want absent", n.Ref, o, err)
		}
	}
	m, err := s.Found(ref(plan.Deployment, plan.KindMySQL, ""))
	if err != nil || m.(*plan.MySQL).Found.(dbinit.Server).String() != "MariaDB 10.11.6" {
		t.Errorf("the server is %+v, %v", m, err)
	}
	for _, used := range []*plan.Service{{Databases: []string{"am_db"}}, {Databases: []string{"ledger"}}, {Hidden: true}} {
		var e *plan.Error
		if _, err := Fresh(p, service, used, "ledger", needs); !errors.As(err, &e) || e.Ref != service {
			t.Errorf("%+v: got %v, want a refusal", used, err)
		}
	}
}

// tools makes a folder of programs, those of the machine that are named and
// those that are written here: a host with these and no others.
func tools(t *testing.T, written map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"sh", "id", "cat", "mktemp", "rm", "mv", "wc", "sed", "grep", "setsid", "readlink"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	place := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	place("sleep", "exec /bin/sleep 0.01\n") // time is no matter here
	for name, text := range written {
		place(name, text)
	}
	return dir
}

// shOn runs a script on such a host, and gives its output and exit code.
func shOn(t *testing.T, shell, dir, script string, args ...string) (string, int) {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"-c", script, "sh"}, args...)...)
	cmd.Env = []string{"PATH=" + dir, "LOG=" + filepath.Join(dir, "calls")}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

const noRPM = "exit 1\n"

func TestTheProbeAsksDnfWhereThereIsNoApt(t *testing.T) {
	for _, shell := range shells(t) {
		dir := tools(t, map[string]string{"rpm": noRPM, "dnf": `echo "$@" >>"$LOG"; printf 'comes mariadb-server 3:10.5.22-1.el9\n\ncomes mariadb-server 3:10.5.22-1.el9\n'`})
		out, _ := shOn(t, shell, dir, probePackage, "mariadb-server")
		if want := "manager dnf\ncomes mariadb-server 3:10.5.22-1.el9\n"; !strings.HasSuffix(out, want) {
			t.Errorf("%s: got %q, want %q", shell, out, want)
		}
		if calls := called(t, dir); !strings.Contains(calls, "-C repoquery") || strings.Contains(calls, "makecache") {
			t.Errorf("%s: dnf was asked for %q; a probe fetches nothing", shell, calls)
		}
		dir = tools(t, map[string]string{"rpm": `case "$*" in *mariadb-server) echo "have mariadb-server 10.5.22-1.el9" ;; *) exit 1 ;; esac`, "dnf": "exit 9\n"})
		if out, _ = shOn(t, shell, dir, probePackage, "mariadb-server"); !strings.HasSuffix(out, "manager dnf\nhave mariadb-server 10.5.22-1.el9\n") {
			t.Errorf("%s: got %q", shell, out)
		}
		dir = tools(t, map[string]string{"rpm": noRPM, "dnf": "echo 'Error: Cache-only enabled but no cache for x' >&2; exit 1\n"})
		if out, _ = shOn(t, shell, dir, probePackage, "mariadb-server"); !strings.HasSuffix(out, "unknown Cache-only enabled but no cache for x\n") {
			t.Errorf("%s: got %q", shell, out)
		}
		if out, _ = shOn(t, shell, tools(t, nil), probePackage, "mariadb-server"); strings.Contains(out, "manager") {
			t.Errorf("%s: without a package manager: got %q", shell, out)
		}
	}
}

func called(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

// asRoot are tools of a host on which the script believes to be root.
func asRoot(t *testing.T, written map[string]string) string {
	dir := tools(t, written)
	if err := errors.Join(os.Remove(filepath.Join(dir, "id")), os.WriteFile(filepath.Join(dir, "id"), []byte("#!/bin/sh\necho 0\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestInstallingByDnf(t *testing.T) {
	for _, shell := range shells(t) {
		dir := asRoot(t, map[string]string{"rpm": noRPM, "dnf": `echo "$@" >>"$LOG"; echo Installing; echo Complete!`})
		out, exit := shOn(t, shell, dir, installScript, "dnf", "mariadb-server", "3:10.5.22-1.el9")
		if want := "Installing\nComplete!\n"; out != want || exit != 0 {
			t.Errorf("%s: got %q and %d, want %q", shell, out, exit, want)
		}
		if got, want := called(t, dir), "-y --setopt=install_weak_deps=False install mariadb-server-3:10.5.22-1.el9\n"; got != want {
			t.Errorf("%s: dnf was called with %q, want %q", shell, got, want)
		}
		dir = asRoot(t, map[string]string{"rpm": noRPM, "dnf": "echo 'No match for argument' >&2; exit 7\n"})
		if out, exit = shOn(t, shell, dir, installScript, "dnf", "mariadb-server", ""); exit != 7 || !strings.Contains(out, "No match") {
			t.Errorf("%s: got %q and %d, want what dnf said, and 7", shell, out, exit)
		}
		dir = asRoot(t, map[string]string{"rpm": "exit 0\n", "dnf": `echo called >>"$LOG"`})
		if _, exit = shOn(t, shell, dir, installScript, "dnf", "mariadb-server", ""); exit != exitThere || called(t, dir) != "" {
			t.Errorf("%s: over a package that is there: exit %d, want %d and no call", shell, exit, exitThere)
		}
	}
}

// TestInstallingByApt holds what a real apt does not show: what it is called with.
func TestInstallingByApt(t *testing.T) {
	const options = "-q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "
	for _, c := range []struct{ what, state, policy, version, want string }{
		{"a version that is known", "", "", "1:10.11.6-0", "--no-install-recommends --no-remove install mariadb-server=1:10.11.6-0\n"},
		{"one that is not: the lists come first", "", "", "", "-o Acquire::Retries=1 update\n" + options + "--no-install-recommends --no-remove install mariadb-server\n"},
		{"lists that have come since", "", "  Candidate: 1:10.11.6-0", "", "--no-install-recommends --no-remove install mariadb-server\n"},
		{"one that was removed before", "config-files", "", "1", "--no-install-recommends --no-remove install mariadb-server=1\n"},
		{"one that was cut off", "half-configured", "", "", "--no-install-recommends --no-remove install mariadb-server\n"},
	} {
		for _, shell := range shells(t) {
			dir := asRoot(t, map[string]string{
				"dpkg-query": "echo '" + c.state + "'\n", "apt-cache": "echo '" + c.policy + "'\n",
				"apt-get": `echo "$DEBIAN_FRONTEND $@" >>"$LOG"`,
			})
			_, exit := shOn(t, shell, dir, installScript, "apt", "mariadb-server", c.version)
			if got := strings.ReplaceAll(called(t, dir), "noninteractive ", ""); exit != 0 || got != options+c.want {
				t.Errorf("%s, %s: exit %d, apt-get was called with\n%swant\n%s", shell, c.what, exit, got, options+c.want)
			}
		}
	}
	dir := asRoot(t, map[string]string{"dpkg-query": "echo installed\n", "apt-get": `echo called >>"$LOG"`})
	if _, exit := shOn(t, "sh", dir, installScript, "apt", "mariadb-server", "1"); exit != exitThere || called(t, dir) != "" {
		t.Errorf("over a package that is there: exit %d, want %d and no call", exit, exitThere)
	}
}
