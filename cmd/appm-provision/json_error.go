package main

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/converge"
	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// detailed is an error whose text says several things; problems are these, one
// by one.
type detailed struct {
	error
	problems []report.Problem
}

func (d detailed) Unwrap() error { return d.error }

// fault is an error as JSON; nil where there is none, or only an exit code that
// is an answer.
func (a *app) fault(ctx context.Context, err error) *report.Fault {
	if err == nil || err.Error() == "" {
		return nil
	}
	code := exitCode(ctx, err)
	f := &report.Fault{Exit: code, Cause: causeOf(code).name, Text: a.cleaned(err.Error())}
	for _, p := range problems(ctx, err) {
		p.What, p.ToDo = a.cleaned(p.What), a.cleaned(p.ToDo)
		for i, l := range p.Log {
			p.Log[i] = a.cleaned(l)
		}
		f.Parts = append(f.Parts, p)
	}
	return f
}

// problems takes an error apart.
func problems(ctx context.Context, err error) []report.Problem {
	if joined, is := err.(interface{ Unwrap() []error }); is {
		var list []report.Problem
		for _, part := range joined.Unwrap() {
			list = append(list, problems(ctx, part)...)
		}
		return list
	}
	cause := causeOf(exitCode(ctx, err))
	var (
		all   detailed
		wrong *inventory.Invalid
	)
	switch {
	case errors.As(err, &all):
		return all.problems
	case errors.As(err, &wrong):
		var list []report.Problem
		for _, p := range wrong.Problems {
			list = append(list, problem(report.Problem{File: p.File, Line: p.Line}, cause, p.Text))
		}
		return list
	}
	return placed(err, cause)
}

// problem is one whose text says what is wrong and perhaps what to do.
func problem(p report.Problem, c cause, text string) report.Problem {
	p.Cause = c.name
	p.What, p.ToDo = report.Advised(text, c.advice)
	return p
}

// placed says of a single error where it is, as far as it knows.
func placed(err error, c cause) []report.Problem {
	var (
		gone   *converge.Error
		ssh    *sshexec.Error
		cannot *plan.Error
		p      report.Problem
	)
	text := err.Error()
	switch {
	case errors.As(err, &gone):
		p = report.Problem{Target: gone.Target, Node: gone.Node, Log: append([]string(nil), gone.Log...)}
		for _, l := range gone.Log {
			text = strings.Replace(text, "\n    "+l, "", 1)
		}
	case errors.As(err, &cannot):
		p = report.Problem{Target: cannot.Ref.Target, Node: cannot.Node, Step: cannot.Step, Path: cannot.Ref.Path}
		if own := cannot.Error(); own == text {
			text = cannot.Text
		}
	case errors.As(err, &ssh):
		p = report.Problem{Target: ssh.Host}
	default:
		return inFiles(text, c)
	}
	return []report.Problem{problem(p, c, strings.TrimPrefix(text, p.Target+": "))}
}

// inFile is the beginning of a message about a line of a file.
var inFile = regexp.MustCompile(`^([^\s:][^:\n]*):(\d+): (.+)$`)

// inFiles are the messages about lines of files that a text consists of; a text
// that says anything else is one message.
func inFiles(text string, c cause) []report.Problem {
	var list []report.Problem
	for l := range strings.SplitSeq(text, "\n") {
		m := inFile.FindStringSubmatch(l)
		if m == nil {
			return []report.Problem{problem(report.Problem{}, c, text)}
		}
		line, _ := strconv.Atoi(m[2]) // digits; one too large is none
		list = append(list, problem(report.Problem{File: m[1], Line: line}, c, m[3]))
	}
	return list
}
