package steps

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/dbinit"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// Where the servers of the distributions read files of their own. Ours has a
// name that is read last.
const (
	mariaDBConf = "/etc/mysql/mariadb.conf.d/zz-appm-provision.cnf" // Debian and Ubuntu
	mySQLConf   = "/etc/mysql/mysql.conf.d/zz-appm-provision.cnf"
	dnfConf     = "/etc/my.cnf.d/zz-appm-provision.cnf"
)

// Install brings the database server into being on the host that the inventory
// names: its package, a file of ours that lets the nodes reach it, its process,
// and the admin's account. A server that is there already, by whatever package,
// is not installed again; what differs of the rest is.
func Install(d Deployment) plan.Step {
	i := installation{d: d, db: d.Inventory.Database}
	needs := []plan.Need{{Ref: i.pkg()}, {Ref: i.service()}, {Ref: i.admin()}}
	for _, path := range []string{mariaDBConf, mySQLConf, dnfConf} {
		needs = append(needs, plan.Need{Ref: i.file(path)})
	}
	return plan.Step{Name: "install", Scope: plan.ScopeDeployment, For: plan.Deployment, Needs: needs, Want: i.want}
}

// installs tells whether the deployment's database server is ours to install.
func installs(inv inventory.Inventory) bool { return inv.Database.Install && inv.Database.Manage }

type installation struct {
	d  Deployment
	db inventory.Database
}

func (i installation) on(k plan.Kind, path string) plan.Ref {
	return plan.Ref{Target: i.db.Host, Kind: k, Path: path}
}

func (i installation) pkg() plan.Ref             { return i.on(plan.KindPackage, i.db.Package) }
func (i installation) service() plan.Ref         { return i.on(plan.KindService, strconv.Itoa(i.db.Port)) }
func (i installation) file(path string) plan.Ref { return i.on(plan.KindFile, path) }
func (i installation) admin() plan.Ref           { return database(plan.KindAdmin, i.db.Admin.User) }

func (i installation) refuse(c plan.Cause, r plan.Ref, format string, args ...any) error {
	return &plan.Error{Cause: c, Ref: r, Text: fmt.Sprintf(format, args...)}
}

func (i installation) want(s *plan.State) ([]plan.Want, []plan.Note, error) {
	o, err := s.Get(i.pkg())
	if err != nil {
		return nil, nil, err
	}
	found := o.(*plan.Package)
	if o, err = s.Get(i.service()); err != nil {
		return nil, nil, err
	}
	runs := o.(*plan.Service)
	if err := i.fits(found, runs); err != nil {
		return nil, nil, err
	}
	var wants []plan.Want
	if !unpackaged(found, runs) {
		file, err := i.wantFile(s, conf(found))
		if err != nil {
			return nil, nil, err
		}
		wants = append(wants, i.wantPackage(found), file)
	}
	wants = append(wants, i.wantService(found, runs))
	admin, err := i.wantAdmin(s)
	return append(wants, admin...), i.notes(found), err
}

// unpackaged: a server runs that no package of the host carries.
func unpackaged(p *plan.Package, s *plan.Service) bool {
	return p.Installed == "" && p.Broken == "" && s.Running
}

// fits refuses what would end badly.
func (i installation) fits(p *plan.Package, s *plan.Service) error {
	missing := p.Installed == ""
	switch {
	case unpackaged(p, s) && i.reached(s):
		return nil
	case unpackaged(p, s):
		return i.refuse(plan.Conflict, i.service(), "a database server runs%s that no package of this host carries, and it %s; correct that by hand, or take install out of the inventory", process(s), i.unreached(s))
	case p.Broken != "" && p.Name != i.db.Package:
		return i.refuse(plan.Conflict, i.pkg(), "the package %s is %s; let the package manager finish that first", p.Name, p.Broken)
	case missing && p.Manager == "":
		return i.refuse(plan.Missing, i.pkg(), "the host has neither apt-get nor dnf; install a MySQL or MariaDB server by hand, and take install out of the inventory")
	case p.Flavor == "":
		return i.refuse(plan.Conflict, i.pkg(), "%s brings neither MySQL nor MariaDB, as far as can be seen; name another package", p.Name)
	case !p.Root && (missing || !i.ready(s)):
		return i.refuse(plan.Missing, i.pkg(), "installing packages and starting servers needs root; write sudo = true for this host")
	}
	return nil
}

// conf is where the server of the package reads a file of ours.
func conf(p *plan.Package) string {
	switch {
	case p.Manager == "dnf":
		return dnfConf
	case p.Flavor == string(dbinit.MariaDB):
		return mariaDBConf
	}
	return mySQLConf
}

