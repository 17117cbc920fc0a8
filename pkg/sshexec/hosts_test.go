package sshexec

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/appm-provision/appm-provision/integration/hosttest"
)

// open makes a folder on the host, of whom scripts run as, and says whether that
// is root.
func open(t *testing.T, conn *Conn) hosttest.Place {
	t.Helper()
	var lines []string
	exit, stderr, err := conn.Run(t.Context(), "", `d=$(mktemp -d "${TMPDIR:-/tmp}/appm-host-XXXXXX") && chmod 755 "$d" && echo "$d" && id -u`, nil, nil, func(l string) { lines = append(lines, l) })
	if err != nil || exit != 0 || len(lines) != 2 {
		t.Fatalf("got %d, %q, %q, %v", exit, lines, stderr, err)
	}
	t.Cleanup(func() { os.RemoveAll(lines[0]) }) // the hosts have this machine's /tmp, or one in a folder of the test
	return hosttest.Place{Host: conn, Dir: lines[0], Root: lines[1] == "0"}
}

// keeps runs the contract over one way to a host.
func keeps(t *testing.T, cfg Config) {
	t.Helper()
	conn := dial(t, cfg)
	hosttest.Contract(t, func(t *testing.T) hosttest.Place { return open(t, conn) })
	t.Run("a script is kept", func(t *testing.T) { testHold(t, cfg) })
}

func TestContractInProcess(t *testing.T) {
	key := sharedKey(t)
	cfg := listen(t, key.PublicKey()).config(key)
	cfg.StagingDirectory = filepath.Join(openDir(t), "stage")
	keeps(t, cfg)
}

func TestContractOpenSSH(t *testing.T) {
	c := vaultCell(t)
	for name, cfg := range map[string]Config{
		"root":                         c.through(t, "root", "", ""),
		"a user":                       c.through(t, "plain", "", ""),
		"sudo":                         c.through(t, "free", "sudo", ""),
		"sudo with a password":         c.through(t, "never", "sudo", vaultPassword),
		"sudo that wants a terminal":   c.through(t, "ttypty", "sudo", vaultPassword),
		"su with a password":           c.through(t, "plain", "su", vaultPassword),
		"tcsh":                         c.through(t, "tcsh", "", ""),
		"fish":                         c.through(t, "fish", "", ""),
		"a chatty shell, with su":      c.through(t, "bash", "su", vaultPassword),
		"through one jump host":        hop(c.through(t, "never", "sudo", vaultPassword), c.config("plain", false, sharedKey(t))),
		"through two jump hosts":       hop(c.through(t, "free", "sudo", ""), hop(c.config("plain", false, sharedKey(t)), c.config("mate", false, sharedKey(t)))),
		"doas, which wants a terminal": c.through(t, "asks", "doas", vaultPassword),
		"sudo to another user":         as(c.through(t, "toapp", "sudo", vaultPassword), "app"),
		"su to another user":           as(c.through(t, "plain", "su", vaultPassword), "mate"),
		"doas to another user":         as(c.through(t, "toapp", "doas", vaultPassword), "app"),
	} {
		t.Run(name, func(t *testing.T) {
			if cfg.Become == "doas" {
				needs(t, "doas")
			}
			if cfg.Become == "" && cfg.User == "root" {
				cfg.StagingDirectory = filepath.Join(openDir(t), "stage")
			}
			keeps(t, cfg)
		})
	}
}

func as(cfg Config, user string) Config {
	cfg.BecomeUser = user
	return cfg
}

func hop(cfg, jump Config) Config {
	cfg.Jump = &jump
	return cfg
}

// dropbearInit starts dropbear where a cell has sshd. $2 is the root to change
// into, $3 what to do there first.
const dropbearInit = `set -e
mount --make-rprivate /
sh -c "$3" sh "$1"
exec chroot "$2" /usr/sbin/dropbear -F -E -p "127.0.0.1:$4" -r /etc/dropbear_key -P /run/dropbear.pid
`

// startDropbear runs it on a free port, and takes the files of a cell.
func startDropbear(t *testing.T, dir, root, prepare string) (port int, log *lockedBuffer) {
	t.Helper()
	port, log = freePort(t), &lockedBuffer{}
	init := filepath.Join(dir, "dropbear.sh")
	write(t, init, dropbearInit, 0o700)
	cmd := exec.Command("sh", "-c", `unshare --mount --pid --fork --kill-child=KILL sh "$@" </dev/null & cat; kill -9 $!; wait`, "dropbear",
		init, dir, root, prepare, fmt.Sprint(port))
	cmd.Stdout, cmd.Stderr = log, log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait()
	})
	for range 1200 {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			conn.Close()
			return port, log
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("dropbear does not listen: %s", log)
	return 0, nil
}

