// Package converge is where a plan meets the hosts: it gathers what is there,
// applies changes in stages, and nothing else in the project does.
package converge

import (
	"context"
	"io"
	"net"
	"time"
)

// The types of the Host interface are aliases of unnamed structs, so that any
// package that spells them the same way satisfies Host without importing this
// one. Their meaning is documented there, in sshexec.
type (
	// Read asks for one thing of a host.
	Read = struct {
		Kind string // "file", "stat", "hash" (a path or a glob), "run" (a script), "text" (one that prints no NUL) or "kept" (in the store)
		Name string
		Args []string
		As   string // drop to the owner of this path
	}
	// Found is what was there.
	Found = struct {
		Path         string
		Real         string
		Kind         string // "file", "dir", "absent", "other", "output"
		Data         []byte
		Size         int64
		SHA256       string
		Mode         uint32
		Owner, Group string
		UID, GID     int
		Links        int
		MTime, CTime time.Time
		Exit         int
		Err          string // why it could not be read
	}
	// Replace writes or removes one file, if it is still what Before says.
	Replace = struct {
		Path         string
		As           string
		Before       string
		Data         []byte
		From         string
		Keep         string // where what was there goes, in the store of the host
		SHA256       string
		Remove       bool
		Mode         uint32
		Owner, Group string
	}
	// Wrote answers one Replace.
	Wrote = struct {
		Path    string
		Done    bool
		Kept    string // where it is now, as the host sees the path
		InPlace bool
		Moved   bool
		Err     string
	}
)

// Host is what converge needs of a machine.
type Host interface {
	// Ahead opens what the next n calls need, side by side with what is under way.
	Ahead(n int)
	// Gather answers any number of reads in one round trip.
	Gather(ctx context.Context, reads []Read) ([][]Found, error)
	// Replace writes files in order and stops at the first that it can't.
	Replace(ctx context.Context, files []Replace) ([]Wrote, error)
	// Run runs a script with the rights of as's owner and streams its output.
	Run(ctx context.Context, as, script string, args []string, stdin []byte, line func(string)) (exit int, stderr string, err error)
	// Upload brings a file near: the path it returns is good for Replace.From.
	Upload(ctx context.Context, name string, src io.ReaderAt, size int64, progress func(int64)) (string, error)
	// Unstage removes what Upload brought.
	Unstage(ctx context.Context, paths ...string) error
	// DialContext connects from the host onwards.
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}
