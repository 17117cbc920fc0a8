package sshexec

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The password of every user of a vault, and its hash as crypt makes it.
const (
	vaultPassword = `g'h $m é"\!`
	vaultHash     = `$6$appm$/7i/OGHsPDL3zbAqvN9Ng3PYNrMR8yWle0swrFacKibwzKJYVS5NJA0V2Hzzl3DJSECvok65Kzjq/QWvk5wBR.`
)

// vaultUsers are users of a cell that may become root, if their password is
// right, and what sudoers says besides.
var vaultUsers = []struct{ name, defaults, rule string }{
	{"asks", "", "ALL=(ALL) ALL"},
	{"free", "", "ALL=(ALL) NOPASSWD: ALL"},
	{"fresh", "timestamp_timeout=60, timestamp_type=global", "ALL=(ALL) ALL"},
	{"never", "timestamp_timeout=0", "ALL=(ALL) ALL"},
	{"lecture", "lecture=always, insults", "ALL=(ALL) ALL"},
	{"prompt", `passprompt_override, passprompt="%u, Kennwort bitte: "`, "ALL=(ALL) ALL"},
	{"odd", `passprompt_override, passprompt="und nun? "`, "ALL=(ALL) ALL"},
	{"usepty", "use_pty", "ALL=(ALL) ALL"},
	{"tty", "requiretty, !use_pty", "ALL=(ALL) ALL"},
	{"ttypty", "requiretty, use_pty, lecture=always", "ALL=(ALL) ALL"},
	{"ttyfree", "requiretty, use_pty", "ALL=(ALL) NOPASSWD: ALL"},
	{"once", "passwd_tries=1", "ALL=(ALL) ALL"},
	{"logged", "log_input, log_output, iolog_dir=/run/io", "ALL=(ALL) ALL"},
	{"unlogged", "!log_input, !log_output, use_pty", "ALL=(ALL) ALL"},
	{"some", "", "ALL=(ALL) /bin/true"},
	{"toapp", "", "ALL=(app) ALL"},
}

var vault struct {
	once sync.Once
	cell *cell
}

// vaultCell is a cell with users who have passwords.
func vaultCell(t testing.TB) *cell {
	t.Helper()
	needRoot(t)
	vault.once.Do(func() {
		vault.cell = newCell(t, sharedKey(t).PublicKey())
		vault.cell.addUsers(t)
	})
	return vault.cell
}

func (c *cell) addUsers(t testing.TB) {
	t.Helper()
	passwd, sudoers := cellPasswd, "Defaults lecture_status_dir=/run/lectured, logfile=/home/sudo.log\n"
	for i, u := range vaultUsers {
		if u.name != "asks" {
			passwd += fmt.Sprintf("%s:x:%d:%[2]d::/home/%[1]s:/bin/sh\n", u.name, 3101+i)
		}
		if u.defaults != "" {
			sudoers += fmt.Sprintf("Defaults:%s %s\n", u.name, u.defaults)
		}
		sudoers += u.name + " " + u.rule + "\n"
	}
	var group, shadow strings.Builder
	for line := range strings.Lines(passwd) {
		f := strings.Split(strings.TrimSpace(line), ":")
		hash := vaultHash
		if f[0] == "sshd" || f[0] == "nobody" {
			hash = "*"
		}
		fmt.Fprintf(&group, "%s:x:%s:\n", f[0], f[3])
		fmt.Fprintf(&shadow, "%s:%s:19000:0:99999:7:::\n", f[0], hash)
		if strings.HasPrefix(f[5], "/home/") {
			must(t, exec.Command("install", "-d", "-m", "755", "-o", f[2], "-g", f[3], filepath.Join(c.dir, f[5])))
		}
	}
	etc := func(name, text string, mode os.FileMode) { write(t, filepath.Join(c.dir, "etc", name), text, mode) }
	etc("passwd", passwd, 0o644)
	etc("group", group.String(), 0o644)
	etc("shadow", shadow.String(), 0o640)
	etc("sudoers", sudoers, 0o440)
	etc("doas.conf", "permit asks as root\npermit nopass free as root\npermit persist fresh as root\npermit toapp as app\n", 0o600)
	etc("pam.d/doas", "auth sufficient pam_unix.so nodelay\nauth required pam_deny.so\naccount required pam_permit.so\nsession required pam_permit.so\n", 0o644)
	etc("pam.d/su", "auth sufficient pam_rootok.so\nauth sufficient pam_unix.so nodelay\nauth required pam_deny.so\naccount required pam_permit.so\nsession required pam_permit.so\n", 0o644)
	etc("pam.d/sudo", "auth sufficient pam_unix.so nodelay\nauth required pam_deny.so\naccount required pam_permit.so\nsession required pam_permit.so\n", 0o644)
}

