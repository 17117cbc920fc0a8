package report

import (
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// Object is what a resource is or is to be; it has one of these members, by the
// kind of the resource.
type Object struct {
	// A file by its text.
	File *FileObject `json:"file,omitempty"`
	// A file too big to be shown, by its digest.
	Blob *BlobObject `json:"blob,omitempty"`
	// The server process of a node.
	Server *ServerObject `json:"server,omitempty"`
	// One database.
	Schema *SchemaObject `json:"schema,omitempty"`
	// One database user, for all the addresses it comes from.
	Account *AccountObject `json:"account,omitempty"`
	// The package that carries the database server.
	Package *PackageObject `json:"package,omitempty"`
	// The database server's process.
	Service *ServiceObject `json:"service,omitempty"`
	// The account that this program itself works with.
	Admin *AdminObject `json:"admin,omitempty"`
	// What the service manager knows of a unit.
	Unit *UnitObject `json:"unit,omitempty"`
	// A whole home, as unpacked from a pack.
	Home *HomeObject `json:"home,omitempty"`
	// A user of a host.
	User *UserObject `json:"user,omitempty"`
	// A home that may be one that this program unpacked.
	Unpacked *UnpackedObject `json:"unpacked,omitempty"`
}

// FileMeta is what every file carries beside its content.
type FileMeta struct {
	// Permission bits, in octal.
	Mode run.Mode `json:"mode,omitempty"`
	// The owner's name, or number where it has none.
	Owner string `json:"owner,omitempty"`
	// The group's name, or number where it has none.
	Group string `json:"group,omitempty"`
	// Where symlinks lead; absent where the path is the file itself.
	Real string `json:"real,omitempty"`
}

// FileObject is a file by its text. It has no digest: passwords could be tried
// on one.
type FileObject struct {
	FileMeta
	// Its length in bytes.
	Size int `json:"size"`
	// Its length in lines.
	Lines int `json:"lines"`
	// With --verbose its text, "(secret)" in the place of each secret.
	Text *string `json:"text,omitempty"`
}

// BlobObject is a file that holds no secret.
type BlobObject struct {
	FileMeta
	// Its length in bytes.
	Size int64 `json:"size"`
	// Its sha256, in hex.
	SHA256 string `json:"sha256"`
}

// ServerObject is the server process of a home.
type ServerObject struct {
	// Whether it runs.
	Running bool `json:"running"`
	// The JAVA_HOME it runs on or will be started on, where known.
	JavaHome string `json:"java_home,omitempty"`
	// The systemd unit that the process belongs to or will be started by; absent: none.
	Unit string `json:"unit,omitempty"`
	// The TCP ports that must answer before it counts as up.
	Ports []int `json:"ports,omitempty"`
	// How long it may take to come up, in seconds.
	StartTimeout int `json:"start_timeout_seconds,omitempty"`
	// How long it may take to stop, in seconds.
	StopTimeout int `json:"stop_timeout_seconds,omitempty"`
}

// Statement is one SQL statement as it is sent.
type Statement struct {
	// Its text, "(secret)" in the place of each secret.
	SQL string `json:"sql"`
	// The script it is from; absent for one of this program's own.
	File string `json:"file,omitempty"`
	// Its line in the script, from 1.
	Line int `json:"line,omitempty"`
	// The account that it changes, user@host.
	Account string `json:"account,omitempty"`
	// The node whose server is stopped while it is made.
	Node string `json:"node,omitempty"`
}

// SchemaObject is one database.
type SchemaObject struct {
	// Its character set.
	Charset string `json:"charset,omitempty"`
	// How many tables it has, of one that was found.
	Tables int `json:"tables,omitempty"`
	// The statement that creates it or sets its character set.
	Opening string `json:"opening,omitempty"`
	// The sql_mode that its scripts are loaded with.
	SQLMode string `json:"sql_mode,omitempty"`
	// The scripts to load, in their order.
	Scripts []string `json:"scripts,omitempty"`
	// How many statements they have.
	Statements int `json:"statements,omitempty"`
	// How many of these an interrupted load has made already.
	Resume int `json:"resume,omitempty"`
	// With --verbose the statements that are to be made.
	SQL []Statement `json:"sql,omitempty"`
}

// AccountObject is one database user.
type AccountObject struct {
	// Its entries, one for each host pattern that it may come from.
	Entries []AccountEntry `json:"entries,omitempty"`
	// What leads to what is wanted.
	SQL []Statement `json:"sql,omitempty"`
}

// AccountEntry is a user at one host pattern.
type AccountEntry struct {
	// The host pattern, as the server has it.
	Host string `json:"host"`
	// Whether its grants or its password are changed.
	Changes bool `json:"changes"`
}

// PackageObject is the package that carries the database server.
type PackageObject struct {
	// The package manager: apt or dnf.
	Manager string `json:"manager,omitempty"`
	// The package's name.
	Name string `json:"name,omitempty"`
	// The version that is installed; absent: none.
	Installed string `json:"installed,omitempty"`
	// The version that would be installed, where the manager knows it.
	Version string `json:"version,omitempty"`
	// All that is installed with it, each "name version".
	With []string `json:"with,omitempty"`
	// Whose database server it is: MySQL or MariaDB.
	Flavor string `json:"flavor,omitempty"`
}

// ServiceObject is the database server's process.
type ServiceObject struct {
	// Whether it runs.
	Running bool `json:"running"`
	// The addresses at which it listens, of one that was found.
	Listens []string `json:"listens,omitempty"`
	// The address at which it shall listen.
	Address string `json:"address,omitempty"`
	// The TCP port at which it shall listen.
	Port int `json:"port,omitempty"`
}

// AdminObject is the account that this program works with.
type AdminObject struct {
	// Whether it lets this program in and may do what is needed.
	Login bool `json:"login"`
	// What leads to what is wanted.
	SQL []Statement `json:"sql,omitempty"`
}

// UnitObject is what systemd knows of a unit.
type UnitObject struct {
	// Whether it starts with its host.
	Enabled bool `json:"enabled"`
	// Whether systemd holds another text of it than its file.
	Stale bool `json:"stale,omitempty"`
	// Whether systemd shall read its units anew.
	Reload bool `json:"reload,omitempty"`
	// Files that change what the unit says and are not this program's.
	Dropins []string `json:"dropins,omitempty"`
}

// HomeObject is a whole home. Of one that was found only the file's metadata is
// there.
type HomeObject struct {
	FileMeta
	// The product's version.
	Version string `json:"version,omitempty"`
	// The name of the distribution zip.
	Pack string `json:"pack,omitempty"`
	// The zip's sha256, in hex.
	SHA256 string `json:"sha256,omitempty"`
	// The zip's length in bytes.
	Packed int64 `json:"packed,omitempty"`
	// Where the host fetches the zip from; absent: it is uploaded.
	URL string `json:"url,omitempty"`
	// How many files it unpacks to.
	Files int `json:"files,omitempty"`
	// How many bytes these have.
	Size int64 `json:"size,omitempty"`
}

// UserObject is a user of a host.
type UserObject struct {
	// The user's own group, of one that was found.
	Group string `json:"group,omitempty"`
	// The login shell of one that is made.
	Shell string `json:"shell,omitempty"`
}

// UnpackedObject is a home, and whose it is.
type UnpackedObject struct {
	// Whether this program unpacked it.
	Ours bool `json:"ours"`
	// Whether a removal of it was cut off.
	Left bool `json:"left,omitempty"`
	// The pack that it was unpacked from.
	Pack string `json:"pack,omitempty"`
}

// object is an object as JSON; text is a file's, masked, was is what a desired
// one replaces.
func object(o, was plan.Object, text []string, opt Options) *Object {
	switch o := o.(type) {
	case *plan.File:
		f := &FileObject{FileMeta: effective(o.Meta, was), Size: len(o.Data), Lines: len(text)}
		if opt.Verbose {
			whole := joinedLines(text)
			f.Text = &whole
		}
		return &Object{File: f}
	case *plan.Blob:
		return &Object{Blob: &BlobObject{effective(o.Meta, was), o.Size, o.SHA256}}
	case *plan.Server:
		return &Object{Server: server(o)}
	case *plan.Schema:
		return &Object{Schema: schema(o, opt)}
	case *plan.Account:
		a := &AccountObject{SQL: sql(o.Grants, opt)}
		for _, e := range o.Entries {
			a.Entries = append(a.Entries, AccountEntry{e.Host, e.Changes})
		}
		return &Object{Account: a}
	case *plan.Package:
		return &Object{Package: &PackageObject{o.Manager, o.Name, o.Installed, o.Version, o.With, o.Flavor}}
	case *plan.Service:
		return &Object{Service: &ServiceObject{o.Running, o.Listens, o.Address, o.Port}}
	case *plan.Home:
		return &Object{Home: &HomeObject{effective(o.Meta, was), o.Version, o.Pack, o.SHA256, o.Packed, o.URL, o.Files, o.Size}}
	case *plan.User:
		return &Object{User: &UserObject{o.Group, o.Shell}}
	case *plan.Admin:
		return &Object{Admin: &AdminObject{o.Login, sql(o.Statements, opt)}}
	case *plan.Unit:
		return &Object{Unit: &UnitObject{o.Enabled, o.Stale, o.Reload, o.Dropins}}
	case *plan.Unpacked:
		return &Object{Unpacked: &UnpackedObject{o.Ours, o.Left, o.Pack}}
	}
	return nil
}

func server(o *plan.Server) *ServerObject {
	s := &ServerObject{Running: o.Running, JavaHome: o.JDK, Unit: o.Unit}
	if o.Start != nil {
		s.JavaHome, s.Ports = o.Start.JavaHome, o.Start.Ports
		s.StartTimeout, s.StopTimeout = int(o.Start.StartTimeout.Seconds()), int(o.Start.StopTimeout.Seconds())
	}
	return s
}

func schema(o *plan.Schema, opt Options) *SchemaObject {
	s := &SchemaObject{
		Charset: o.Charset, Tables: len(o.Tables), Opening: o.Opening, SQLMode: o.SQLMode,
		Scripts: o.Scripts, Statements: len(o.Statements), Resume: max(o.Resume, 0),
	}
	if opt.Verbose {
		s.SQL = sql(o.Statements[s.Resume:], opt)
	}
	return s
}

func sql(list []plan.Statement, opt Options) []Statement {
	var out []Statement
	for _, s := range list {
		out = append(out, Statement{joinedLines(veil(opt.Secret).mask([]byte(s.SQL), s.Hidden)), s.File, s.Line, s.Account, s.Node})
	}
	return out
}
