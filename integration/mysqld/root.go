package mysqld

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Newer servers need a newer C library than the machine has. They run in a
// root of their own, where nothing is but what their packages carry.

// inside is where a server sees its directory within its root.
const inside = "/data"

// enter gives the command that runs argv within the root at base, with dir as
// /data. The mount is the process's own and ends with it, so that servers
// share a root, and a killed one leaves nothing to unmount. Each program
// replaces the one before: the process started is the server.
func enter(base, dir string, argv ...string) []string {
	const script = `PATH=$PATH:/usr/sbin:/sbin; root=$2; mount --bind "$1" "$root` + inside + `" && shift 2 && exec chroot "$root" "$@"`
	return append([]string{"unshare", "--mount", "--propagation", "slave", "sh", "-c", script, "enter", dir, base}, argv...)
}

// buildRoot unpacks the packages below root and adds what their scripts, which
// are not run, would expect or make.
func buildRoot(ctx context.Context, root string, debs []string) error {
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} { // the packages have long left /lib for /usr/lib
		if err := errors.Join(os.MkdirAll(filepath.Join(root, "usr", dir), 0o755), os.Symlink("usr/"+dir, filepath.Join(root, dir))); err != nil {
			return err
		}
	}
	for _, deb := range debs {
		if out, err := exec.CommandContext(ctx, "dpkg", "-x", deb, root).CombinedOutput(); err != nil {
			return fmt.Errorf("mysqld: dpkg -x %s: %w\n%s", deb, err, out)
		}
	}
	for _, dir := range []string{"dev", "etc", "run", "tmp", inside} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	return errors.Join(os.Chmod(filepath.Join(root, "tmp"), 0o1777|os.ModeSticky), makeDevices(root), makeUsers(root))
}

// makeDevices makes the two that the servers open.
func makeDevices(root string) error {
	for name, minor := range map[string]int{"null": 3, "urandom": 9} {
		path := filepath.Join(root, "dev", name)
		if err := syscall.Mknod(path, syscall.S_IFCHR|0o666, 1<<8|minor); err != nil {
			return fmt.Errorf("mysqld: mknod %s: %w; a server in a root of its own needs it", path, err)
		}
		if err := os.Chmod(path, 0o666); err != nil { // whatever the umask
			return err
		}
	}
	return nil
}

func makeUsers(root string) error {
	return errors.Join(
		os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("root:x:0:0:root:/:/bin/false\n"), 0o644),
		os.WriteFile(filepath.Join(root, "etc/group"), []byte("root:x:0:\n"), 0o644))
}
