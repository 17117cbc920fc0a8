package main

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/run"
)

func TestAnInterruptEndsAQuestion(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	var asked bytes.Buffer
	a := &app{stdin: in, stderr: &asked}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	answer, err := a.reply(ctx, "Sure? ")
	if answer != "" || exitCode(context.Background(), err) != exitInterrupted || asked.String() != "Sure? \n" {
		t.Errorf("%q, %v, asked %q", answer, err, &asked)
	}
}

func TestAQuestionTakesALine(t *testing.T) {
	for typed, want := range map[string]string{"yes\n": "yes", " yes \nno\n": "yes", "yes": "yes", "": "", "\n": ""} {
		in, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.WriteString(typed); err != nil {
			t.Fatal(err)
		}
		out.Close()
		a := &app{stdin: in, stderr: &bytes.Buffer{}}
		if got, err := a.reply(t.Context(), "Sure? "); got != want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", typed, got, err, want)
		}
		in.Close()
	}
}

func TestARunThatWasCutShortSaysHowFarItCame(t *testing.T) {
	r := &run.Report{Outcomes: []run.Outcome{{Made: 2, Planned: 2}, {Made: 1, Planned: 3}}}
	if err := cutShort(t.Context(), r); err != nil {
		t.Errorf("without an interrupt: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stopped{"SIGTERM"})
	want := "interrupted by SIGTERM: 3 of 5 changes were made; the same command goes on from there"
	if err := cutShort(ctx, r); err == nil || err.Error() != want || exitCode(context.Background(), err) != exitInterrupted {
		t.Errorf("got %v, want %s", err, want)
	}
	r.Outcomes[1].Made = 3
	want = "interrupted by SIGTERM: all 5 changes were made, but not verified; the same command does that"
	if err := cutShort(ctx, r); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
