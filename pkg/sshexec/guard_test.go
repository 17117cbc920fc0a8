package sshexec

import (
	"bufio"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A script ends when its session's stdin does: in the session's own process
// group, in one that setsid makes, and without.
func TestGuard(t *testing.T) {
	for name, hidden := range map[string][]string{"leader": nil, "group": {"if led"}, "alone": {"if led", "if command -v setsid"}} {
		t.Run(name, func(t *testing.T) {
			script := strings.Replace(job{mark: "M", idle: true}.guarded(watchScript+"watch &\n"+`sh -c 'echo $$; exec sleep 600'`), "elif", "else if", 1) + "fi\n"
			for _, hide := range hidden {
				was := script
				if script = strings.Replace(script, hide, "if false", 1); script == was {
					t.Fatalf("the script does not say %q", hide)
				}
			}
			cmd := exec.Command("sh", "-c", commonScript+script)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			pid, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			alive := func() bool { return exec.Command("kill", "-0", strings.TrimSpace(pid)).Run() == nil }
			if !alive() {
				t.Error("the script is gone before its stdin ended")
			}
			stdin.Close()
			for i := 0; alive(); i++ {
				if i == 50 {
					t.Fatalf("process %s lives on", pid)
				}
				time.Sleep(50 * time.Millisecond)
			}
			_ = cmd.Wait()
		})
	}
}

// A group that is not the session's own is spared: in it there may be the sshd.
func TestGuardSparesAGroupOfOthers(t *testing.T) {
	script := commonScript + job{mark: "M", idle: true}.guarded(watchScript+"watch &\n"+`echo begun; sleep 600`)
	cmd := exec.Command("sh", "-c", `sh -c "$1"; echo spared`, "sh", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	begun := make(chan struct{})
	cmd.Stdout = writes(func(p []byte) {
		if out.Len() == 0 {
			close(begun)
		}
		out.Write(p)
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-begun
	stdin.Close()
	if err := cmd.Wait(); err != nil || out.String() != "begun\nspared\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

type writes func([]byte)

func (w writes) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}
