package product_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/product"
)

// java is a JVM for wso2server.sh alone: it notes its arguments, writes the
// pid file as the product does, and takes its time to end.
const java = `#!/bin/sh
if [ "$1" = -version ]; then echo "openjdk version \"${FAKE_VERSION:-1.8.0_292}\"" >&2; exit 0; fi
echo start >> "$OUT/starts"
for a in "$@"; do echo "$a"; done > "$OUT/args"
ls -a "$CARBON_HOME_DIR/tmp" > "$OUT/tmp" 2>&1
if [ -e "$OUT/again" ]; then rm "$OUT/again"; exit 121; fi
{ echo $$; head -c 100 /dev/zero; } | head -c 100 > "$CARBON_HOME_DIR/wso2carbon.pid"
trap 'sleep "${STOP_SECONDS:-0.2}"; echo end >> "$OUT/starts"; exit 143' TERM
while :; do sleep 0.02; done
`

type script struct {
	t          *testing.T
	shell      string
	home, out  string
	env        []string
	lastGroups []int
}

// scripts runs a test under the shells that sh is somewhere.
func scripts(t *testing.T, test func(*testing.T, *script)) {
	for _, shell := range []string{"dash", "bash"} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("NOT TESTED: %v", err)
			}
			test(t, newScript(t, path))
		})
	}
}

// newScript makes a home, a JAVA_HOME, and a PATH in which sh is that shell.
func newScript(t *testing.T, shell string) *script {
	t.Helper()
	dir := t.TempDir()
	s := &script{t: t, shell: shell, home: filepath.Join(dir, "home"), out: filepath.Join(dir, "out")}
	if err := (product.Home{}).Write(s.home); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"java/bin", "path", "out"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "java/bin/java"), []byte(java), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(shell, filepath.Join(dir, "path/sh")); err != nil {
		t.Fatal(err)
	}
	s.env = []string{"PATH=" + filepath.Join(dir, "path") + ":" + os.Getenv("PATH"),
		"JAVA_HOME=" + filepath.Join(dir, "java"), "OUT=" + s.out, "CARBON_HOME_DIR=" + s.home}
	t.Cleanup(s.end)
	return s
}

// end ends whatever the scripts of the test left running.
func (s *script) end() {
	for _, group := range s.lastGroups {
		syscall.Kill(-group, syscall.SIGKILL)
	}
}

// run returns what the script printed, its exit code and how long it took.
func (s *script) run(args ...string) (stdout, stderr string, code int, took time.Duration) {
	s.t.Helper()
	cmd := exec.Command(s.shell, append([]string{filepath.Join(s.home, "bin/wso2server.sh")}, args...)...)
	cmd.Env = s.env
	// A group of its own: the server that it leaves behind is in it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.lastGroups = append(s.lastGroups, cmd.Process.Pid)
	cmd.Wait()
	return out.String(), errs.String(), cmd.ProcessState.ExitCode(), time.Since(began)
}

// await waits until a file of the fake java has the text.
func (s *script) await(file, text string) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if data, _ := os.ReadFile(filepath.Join(s.out, file)); strings.Contains(string(data), text) {
			return
		}
	}
	data, _ := os.ReadFile(filepath.Join(s.out, file))
	s.t.Fatalf("no %q in %s: %q", text, file, data)
}

// started starts the server and waits for its pid file.
func (s *script) started(args ...string) int {
	s.t.Helper()
	if out, errs, code, _ := s.run(append([]string{"start"}, args...)...); code != 0 || out+errs != "" {
		s.t.Fatalf("start: exit %d, %q, %q", code, out, errs)
	}
	return s.pid(0)
}

// pid waits for a pid file with another pid than before.
func (s *script) pid(before int) int {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		data, _ := os.ReadFile(filepath.Join(s.home, "wso2carbon.pid"))
		if pid, err := strconv.Atoi(strings.TrimRight(string(data), "\n\x00")); err == nil && pid != before && len(data) == 100 {
			return pid
		}
	}
	s.t.Fatal("no pid file")
	return 0
}

func (s *script) starts() int {
	data, _ := os.ReadFile(filepath.Join(s.out, "starts"))
	return strings.Count(string(data), "start\n")
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil && !strings.Contains(err.Error(), "no such file") // no /proc here
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func TestWithoutJavaHomeEveryCommandFails(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		s.env = []string{s.env[0]}
		for _, command := range []string{"start", "stop", "restart", "version", ""} {
			out, _, code, _ := s.run(strings.Fields(command)...)
			if code != 1 || out != "Error: JAVA_HOME is not defined correctly.\n CARBON cannot execute java\n" {
				t.Errorf("%s: exit %d, %q", command, code, out)
			}
		}
	})
}

