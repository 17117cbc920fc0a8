// Package sshconfig reads ssh_config as OpenSSH's client does, and says what it
// means for one host: where to connect, as whom, with which keys, over which
// hops.
//
// It reads the format itself, because a library that answers "what is the value
// of Port" cannot say in which file and line a directive stands that we do not
// support, and refuses a whole file for one Match that concerns other hosts. The
// tests compare with `ssh -G`.
package sshconfig

import (
	"fmt"
	"time"
)

// Files are the ssh_config files of one operator, and what tokens in them stand
// for. Where two files, or two lines, give a value, the first wins.
type Files struct {
	User   string // read first; "" and one that is missing count as empty
	System string // read next; the same
	// Alone is for a file that was named: User must be there, and its rights do
	// not matter, as with `ssh -F`.
	Alone bool
	Local Local
}

// Local is the operator's own side.
type Local struct {
	User     string
	UID      int
	Home     string
	Hostname string
	Getenv   func(string) (string, bool)
}

// Given is what is decided before the files are read, as options on the command
// line of ssh are.
type Given struct {
	User string // "": as the files say
	Port int    // 0: as the files say
	Jump bool   // the way is known: ProxyJump and ProxyCommand do not matter
}

// Host is what the files say about one host.
type Host struct {
	Alias    string // what was looked up
	HostName string // where to connect; never empty
	User     string // never empty
	Port     int    // never 0
	Jump     []Host // the hops on the way, first to last; none: directly

	IdentityFiles    []string // expanded; nil: not said; empty: none
	CertificateFiles []string // expanded
	IdentitiesOnly   bool
	IdentityAgent    string // path of the agent's socket; "": no agent
	NoKeys           bool   // PubkeyAuthentication no

	UserKnownHosts   []string // expanded; ssh's usual files if not said
	GlobalKnownHosts []string
	HostKeyAlias     string
	AcceptNew        bool

	// Algorithms that may be used, best first; nil: not said.
	Ciphers, KeyExchanges, MACs, HostKeyAlgorithms []string

	Network        string // "tcp", "tcp4" or "tcp6"
	BindAddress    string // an IP literal; "": any
	ConnectTimeout time.Duration
	KeepAlive      time.Duration // 0: not said; negative: never
	KeepAliveCount int           // 0: not said

	Warnings []string
}

// Error is a line of a file that cannot be honoured.
type Error struct {
	File string
	Line int
	Text string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

// Resolve says what the files mean for a host, looked up by the name that one
// would give to ssh.
func (f Files) Resolve(alias string, given Given) (Host, error) {
	return f.resolve(alias, given, nil)
}

// resolve knows which hosts led here by their ProxyJump, to notice a circle.
func (f Files) resolve(alias string, given Given, passed []string) (Host, error) {
	set, err := f.settings(alias, given)
	if err != nil {
		return Host{}, err
	}
	if err := set.judge(); err != nil {
		return Host{}, err
	}
	h, err := set.host()
	if err != nil {
		return Host{}, err
	}
	h.Jump, err = f.jumps(set, h, append(passed, alias))
	return h, err
}

// settings reads the files once, and a second time where a line `Match final`
// asks for it: then patterns are compared with the name that came out.
func (f Files) settings(alias string, given Given) (*settings, error) {
	set := newSettings(f.Local, alias, given)
	first := &pass{files: f, set: set, host: alias}
	if err := first.run(); err != nil {
		return nil, err
	}
	if !first.wantFinal {
		return set, nil
	}
	name, err := set.hostName()
	if err != nil {
		return nil, err
	}
	set.final = name
	second := &pass{files: f, set: set, host: name, final: true}
	return set, second.run()
}
