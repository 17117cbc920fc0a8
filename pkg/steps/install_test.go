package steps_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/steps"
)

// bare is a database host as its probes tell it.
type bare struct {
	pkg     plan.Package
	service plan.Service
	file    string // of ours, in Debian's folder for MariaDB; "" is none
	admin   plan.Admin
	server  dbinit.Server
}

// fresh is a host without a server, of which apt knows one.
func fresh() bare {
	return bare{
		pkg: plan.Package{Manager: "apt", Name: "mariadb-server", Version: "1:10.11.6-0", Flavor: "MariaDB", Server: "10.11.6", Root: true,
			With: []string{"galera-4 26.4", "mariadb-server 1:10.11.6-0"}},
		server: dbinit.Predict(dbinit.MariaDB, "10.11.6"), admin: plan.Admin{Found: dbinit.Fresh("root")},
	}
}

// installed is the same host when all is as it should be.
func installed() bare {
	b := fresh()
	b.pkg = plan.Package{Manager: "apt", Name: "mariadb-server", Installed: "1:10.11.6-0", Flavor: "MariaDB", Server: "10.11.6", Root: true}
	b.service = plan.Service{Running: true, PID: 77, Listens: []string{"0.0.0.0"}}
	b.admin, b.file = plan.Admin{Login: true}, ourFile
	return b
}

const ourFile = `# Written by appm-provision for the deployment test, whose nodes reach this
# server at 192.168.10.5. Who may log in, and from where, its accounts say.
[mysqld]
bind-address = 0.0.0.0
port = 3306
skip-networking = 0
`

// plan builds the step alone.
func (b bare) plan(t *testing.T, replacements string) (*plan.Plan, error) {
	t.Helper()
	inv := parse(t, "host = \"db1\"\n=>\nhost = \"db1\"\ninstall = true\n"+replacements)
	step := steps.Install(steps.Deployment{Inventory: inv, Admin: adminSecret(t)})
	s := plan.NewState()
	for _, n := range step.Needs {
		switch n.Kind {
		case plan.KindPackage:
			s.Put(n.Ref, &b.pkg)
		case plan.KindService:
			s.Put(n.Ref, &b.service)
		case plan.KindAdmin:
			s.Put(n.Ref, &b.admin)
		default:
			s.Put(n.Ref, nil)
			if b.file != "" && strings.Contains(n.Path, "mariadb.conf.d") {
				s.Put(n.Ref, &plan.File{Data: []byte(b.file), Meta: plan.Meta{Mode: 0o644, Owner: "root", Group: "root"}})
			}
		}
	}
	s.Put(plan.Ref{Target: plan.Deployment, Kind: plan.KindMySQL}, &plan.MySQL{Found: b.server})
	return plan.Build("test", s, []plan.Step{step})
}

type given struct{}

func (given) Env(string) (string, bool)        { return "adm1n-S3cret", true }
func (given) File(string) ([]byte, error)      { return nil, errors.New("no file") }
func (given) Command([]string) ([]byte, error) { return nil, errors.New("no command") }
func (given) Prompt(string) (string, error)    { return "", errors.New("no terminal") }

