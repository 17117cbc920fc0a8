// Package plan holds what is, what should be, and the difference between the
// two: resources, the state they were found in, and the changes that lead from
// one to the other. It reads nothing and writes nothing.
package plan

import "time"

// Deployment is the target that stands beside the hosts: the databases belong
// to it, not to any machine.
const Deployment = "database"

// A Kind says which of the closed union of objects a resource is.
type Kind string

// The kinds of resources. A Listing is only ever read.
const (
	KindFile    Kind = "file"    // a file by its bytes
	KindDir     Kind = "dir"     // a directory's metadata
	KindBlob    Kind = "blob"    // a file too big to read: size and sha256
	KindListing Kind = "listing" // blobs that match a glob
	KindServer  Kind = "server"  // the server process of a home
	KindJava    Kind = "java"    // the JDKs of a host that can run the product
	KindMySQL   Kind = "mysql"   // the database server itself
	KindSchema  Kind = "schema"  // one database
	KindAccount Kind = "account" // one database user, for all the addresses it comes from
	KindHome    Kind = "home"    // a whole home, as unpacked from a pack
	KindUser    Kind = "user"    // a user of a host
)

// A Ref names one resource: on which target, of which kind, where.
type Ref struct {
	Target string // a host's name, or Deployment
	Kind   Kind
	Path   string // file path, glob, home, schema or user name
}

// String gives the form of messages: "gw1: /etc/hosts".
func (r Ref) String() string {
	switch r.Kind {
	case KindServer:
		return r.Target + ": server of " + r.Path
	case KindSchema, KindAccount, KindPackage, KindAdmin, KindUnit:
		return r.Target + ": " + string(r.Kind) + " " + r.Path
	case KindUnpacked:
		return r.Target + ": home " + r.Path
	case KindService:
		return r.Target + ": database server"
	case KindUser:
		return r.Target + ": user " + r.Path
	case KindMySQL:
		return r.Target + ": server"
	}
	return r.Target + ": " + r.Path
}

// A Need is a resource that a step must have read before it can say what it
// wants.
type Need struct {
	Ref
	Sum bool // of what is kept: no bytes, only their digest
	// As is a directory of the host: the resource is read with the rights of
	// that directory's owner and no more. Whoever owns a home could otherwise
	// point root at any file by a symlink. Empty: as the session.
	As string
	// State is the folder of the host's state; "": the usual one.
	State string
}

// A Span is a half-open range of bytes.
type Span struct{ Start, End int }

// A Want is the desired state of one resource, and why.
type Want struct {
	Ref    Ref
	As     string // as Need.As, for writing
	Node   string // the node it is for; empty for a host's or the deployment's
	After  Object // nil: absent
	Why    string
	During Stage // when it is made; empty: as its kind
	// Hidden and HiddenBefore are the ranges of After's and Before's bytes that
	// hold a secret: applied, never shown.
	Hidden, HiddenBefore []Span
}

// A Note is something an operator should know that is no change.
type Note struct {
	Target, Node, Text string
}

// A Scope says what a step is for.
type Scope string

// The scopes: a node's files, a host's, the databases that belong to all, and
// what nodes share.
const (
	ScopeNode       Scope = "node"
	ScopeHost       Scope = "host"
	ScopeDeployment Scope = "deployment"
	// ScopeNodes is for what several nodes must agree on: it is looked at when
	// each of them has said what its files will be.
	ScopeNodes Scope = "nodes"
)

// A Step turns what is into what should be. It computes; it never touches.
type Step struct {
	Name  string
	Scope Scope
	For   string // the node's or host's name, or Deployment
	// Whole: it looks at what the steps before it want, and by itself has
	// nothing to say.
	Whole bool
	Needs []Need
	Want  func(*State) ([]Want, []Note, error)
}

// A Stage is a part of a run that every host finishes before the next begins.
type Stage string

// The stages in which changes are made, in order. An upload is not a change of
// its own: it brings a blob near, the files stage puts it in place.
const (
	StageUnpack    Stage = "unpack"
	StageDatabases Stage = "databases"
	StageFiles     Stage = "files"
	StageRestart   Stage = "restart"
)

// The stages of what goes: servers stop before anything is taken from under
// them, and what nobody uses any more goes last.
const (
	StageStop   Stage = "stop"
	StageRemove Stage = "remove"
)

// A Change is one difference. Only Build makes them, so that Before is always
// what was read.
type Change struct {
	Want
	Step   string
	Before Object // nil: absent
}

// Stage tells when the change is made.
func (c Change) Stage() Stage {
	if c.During != "" {
		return c.During
	}
	switch c.Ref.Kind {
	case KindPackage, KindService, KindAdmin:
		return StageInstall
	case KindHome, KindUser:
		return StageUnpack
	case KindSchema, KindAccount:
		return StageDatabases
	case KindServer:
		return StageRestart
	}
	return StageFiles
}

// A Plan is the difference of a whole deployment: data that can be printed,
// reviewed, applied, and refused where a host has moved on.
type Plan struct {
	Name    string   // the inventory's
	Targets []string // everything that was looked at, in order
	Changes []Change // in the order of the steps
	Kept    []Want   // what is as it should be, with the reason
	Notes   []Note
}

// Empty tells whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 }

// At returns the changes of one stage, in order.
func (p *Plan) At(s Stage) []Change {
	var at []Change
	for _, c := range p.Changes {
		if c.Stage() == s {
			at = append(at, c)
		}
	}
	return at
}

// On returns the changes of one target, in order.
func (p *Plan) On(target string) []Change {
	var on []Change
	for _, c := range p.Changes {
		if c.Ref.Target == target {
			on = append(on, c)
		}
	}
	return on
}

// Age is a duration measured by a host's own clock; two ages of different
// hosts can be compared although their clocks differ.
type Age = time.Duration