// through is a way to become another user.
func (c *cell) through(t testing.TB, user, method, password string) Config {
	t.Helper()
	cfg := c.config(user, false, sharedKey(t))
	cfg.Become = method
	if password != "" {
		cfg.BecomePassword = func() string { return password }
	}
	return cfg
}

// All four ways to run something work, whatever the way to the other user says
// and asks.
func TestBecomesRoot(t *testing.T) {
	c := vaultCell(t)
	for _, way := range []struct {
		method, user, password string
	}{
		{"sudo", "asks", vaultPassword}, {"sudo", "free", vaultPassword}, {"sudo", "free", ""}, {"sudo", "fresh", vaultPassword},
		{"sudo", "never", vaultPassword}, {"sudo", "lecture", vaultPassword}, {"sudo", "prompt", vaultPassword}, {"sudo", "odd", vaultPassword},
		{"sudo", "usepty", vaultPassword}, {"sudo", "tty", vaultPassword}, {"sudo", "ttypty", vaultPassword}, {"sudo", "ttyfree", ""},
		{"sudo", "ttyfree", vaultPassword}, {"sudo", "once", vaultPassword}, {"sudo", "logged", vaultPassword}, {"sudo", "unlogged", vaultPassword},
		{"sudo", "root", vaultPassword}, {"su", "plain", vaultPassword}, {"su", "root", ""},
		{"doas", "asks", vaultPassword}, {"doas", "free", ""}, {"doas", "free", vaultPassword}, {"doas", "fresh", vaultPassword},
	} {
		name := fmt.Sprintf("%s %s, password %v", way.method, way.user, way.password != "")
		t.Run(name, func(t *testing.T) {
			if way.method == "doas" {
				needs(t, "doas")
			}
			cfg := c.through(t, way.user, way.method, way.password)
			cfg.StagingDirectory = ".stage-" + randomHex(4)
			becomesRoot(t, cfg)
		})
	}
}

func becomesRoot(t *testing.T, cfg Config) {
	t.Helper()
	conn := dial(t, cfg)
	h := host{cfg.User, conn, true, openDir(t), 0}
	testGather(t, h)
	h.dir = openDir(t)
	testReplace(t, h)
	testRun(t, h)
	h.dir = openDir(t)
	testUpload(t, h)
	tunnel, err := conn.DialRoot(t.Context(), unixEcho(t, openDir(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer tunnel.Close()
	if who := roundTrip(t, tunnel); who != "0000" && peerKnown {
		t.Errorf("the socket sees user %s, want 0", who)
	}
}

func needs(t testing.TB, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("LEFT OUT: %s is not installed", tool)
	}
}

// A wrong password is tried once on a connection, and is one error; nothing else
// is taken for an attempt.
func TestWrongBecomePassword(t *testing.T) {
	c := vaultCell(t)
	for _, way := range []struct{ method, user string }{
		{"sudo", "asks"}, {"sudo", "never"}, {"sudo", "lecture"}, {"sudo", "prompt"}, {"sudo", "odd"}, {"sudo", "once"}, {"sudo", "usepty"},
		{"sudo", "tty"}, {"sudo", "ttypty"}, {"su", "plain"}, {"doas", "asks"},
	} {
		t.Run(way.method+" "+way.user, func(t *testing.T) {
			if way.method == "doas" {
				needs(t, "doas")
			}
			conn := dial(t, c.through(t, way.user, way.method, "not "+vaultPassword))
			log := filepath.Join(c.dir, "home/sudo.log")
			_ = os.Truncate(log, 0)
			want := "wrong " + way.method + " password for " + way.user
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					_, err := conn.Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/hosts"}})
					wantSudo(t, err, want)
				})
			}
			wg.Wait()
			_, err := conn.Replace(t.Context(), []Replace{{Path: "/tmp/x", SHA256: sums(""), Mode: 0o644}})
			wantSudo(t, err, want)
			_, _, err = conn.Run(t.Context(), "", "true", nil, []byte("secret"), nil)
			wantSudo(t, err, want)
			_, err = conn.DialRoot(t.Context(), "/run/none.sock")
			wantSudo(t, err, want)
			if way.method == "sudo" {
				if said, n := attempts(log); n != 1 {
					t.Errorf("sudo counted %d attempts, want 1: %s", n, said)
				}
			}
		})
	}
}

