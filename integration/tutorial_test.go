package integration_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/docs"
)

const origin = "https://github.com/appm-provision/appm-provision"

// TestTutorial follows docs/tutorial.md from an empty directory, in one shell, as
// its reader does, and ends where the page says: four servers are up, and the lab
// goes when its terminal is interrupted.
func TestTutorial(t *testing.T) {
	t.Parallel()
	blocks, err := docs.Blocks("../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newShell(t)
	var background []*exec.Cmd
	for _, b := range blocks {
		ready, apart := strings.CutPrefix(b.Mark, "in a terminal of its own, until: ")
		switch {
		case apart:
			background = append(background, s.apart(t, b, ready))
		case b.Lang == "sh":
			s.do(t, b, docs.Call{Command: b.Text, Output: "…\n"})
		case b.Lang == "console":
			for _, c := range b.Calls() {
				s.do(t, b, c)
			}
		}
	}
	status := s.do(t, docs.Block{Page: "the end"}, docs.Call{Command: "appm-provision status", Output: "…\n"})
	for _, node := range []string{"idp1", "gw1", "pub1", "store1"} {
		if !strings.Contains(status, node) {
			t.Errorf("status does not name %s:\n%s", node, status)
		}
	}
	s.do(t, docs.Block{Page: "the end"}, docs.Call{Command: "appm-provision plan --detailed-exitcode", Output: "…\n"})
	for _, cmd := range background {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) // what Ctrl-C does to all of a terminal
		_ = cmd.Wait()                                     // make tells that it was interrupted
	}
	if _, err := os.Stat(filepath.Join(s.dir, "lab", "inventory.toml")); !os.IsNotExist(err) {
		t.Errorf("the lab's folder is still there: %v", err)
	}
}

// shell is one session of sh: what a block sets, later ones see.
type shell struct {
	dir string
	env []string
	in  io.WriteCloser
	out *bufio.Reader
}

func newShell(t *testing.T) *shell {
	t.Helper()
	dir, err := os.MkdirTemp("", "appm-tut-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	home := t.TempDir()
	config := "[url \"file://" + published(t) + "\"]\n\tinsteadOf = " + origin + "\n"
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &shell{dir: dir, env: append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+filepath.Join(home, "state"), "SSH_AUTH_SOCK=", "GIT_CONFIG_NOSYSTEM=1", "MAKEFLAGS=")}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS"} { // of the machine, not of the new home
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		s.env = append(s.env, name+"="+strings.TrimSpace(string(value)))
	}
	s.start(t)
	return s
}

// published is the project as one would clone it.
func published(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := docs.Copy("..", dir); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "all of it"}} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return dir
}

func (s *shell) start(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh")
	cmd.Dir, cmd.Env = s.dir, s.env
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	if s.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	s.out = bufio.NewReader(read)
	t.Cleanup(func() { s.in.Close(); _ = cmd.Wait(); read.Close() })
}

// do runs a command in the session. It must succeed and print what the page shows.
func (s *shell) do(t *testing.T, b docs.Block, c docs.Call) string {
	t.Helper()
	const mark = "tutorial-exit-code "
	if _, err := io.WriteString(s.in, "{ "+strings.TrimRight(c.Command, "\n")+"\n} </dev/null\necho \""+mark+"$?\"\n"); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if code, is := strings.CutPrefix(line, mark); is {
			if strings.TrimSpace(code) != "0" {
				t.Fatalf("%s:%d: %sended with %s%s", b.Page, b.Line, c.Command, code, printed.String())
			}
			break
		}
		if err != nil {
			t.Fatalf("%s:%d: %s%v\n%s", b.Page, b.Line, c.Command, err, printed.String())
		}
		printed.WriteString(line)
	}
	if err := docs.Shows(c.Output, printed.String()); err != nil {
		t.Errorf("%s:%d: %s%v", b.Page, b.Line, c.Command, err)
	}
	return printed.String()
}

// apart runs a block in a terminal of its own, and returns once it has printed
// what the page says one waits for.
func (s *shell) apart(t *testing.T, b docs.Block, ready string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", b.Text)
	cmd.Dir, cmd.Env = filepath.Join(s.dir, "appm-provision"), s.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 30 * time.Second
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); read.Close() })
	var printed strings.Builder
	for lines := bufio.NewScanner(read); lines.Scan(); {
		printed.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), ready) {
			go func() { _, _ = io.Copy(io.Discard, read) }()
			return cmd
		}
	}
	t.Fatalf("%s:%d: %q was never printed, but\n%s", b.Page, b.Line, ready, printed.String())
	return nil
}
