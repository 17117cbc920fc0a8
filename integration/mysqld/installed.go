package mysqld

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Installed is one installation of a server on this machine.
type Installed struct {
	Kind      Kind   // never Any
	Server    string // the server's binary
	InstallDB string // mariadb-install-db, of MariaDB
	Base      string // its base directory where it is not the one compiled in
	Libraries string // directories of shared libraries, for LD_LIBRARY_PATH
	Plugins   string // its directory of plugins where it is not the one compiled in, of MariaDB
	Template  string // the data directory to copy, of MySQL56 and those with a root
	Chroot    bool   // Base is a root of the server's own, and Server a path in it
	Version   string // of the package, of those with a root
}

// Missing says that a server is not installed here.
type Missing struct{ Kind Kind }

func (e *Missing) Error() string {
	if _, ok := unstable[e.Kind]; ok {
		return fmt.Sprintf("mysqld: no %s in %s; mysqld.Ensure installs it, as root on Debian", e.Kind, cacheDir())
	}
	what := map[Kind]string{Any: "MariaDB or MySQL", MariaDB: "MariaDB", MySQL: "MySQL", MySQL56: "MySQL 5.6"}[e.Kind]
	return fmt.Sprintf("mysqld: no %s server on PATH, in /usr/sbin, /usr/libexec, Homebrew's directories or %s; mysqld.Ensure installs one", what, cacheDir())
}

// Find looks for an installation; *Missing when there is none.
func Find(kind Kind) (Installed, error) {
	if kind == MySQL56 {
		return findMySQL56()
	}
	if _, ok := unstable[kind]; ok {
		return findUnstable(kind)
	}
	if kind == Any || kind == MariaDB {
		if inst, ok := findMariaDB(); ok {
			return inst, nil
		}
	}
	if kind == Any || kind == MySQL {
		if inst, ok := findMySQL(); ok {
			return inst, nil
		}
	}
	return Installed{}, &Missing{kind}
}

func findMariaDB() (Installed, bool) {
	for _, server := range lookUp("mariadbd", "mysqld") {
		if !strings.Contains(versionOf(server, ""), "MariaDB") {
			continue
		}
		if install := besides(server, "mariadb-install-db", "mysql_install_db"); install != "" {
			return Installed{Kind: MariaDB, Server: server, InstallDB: install, Plugins: unpackedPlugins()}, true
		}
	}
	return unpackedMariaDB()
}

func findMySQL() (Installed, bool) {
	for _, server := range lookUp("mysqld") {
		v := versionOf(server, "")
		if v != "" && !strings.Contains(v, "MariaDB") && !strings.Contains(v, " 5.6.") {
			return Installed{Kind: MySQL, Server: server}, true
		}
	}
	return Installed{}, false
}

func findMySQL56() (Installed, error) {
	base := filepath.Join(cacheDir(), "mysql-5.6", "package", "server")
	inst := Installed{Kind: MySQL56, Server: filepath.Join(base, "mysqld"), Base: base, Libraries: base, Template: filepath.Join(base, "data", "mysql")}
	if _, err := os.Stat(filepath.Join(base, complete)); err != nil {
		return Installed{}, &Missing{MySQL56}
	}
	return inst, nil
}

// lookUp lists the files of these names, PATH first; servers live in sbin,
// which an ordinary user's PATH does not have.
func lookUp(names ...string) []string {
	dirs := append(filepath.SplitList(os.Getenv("PATH")),
		"/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin",
		"/opt/homebrew/opt/mariadb/bin", "/usr/local/opt/mariadb/bin", "/opt/homebrew/opt/mysql/bin", "/usr/local/opt/mysql/bin")
	var found []string
	for _, name := range names {
		for _, dir := range dirs {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				found = append(found, path)
			}
		}
	}
	return found
}

// besides finds a program that belongs to the server: in its directory, in
// the bin or scripts beside its directory, or on PATH.
func besides(server string, names ...string) string {
	dir := filepath.Dir(server)
	for _, name := range names {
		for _, d := range []string{dir, filepath.Join(dir, "../bin"), filepath.Join(dir, "../scripts")} {
			path := filepath.Join(d, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path
			}
		}
	}
	if found := lookUp(names...); len(found) > 0 {
		return found[0]
	}
	return ""
}

func versionOf(server, libraries string) string {
	cmd := exec.Command(server, "--no-defaults", "--version")
	cmd.Env = withLibraries(libraries)
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return string(out)
}

func withLibraries(dirs string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	if dirs != "" {
		env = append(env, "LD_LIBRARY_PATH="+dirs)
	}
	return env
}

func (i Installed) environ() []string { return withLibraries(i.Libraries) }

// at is the same installation, seen at another base directory.
func (i Installed) at(base string) Installed {
	if i.Base == "" {
		return i
	}
	i.Server = strings.Replace(i.Server, i.Base, base, 1)
	i.Libraries = strings.ReplaceAll(i.Libraries, i.Base, base)
	i.Base = base
	return i
}

// initialize makes the data directory, unless an earlier start made it. The
// mark is set last: a run that was killed half-way begins again.
func (i Installed) initialize(ctx context.Context, dir string, args []string) error {
	data := filepath.Join(dir, "data")
	mark := filepath.Join(dir, complete)
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	if err := i.fill(ctx, dir, data, args); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte(i.Kind+"\n"), 0o644)
}