// attempts reads how many attempts sudo has logged, once it has logged any.
func attempts(log string) (said string, n int) {
	for range 1200 {
		data, _ := os.ReadFile(log)
		said = string(data)
		n = strings.Count(said, "1 incorrect password attempt")*1 + strings.Count(said, "incorrect password attempts")*2
		if n > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return said, n
}

// What is missing is named, in the words of the file it belongs in.
func TestBecomeIsRefused(t *testing.T) {
	c := vaultCell(t)
	for _, way := range []struct {
		method, user, password string
		want                   []string
	}{
		{"sudo", "asks", "", []string{"give become_password", "asks ALL=(ALL) NOPASSWD: ALL"}},
		{"sudo", "plain", vaultPassword, []string{"does not let plain run sh as root", "plain ALL=(ALL) ALL"}},
		{"sudo", "some", vaultPassword, []string{"does not let some run sh as root", "some ALL=(ALL) ALL"}},
		{"sudo", "toapp", vaultPassword, []string{"does not let toapp run sh as root", "toapp ALL=(ALL) ALL"}},
		{"su", "plain", "", []string{"su wants the password of root", "give become_password"}},
		{"doas", "asks", "", []string{"give become_password", "permit nopass asks as root"}},
		{"doas", "plain", vaultPassword, []string{"does not let plain run sh as root", "permit plain as root"}},
		{"sudo", "asks", "two\nlines", []string{"holds a line end"}},
	} {
		t.Run(fmt.Sprintf("%s %s %v", way.method, way.user, way.password != ""), func(t *testing.T) {
			if way.method == "doas" {
				needs(t, "doas")
			}
			conn := dial(t, c.through(t, way.user, way.method, way.password))
			for range 2 {
				_, _, err := conn.Run(t.Context(), "", "true", nil, []byte("a secret"), nil)
				for _, want := range way.want {
					if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "appm-") {
						t.Errorf("got %v, want %q", err, want)
					}
				}
			}
		})
	}
}

// A target user who is not root is who scripts run as. Its own files need no
// change of user, and those of others are refused.
func TestBecomesAnotherUser(t *testing.T) {
	c := vaultCell(t)
	for method, user := range map[string]string{"sudo": "toapp", "su": "plain", "doas": "toapp"} {
		t.Run(method, func(t *testing.T) {
			if method == "doas" {
				needs(t, "doas")
			}
			cfg := c.through(t, user, method, vaultPassword)
			cfg.BecomeUser = "app"
			if method == "su" { // which leaves users without a login shell to root
				refused, err := dial(t, cfg).Gather(t.Context(), []Read{{Kind: "run", Name: "true"}})
				if err == nil || !strings.Contains(err.Error(), "lets nobody in; become root") {
					t.Errorf("a user without a login shell: got %+v, %v", refused, err)
				}
				useShell(t, c, "app")
			}
			conn := dial(t, cfg)
			dir := openDir(t)
			own, foreign := filepath.Join(dir, "own"), filepath.Join(dir, "foreign")
			write(t, own, "old", 0o600)
			write(t, foreign, "not ours", 0o644)
			must(t, exec.Command("chown", "3004:3004", own, dir))
			must(t, exec.Command("chown", "3005", foreign))
			found := gather(t, conn, Read{Kind: "run", Name: "id -un"}, Read{Kind: "file", Name: own, As: own},
				Read{Kind: "file", Name: foreign, As: foreign}, Read{Kind: "file", Name: foreign}, Read{Kind: "run", Name: "id -un", As: dir})
			if got := string(found[0][0].Data) + string(found[4][0].Data); got != "app\napp\n" {
				t.Errorf("scripts run as %q, want app", got)
			}
			if f := found[1][0]; string(f.Data) != "old" || f.Err != "" {
				t.Errorf("its own file: got %+v", f)
			}
			if f := found[2][0]; !strings.Contains(f.Err, "belongs to another user") || f.Kind == "absent" {
				t.Errorf("as another owner: got %+v", f)
			}
			if f := found[3][0]; string(f.Data) != "not ours" {
				t.Errorf("a file that everybody may read: got %+v", f)
			}
			wrote := replace(t, conn, Replace{Path: own, As: dir, Before: sums("old"), Data: []byte("new"), SHA256: sums("new")},
				Replace{Path: foreign, As: foreign, Before: sums("not ours"), Data: []byte("x"), SHA256: sums("x")})
			if !wrote[0].Done || wrote[1].Done || !strings.Contains(wrote[1].Err, "belongs to another user") {
				t.Errorf("got %+v", wrote)
			}
			if _, _, err := conn.Run(t.Context(), foreign, "true", nil, nil, nil); !IsKind(err, Request) || !strings.Contains(err.Error(), "belongs to another user") {
				t.Errorf("run as another owner: got %v", err)
			}
		})
	}
}