func adminSecret(t *testing.T) inventory.Secret {
	t.Helper()
	secret, err := parse(t, "").Database.Admin.Password.Resolve(given{})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestADatabaseServerIsInstalled(t *testing.T) {
	for _, c := range []struct {
		what string
		with string // in the inventory
		make func(*bare)
		from func() bare
		want string
	}{
		{what: "all of it on a host without one", from: fresh, want: `database: install
  ~ account root: the tool logs in with it
      SET SESSION sql_mode = 'NO_AUTO_CREATE_USER', old_passwords = 0;
      ALTER USER 'root'@'localhost' IDENTIFIED VIA mysql_native_password USING (secret) OR unix_socket;

db1: install
  + package mariadb-server 1:10.11.6-0, by apt: there is no database server
      2 packages: galera-4 26.4, mariadb-server 1:10.11.6-0
  + /etc/mysql/mariadb.conf.d/zz-appm-provision.cnf: the nodes reach the server at 192.168.10.5
      1 + # Written by appm-provision for the deployment test, whose nodes reach this
      2 + # server at 192.168.10.5. Who may log in, and from where, its accounts say.
      3 + [mysqld]
      4 + bind-address = 0.0.0.0
      5 + port = 3306
      6 + skip-networking = 0
  > start database server: it comes with the package

Plan: 2 to create, 1 to change, 1 to start.
`},
		{what: "nothing where all is as it should be", from: installed, want: "No changes. 1 host and the databases are as the inventory says; 4 resources were compared.\n"},
		{what: "the file alone, while it listens where it should", from: installed, make: func(b *bare) { b.file = "" }, want: `db1: install
  + /etc/mysql/mariadb.conf.d/zz-appm-provision.cnf: the nodes reach the server at 192.168.10.5
      1 + # Written by appm-provision for the deployment test, whose nodes reach this
      2 + # server at 192.168.10.5. Who may log in, and from where, its accounts say.
      3 + [mysqld]
      4 + bind-address = 0.0.0.0
      5 + port = 3306
      6 + skip-networking = 0

Plan: 1 to create; 3 resources stay as they are.
`},
		{what: "a restart where only the host itself reaches it", from: installed, make: func(b *bare) { b.service.Listens = []string{"127.0.0.1", "::1"} }, want: `db1: install
  > restart database server: it listens at 127.0.0.1 and ::1 only, where the nodes do not reach it

Plan: 1 to restart; 3 resources stay as they are.
`},
		{what: "a restart where it takes no TCP", from: installed, make: func(b *bare) { b.service.Listens = nil }, want: `db1: install
  > restart database server: it does not listen at port 3306

Plan: 1 to restart; 3 resources stay as they are.
`},
		{what: "nothing where it listens at the nodes' address alone", from: installed, make: func(b *bare) { b.service.Listens = []string{"192.168.10.5"} },
			want: "No changes. 1 host and the databases are as the inventory says; 4 resources were compared.\n"},
		{what: "a start of one that does not run", from: installed, make: func(b *bare) { b.service = plan.Service{} }, want: `db1: install
  > start database server: not running

Plan: 1 to start; 3 resources stay as they are.
`},
		{what: "what was cut off", from: installed, make: func(b *bare) { b.pkg.Installed, b.pkg.Broken = "", "half-configured" }, want: `db1: install
  + package mariadb-server, by apt: its installation was cut off (half-configured)

Plan: 1 to create; 3 resources stay as they are.
`},
		{what: "a package that apt does not know yet", from: installed, make: func(b *bare) {
			b.pkg = plan.Package{Manager: "apt", Name: "mariadb-server", Unknown: "Unable to locate package mariadb-server", Flavor: "MariaDB", Root: true}
			b.service = plan.Service{}
		}, want: `note: db1: package mariadb-server: apt does not know it yet (Unable to locate package mariadb-server); apply fetches the lists first. What is planned for the databases is for a MariaDB of today; if another one comes, apply stops before it touches them

db1: install
  + package mariadb-server, by apt: there is no database server; which version there is to install is not known before apt fetches its lists
  > start database server: it comes with the package

Plan: 1 to create, 1 to start; 2 resources stay as they are.
`},
		{what: "nothing on somebody's server that no package carries", from: installed, make: func(b *bare) { b.pkg.Installed, b.file = "", "" },
			want: "No changes. 1 host and the databases are as the inventory says; 2 resources were compared.\n"},
		{what: "another admin than root", with: "====\nuser = \"root\"\n=>\nuser = \"ops\"\n", from: installed, make: func(b *bare) { b.admin = plan.Admin{} }, want: `database: install
  + account ops: the tool logs in with it
      SET SESSION sql_mode = 'NO_AUTO_CREATE_USER', old_passwords = 0;
      CREATE USER 'ops'@'localhost' IDENTIFIED BY PASSWORD (secret);
      GRANT ALL PRIVILEGES ON *.* TO 'ops'@'localhost' WITH GRANT OPTION;

Plan: 1 to create; nothing to do on 1 host; 3 resources stay as they are.
`},
	} {
		b := c.from()
		if c.make != nil {
			c.make(&b)
		}
		p, err := b.plan(t, c.with)
		got := render(t, p, err)
		if got != c.want {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", c.what, got, c.want)
		}
		if strings.Contains(got, "S3cret") {
			t.Errorf("%s: the plan shows the admin's password", c.what)
		}
	}
}

func TestTheServerIsInstalledBeforeItsDatabases(t *testing.T) {
	w := newWorld(t, parse(t, "host = \"db1\"\n=>\nhost = \"db1\"\ninstall = true\n"), "5.1.49")
	for _, c := range []struct{ limit, want string }{
		{"", "install of database, databases of database"},
		{"database", "install of database, databases of database"},
		{"idp1", ""},
		{"db1", ""},
	} {
		var got []string
		for _, name := range names(t, w, strings.Fields(c.limit)...) {
			if strings.HasSuffix(name, " of "+plan.Deployment) {
				got = append(got, name)
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("--limit %q: got %q, want %q", c.limit, got, c.want)
		}
	}
}

func TestWhereAnInstalledServerReadsItsSettings(t *testing.T) {
	for _, c := range []struct{ manager, flavor, with, path, bind string }{
		{"apt", "MariaDB", "", "/etc/mysql/mariadb.conf.d/zz-appm-provision.cnf", "0.0.0.0"},
		{"apt", "MySQL", "", "/etc/mysql/mysql.conf.d/zz-appm-provision.cnf", "0.0.0.0"},
		{"dnf", "MariaDB", "", "/etc/my.cnf.d/zz-appm-provision.cnf", "0.0.0.0"},
		{"dnf", "MySQL", "====\n192.168.10.5\n=>\n2001:db8::5\n", "/etc/my.cnf.d/zz-appm-provision.cnf", "::"},
		{"apt", "MariaDB", "====\n192.168.10.5\n=>\n127.0.0.1\n", "/etc/mysql/mariadb.conf.d/zz-appm-provision.cnf", "127.0.0.1"},
	} {
		b := fresh()
		b.pkg.Manager, b.pkg.Flavor = c.manager, c.flavor
		p, err := b.plan(t, c.with)
		if err != nil {
			t.Fatal(err)
		}
		file := p.At(plan.StageInstall)[1]
		if text := string(file.After.(*plan.File).Data); file.Ref.Path != c.path || !strings.Contains(text, "\nbind-address = "+c.bind+"\n") {
			t.Errorf("%s and %s: %s holds\n%s\nwant bind-address %s in %s", c.manager, c.flavor, file.Ref.Path, text, c.bind, c.path)
		}
	}
}

func TestWhatIsNotInstalledOver(t *testing.T) {
	for _, c := range []struct {
		what  string
		make  func(*bare)
		cause plan.Cause
		want  string
	}{
		{"a server that no package carries, and no node reaches", func(b *bare) { b.service = plan.Service{Running: true, PID: 9, Listens: []string{"127.0.0.1"}} },
			plan.Conflict, "database server: a database server runs (process 9) that no package of this host carries, and it listens at 127.0.0.1 only"},
		{"another package that was cut off", func(b *bare) { b.pkg.Name, b.pkg.Broken = "mysql-server-8.0", "half-installed" },
			plan.Conflict, "the package mysql-server-8.0 is half-installed"},
		{"a host without a package manager", func(b *bare) { b.pkg = plan.Package{Name: "mariadb-server", Root: true} },
			plan.Missing, "neither apt-get nor dnf"},
		{"a package that brings no server", func(b *bare) { b.pkg.Flavor = "" }, plan.Conflict, "brings neither MySQL nor MariaDB"},
		{"a host on which the tool is not root", func(b *bare) { b.pkg.Root = false }, plan.Missing, "write sudo = true"},
		{"an admin with another password", func(b *bare) {
			b.admin.Found = []dbinit.Account{{User: "root", Host: "localhost", Plugin: "mysql_native_password", Hash: "*" + strings.Repeat("A", 40), HashReadable: true}}
		}, plan.Conflict, "account root: root@localhost: it has another password"},
	} {
		b := fresh()
		c.make(&b)
		_, err := b.plan(t, "")
		var e *plan.Error
		if !errors.As(err, &e) || e.Cause != c.cause || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s and %q", c.what, err, c.cause, c.want)
		}
	}
}
