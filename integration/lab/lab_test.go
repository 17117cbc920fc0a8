package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeJava is a server that does nothing: these tests are about the lab.
func fakeJava(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "java")
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncase $1 in -version) echo 'java version \"1.8.0_292\"' >&2; exit ;; esac\nwhile :; do sleep 1; done\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// startServer leaves a server running, as the product's script does.
func startServer(t *testing.T, l *Lab, h *Host) {
	t.Helper()
	run(t, l, h, "nohup "+l.JavaHome+"/bin/java -Dcarbon.home="+h.Nodes[0].Home+" </dev/null >/dev/null 2>&1 &")
	eventually(t, "a server on "+h.Name, func() bool {
		servers, err := h.Servers()
		return err == nil && len(servers) == 1
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !waitFor(ok) {
		t.Errorf("not within a minute: %s", what)
	}
}

func waitFor(ok func() bool) bool {
	for range 6000 {
		if ok() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// sshTo runs a command through the system's own client, which trusts only the
// lab's known_hosts.
func sshTo(ctx context.Context, l *Lab, h *Host, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "ssh", "-F", "none", "-i", l.KeyFile, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
		"-o", "UserKnownHostsFile="+l.KnownHosts, "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes",
		"-o", "BatchMode=yes", "-p", itoa(h.SSH.Port), l.User+"@"+h.SSH.Host, command)
}

func run(t *testing.T, l *Lab, h *Host, command string) string {
	t.Helper()
	cmd := sshTo(t.Context(), l, h, command)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ssh %s %s: %v\n%s", h.Name, command, err, stderr.String())
	}
	return string(out)
}

func closeAtEnd(t *testing.T, l *Lab) {
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		nothingLeft(t, l)
	})
}

// nothingLeft looks for files, processes, links, routes and notes of a lab.
func nothingLeft(t *testing.T, l *Lab) {
	t.Helper()
	if _, err := os.Stat(l.Dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", l.Dir, err)
	}
	lines, err := commandLines()
	if err != nil {
		t.Error(err)
	}
	for pid, argv := range lines {
		if strings.Contains(strings.Join(argv, " "), l.Dir+"/") {
			t.Errorf("process %d is still there: %q", pid, argv)
		}
	}
	if _, err := loadState(l.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still in the register of labs (%v)", err)
	}
	if l.state.Link == "" {
		return
	}
	for _, args := range [][]string{{"link"}, {"route", "show", "table", "all"}} {
		out, err := exec.Command("ip", args...).Output()
		if err != nil || strings.Contains(string(out), l.state.Link) || strings.Contains(string(out), l.state.Prefix) {
			t.Errorf("ip %q still shows %s or %s, %v:\n%s", args, l.state.Link, l.state.Prefix, err, out)
		}
	}
}

const childDir, childForm = "APPM_LAB_TEST_DIR", "APPM_LAB_TEST_FORM"

// TestMain is also the process that the tests below kill.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(os.Getenv(childForm), dir))
	}
	os.Exit(m.Run())
}

func child(form, dir string) int {
	o := Options{Java: filepath.Join(filepath.Dir(dir), "java")}
	start := Embedded
	if form == "real" {
		start = Real
	}
	l, err := start(context.Background(), dir, o)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("up")
	if form != "use" {
		select {} // until it is killed
	}
	if err := errors.Join(use(l), l.Close()); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// use starts every server with the product's own script, and works on the database.
func use(l *Lab) error {
	for _, h := range l.Hosts {
		start := "JAVA_HOME=" + l.JavaHome + " sh " + h.Nodes[0].Home + "/bin/wso2server.sh start; cd /; touch $HOME/x $TMPDIR/x"
		if out, err := sshTo(context.Background(), l, h, start).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", h.Name, err, out)
		}
		up := waitFor(func() bool {
			servers, err := h.Servers()
			return err == nil && len(servers) == 1
		})
		if !up {
			return fmt.Errorf("%s: no server", h.Name)
		}
	}
	db, err := l.OpenDatabase()
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec("CREATE DATABASE d")
	return err
}

// killed runs a lab in a process of its own and kills that as soon as what it
// has written into its directory satisfies ready.
func killed(t *testing.T, form string, ready func(dir string, said string) bool) (dir string) {
	t.Helper()
	dir = filepath.Join(filepath.Dir(fakeJava(t)), "lab")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childForm+"="+form)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said <- line
	}()
	limit, line := time.After(time.Minute), ""
	for !ready(dir, line) {
		select {
		case line = <-said:
			if line != "up\n" {
				t.Fatalf("the lab said %q", line)
			}
		case <-limit:
			t.Fatal("the lab did not come up within a minute")
		case <-time.After(2 * time.Millisecond):
		}
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	return dir
}

func isUp(_, said string) bool { return said == "up\n" }