// useShell gives a user of a cell a login shell, until the test ends.
func useShell(t *testing.T, c *cell, user string) {
	t.Helper()
	file := filepath.Join(c.dir, "etc/passwd")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var after strings.Builder
	for line := range strings.Lines(string(before)) {
		if strings.HasPrefix(line, user+":") {
			line = strings.Replace(line, "/usr/sbin/nologin", "/bin/sh", 1)
		}
		after.WriteString(line)
	}
	write(t, file, after.String(), 0o644)
	t.Cleanup(func() { write(t, file, string(before), 0o644) })
}

// From root, scripts become the owners of paths, whichever way root was reached.
func TestOwnerAfterBecoming(t *testing.T) {
	c := vaultCell(t)
	for method, user := range map[string]string{"sudo": "asks", "su": "plain", "doas": "asks"} {
		t.Run(method, func(t *testing.T) {
			if method == "doas" {
				needs(t, "doas")
			}
			cfg := c.through(t, user, method, vaultPassword)
			cfg.StagingDirectory = ".stage-" + randomHex(4)
			testAsOwner(t, host{user, dial(t, cfg), true, openDir(t), 0})
		})
	}
}

// Whoever has sudo log what passes through it is told what that means.
func TestSudoThatLogs(t *testing.T) {
	c := vaultCell(t)
	for user, want := range map[string]int{"logged": 1, "unlogged": 0, "asks": 0} {
		var warned []string
		cfg := c.through(t, user, "sudo", vaultPassword)
		cfg.Warn = func(text string) { warned = append(warned, text) }
		conn := dial(t, cfg)
		for range 3 {
			gather(t, conn, Read{Kind: "run", Name: "true"})
		}
		if len(warned) != want || want > 0 && !strings.Contains(warned[0], "Defaults:logged !log_input") {
			t.Errorf("%s: got %q, want %d warnings", user, warned, want)
		}
	}
}

// The password is in no argument, no environment, no temporary file, and not in
// what sudo writes down.
func TestBecomePasswordIsNowhere(t *testing.T) {
	c := vaultCell(t)
	for _, way := range []struct{ method, user string }{{"sudo", "never"}, {"sudo", "free"}, {"sudo", "tty"}, {"su", "plain"}} {
		stop, seen := make(chan struct{}), 0
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					seen += searchProcesses([]byte(vaultPassword))
				}
			}
		})
		conn := dial(t, c.through(t, way.user, way.method, vaultPassword))
		found := gather(t, conn, Read{Kind: "run", Name: "env; set; cat /home/sudo.log; sleep 0.3"})
		_, _, err := conn.Run(t.Context(), "", "env; sleep 0.3", nil, []byte("in"), nil)
		close(stop)
		wg.Wait()
		if err != nil || seen > 0 || bytes.Contains(found[0][0].Data, []byte(vaultPassword)) {
			t.Errorf("%v: seen %d times, %v, %q", way, seen, err, found[0][0].Data)
		}
	}
}
