package integration_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// TestSecretsOfLogins plans and applies over real hosts whose sudo asks for a
// password, by a key that has a passphrase: from the environment, and typed on a
// terminal, once each for all hosts.
func TestSecretsOfLogins(t *testing.T) {
	t.Parallel()
	const sudo, passphrase = "hush sudo's \"own\" pässword", "hush key"
	d := deployment{name: "OpenSSH and MariaDB", real: true, kind: mysqld.MariaDB, sudo: sudo}
	if why := d.left(); why != "" {
		fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s: %s ***\n\n", t.Name(), why)
		t.Skip(why)
	}
	w := up(t, d)
	locked := w.lockedKey(t, passphrase)
	w.env = append(w.env, "LAB_SUDO="+sudo, "LAB_WRONG=hush wrong", "LAB_KEY="+passphrase)
	for _, r := range []refusal{
		{name: "no sudo password", code: 13, want: []string{"idp1: ", "store1: ", "sudo wants a password", "become_password"}, make: func(t *testing.T, w *world) string { return w.inventory }},
		{name: "a wrong sudo password", code: 13, want: []string{"idp1: ", "store1: ", "wrong sudo password for deploy"}, not: []string{"hush"}, make: func(t *testing.T, w *world) string {
			return w.withSSH(t, `become_password = { env = "LAB_WRONG" }`)
		}},
	} {
		t.Run(r.name, func(t *testing.T) { refused(t, w, r) })
	}
	before := w.look(t)
	secrets := `jump = "db1"
become_password = %s
passphrase = %s`
	fromEnv := w.vary(t, w.KeyFile, locked, "config = \"none\"\n", "config = \"none\"\n"+fmt.Sprintf(secrets, `{ env = "LAB_SUDO" }`, `{ env = "LAB_KEY" }`)+"\n")
	wanted := w.runOn(t, fromEnv, "plan")
	if wanted.code != 0 {
		t.Fatalf("the plan ended with %d: %s", wanted.code, wanted.err)
	}
	typed := w.vary(t, w.KeyFile, locked, "config = \"none\"\n", "config = \"none\"\n"+fmt.Sprintf(secrets, `{ prompt = true }`, `{ prompt = true }`)+"\n")
	got, asked := w.runTyping(t, []string{sudo, "wrong", passphrase}, "plan", "-i", typed)
	if got.code != 0 || got.out != wanted.out {
		t.Errorf("with secrets that are typed, the plan ended with %d: %s%s", got.code, got.out, got.err)
	}
	if want := []string{"ssh.become_password (idp1, db1, gw1, pub1, store1): ", "passphrase of " + locked + ": ", "passphrase of " + locked + ": "}; fmt.Sprint(asked) != fmt.Sprint(want) {
		t.Errorf("it asks %q, want %q", asked, want)
	}
	w.same(t, before, "a plan")
	if r := w.runOn(t, fromEnv, "apply", "--yes"); r.code != 0 {
		t.Fatalf("the apply ended with %d: %s%s", r.code, r.out, r.err)
	}
	if r := w.runOn(t, fromEnv, "plan", "--detailed-exitcode"); r.code != 0 {
		t.Errorf("after it a plan ends with %d: %s%s", r.code, r.out, r.err)
	}
	for _, h := range w.Hosts {
		for _, log := range []string{"/var/log/sshd.log", "/var/log/auth.log"} {
			text, err := os.ReadFile(h.Path(log))
			if err == nil && bytes.Contains(text, []byte("hush")) {
				t.Errorf("%s:%s holds a secret", h.Name, log)
			}
		}
	}
}

// runTyping calls the tool at a terminal of its own, types the answers to what
// it asks, and returns the questions.
func (w *world) runTyping(t *testing.T, answers []string, args ...string) (result, []string) {
	t.Helper()
	near, far := terminal(t)
	cmd := exec.CommandContext(t.Context(), w.tool, args...)
	typist := &typist{near: near, answers: answers}
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = far, &out, typist
	cmd.Env = w.environ()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code tells
	return result{out.String(), typist.heard.String(), cmd.ProcessState.ExitCode()}, typist.asked
}

// typist answers each question as it comes.
type typist struct {
	near    *os.File
	answers []string

	mu    sync.Mutex
	heard bytes.Buffer
	line  string
	asked []string
}

func (p *typist) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard.Write(text)
	p.line += string(text)
	p.line = p.line[strings.LastIndexByte(p.line, '\n')+1:]
	if strings.HasSuffix(p.line, ": ") && len(p.answers) > 0 {
		p.asked = append(p.asked, p.line)
		p.line = ""
		_, _ = p.near.WriteString(p.answers[0] + "\n")
		p.answers = p.answers[1:]
	}
	return len(text), nil
}

// terminal is a pseudo-terminal: near is the person's side, far the program's.
func terminal(t *testing.T) (near, far *os.File) {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	var number, unlock int32
	for _, call := range []struct {
		request uintptr
		arg     *int32
	}{{syscall.TIOCSPTLCK, &unlock}, {syscall.TIOCGPTN, &number}} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, near.Fd(), call.request, uintptr(unsafe.Pointer(call.arg))); errno != 0 {
			t.Fatal(errno)
		}
	}
	if far, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return near, far
}

// TestDestroyAsksTwice: before databases are dropped, and takes no other answer.
func TestDestroyAsksTwice(t *testing.T) {
	t.Parallel()
	w := up(t, deployments[0])
	w.want(t, 0, "apply", "--yes", "--limit", "database")
	sees := w.look(t)
	for _, c := range []struct {
		answers []string
		code    int
		asked   int
	}{
		{[]string{"no"}, 1, 1}, {[]string{"yes", "yes"}, 1, 2}, {[]string{"yes", ""}, 1, 2}, {[]string{"yes", "lab"}, 0, 2},
	} {
		w.same(t, sees, "what was not answered") // of the one before
		r, asked := w.runTyping(t, c.answers, "destroy", "--databases", "lab", "-i", w.inventory)
		if r.code != c.code || len(asked) != c.asked {
			t.Errorf("%q ended with %d after %q, want %d after %d questions\n%s", c.answers, r.code, asked, c.code, c.asked, r.err)
		}
		if c.asked == 2 && !strings.Contains(asked[1], "nothing brings them back") {
			t.Errorf("the second question is %q", asked[1])
		}
	}
	w.says(t, w.want(t, 0, "destroy", "--databases", "lab", "--yes").out, "No changes.")
}
