package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// The exit codes are a contract: docs/exit-codes.md.
const (
	exitOther          = 1
	exitChanges        = 2 // plan --detailed-exitcode only
	exitInput          = 3
	exitUnreachable    = 10
	exitAuthentication = 11
	exitHostKey        = 12
	exitSudo           = 13
	exitMissing        = 14
	exitConflict       = 15
	exitDatabase       = 16
	exitDrift          = 17
	exitWrite          = 18
	exitServer         = 19
	exitVerify         = 20
	exitInstall        = 21
	exitLocked         = 22
	exitUnpack         = 23
	exitInterrupted    = 130
)

// A cause is what an exit code stands for: its name in JSON, what it means, and
// what is to be done where a message does not say it.
type cause struct {
	code                  int
	name, meaning, advice string
}

// causes are in the order of docs/exit-codes.md.
var causes = []cause{
	{0, "done", "done, or nothing to do", ""},
	{exitOther, "other", "not \"yes\", or an error without a code of its own", "read the message"},
	{exitChanges, "changes", "there are changes (plan --detailed-exitcode only)", ""},
	{exitInput, "input", "bad inventory, command line, ssh_config, driver or secret", "correct what the message names"},
	{exitUnreachable, "unreachable", "a host cannot be reached, or the connection was lost", "check address, port and network, then rerun"},
	{exitAuthentication, "authentication", "a host accepts none of the keys, nor the password", "check user and key"},
	{exitHostKey, "host-key", "a host's key is unknown, changed or revoked", "compare the fingerprints in the message"},
	{exitSudo, "sudo", "sudo, su or doas does not let the user", "see the rule that the message names"},
	{exitMissing, "missing", "a host lacks something, or a file cannot be read", "run check, which says what"},
	{exitConflict, "conflict", "what is there contradicts the inventory", "correct what the message says"},
	{exitDatabase, "database", "the database cannot be reached or refuses", "check the database server and its accounts"},
	{exitDrift, "drift", "a resource is no longer what the plan saw", "plan again"},
	{exitWrite, "write", "a file could not be written", "check free space and rights, then rerun"},
	{exitServer, "server", "a server did not stop, or did not come up", "read the last lines of its log, then rerun"},
	{exitVerify, "verification", "after the apply there is still something to do", "run plan, which shows it"},
	{exitInstall, "install", "the database server could not be installed or started", "correct what the last lines of the log say, then rerun"},
	{exitLocked, "locked", "another run is at work there", "wait for its end, or see unlock"},
	{exitUnpack, "unpack", "a home could not be unpacked, or its user not be made", "correct what the message says, then rerun"},
	{exitInterrupted, "interrupted", "interrupted by a signal", "rerun"},
}

// exitTopic is the topic of help that shows them all.
const exitTopic = "exit-codes"

// exitHelp writes the exit codes on one screen.
func exitHelp(w io.Writer) error {
	text := "A code keeps its meaning; docs/exit-codes.md says more. --json gives the cause.\n\n"
	for _, c := range causes {
		text += fmt.Sprintf("%4d  %-14s  %s\n", c.code, c.name, c.meaning)
	}
	_, err := io.WriteString(w, text)
	return err
}

func causeOf(code int) cause {
	for _, c := range causes {
		if c.code == code {
			return c
		}
	}
	return cause{code: code, name: "other", advice: "read the message"}
}

// exit is an error that knows its code.
type exit struct {
	code int
	text string
}

func (e exit) Error() string { return e.text }

// usage is an error of the command line.
func usage(format string, args ...any) error {
	return exit{exitInput, fmt.Sprintf(format, args...)}
}

// exitCode tells the cause of an error; of several joined ones the first.
func exitCode(ctx context.Context, err error) int {
	var (
		known  exit
		ssh    *sshexec.Error
		gone   *converge.Error
		cannot *plan.Error
		wrong  *inventory.Invalid
	)
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &known):
		return known.code
	case errors.As(err, &wrong):
		return exitInput
	case errors.As(err, &gone):
		return ofConverge[gone.Cause]
	case errors.As(err, &ssh):
		return ofSSH(ssh.Kind)
	case errors.As(err, &cannot):
		return map[plan.Cause]int{plan.Missing: exitMissing, plan.Conflict: exitConflict, plan.Unread: exitMissing, plan.Denied: exitDatabase}[cannot.Cause]
	}
	return exitOther
}

var ofConverge = map[converge.Cause]int{
	converge.Drift: exitDrift, converge.Write: exitWrite, converge.Server: exitServer,
	converge.Database: exitDatabase, converge.Verify: exitVerify, converge.Install: exitInstall, converge.Locked: exitLocked, converge.Unpack: exitUnpack,
}

func ofSSH(k sshexec.Kind) int {
	switch k {
	case sshexec.Unreachable, sshexec.Lost:
		return exitUnreachable
	case sshexec.Authentication:
		return exitAuthentication
	case sshexec.HostKey:
		return exitHostKey
	case sshexec.Sudo:
		return exitSudo
	case sshexec.Shell, sshexec.Protocol, sshexec.Limit:
		return exitMissing
	case sshexec.Upload:
		return exitWrite
	case sshexec.Refused, sshexec.Forbidden:
		return exitDatabase
	case sshexec.Interrupted:
		return exitInterrupted
	}
	return exitOther
}
