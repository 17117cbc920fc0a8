package sshexec

import (
	"bufio"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A script ends when its session's stdin does, with setsid and without.
func TestGuard(t *testing.T) {
	for name, hide := range map[string]string{"group": "", "alone": "command -v setsid"} {
		t.Run(name, func(t *testing.T) {
			script := guarded("M", watchScript+"watch &\n"+`sh -c 'echo $$; exec sleep 600'`)
			if hide != "" {
				script = strings.Replace(script, hide, "false", 1)
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
