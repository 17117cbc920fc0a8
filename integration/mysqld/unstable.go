package mysqld

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Debian's unstable suite carries servers newer than any release. apt fetches
// them with lists, a cache and a status of its own, so that the machine's own
// packages never hear of it, and checks their signatures as ever.

// unstable names the package and, within its root, the server of a kind.
var unstable = map[Kind]struct{ pkg, server string }{
	MySQL9:    {"mysql-server-core", "/usr/sbin/mysqld"},
	MariaDB11: {"mariadb-server-core", "/usr/sbin/mariadbd"},
}

// findUnstable reads what Ensure left, the mark of completeness first.
func findUnstable(kind Kind) (Installed, error) {
	dir := filepath.Join(cacheDir(), string(kind))
	if _, err := os.Stat(filepath.Join(dir, complete)); err != nil {
		return Installed{}, &Missing{kind}
	}
	packages, err := os.ReadFile(filepath.Join(dir, "packages"))
	if err != nil {
		return Installed{}, fmt.Errorf("mysqld: %w; remove %s to have it made again", err, dir)
	}
	inst := unstableAt(kind, dir)
	inst.Version = field(string(packages), unstable[kind].pkg)
	return inst, nil
}

func unstableAt(kind Kind, dir string) Installed {
	return Installed{Kind: kind, Server: unstable[kind].server, Base: filepath.Join(dir, "root"), Chroot: true, Template: filepath.Join(dir, "template")}
}

// installUnstable makes all of it under another name and renames it last: a
// run that was cut leaves nothing that looks complete. Packages that were
// fetched by then are not fetched again.
func installUnstable(ctx context.Context, kind Kind) error {
	if why := Unfit(kind); why != "" {
		return errors.New("mysqld: " + why)
	}
	tmp, err := os.MkdirTemp(cacheDir(), fetching)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := buildUnstable(ctx, kind, tmp); err != nil {
		return err
	}
	final := filepath.Join(cacheDir(), string(kind))
	return errors.Join(os.Chmod(tmp, 0o755), os.RemoveAll(final), os.Rename(tmp, final))
}

func buildUnstable(ctx context.Context, kind Kind, dir string) error {
	pkg := unstable[kind].pkg
	debs, err := fetchUnstable(ctx, pkg)
	if err != nil {
		return err
	}
	versions := recorded(debs)
	fmt.Fprintf(Say, "lab: unpacking %s %s and what it needs, %d packages of %d MB, into %s\n",
		pkg, field(versions, pkg), len(debs), megabytes(debs), filepath.Join(cacheDir(), string(kind)))
	inst := unstableAt(kind, dir)
	if err := buildRoot(ctx, inst.Base, debs); err != nil {
		return err
	}
	if err := inst.makeTemplate(ctx, dir); err != nil {
		return err
	}
	for _, deb := range debs {
		if err := os.Remove(deb); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "packages"), []byte(versions), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, complete), nil, 0o644)
}

// fetchUnstable downloads the package and all it depends on; an empty status
// file says that nothing is installed yet.
func fetchUnstable(ctx context.Context, pkg string) ([]string, error) {
	sources, err := machineSources("/etc", "unstable")
	if err != nil {
		return nil, err
	}
	var errs error
	for _, s := range sources {
		debs, err := s.fetch(ctx, filepath.Join(cacheDir(), "apt-unstable"), pkg)
		if err == nil {
			return debs, nil
		}
		errs = errors.Join(errs, err)
	}
	return nil, errs
}

