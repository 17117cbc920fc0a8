package sshexec

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Each way to become an owner is taken when those before it are missing.
func TestBecome(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("LEFT OUT: only root can become somebody else")
	}
	dir := openDir(t)
	must(t, exec.Command("chown", "nobody", dir))
	hidden := ""
	for _, c := range []struct{ how, hides string }{
		{"setpriv", "setpriv"}, {"chroot", "chroot"}, {"su", "su"}, {"sudo", "sudo"}, {"none", ""},
	} {
		for _, shell := range []string{"dash", "bash"} {
			script := "N=M\n" + commonScript + hidden + ownerScript +
				"owner 3 " + quote(dir) + " && become sh -c 'id -u; echo \"$1\"' sh 'a  b'; echo $how"
			out, err := exec.Command(shell, "-c", script).Output()
			want := "65534\na  b\n" + c.how + "\n"
			if c.how == "none" {
				want = "M m 3 t\nsudo\n"
			}
			if err != nil || string(out) != want {
				t.Errorf("%s in %s: got %q %v, want %q", c.how, shell, out, err, want)
			}
		}
		hidden += strings.ReplaceAll("X() { return 127; }\n", "X", c.hides)
	}
}

// An owner whose id has no name is nobody's member.
func TestBecomeWithoutAName(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("LEFT OUT: only root can become somebody else")
	}
	dir := openDir(t)
	must(t, exec.Command("chown", "43210:43211", dir))
	script := "N=M\n" + commonScript + ownerScript + "owner 0 " + quote(dir) + " && become sh -c 'id -u; id -G'"
	out, err := exec.Command("sh", "-c", script).Output()
	if err != nil || string(out) != "43210\n43211\n" {
		t.Errorf("got %q %v", out, err)
	}
}
