package plan

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// An Object is what a resource is or should be: one of the types of this file.
// A nil Object is a resource that is absent.
type Object interface{ isObject() }

// Meta is what every file carries beside its content.
type Meta struct {
	Mode         uint32 // permission bits, 07777
	Owner, Group string // names; numeric where the host has no name
	Real         string // where symlinks lead; empty where Path is the file itself
	Changed      time.Time
}

// File is a file by its bytes.
type File struct {
	Meta
	Data []byte
}

// Dir is a directory's metadata.
type Dir struct{ Meta }

// Blob is a file by its size and digest.
type Blob struct {
	Meta
	Size   int64
	SHA256 string // hex
	// Kept is where in the store of its host a desired one is; empty: it is
	// brought there.
	Kept string
}

// Listing is what a glob matched; the matches are resources of their own.
type Listing struct{ Matches []Ref }

// Server is the server process of a home.
type Server struct {
	Running bool
	PID     int
	Started time.Time // by the host's clock
	Age     Age       // how long ago that was, at least, when the gathering began
	JDK     string    // the JAVA_HOME it runs on, where known
	Unit    string    // the systemd unit that its process belongs to; "": none

	// Renew asks for a new process in place of a running one.
	Renew bool
	Start *Start // how to bring it up; set on a desired server that is to be started
}

// Start is how a server is brought up, and how one that runs goes down before.
type Start struct {
	JavaHome                  string
	Unit                      string `json:",omitempty"` // by which systemd starts it; "": the product's script does
	Leaves                    string `json:",omitempty"` // the unit by which systemd stops it first; "": it gets a signal
	Ports                     []int  // all of them must answer
	StartTimeout, StopTimeout time.Duration
}

// Java is the JDKs found on a host, the best first.
type Java struct {
	Homes []JDK
}

// JDK is one Java installation.
type JDK struct{ Home, Version string }

// MySQL is the database server.
type MySQL struct {
	Version   string   // as the server says it
	Flavor    string   // MySQL or MariaDB
	Anonymous []string // hosts of anonymous accounts, which can shadow ours
	Found     any      // dbinit's own view; see Schema.Found
}

// A Statement is one SQL statement, exactly as it is sent.
type Statement struct {
	SQL     string
	File    string // script; empty for the tool's own
	Line    int
	Hidden  []Span // bytes that hold a secret
	Account string // user@host that it changes
	// Node is the one whose server is stopped while the statement is made: a
	// password that its server logs in with changes between stop and start.
	Node string
}

// Format writes the statement with what is hidden in it left out, through any
// verb: a plan that is printed by mistake shows no password.
func (s Statement) Format(f fmt.State, _ rune) {
	at := 0
	for _, h := range s.Hidden {
		if h.Start < at || h.End < h.Start || h.End > len(s.SQL) {
			_, _ = io.WriteString(f, "(secret)") // spans that do not fit hide the rest
			return
		}
		_, _ = io.WriteString(f, s.SQL[at:h.Start]+"(secret)")
		at = h.End
	}
	_, _ = io.WriteString(f, s.SQL[at:])
}

// Schema is one database.
type Schema struct {
	Charset string
	Tables  []string
	// Found is dbinit's own view. The plan carries it from gathering to
	// applying, where dbinit refuses when the schema has moved on since; it
	// knows no more of it.
	Found any

	// Of a desired schema: what leads there. Load is false where nothing does,
	// because nothing has to.
	Load       bool
	Opening    string // the statement that creates it, or sets its character set
	SQLMode    string
	Scripts    []string
	Statements []Statement
	Resume     int // where an interrupted load goes on
}

// Account is one database user, with an entry for each address it comes from.
type Account struct {
	Entries []Entry
	Found   any         // as Schema.Found
	Grants  []Statement // of a desired account: what leads there
}

// Entry is a user at one host pattern.
type Entry struct {
	Host    string
	Changed Age  // how long ago this tool changed it; 0: never
	Changes bool // of a desired account: a grant or the password changes
}

func (*File) isObject()    {}
func (*Dir) isObject()     {}
func (*Blob) isObject()    {}
func (*Listing) isObject() {}
func (*Server) isObject()  {}
func (*Java) isObject()    {}
func (*MySQL) isObject()   {}
func (*Schema) isObject()  {}
func (*Account) isObject() {}

// same tells whether after asks for nothing that before is not.
func same(before, after Object) bool {
	if before == nil || after == nil {
		return before == nil && after == nil
	}
	switch a := after.(type) {
	case *File:
		b, ok := before.(*File)
		return ok && bytes.Equal(a.Data, b.Data) && a.sameMeta(b.Meta)
	case *Blob:
		b, ok := before.(*Blob)
		return ok && a.SHA256 == b.SHA256 && a.sameMeta(b.Meta)
	case *Server:
		b, ok := before.(*Server)
		return ok && a.Running == b.Running && !a.Renew
	case *Schema:
		return !a.Load
	case *Account:
		return len(a.Grants) == 0
	case *Home, *User:
		return true
	}
	return sameInstalled(before, after)
}

// sameMeta compares what a desired object says of itself; an empty owner or
// group and mode 0 are "whatever it is".
func (m Meta) sameMeta(b Meta) bool {
	return (m.Mode == 0 || m.Mode == b.Mode) &&
		(m.Owner == "" || m.Owner == b.Owner) &&
		(m.Group == "" || m.Group == b.Group)
}
