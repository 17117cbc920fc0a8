package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

func TestEachCauseHasItsExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{&inventory.Invalid{}, 3},
		{usage("wrong"), 3},
		{&sshexec.Error{Kind: sshexec.Unreachable}, 10},
		{&sshexec.Error{Kind: sshexec.Lost}, 10},
		{&sshexec.Error{Kind: sshexec.Authentication}, 11},
		{&sshexec.Error{Kind: sshexec.HostKey}, 12},
		{&sshexec.Error{Kind: sshexec.Sudo}, 13},
		{&plan.Error{Cause: plan.Missing}, 14},
		{&plan.Error{Cause: plan.Unread}, 14},
		{&plan.Error{Cause: plan.Conflict}, 15},
		{&plan.Error{Cause: plan.Denied}, 16},
		{&converge.Error{Cause: converge.Database}, 16},
		{&converge.Error{Cause: converge.Drift}, 17},
		{&converge.Error{Cause: converge.Write}, 18},
		{&converge.Error{Cause: converge.Server}, 19},
		{&converge.Error{Cause: converge.Verify}, 20},
		{&converge.Error{Cause: converge.Install}, 21},
		{&sshexec.Error{Kind: sshexec.Interrupted}, 130},
		{errors.New("anything else"), 1},
		{errors.Join(fmt.Errorf("a: %w", &sshexec.Error{Kind: sshexec.Sudo}), &sshexec.Error{Kind: sshexec.HostKey}), 13},
	} {
		if got := exitCode(context.Background(), c.err); got != c.want {
			t.Errorf("%T %v: exit code %d, want %d", c.err, c.err, got, c.want)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if got := exitCode(ended, errors.New("whatever")); got != 130 {
		t.Errorf("interrupted: exit code %d, want 130", got)
	}
}

func TestEveryExitCodeIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/exit-codes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []int{0, exitOther, exitChanges, exitInput, exitUnreachable, exitAuthentication, exitHostKey, exitSudo,
		exitMissing, exitConflict, exitDatabase, exitDrift, exitWrite, exitServer, exitVerify, exitInstall, exitInterrupted} {
		if !strings.Contains(string(doc), fmt.Sprintf("\n| %d |", code)) {
			t.Errorf("docs/exit-codes.md does not explain %d", code)
		}
	}
}

func TestApplyWithoutATerminalNeedsYes(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	a := &app{stdin: in, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
	if err := a.confirm(t.Context(), true); err != nil {
		t.Errorf("with --yes: %v", err)
	}
	if err := a.confirm(t.Context(), false); err == nil || exitCode(context.Background(), err) != exitInput || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("without a terminal: %v", err)
	}
}
