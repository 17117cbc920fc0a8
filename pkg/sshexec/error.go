package sshexec

import (
	"context"
	"errors"
	"fmt"
)

// Kind is the cause of an Error: what a caller branches on, and what the exit
// code is chosen by.
type Kind string

const (
	Unreachable    Kind = "unreachable"    // no TCP connection, or no SSH server behind it
	Authentication Kind = "authentication" // the host accepts none of our keys
	HostKey        Kind = "host key"       // unknown, changed or revoked
	Sudo           Kind = "sudo"           // sudo is missing or does not let us
	Shell          Kind = "shell"          // the login shell or a tool of the host did not run our script
	Lost           Kind = "lost"           // the connection was cut
	Protocol       Kind = "protocol"       // the host answered something that we did not ask for
	Request        Kind = "request"        // what was asked of this package is not valid; nothing was sent
	Limit          Kind = "limit"          // more output than Config.MaxOutput
	Interrupted    Kind = "interrupted"    // the context ended
	Upload         Kind = "upload"         // SFTP is missing or refused
	Forbidden      Kind = "forbidden"      // sshd does not allow tunnels
	Refused        Kind = "refused"        // the far end of a tunnel did not accept
)

// Error is every error that this package returns.
type Error struct {
	Kind Kind
	Host string // Config.Host
	Text string // what happened, and what to do
	Err  error  // the cause, if there is one; its text is already in Text or follows it
}

func (e *Error) Error() string {
	text := e.Host + ": " + e.Text
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

func (cfg *Config) fail(kind Kind, err error, format string, args ...any) *Error {
	return &Error{Kind: kind, Host: cfg.Host, Text: fmt.Sprintf(format, args...), Err: err}
}

// interrupted is the error of a context that has ended.
func (cfg *Config) interrupted(ctx context.Context, doing string) *Error {
	return cfg.fail(Interrupted, context.Cause(ctx), "%s was interrupted", doing)
}

// IsKind reports whether err is, or wraps, an Error of that kind.
func IsKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}
