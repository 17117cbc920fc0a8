package plan

// The kinds of which a database server is made, on a host.
const (
	KindPackage Kind = "package" // what the package manager installs
	KindService Kind = "service" // the database server's process, and where it listens
	KindAdmin   Kind = "admin"   // the account that the tool itself works with
)

// StageInstall brings the database server into being, before anything is
// loaded into it. Its changes are made in the order of the plan, as each needs
// the one before.
const StageInstall Stage = "install"

// Package is what carries the database server on a host. It is never a nil
// Object: that nothing is installed is known together with what could be.
type Package struct {
	Manager   string   // apt or dnf; "" where the host has neither
	Name      string   // the package that carries the server, found or to be installed
	Installed string   // its version; "" when no package carries a server
	Broken    string   // the manager's word for an installation that was cut off
	Version   string   // that would be installed; "" when the manager does not know one
	Unknown   string   // why it does not
	With      []string // all that would be installed, "name version"
	Flavor    string   // MySQL or MariaDB
	Server    string   // the server's own version, as far as the package's tells; "" when unknown
	Root      bool     // the session may install
}

// Service is the database server's process.
type Service struct {
	Running bool
	PID     int      // 0 where it cannot be seen
	Listens []string // addresses at which somebody listens on the port
	// Databases are those in the data directory, by the names of its folders.
	Databases []string
	Hidden    bool // the data directory may not be read

	// Of a desired one.
	Renew   bool
	Flavor  string // whose server it is: the name of its service follows
	Address string // where it shall listen, or everywhere
	Port    int
}

// Admin is the account that the tool itself works with.
type Admin struct {
	Login bool // its password lets the tool in, and it may do what it needs to
	// Found is dbinit's own view, as Schema.Found: the accounts of that name, by
	// a session of root; nil where there is no server yet.
	Found any

	Statements []Statement // of a desired one: what leads there
}

func (*Package) isObject() {}
func (*Service) isObject() {}
func (*Admin) isObject()   {}

// sameInstalled is same for the objects of this file.
func sameInstalled(before, after Object) bool {
	switch a := after.(type) {
	case *Package:
		b, ok := before.(*Package)
		return ok && b.Installed != "" && b.Broken == ""
	case *Service:
		b, ok := before.(*Service)
		return ok && b.Running && !a.Renew
	case *Admin:
		return len(a.Statements) == 0
	case *Unit:
		return sameUnit(before, a)
	}
	return false
}