func (s source) fetch(ctx context.Context, dir, pkg string) ([]string, error) {
	archives := filepath.Join(dir, "cache", pkg) // of each package apart: they exclude each other
	list, status := filepath.Join(dir, "sources."+s.ext), filepath.Join(dir, "status")
	if err := errors.Join(
		os.MkdirAll(filepath.Join(dir, "lists/partial"), 0o755),
		os.MkdirAll(filepath.Join(archives, "partial"), 0o755),
		os.WriteFile(list, []byte(s.text), 0o600), // it may name a login of the mirror's
		os.WriteFile(status, nil, 0o644),
	); err != nil {
		return nil, err
	}
	apt := func(args ...string) error {
		options := []string{"-q"}
		for _, o := range []string{
			"Dir::Etc::SourceList=" + list, "Dir::Etc::SourceParts=/dev/null",
			"Dir::Etc::Preferences=/dev/null", "Dir::Etc::PreferencesParts=/dev/null", "APT::Default-Release=",
			"Dir::State=" + dir, "Dir::State::Lists=" + filepath.Join(dir, "lists"), "Dir::State::Status=" + status,
			"Dir::Cache=" + filepath.Join(dir, "cache"), "Dir::Cache::Archives=" + archives,
			"APT::Sandbox::User=root", "Acquire::Languages=none", "APT::Get::AllowUnauthenticated=false",
		} {
			options = append(options, "-o", o)
		}
		return quietly(ctx, "apt-get", append(options, args...)...)
	}
	fmt.Fprintf(Say, "lab: fetching %s of Debian's unstable suite, into %s\n", pkg, dir)
	if err := apt("--error-on=any", "update"); err != nil {
		return nil, err
	}
	if err := apt("autoclean"); err != nil { // a cut run may have left packages of an older day
		return nil, err
	}
	if err := apt("install", "-y", "--no-install-recommends", "--download-only", pkg); err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(archives, "*.deb"))
}

// quietly shows what a command said only when it fails.
func quietly(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mysqld: %s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// recorded lists the packages of these files as NAME=VERSION, one a line.
func recorded(debs []string) string {
	var lines []string
	for _, deb := range debs {
		name, rest, _ := strings.Cut(filepath.Base(deb), "_")
		version, _, _ := strings.Cut(rest, "_")
		if plain, err := url.PathUnescape(version); err == nil {
			version = plain // an epoch's colon is written %3a
		}
		lines = append(lines, name+"="+version+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func megabytes(files []string) (n int64) {
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			n += info.Size()
		}
	}
	return n / 1e6
}

// makeTemplate makes the data directory that every server begins with: MySQL
// takes three seconds for it, a copy none.
func (i Installed) makeTemplate(ctx context.Context, dir string) error {
	work := filepath.Join(dir, "work")
	if err := os.MkdirAll(filepath.Join(work, "data"), 0o755); err != nil {
		return err
	}
	make := i.makeMySQL
	if i.Kind.family() == MariaDB {
		make = i.makeMariaDB
	}
	if err := make(ctx, work); err != nil {
		return err
	}
	return errors.Join(os.Rename(filepath.Join(work, "data"), i.Template), os.RemoveAll(work))
}

// makeMySQL fills dir/data with args that only count when that is done.
func (i Installed) makeMySQL(ctx context.Context, dir string, args ...string) error {
	argv := append([]string{"--initialize-insecure", "--innodb-redo-log-capacity=8M"}, args...)
	return i.inRoot(ctx, dir, nil, argv...)
}

// makeMariaDB says what mariadb-install-db would, for which the root has no
// shell. Only root@localhost is left, whose password rootSQL sets.
func (i Installed) makeMariaDB(ctx context.Context, dir string, args ...string) error {
	if err := os.Mkdir(filepath.Join(dir, "data", "mysql"), 0o700); err != nil {
		return err
	}
	in := bytes.NewBufferString("use mysql;\nset @auth_root_socket=NULL;\nset @skip_auth_anonymous=1;\n")
	for _, name := range []string{"mariadb_system_tables", "mariadb_performance_tables", "mariadb_system_tables_data", "fill_help_tables", "maria_add_gis_sp_bootstrap", "mariadb_sys_schema"} {
		data, err := os.ReadFile(filepath.Join(i.Base, "usr/share/mariadb", name+".sql"))
		if err != nil {
			return fmt.Errorf("mysqld: %w; the package has changed its layout", err)
		}
		in.Write(append(data, '\n'))
	}
	in.WriteString("use mysql;\ndelete from global_priv where Host <> 'localhost';\ndelete from proxies_priv;\n")
	return i.inRoot(ctx, dir, in, append([]string{"--bootstrap", "--silent-startup", "--innodb-log-file-size=8M", "--aria-log-file-size=8M"}, args...)...)
}

// inRoot runs the server's binary to its end, with dir/data as its data.
func (i Installed) inRoot(ctx context.Context, dir string, in *bytes.Buffer, args ...string) error {
	argv := append([]string{i.Server, "--no-defaults", "--user=root", "--datadir=" + inside + "/data", "--tmpdir=" + inside}, args...)
	argv = enter(i.Base, dir, argv...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = withLibraries("")
	if in != nil {
		cmd.Stdin = in
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mysqld: %s %s in the root %s: %w\n%s", i.Server, args[0], i.Base, err, out)
	}
	return nil
}
