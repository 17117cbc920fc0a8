package run

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var begin = Begin{Version: "v1", Operator: "me@here", Command: []string{"apply"}, Deployment: "shop", Inventory: "/i.toml", Digest: "d"}

func started(t *testing.T, dir string, o Options) *Record {
	t.Helper()
	r, err := Create(dir, begin, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.file.Close() })
	return r
}

// whole writes a record with a line of each kind.
func whole(t *testing.T, dir string) *Record {
	t.Helper()
	r := started(t, dir, Options{})
	err := r.Plan(Plan{Summary: "Plan: 2 to change.", Notes: []Note{{Target: "h", Text: "mind"}}, Changes: []Change{
		{Target: "h", Kind: "file", Path: "/a", As: "/home", Step: "one", Stage: "files",
			Before: &Thing{Fingerprint: "1", Size: 3, Mode: 0o755, Owner: "u", Group: "g"}, After: &Thing{Fingerprint: "2", Mode: 0o755}, Text: "~ /a\n+<x>&</x>"},
		{Target: "h", Kind: "file", Path: "/b", Step: "one", Stage: "files", Before: &Thing{Fingerprint: "3"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r.Event(Event{Stage: Files, Target: "h", Text: "/a"})
	r.Made(0, "/store/a")
	r.Wire([]Wire{{Host: "h", Connections: 1, Sessions: 2, Sent: 10, Received: 20}})
	r.End(EndOf(18, errors.New("h: no space\nh: sorry"), &Report{Took: time.Second, Outcomes: []Outcome{
		{Target: "h", Result: Failed, Made: 1, Planned: 2, Err: errors.New("no space")}}}))
	return r
}

func read(t *testing.T, file string) *Past {
	t.Helper()
	p, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	r := whole(t, t.TempDir())
	p := read(t, r.File)
	if p.ID != r.ID || p.Begin.ID != r.ID || p.Begin.Operator != begin.Operator || p.Begin.Format != Format {
		t.Errorf("begins with %+v", p.Begin)
	}
	if len(p.Plan.Changes) != 2 || p.Plan.Changes[0].Before.Mode != 0o755 || p.Plan.Changes[1].After != nil || p.Plan.Changes[0].As != "/home" {
		t.Errorf("the plan is %+v", p.Plan)
	}
	if p.Made[0].Kept != "/store/a" || len(p.Made) != 1 || p.MadeAt[0].Before(p.At) {
		t.Errorf("made is %+v at %v", p.Made, p.MadeAt)
	}
	if len(p.Events) != 1 || p.Events[0].Text != "/a" || len(p.Wire) != 1 || p.Wire[0].Received != 20 {
		t.Errorf("events are %+v, wire %+v", p.Events, p.Wire)
	}
	if p.End == nil || p.End.Exit != 18 || p.End.Outcomes[0].Error != "no space" || p.End.Took != time.Second || p.Broken() || p.UnderWay {
		t.Errorf("ends with %+v", p.End)
	}
	info, err := os.Stat(r.File)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the record is %v %v, want 0600", info.Mode(), err)
	}
	data, err := os.ReadFile(r.File)
	if err != nil || !bytes.Contains(data, []byte(`+<x>&</x>`)) || !bytes.Contains(data, []byte(`"mode":"0755"`)) {
		t.Errorf("does not read well: %v\n%s", err, data)
	}
}

// TestARecordIsReadableWhereverItWasCut is a crash at any byte: what was on
// the disk before is there, and nothing that was not.
func TestARecordIsReadableWhereverItWasCut(t *testing.T) {
	r := whole(t, t.TempDir())
	data, err := os.ReadFile(r.File)
	if err != nil {
		t.Fatal(err)
	}
	for _, tail := range []string{"", "\x00\x00\x00"} {
		for n := range data {
			if err := os.WriteFile(r.File, append(slices.Clone(data[:n]), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			p, err := Read(r.File)
			if err != nil {
				t.Fatalf("cut after %d bytes: %v", n, err)
			}
			lines := bytes.Count(data[:n], []byte("\n"))
			got := []bool{p.Begin.ID != "", p.Plan != nil, len(p.Events) == 1, len(p.Made) == 1, p.Wire != nil, p.End != nil}
			for i, is := range got {
				if is != (i < lines) {
					t.Fatalf("cut after %d bytes, in line %d: line %d is there: %v", n, lines+1, i+1, is)
				}
			}
			if p.ID != r.ID || p.At.IsZero() || !p.Broken() {
				t.Fatalf("cut after %d bytes: run %q at %v, broken off: %v", n, p.ID, p.At, p.Broken())
			}
		}
	}
}

// full is a file whose disk has room for some bytes only.
type full struct {
	*os.File
	room  int64
	syncs int
}

func (f *full) WriteAt(p []byte, at int64) (int, error) {
	if fits := f.room - at; int64(len(p)) > fits {
		n, _ := f.File.WriteAt(p[:max(0, fits)], at)
		return n, syscall.ENOSPC
	}
	return f.File.WriteAt(p, at)
}

func (f *full) Sync() error {
	f.syncs++
	return f.File.Sync()
}

func TestAFullDiskLeavesAGapAndOneWarning(t *testing.T) {
	for extra := range int64(400) { // however much of a line still fits
		var warned []error
		r := started(t, t.TempDir(), Options{Warn: func(err error) { warned = append(warned, err) }})
		disk := &full{File: r.file.(*os.File), room: r.size + extra}
		r.file = disk
		r.Event(Event{Stage: Files, Target: "h", Text: "first"})
		r.Event(Event{Stage: Files, Target: "h", Text: "second"})
		r.Event(Event{Stage: Files, Target: "h", Text: strings.Repeat("x", 400)})
		missing := 3 - len(read(t, r.File).Events)
		disk.room = 1 << 20
		r.End(End{})
		p := read(t, r.File)
		if p.End == nil || p.Lost != missing || p.Torn || missing == 0 {
			t.Fatalf("with room for %d bytes: end %v, %d lost, want %d, torn %v", extra, p.End, p.Lost, missing, p.Torn)
		}
		if len(warned) != 1 || !errors.Is(warned[0], syscall.ENOSPC) || !strings.Contains(warned[0].Error(), r.File) {
			t.Fatalf("with room for %d bytes: warned of %v", extra, warned)
		}
	}
}

func TestAPlanThatCannotBeRecordedIsNoRun(t *testing.T) {
	dir := t.TempDir()
	r := started(t, dir, Options{Warn: func(error) { t.Error("warned of what is an error") }})
	r.file = &full{File: r.file.(*os.File), room: r.size + 10}
	if err := r.Plan(Plan{Summary: "a long one"}); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), r.File) {
		t.Errorf("got %v", err)
	}
	r.Event(Event{Text: "later"})
	r.End(End{})
	if list, err := List(dir, ""); err != nil || len(list) != 0 {
		t.Errorf("there is a record of it: %v %v", list, err)
	}
}

func TestEachLineIsOnTheDiskBeforeTheRunGoesOn(t *testing.T) {
	r := started(t, t.TempDir(), Options{})
	disk := &full{File: r.file.(*os.File), room: 1 << 20}
	r.file = disk
	if err := r.Plan(Plan{Changes: []Change{{}}}); err != nil {
		t.Fatal(err)
	}
	for n := range 100 { // of something counted, the first and the last
		r.Event(Event{Stage: Upload, Target: "h", Text: "jar", Done: int64(n + 1), Total: 100})
	}
	r.Made(0, "")
	if disk.syncs != 4 {
		t.Errorf("%d lines were put on the disk, want 4", disk.syncs)
	}
	if p := read(t, r.File); len(p.Events) != 2 || p.Events[1].Done != 100 || !p.UnderWay || p.Broken() {
		t.Errorf("events %+v, under way %v, broken off %v", p.Events, p.UnderWay, p.Broken())
	}
	r.file.Close() // as when the process ends
	if p := read(t, r.File); p.UnderWay || !p.Broken() {
		t.Errorf("after the process: under way %v, broken off %v", p.UnderWay, p.Broken())
	}
	r.closed = true
}

func TestTextsOfHostsAreCleaned(t *testing.T) {
	r := started(t, t.TempDir(), Options{Clean: func(s string) string { return strings.ReplaceAll(s, "hush", "*") }})
	r.Event(Event{Stage: Restart, Target: "h", Text: "log: hush"})
	r.End(EndOf(19, errors.New("says hush"), &Report{Outcomes: []Outcome{{Target: "h", Err: errors.New("hush")}}}))
	data, err := os.ReadFile(r.File)
	if err != nil || bytes.Contains(data, []byte("hush")) || bytes.Count(data, []byte("*")) != 3 {
		t.Errorf("%v: %s", err, data)
	}
}

func TestRunsAtTheSameTime(t *testing.T) {
	dir := t.TempDir()
	const n = 20
	var wg sync.WaitGroup
	ids, keys := make([]string, n), make([]string, n)
	for i := range n {
		wg.Go(func() {
			key, err := Key(dir)
			if err != nil {
				t.Error(err)
				return
			}
			r, err := Create(dir, begin, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			var inner sync.WaitGroup
			for range 5 {
				inner.Go(func() { r.Event(Event{Stage: Files, Target: "h", Text: "x"}) })
			}
			inner.Wait()
			r.End(End{})
			ids[i], keys[i] = r.ID, string(key)
		})
	}
	wg.Wait()
	slices.Sort(ids)
	slices.Sort(keys)
	if len(slices.Compact(ids)) != n || len(slices.Compact(keys)) != 1 {
		t.Fatalf("%d ids and %d keys, want %d and 1", len(slices.Compact(ids)), len(slices.Compact(keys)), n)
	}
	list, err := List(dir, "")
	if err != nil || len(list) != n {
		t.Fatalf("%d runs are listed, %v", len(list), err)
	}
	for i, p := range list {
		if len(p.Events) != 5 || p.End == nil || i > 0 && p.ID > list[i-1].ID {
			t.Errorf("run %s: %d events, end %v, after %s", p.ID, len(p.Events), p.End, list[max(0, i-1)].ID)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".key-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
