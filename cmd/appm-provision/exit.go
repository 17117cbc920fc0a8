package main

import (
	"context"
	"errors"
	"fmt"

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
	exitInterrupted    = 130
)

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
	converge.Database: exitDatabase, converge.Verify: exitVerify, converge.Install: exitInstall, converge.Locked: exitLocked,
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