// dropbearKey makes its host key in a file, and yields the public half.
func dropbearKey(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.Command("dropbearkey", "-t", "ed25519", "-f", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "ssh-ed25519 ") {
			return strings.TrimSpace(line)
		}
	}
	t.Fatalf("no public key in %q", out)
	return ""
}

// dropbear has an sshd of another kind: other limits, no streams to unix
// sockets, another SFTP server.
func TestContractDropbear(t *testing.T) {
	needs(t, "dropbear")
	key := sharedKey(t)
	c := startCell(t, key.PublicKey()) // for its files
	c.addUsers(t)
	hostKey := dropbearKey(t, filepath.Join(c.dir, "etc/dropbear_key"))
	for _, user := range []string{"free", "never"} {
		letIn(t, filepath.Join(c.dir, "home", user), user, key.PublicKey())
		must(t, exec.Command("sh", "-c", `chown -R "$(stat -c %u:%g "$1")" "$1"`, "sh", filepath.Join(c.dir, "home", user)))
	}
	port, log := startDropbear(t, c.dir, "/", `mount --bind "$1/etc" /etc; mount --bind "$1/home" /home; mount -t tmpfs tmpfs /run; mount -t proc proc /proc`)
	for user, password := range map[string]string{"free": "", "never": vaultPassword} {
		t.Run(user, func(t *testing.T) {
			cfg := c.through(t, user, "sudo", password)
			cfg.Port, cfg.HostKey = port, hostKey
			keeps(t, cfg)
		})
	}
	if t.Failed() {
		t.Logf("dropbear says: %.2000s", log)
	}
}

func letIn(t *testing.T, home, user string, key ssh.PublicKey) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(home, ".ssh/authorized_keys"), string(ssh.MarshalAuthorizedKey(key)), 0o600)
}

// A root with nothing in it but busybox and dropbear, as small machines have it:
// no bash, no coreutils, no sudo, no SFTP server.
func TestContractSmallRoot(t *testing.T) {
	needRoot(t)
	needs(t, "dropbear")
	needs(t, "busybox")
	key := sharedKey(t)
	dir := openDir(t)
	root := filepath.Join(dir, "root")
	must(t, exec.Command("sh", "-c", `set -e
		cd "$1"
		mkdir -p bin sbin usr/bin usr/sbin etc proc dev tmp run root home/app
		chmod 1777 tmp
		for tool in /bin/busybox "$(command -v dropbear)" "$(command -v setpriv)"; do
			for lib in $(ldd "$tool" | grep -o '/[^ ]*'); do mkdir -p ".${lib%/*}"; cp -L "$lib" ".$lib"; done
		done
		cp -L /bin/busybox bin/busybox
		cp -L "$(command -v dropbear)" usr/sbin/dropbear
		for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -s /bin/busybox "bin/$applet"; done
		rm bin/setpriv
		cp -L "$(command -v setpriv)" bin/setpriv # for su, which Debian leaves out of busybox
		printf 'root:x:0:0:root:/root:/bin/sh\napp:x:3004:3004::/home/app:/sbin/nologin\n' >etc/passwd
		printf 'root:x:0:\napp:x:3004:\n' >etc/group
		printf '/bin/sh\n' >etc/shells`, "sh", mkdir(t, root)))
	letIn(t, filepath.Join(root, "root"), "root", key.PublicKey())
	hostKey := dropbearKey(t, filepath.Join(root, "etc/dropbear_key"))
	port, log := startDropbear(t, dir, root, `cd "$1/root"; mount -t proc proc proc; mount -t tmpfs tmpfs dev; mknod dev/null c 1 3; mknod dev/zero c 1 5; mknod dev/urandom c 1 9; chmod 666 dev/*; mkdir dev/pts; mount -t devpts devpts dev/pts`)
	keeps(t, Config{Host: "small", Address: "127.0.0.1", Port: port, User: "root", Signers: []ssh.Signer{key}, HostKey: hostKey})
	if t.Failed() {
		t.Logf("dropbear says: %.2000s", log)
	}
}

func mkdir(t *testing.T, dir string) string {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