// hasGrown waits until the lab has written a file, however far it is with it.
func hasGrown(name string) func(string, string) bool {
	return func(dir, said string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil || isUp(dir, said)
	}
}

// forms are those that can run here; what is left out is said.
func forms(t *testing.T) []string {
	if err := canBeReal(); err != nil {
		t.Logf("LEFT OUT: %v", err)
		return []string{"embedded"}
	}
	return []string{"embedded", "real"}
}

func TestAKilledLabIsCleanedUpFromItsNotes(t *testing.T) {
	for _, form := range forms(t) {
		moments := []string{"up", stateFile, "hosts/gw1/opt", "database/data"}
		if form == "real" {
			moments[3] = "hosts/db1/var/lib/mysql/data"
		}
		for _, moment := range moments {
			t.Run(form+" "+moment, func(t *testing.T) {
				ready := isUp
				if moment != "up" {
					ready = hasGrown(moment)
				}
				dir := killed(t, form, ready)
				s, err := loadState(dir)
				if err != nil {
					t.Fatal(err)
				}
				if err := Down(t.Context(), dir); err != nil {
					t.Fatal(err)
				}
				nothingLeft(t, &Lab{Dir: dir, state: s})
			})
		}
	}
}

func TestTheNextLabSweepsUpAfterAKilledOne(t *testing.T) {
	for _, form := range forms(t) {
		dir := killed(t, form, isUp)
		s, err := loadState(dir)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Embedded(t.Context(), dir, Options{Java: fakeJava(t)}) // in its place, even
		if err != nil {
			t.Fatal(err)
		}
		if again.state.ID == s.ID {
			t.Error("the new lab is the old one")
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		nothingLeft(t, &Lab{Dir: dir, state: s})
	}
}

func TestALabWhoseDirectorySomebodyDeletedEnds(t *testing.T) {
	for _, form := range forms(t) {
		dir := killed(t, form, isUp)
		s, err := loadState(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		nothingLeft(t, &Lab{Dir: dir, state: s})
	}
}

// With every other place of the machine read-only, whoever writes outside of
// the lab's directory fails. The register of labs is the one exception.
func TestAnEmbeddedLabWritesInItsDirectoryOnly(t *testing.T) {
	if err := canBeReal(); err != nil {
		t.Skipf("LEFT OUT: %v", err)
	}
	parent := filepath.Dir(fakeJava(t))
	script := `set -e
mount --make-rprivate /
mount --bind "$1" "$1"
for dir in $(cut -d' ' -f5 /proc/self/mountinfo); do
	case $dir in "$1" | /proc | /proc/* | /dev | /dev/*) ;; *) mount -o remount,bind,ro "$dir" ;; esac
done
! touch /tmp/written /written "$HOME/written" 2>/dev/null
exec "$2"`
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-c", script, "sh", parent, os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+filepath.Join(parent, "lab"), childForm+"=use", "XDG_CACHE_HOME="+parent, "TMPDIR="+parent)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "up\n" {
		t.Errorf("%v: %s", err, out)
	}
	left, err := filepath.Glob(filepath.Join(parent, "*"))
	if err != nil || !slices.Equal(left, []string{filepath.Join(parent, "appm-provision"), filepath.Join(parent, "java")}) {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestALabThatIsUpIsNotSwept(t *testing.T) {
	l := embedded(t, Options{})
	if err := Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if dirs, err := List(); err != nil || slices.Contains(dirs, l.Dir) {
		t.Errorf("in the list of labs to end: %q, %v", dirs, err)
	}
	if got := run(t, l, l.Hosts[0], "echo here"); got != "here\n" {
		t.Errorf("got %q", got)
	}
	if _, err := Embedded(t.Context(), l.Dir, Options{}); err == nil || !strings.Contains(err.Error(), "is up") {
		t.Errorf("a second lab in its directory: %v, want a refusal", err)
	}
}

func TestARecycledProcessIDIsNotKilled(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	other := remember(cmd.Process.Pid, "sleep")
	recycled := other
	recycled.Start += "0"
	if err := end(t.Context(), time.Second, recycled, process{PID: 0}, process{PID: -1, Start: "1"}); err != nil {
		t.Error(err)
	}
	if !other.alive() {
		t.Error("a process with the id, but not the start time, of the remembered one was killed")
	}
	if err := end(t.Context(), time.Second, other); err != nil {
		t.Error(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) {
		t.Errorf("sleep: %v, want an end by signal", err)
	}
}

func TestKeepOutlivesClose(t *testing.T) {
	t.Setenv("APPM_LAB_KEEP", "1")
	dir := filepath.Join(t.TempDir(), "lab")
	l, err := Embedded(t.Context(), dir, Options{Java: fakeJava(t), Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.DumpDatabases(t.Context()); err != nil {
		t.Errorf("the database of a kept lab: %v", err)
	}
	if err := Down(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for _, h := range l.Hosts {
		_ = h.sshd.close()
	}
	nothingLeft(t, l)
}
