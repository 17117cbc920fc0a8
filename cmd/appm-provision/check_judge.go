package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// loggedIn says how far the connection came.
func (p *preflight) loggedIn(host string, err error) {
	var ssh *sshexec.Error
	come := []string{checkReach, checkKey, checkAuth}
	at := -1
	if err != nil {
		at = 0
		if errors.As(err, &ssh) {
			at = map[sshexec.Kind]int{sshexec.HostKey: 1, sshexec.Authentication: 2}[ssh.Kind]
		}
	}
	for i, c := range come {
		switch {
		case i == at:
			p.fail(host, c, err)
			return
		case c == checkAuth:
			p.ok(host, "", c, "as %s", p.sshConfig(host).User)
		default:
			p.ok(host, "", c, "")
		}
	}
}

// fail adds an error of a whole host, which names the host itself.
func (p *preflight) fail(host, check string, err error) {
	p.add(report.Failure, host, "", check, exitCode(context.Background(), err), "%s", strings.TrimPrefix(err.Error(), host+": "))
}

// judge turns what was read into findings.
func (p *preflight) judge(ctx context.Context) {
	p.hostOK, p.well, p.mapped = map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, host := range p.asked {
		if p.conns[host] != nil {
			p.gathered(ctx, host, p.failed[host])
		}
	}
	p.settle = true
	p.stepByStep()
	p.together()
	p.database()
	p.conditions()
}

// conditions are what the plan does not see: the hosts as machines.
func (p *preflight) conditions() {
	for _, host := range p.asked {
		if h, known := p.health[host]; known {
			p.tools(host, h)
			p.space(host, h)
			p.ports(host, h)
			p.resolved(host, h)
			p.namesUsed(host, h)
		}
	}
	p.clocks()
}

// gathered says whether the host could be asked at all.
func (p *preflight) gathered(ctx context.Context, host string, err error) {
	h, _ := p.inv.Host(host)
	uses := h.SSH.Become.Method != inventory.BecomeNone
	switch {
	case err == nil:
		p.hostOK[host] = true
	case sshexec.IsKind(err, sshexec.Sudo):
		p.fail(host, checkSudo, err)
		return
	case sshexec.IsKind(err, sshexec.Lost), sshexec.IsKind(err, sshexec.Unreachable):
		p.fail(host, checkReach, err)
		return
	}
	if uses {
		p.ok(host, "", checkSudo, "by %s", h.SSH.Become.Method)
	}
	if err != nil {
		p.fail(host, checkTools, lacking(ctx, host, p.conns[host], err))
	}
}

func (p *preflight) tools(host string, h converge.Health) {
	lacks := slices.DeleteFunc(slices.Clone(h.Lacks), func(l string) bool { return l == gzip })
	if len(lacks) > 0 {
		p.add(report.Failure, host, "", checkTools, exitMissing, "%s", lackText(lacks))
		return
	}
	p.ok(host, "", checkTools, "")
}

func lackText(lacks []string) string {
	words := make([]string, len(lacks))
	for i, l := range lacks {
		words[i] = strings.ReplaceAll(l, "|", " or ")
	}
	return "the host lacks " + strings.Join(words, ", ") + ", which its scripts need; install what brings it (coreutils, or busybox with these applets), and look at the PATH of a session without a login"
}

// lacking looks whether a batch failed for want of a program, and says so
// instead of what came of it.
func lacking(ctx context.Context, name string, host converge.Host, err error) error {
	if !sshexec.IsKind(err, sshexec.Protocol) && !sshexec.IsKind(err, sshexec.Shell) {
		return err
	}
	if lacks, asked := converge.Tools(ctx, host); asked == nil && len(lacks) > 0 {
		return exit{exitMissing, name + ": " + lackText(lacks)}
	}
	return err
}
