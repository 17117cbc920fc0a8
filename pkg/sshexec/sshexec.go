// Package sshexec is one SSH connection to one host: a batch of reads, a batch
// of replaces, an upload, a script, a tunnel. It knows nothing of the product.
//
// Nothing is needed on a host but sshd, a POSIX sh and coreutils (or busybox):
// every batch is one script in one exec, whatever the number of files, because
// a round trip costs more than everything the script does.
package sshexec

import "time"

// The four types below are aliases of unnamed structs, so that whoever declares
// the same shapes gets an interface that *Conn satisfies, with no import in
// either direction.

// Read asks for one thing of a host.
type Read = struct {
	// Kind is "file" (bytes and metadata), "stat" (metadata only), "hash"
	// (metadata, size and sha256; the last element of Name may hold * and ?),
	// "run" (Name is sh script text, Args its $1 and on, Data its stdout), "text"
	// (the same of a script that prints no NUL, which costs the host less), or
	// "kept" (what Replace.Keep kept; with Args "sum" no bytes of it).
	Kind string
	Name string   // an absolute clean path, the text of a script, or a path in the store
	Args []string // of "run" and "text"
	As   string   // "" as the session (root where sudo is on); else a path: as the owner of that path
}

// Found is what was there. A Read yields one Found; a pattern yields one for
// each match, and none where nothing matches.
type Found = struct {
	Path         string // as asked, or the match
	Real         string // where symlinks lead; "" when Path is no symlink
	Kind         string // "file", "dir", "absent", "other", "output"
	Data         []byte
	Size         int64
	SHA256       string // hex; of file (over Data) and hash
	Mode         uint32 // the 07777 bits
	Owner, Group string // names; numeric text where the id has no name
	UID, GID     int
	Links        int
	MTime, CTime time.Time // sub-second where the host's stat gives it
	Exit         int       // of "run" and "text"
	Err          string    // why it could not be read: unread is not absent
}

// Replace writes, or removes, one file.
type Replace = struct {
	Path   string
	As     string // as Read.As
	Before string // hex sha256 that must be there at the moment of writing; "" = must be absent
	Data   []byte
	From   string // instead of Data: a remote path (an Upload's) to copy from, or a path in the store
	// Keep is GROUP/RUN/NAME in the store: where what is there goes before it is
	// replaced; "" keeps nothing. A write that has it is of a run which has the
	// host to itself: what others left beside the target is of dead ones.
	Keep         string
	SHA256       string // hex, of what is written; required
	Remove       bool
	Mode         uint32 // the 07777 bits; 0 keeps the mode that is there (0600 for a new file)
	Owner, Group string // "" keeps what is there, or is the writer's
}

// Wrote answers one Replace.
type Wrote = struct {
	Path    string
	Done    bool
	Kept    string // where the host has what was there; "" where nothing was kept
	InPlace bool   // written through, because the file could not be renamed over (a bind mount)
	Moved   bool   // not what Before said: nothing was written
	Err     string // why it is not done; "" and not Done: never tried, an earlier one failed
}

// Stats counts what went over the wire, for tests and reports.
type Stats struct {
	Connections int   // TCP connections opened
	Sessions    int   // session channels opened: execs and SFTP
	Execs       int   // of these, scripts run
	Tunnels     int   // direct-tcpip channels opened
	Sent        int64 // bytes, as on the wire
	Received    int64
}