func (i Installed) fill(ctx context.Context, dir, data string, args []string) error {
	if i.Kind == MySQL9 {
		// Since 8.0 this one is settled when the data directory is made.
		if n := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "--lower-case-table-names=") }); n >= 0 {
			return errors.Join(os.Mkdir(data, 0o755), i.makeMySQL(ctx, dir, args[n]))
		}
	}
	if i.Template != "" {
		return copyTree(i.Template, data)
	}
	argv := []string{i.Server, "--no-defaults", "--initialize-insecure", "--datadir=" + data, "--log-error=" + filepath.Join(dir, "initialize.log")}
	if i.Kind == MariaDB {
		// --rpm: otherwise the script, as root, changes the owner of a directory in the machine's /usr/lib.
		argv = []string{i.InstallDB, "--no-defaults", "--rpm", "--datadir=" + data, "--tmpdir=" + dir, "--auth-root-authentication-method=normal",
			"--skip-test-db", "--innodb-log-file-size=8M", "--aria-log-file-size=8M"}
	}
	if i.Base != "" {
		argv = append(argv, "--basedir="+i.Base)
	}
	cmd := exec.CommandContext(ctx, argv[0], append(argv[1:], asUser()...)...)
	cmd.Env = append(i.environ(), "TMPDIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mysqld: %s: %w\n%s", argv[0], err, out)
	}
	return nil
}

// asUser: servers refuse to run as root unless told to.
func asUser() []string {
	if os.Geteuid() != 0 {
		return nil
	}
	return []string{"--user=root"}
}

// argv is the server's command line. It waits for no disk: what these servers
// hold is made again in a second.
func (i Installed) argv(s *Server, o Options) []string {
	dir, socket := s.Dir, s.Socket
	if o.Within != "" {
		dir, socket = o.Within, filepath.Join(o.Within, filepath.Base(s.Socket))
	}
	if i.Chroot {
		dir, socket = inside, filepath.Join(inside, filepath.Base(s.Socket))
	}
	argv := []string{i.Server, "--no-defaults",
		"--datadir=" + filepath.Join(dir, "data"),
		"--socket=" + socket,
		"--pid-file=" + filepath.Join(dir, "pid"),
		"--log-error=" + filepath.Join(dir, "error.log"),
		"--init-file=" + filepath.Join(dir, "init.sql"),
		"--tmpdir=" + dir,
		"--bind-address=" + o.listens(s), "--port=" + strconv.Itoa(s.Port),
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--innodb-doublewrite=0",
		"--performance-schema=0", "--max-connections=100"}
	argv = append(argv, i.ownArgs()...)
	if i.Plugins != "" && len(o.Enter) == 0 { // elsewhere the cache may not be seen
		argv = append(argv, "--plugin-dir="+i.Plugins)
	}
	argv = append(append(argv, asUser()...), o.Args...)
	if i.Chroot {
		return enter(i.Base, cmp.Or(o.Within, s.Dir), argv...)
	}
	return argv
}

// listens is every address where the server has a network of its own, as an
// operator lets it: the nodes come from outside, root from loopback.
func (o Options) listens(s *Server) string {
	if len(o.Enter) > 0 {
		return "0.0.0.0"
	}
	return s.Address
}

func (i Installed) ownArgs() []string {
	var own []string
	if i.Base != "" && !i.Chroot {
		own = append(own, "--basedir="+i.Base, "--lc-messages-dir="+filepath.Join(i.Base, "share"))
	}
	switch i.Kind.family() {
	case MariaDB:
		own = append(own, "--innodb-log-file-size=8M", "--aria-log-file-size=8M", "--debug-no-sync=1")
	case MySQL56:
		own = append(own, "--innodb-log-file-size=8M")
	case MySQL:
		own = append(own, "--skip-log-bin", "--mysqlx=0", "--secure-file-priv=")
	}
	if i.Kind == MySQL9 {
		own = append(own, "--innodb-redo-log-capacity=8M")
	}
	return own
}

// rootSQL runs before the server takes connections: there is no moment at
// which root has no password. One statement a line, as old servers want it.
func (i Installed) rootSQL(password string, hosts []string) []byte {
	var b bytes.Buffer
	p := literal(password)
	if i.Kind.family() == MySQL {
		fmt.Fprintf(&b, "ALTER USER 'root'@'localhost' IDENTIFIED BY %s;\n", p)
	} else {
		fmt.Fprintf(&b, "SET PASSWORD FOR 'root'@'localhost' = PASSWORD(%s);\n", p)
	}
	for _, host := range hosts {
		who := "'root'@" + literal(host)
		if i.Kind.family() == MySQL {
			fmt.Fprintf(&b, "CREATE USER IF NOT EXISTS %s IDENTIFIED BY %s;\nGRANT ALL ON *.* TO %s WITH GRANT OPTION;\n", who, p, who)
			continue
		}
		fmt.Fprintf(&b, "GRANT ALL ON *.* TO %s IDENTIFIED BY %s WITH GRANT OPTION;\n", who, p)
	}
	return b.Bytes()
}

func literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(s) + "'"
}

// cacheDir keeps what was fetched, for the next run.
func cacheDir() string {
	base, err := os.UserCacheDir()
	if err != nil {
		base = filepath.Join(os.TempDir(), "appm-provision-cache-"+strconv.Itoa(os.Getuid()))
	}
	return filepath.Join(base, "appm-provision")
}

// complete is the name of the file that is written last, when all else is there.
const complete = ".complete"

func copyTree(from, to string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("mysqld: copy of %s: %w", from, err)
	}
	return nil
}

var arch = runtime.GOOS + "/" + runtime.GOARCH