func (i installation) wantPackage(p *plan.Package) plan.Want {
	after := *p
	w := plan.Want{Ref: i.pkg(), After: &after}
	switch {
	case p.Broken != "":
		after.Name, after.Version = i.db.Package, ""
		w.Why = "its installation was cut off (" + p.Broken + ")"
	case p.Installed != "":
		w.Why = "there is " + p.Name + " " + p.Installed
	case p.Version == "":
		after.Name = i.db.Package
		w.Why = "there is no database server; which version there is to install is not known before " + p.Manager + " fetches its lists"
	default:
		w.Why = "there is no database server"
	}
	return w
}

func (i installation) wantFile(s *plan.State, path string) (plan.Want, error) {
	o, err := s.Get(i.file(path))
	if err != nil {
		return plan.Want{}, err
	}
	after := &plan.File{Meta: plan.Meta{Mode: 0o644}}
	if f, is := o.(*plan.File); is {
		after.Meta = f.Meta
	}
	after.Data = []byte(i.text())
	return plan.Want{Ref: i.file(path), After: after, During: plan.StageInstall, Why: "the nodes reach the server at " + i.db.Address}, nil
}

// text is the file that lets the nodes reach the server.
func (i installation) text() string {
	return fmt.Sprintf(`# Written by appm-provision for the deployment %s, whose nodes reach this
# server at %s. Who may log in, and from where, its accounts say.
[mysqld]
bind-address = %s
port = %d
skip-networking = 0
`, i.d.Inventory.Name, i.db.Address, i.bind(), i.db.Port)
}

// bind is all addresses of the family: loopback is one of them, where the tool
// itself comes in, and behind NAT the address of the inventory may not be.
func (i installation) bind() string {
	a, err := netip.ParseAddr(i.db.Address)
	switch {
	case err != nil || a.IsLoopback():
		return i.db.Address
	case a.Is4():
		return "0.0.0.0"
	}
	return "::"
}

// reached: somebody listens where the nodes connect to.
func (i installation) reached(s *plan.Service) bool {
	return slices.ContainsFunc(s.Listens, func(at string) bool {
		return at == "0.0.0.0" || at == "::" || at == i.db.Address
	})
}

func (i installation) ready(s *plan.Service) bool { return s.Running && i.reached(s) }

func (i installation) unreached(s *plan.Service) string {
	if len(s.Listens) == 0 {
		return fmt.Sprintf("does not listen at port %d", i.db.Port)
	}
	return fmt.Sprintf("listens at %s only, where the nodes do not reach it", strings.Join(s.Listens, " and "))
}

func process(s *plan.Service) string {
	if s.PID == 0 {
		return ""
	}
	return fmt.Sprintf(" (process %d)", s.PID)
}

func (i installation) wantService(p *plan.Package, s *plan.Service) plan.Want {
	after := &plan.Service{Running: true, Renew: s.Running && !i.reached(s), Flavor: p.Flavor, Port: i.db.Port, Address: i.db.Address}
	w := plan.Want{Ref: i.service(), After: after}
	switch {
	case !s.Running && p.Installed == "":
		w.Why = "it comes with the package"
	case !s.Running:
		w.Why = "not running"
	case after.Renew:
		w.Why = "it " + i.unreached(s)
	default:
		w.Why = "listens at " + strings.Join(s.Listens, " and ")
	}
	return w
}

// wantAdmin wants the account that the tool works with. One that lets it in is
// as it should be.
func (i installation) wantAdmin(s *plan.State) ([]plan.Want, error) {
	o, err := s.Get(i.admin())
	if err != nil {
		return nil, err
	}
	found := o.(*plan.Admin)
	w := plan.Want{Ref: i.admin(), After: &plan.Admin{Login: true}, Why: "the tool logs in with it"}
	if found.Login || i.db.Admin.Password.Kind() == inventory.SecretMissing {
		return []plan.Want{w}, nil
	}
	m, err := s.Get(database(plan.KindMySQL, ""))
	if err != nil {
		return nil, err
	}
	have, _ := found.Found.([]dbinit.Account)
	list, err := dbinit.AdminStatements(m.(*plan.MySQL).Found.(dbinit.Server), have, i.db.Admin.User, i.d.Admin.Reveal())
	if err != nil {
		return nil, i.refuse(plan.Conflict, i.admin(), "%s", strings.TrimPrefix(err.Error(), "account "))
	}
	w.After = &plan.Admin{Login: true, Statements: fromDB(list)}
	return []plan.Want{w}, nil
}

func (i installation) notes(p *plan.Package) []plan.Note {
	if p.Installed != "" || p.Unknown == "" {
		return nil
	}
	return []plan.Note{{Target: i.db.Host, Text: "package " + i.db.Package + ": " + p.Manager + " does not know it yet (" + p.Unknown +
		"); apply fetches the lists first. What is planned for the databases is for a " + p.Flavor + " of today; if another one comes, apply stops before it touches them"}}
}
