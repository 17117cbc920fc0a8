package mysqld

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// An ordinary user cannot install packages, but may download and unpack them.
// The server then runs from the user's cache, with its libraries named by
// LD_LIBRARY_PATH.

func unpackedMariaDB() (Installed, bool) {
	root := filepath.Join(cacheDir(), "mariadb")
	if _, err := os.Stat(filepath.Join(root, complete)); err != nil {
		return Installed{}, false
	}
	libs, _ := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-*"))
	more, _ := filepath.Glob(filepath.Join(root, "lib/*-linux-*"))
	return Installed{
		Kind:      MariaDB,
		Server:    filepath.Join(root, "usr/sbin/mariadbd"),
		InstallDB: filepath.Join(root, "usr/bin/mariadb-install-db"),
		Base:      filepath.Join(root, "usr"),
		Libraries: strings.Join(append(libs, more...), ":"),
		Plugins:   unpackedPlugins(),
	}, true
}

func aptUnpack(ctx context.Context) error {
	if err := os.MkdirAll(cacheDir(), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(cacheDir(), fetching)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	apt, err := privateApt(ctx, tmp)
	if err != nil {
		return err
	}
	root := filepath.Join(tmp, "root")
	if err := apt.unpack(ctx, root, coreMariaDB...); err != nil {
		if again := apt.unpack(ctx, root, "mariadb-server"); again != nil { // older releases number their core packages
			return errors.Join(err, again)
		}
	}
	final := filepath.Join(cacheDir(), "mariadb")
	return errors.Join(os.RemoveAll(final), os.Rename(root, final))
}

// apt is apt-get with lists of its own where the machine's are empty.
type apt struct {
	dir     string
	options []string
}

func privateApt(ctx context.Context, dir string) (apt, error) {
	a := apt{dir: dir}
	if out, err := exec.CommandContext(ctx, "apt-cache", "show", "mariadb-server-core").Output(); err == nil && len(out) > 0 {
		return a, nil
	}
	lists, cache := filepath.Join(dir, "lists"), filepath.Join(dir, "cache")
	if err := errors.Join(os.MkdirAll(filepath.Join(lists, "partial"), 0o755), os.MkdirAll(filepath.Join(cache, "archives/partial"), 0o755)); err != nil {
		return a, err
	}
	a.options = []string{"-o", "Dir::State::Lists=" + lists, "-o", "Dir::Cache=" + cache}
	return a, announce(ctx, nil, "apt-get", append(a.options, "update", "-q")...)
}

// unpack puts the packages, and those they need that the machine lacks, below root.
func (a apt) unpack(ctx context.Context, root string, packages ...string) error {
	args := append(a.options, "install", "-s", "-q", "--no-install-recommends")
	cmd := exec.CommandContext(ctx, "apt-get", append(args, packages...)...)
	var why bytes.Buffer
	cmd.Stderr = &why
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("mysqld: apt-get install -s %s: %w\n%s%s", strings.Join(packages, " "), err, out, why.String())
	}
	names := simulated(out)
	if len(names) == 0 {
		names = packages // installed, it seems, and yet not found
	}
	return a.download(ctx, root, names)
}

// simulated reads the packages of apt's "Inst NAME (VERSION …)" lines.
func simulated(out []byte) []string {
	var names []string
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) > 1 && f[0] == "Inst" {
			names = append(names, f[1])
		}
	}
	return names
}

func (a apt) download(ctx context.Context, root string, names []string) error {
	debs := filepath.Join(a.dir, "debs")
	if err := errors.Join(os.MkdirAll(debs, 0o755), os.MkdirAll(root, 0o755)); err != nil {
		return err
	}
	fmt.Fprintf(Say, "lab: downloading, and unpacking into %s: %s\n", cacheDir(), strings.Join(names, " "))
	cmd := exec.CommandContext(ctx, "apt-get", append(append(a.options, "download", "-q"), names...)...)
	cmd.Dir = debs
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mysqld: apt-get download: %w\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(debs, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range files {
		if out, err := exec.CommandContext(ctx, "dpkg", "-x", deb, root).CombinedOutput(); err != nil {
			return fmt.Errorf("mysqld: dpkg -x %s: %w\n%s", deb, err, out)
		}
	}
	return os.WriteFile(filepath.Join(root, complete), nil, 0o644)
}
