package sshexec

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// cell is a real OpenSSH sshd in a mount and pid namespace, with an /etc and a
// /home of its own, so that it can have users that this machine does not have.
type cell struct {
	address string
	port    int
	hostKey string // the public half
	dir     string // its files, as seen from outside
	log     *lockedBuffer
	stop    func()
}

// The users of a cell. All are let in by the same key.
const cellPasswd = `root:x:0:0:root:/root:/bin/sh
deploy:x:3001:3001::/home/deploy:/bin/sh
plain:x:3002:3002::/home/plain:/bin/sh
asks:x:3003:3003::/home/asks:/bin/sh
app:x:3004:3004::/home/app:/usr/sbin/nologin
mate:x:3005:3005::/home/mate:/bin/sh
nologin:x:3006:3006::/home/nologin:/usr/sbin/nologin
dash:x:3011:3011::/home/dash:/usr/bin/dash
bash:x:3012:3012::/home/bash:/bin/bash
zsh:x:3013:3013::/home/zsh:/usr/bin/zsh
tcsh:x:3014:3014::/home/tcsh:/usr/bin/tcsh
fish:x:3015:3015::/home/fish:/usr/bin/fish
ksh:x:3016:3016::/home/ksh:/usr/bin/ksh
busybox:x:3017:3017::/home/busybox:/home/busybox/ash
mksh:x:3018:3018::/home/mksh:/usr/bin/mksh
csh:x:3019:3019::/home/csh:/usr/bin/csh
sshd:x:103:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`

const cellSudoers = `Defaults use_pty
deploy ALL=(ALL) NOPASSWD: ALL
asks ALL=(ALL) ALL
mate ALL=(ALL) NOPASSWD: /bin/true
`

const cellInit = `set -e
mount --make-rprivate /
mount --bind "$1/etc" /etc
mount --bind "$1/home" /home
mount -t tmpfs tmpfs /run
mount -t proc proc /proc
mkdir -p /run/sshd
chmod 755 /run/sshd
exec /usr/sbin/sshd -D -e -f /etc/ssh/cell_config
`

func needRoot(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("LEFT OUT by -short: namespaces and a real sshd")
	}
	if os.Getuid() != 0 {
		t.Skip("LEFT OUT: this test makes namespaces and needs root")
	}
	for _, tool := range []string{"/usr/sbin/sshd", "/usr/bin/unshare", "/usr/bin/sudo"} {
		if _, err := os.Stat(tool); err != nil {
			t.Skip("LEFT OUT: this test needs " + tool)
		}
	}
}

// One cell serves all tests that do not need one of their own.
var shared struct {
	once sync.Once
	key  ssh.Signer
	cell *cell
}

func sharedKey(t testing.TB) ssh.Signer {
	shared.once.Do(func() { shared.key = newKey(t) })
	return shared.key
}

func sharedCell(t testing.TB) *cell {
	t.Helper()
	needRoot(t)
	key := sharedKey(t)
	if shared.cell == nil {
		shared.cell = newCell(t, key.PublicKey())
	}
	return shared.cell
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.cell != nil {
		shared.cell.stop()
	}
	if vault.cell != nil {
		vault.cell.stop()
	}
	os.Exit(code)
}

// startCell starts a cell for one test, with further lines for sshd_config.
func startCell(t testing.TB, allowed ssh.PublicKey, sshd ...string) *cell {
	t.Helper()
	needRoot(t)
	c := newCell(t, allowed, sshd...)
	t.Cleanup(c.stop)
	return c
}

func newCell(t testing.TB, allowed ssh.PublicKey, sshd ...string) *cell {
	t.Helper()
	dir, err := os.MkdirTemp("", "appm-cell-")
	if err != nil {
		t.Fatal(err)
	}
	c := &cell{address: "127.0.0.1", port: freePort(t), dir: dir, log: &lockedBuffer{}}
	c.fill(t, allowed, sshd)
	init := filepath.Join(dir, "init.sh")
	write(t, init, cellInit, 0o700)
	// The cell ends when its stdin does, so it does not outlive a test that is killed.
	cmd := exec.Command("sh", "-c", `unshare --mount --pid --fork --kill-child=KILL sh "$1" "$2" </dev/null & cat; kill -9 $!; wait`, "cell", init, dir)
	cmd.Stdout, cmd.Stderr = c.log, c.log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.stop = func() {
		stdin.Close()
		_ = cmd.Wait()
		os.RemoveAll(dir)
	}
	c.await(t)
	return c
}

// fill makes its /etc and /home.
func (c *cell) fill(t testing.TB, allowed ssh.PublicKey, sshd []string) {
	if len(sshd) == 0 || !strings.HasPrefix(sshd[0], "Subsystem ") {
		sshd = append([]string{"Subsystem sftp internal-sftp"}, sshd...)
	}
	must(t, exec.Command("cp", "-a", "/etc", c.dir+"/etc"))
	must(t, exec.Command("chmod", "755", c.dir))
	etc := func(name, text string, mode os.FileMode) { write(t, filepath.Join(c.dir, "etc", name), text, mode) }
	etc("passwd", cellPasswd, 0o644)
	etc("sudoers", cellSudoers, 0o440)
	var group, shadow strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(cellPasswd), "\n") {
		f := strings.Split(line, ":")
		fmt.Fprintf(&group, "%s:x:%s:\n", f[0], f[3])
		fmt.Fprintf(&shadow, "%s:*:19000:0:99999:7:::\n", f[0])
		if strings.HasPrefix(f[5], "/home/") {
			home := filepath.Join(c.dir, f[5])
			must(t, exec.Command("install", "-d", "-m", "755", "-o", f[2], "-g", f[3], home))
		}
	}
	group.WriteString("crew:x:4000:app,deploy\n")
	etc("group", group.String(), 0o644)
	etc("shadow", shadow.String(), 0o640)
	if _, err := os.Stat("/bin/busybox"); err == nil {
		must(t, exec.Command("ln", "-s", "/bin/busybox", c.dir+"/home/busybox/ash"))
	}
	write(t, c.dir+"/home/bash/.bashrc", "echo 'Welcome!'\necho 'to the jungle' >&2\nprintf 'no end of line'\n", 0o644)
	key := filepath.Join(c.dir, "etc/ssh/cell_key")
	must(t, exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key))
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	c.hostKey = string(public)
	etc("ssh/cell_allowed", string(ssh.MarshalAuthorizedKey(allowed)), 0o644)
	pam := "no" // of several lines the first counts
	if slices.Contains(sshd, "UsePAM yes") {
		pam = "yes"
	}
	etc("ssh/cell_config", fmt.Sprintf(`Port %d
ListenAddress 127.0.0.1
HostKey /etc/ssh/cell_key
AuthorizedKeysFile /etc/ssh/cell_allowed
PidFile none
UsePAM %s
StrictModes no
PermitRootLogin yes
LogLevel VERBOSE
MaxStartups 100
%s
`, c.port, pam, strings.Join(sshd, "\n")), 0o644)
}

func (c *cell) await(t testing.TB) {
	t.Helper()
	for range 1200 {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", c.port))
		if err == nil {
			conn.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("sshd does not listen: %s", c.log)
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func write(t testing.TB, file, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", cmd, err, out)
	}
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