func TestStartReturnsAtOnceAndSaysNothing(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		pid := s.started("-DportOffset=1", "-Dx=a b")
		if !alive(pid) {
			t.Error("the server does not run")
		}
		args, _ := os.ReadFile(filepath.Join(s.out, "args"))
		for _, want := range []string{"-Xmx1024m\n", "-Dcarbon.home=" + s.home + "\n", "org.wso2.carbon.bootstrap.Bootstrap\n-DportOffset=1\n-Dx=a\nb\n"} {
			if !strings.Contains(string(args), want) {
				t.Errorf("no %q in the arguments:\n%s", want, args)
			}
		}
		out, _, code, _ := s.run("start")
		if code != 0 || out != "Process is already running\n" || s.starts() != 1 {
			t.Errorf("a second start: exit %d, %q, %d starts", code, out, s.starts())
		}
	})
}

func TestAStrangersPidKeepsItFromStarting(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		stranger := exec.Command("sleep", "60")
		if err := stranger.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { stranger.Process.Kill(); stranger.Wait() }()
		content := append([]byte(fmt.Sprintf("%d\n", stranger.Process.Pid)), make([]byte, 90)...)
		if err := os.WriteFile(filepath.Join(s.home, "wso2carbon.pid"), content, 0o644); err != nil {
			t.Fatal(err)
		}
		if out, _, code, _ := s.run("start"); code != 0 || out != "Process is already running\n" || s.starts() != 0 {
			t.Errorf("exit %d, %q, %d starts", code, out, s.starts())
		}
	})
}

func TestADeadPidDoesNot(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		gone := exec.Command("true")
		if err := gone.Run(); err != nil {
			t.Fatal(err)
		}
		content := append([]byte(fmt.Sprintf("%d\n", gone.Process.Pid)), make([]byte, 90)...)
		if err := os.WriteFile(filepath.Join(s.home, "wso2carbon.pid"), content, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, code, _ := s.run("start"); code != 0 {
			t.Errorf("exit %d", code)
		}
		s.await("starts", "start")
	})
}

func TestStopDoesNotWaitAndLeavesThePidFile(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		s.env = append(s.env, "STOP_SECONDS=1.5")
		pid := s.started()
		if _, _, code, _ := s.run("stop"); code != 0 {
			t.Errorf("exit %d", code)
		}
		if !alive(pid) {
			t.Error("it was gone already")
		}
		s.await("starts", "end")
		if _, err := os.Stat(filepath.Join(s.home, "wso2carbon.pid")); err != nil {
			t.Error(err)
		}
	})
}

func TestStopWithoutAServerIsFineToo(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		if _, errs, code, _ := s.run("stop"); code != 0 || errs == "" {
			t.Errorf("exit %d, stderr %q, want 0 and complaints", code, errs)
		}
	})
}

func TestRestartWaitsForTheEnd(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		before := s.started()
		if _, _, code, took := s.run("restart"); code != 0 || took < time.Second {
			t.Errorf("exit %d after %v, want 0 after a second or more", code, took)
		}
		if s.pid(before); alive(before) {
			t.Error("the old server still runs")
		}
		if s.starts() != 2 {
			t.Errorf("%d starts, want 2", s.starts())
		}
	})
}

func TestRestartWithoutAServerStartsOne(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		if _, errs, code, _ := s.run("restart"); code != 0 || errs == "" {
			t.Errorf("exit %d, stderr %q", code, errs)
		}
		s.pid(0)
	})
}

func TestVersionIsAnotherProducts(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		if out, _, code, _ := s.run("version"); code != 0 || out != "WSO2 App Manager v1.1.0\nWSO2 Carbon v4.4.7\n" {
			t.Errorf("exit %d, %q", code, out)
		}
	})
}

func TestEveryStartEmptiesTmp(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		if err := os.WriteFile(filepath.Join(s.home, "tmp/left"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		s.started()
		if got, _ := os.ReadFile(filepath.Join(s.out, "tmp")); strings.Contains(string(got), "left") {
			t.Errorf("tmp of the server: %s", got)
		}
	})
}

func TestExitCode121StartsAgain(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		if err := os.WriteFile(filepath.Join(s.out, "again"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		s.started()
		if s.starts() != 2 {
			t.Errorf("%d starts, want 2", s.starts())
		}
	})
}

func TestAnotherJavaIsOnlyMentioned(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		s.env = append(s.env, "FAKE_VERSION=11.0.2")
		done := make(chan string)
		go func() {
			out, _, _, _ := s.run() // in the foreground
			done <- out
		}()
		pid := s.pid(0)
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if out := <-done; !strings.Contains(out, " [ERROR] CARBON is supported only on JDK 1.7 and 1.8\n") {
			t.Errorf("got %q", out)
		}
	})
}

func TestTheScriptMayBeALink(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		link := filepath.Join(t.TempDir(), "appm")
		if err := os.Symlink(filepath.Join(s.home, "bin/wso2server.sh"), link); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(s.shell, link, "version")
		cmd.Env = s.env
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Carbon v4.4.7") {
			t.Errorf("got %v, %s", err, out)
		}
	})
}
