package converge

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// sh runs one of our scripts as a host would.
func sh(t *testing.T, shell, script string, args ...string) string {
	t.Helper()
	cmd := exec.Command(shell, append([]string{"-c", script, "sh"}, args...)...)
	out, err := cmd.Output()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	return string(out)
}

// shells are those of this machine that a host's sh may be.
func shells(t *testing.T) []string {
	t.Helper()
	var have []string
	for _, s := range []string{"sh", "dash", "bash"} {
		if _, err := exec.LookPath(s); err == nil {
			have = append(have, s)
		}
	}
	return have
}

// standIn starts a process that looks like the server of a home.
func standIn(t *testing.T, home string) int {
	t.Helper()
	cmd := exec.Command("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done", "java", "-Dcarbon.home="+home, "-Dlast")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait() }()
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	return cmd.Process.Pid
}

func TestTheServerIsFoundByItsHomeAndDatedByTheHostsClock(t *testing.T) {
	dir := t.TempDir()
	home, link := filepath.Join(dir, "home"), filepath.Join(dir, "link")
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(home, link); err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	pid := standIn(t, home)
	standIn(t, home+"-other")
	after := time.Now()
	for _, shell := range shells(t) {
		for _, name := range []string{home, link} {
			o, err := parseServer(sh(t, shell, probeServer, name))
			if err != nil {
				t.Fatal(err)
			}
			s := o.(*plan.Server)
			if !s.Running || s.PID != pid {
				t.Errorf("%s: the server of %s is %+v, want process %d", shell, name, s, pid)
			}
			// The kernel counts in hundredths of a second.
			if early, late := before.Add(-30*time.Millisecond), after.Add(time.Second); s.Started.Before(early) || s.Started.After(late) {
				t.Errorf("%s: started %v, want between %v and %v", shell, s.Started, early, late)
			}
		}
		if o, err := parseServer(sh(t, shell, probeServer, filepath.Join(dir, "none"))); err != nil || o.(*plan.Server).Running {
			t.Errorf("%s: a server of a home without one: %+v, %v", shell, o, err)
		}
	}
}

func TestJavaIsReadFromItsReleaseFileElseAsked(t *testing.T) {
	dir := t.TempDir()
	for name, files := range map[string]map[string]string{
		"seven": {"release": "JAVA_VERSION=\"1.7.0_80\"\nOS_NAME=\"Linux\"\n", "bin/java": "#!/bin/sh\nexit 1\n"},
		"eight": {"bin/java": "#!/bin/sh\necho 'openjdk version \"1.8.0_292\"' >&2\n"},
		"none":  {"bin/javac": ""},
	} {
		for file, text := range files {
			path := filepath.Join(dir, name, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, shell := range shells(t) {
		got := parseJava(sh(t, shell, probeJava, filepath.Join(dir, "none"), filepath.Join(dir, "seven"), filepath.Join(dir, "eight"), filepath.Join(dir, "seven")))
		want := []plan.JDK{{Home: filepath.Join(dir, "seven"), Version: "1.7.0_80"}, {Home: filepath.Join(dir, "eight"), Version: "1.8.0_292"}}
		if len(got.Homes) < 2 || got.Homes[0] != want[0] || got.Homes[1] != want[1] {
			t.Errorf("%s: got %v, want %v first", shell, got.Homes, want)
		}
	}
}

// aHome is a home whose wso2server.sh is the given script.
func aHome(t *testing.T, script string) string {
	t.Helper()
	home := t.TempDir()
	for _, d := range []string{"bin", "repository/logs"} {
		if err := os.MkdirAll(filepath.Join(home, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(home, "bin/wso2server.sh"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "repository/logs/wso2carbon.log"), []byte("WSO2 Carbon started in 5 sec\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return home
}

// These are the ways in which a start fails; what goes right, and what takes
// long, is tested over real hosts in integration.
func TestAServerThatDoesNotComeUpIsTold(t *testing.T) {
	for name, c := range map[string]struct{ script, want, patience string }{
		"the process ends": {
			"echo 'ERROR no database' >> repository/logs/wso2carbon.log\nsh -c 'sleep 4; :' java -Dcarbon.home=\"$(pwd)\" &\n",
			"failed the server process", "60", // on a busy machine the end is seen late
		},
		"an old line of the log counts for nothing": {
			"sh -c 'sleep 12; :' java -Dcarbon.home=\"$(pwd)\" &\n",
			"failed its log does not say 'WSO2 Carbon started in' within 6 s", "6",
		},
		"a port is closed": {
			"echo 'WSO2 Carbon started in 1 sec' >> repository/logs/wso2carbon.log\nsh -c 'sleep 12; :' java -Dcarbon.home=\"$(pwd)\" &\n",
			"no process listens on port 1 within 6 s", "6",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := sh(t, "sh", serverScript, aHome(t, c.script), "start", "/jdk", c.patience, "2", "1")
			if !strings.Contains(out, c.want) {
				t.Errorf("got %s\nwant %q", out, c.want)
			}
			if strings.Contains(out, "started in 5 sec") {
				t.Error("a line of an earlier start is shown")
			}
		})
	}
}

func TestStopWaitsForTheProcess(t *testing.T) {
	home := aHome(t, "exit 0\n")
	pid := standIn(t, home)
	if out := sh(t, "sh", serverScript, home, "stop", "", "5", "5"); strings.Contains(out, "failed") {
		t.Error(out)
	}
	if err := syscall.Kill(pid, 0); err == nil {
		if o, _ := parseServer(sh(t, "sh", probeServer, home)); o.(*plan.Server).Running {
			t.Errorf("process %d still runs", pid)
		}
	}
}
