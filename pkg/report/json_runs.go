package report

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/run"
)

// A RunState is how a recorded run stands.
type RunState string

// The states. A run that was broken off has no end: it crashed or was killed.
const (
	RunDone        RunState = "done"
	RunFailed      RunState = "failed"
	RunInterrupted RunState = "interrupted"
	RunBrokenOff   RunState = "broken off"
	RunUnderWay    RunState = "under way"
	RunUnreadable  RunState = "unreadable"
)

func state(p *run.Past) RunState {
	switch {
	case p.Err != nil:
		return RunUnreadable
	case p.UnderWay:
		return RunUnderWay
	case p.End == nil:
		return RunBrokenOff
	case p.End.Exit == 0:
		return RunDone
	case p.End.Exit == interrupted:
		return RunInterrupted
	}
	return RunFailed
}

// RunsDocument is the list of recorded runs.
type RunsDocument struct {
	Head
	// The folder that the records are in.
	Folder string `json:"folder"`
	// The runs, the newest first.
	Runs []RunHead `json:"runs"`
	Tail
}

// RunHead is what a list says of a run.
type RunHead struct {
	// The run's id.
	ID string `json:"id"`
	// The file of its record.
	File string `json:"file"`
	// The deployment's name in the inventory.
	Deployment string `json:"deployment"`
	// Who made it, and on which machine; absent where the record does not say.
	Operator string `json:"operator,omitempty"`
	// When it began, in UTC.
	Began string `json:"began" schema:"format=date-time"`
	// When it ended or was last heard of, in UTC; absent where the record does not say.
	Ended string `json:"ended,omitempty" schema:"format=date-time"`
	// How long that was, in seconds.
	Took float64 `json:"took_seconds,omitempty"`
	// How many changes it made.
	Made int `json:"made"`
	// How many changes were planned.
	Planned int `json:"planned"`
	// How it stands.
	State RunState `json:"state"`
	// The exit code that it ended with; absent where it has not ended.
	Exit *int `json:"exit,omitempty"`
	// The run that it takes back; absent for every other.
	TakesBack string `json:"takes_back,omitempty"`
	// Why the record cannot be read; absent where it can.
	Unreadable string `json:"unreadable,omitempty"`
}

// NewRuns is the list of the runs below a folder.
func NewRuns(folder string, list []*run.Past) *RunsDocument {
	d := &RunsDocument{Head: head("runs"), Folder: folder, Runs: []RunHead{}}
	for _, p := range list {
		d.Runs = append(d.Runs, runHead(p))
	}
	return d
}

func runHead(p *run.Past) RunHead {
	h := RunHead{
		ID: p.ID, File: p.File, Deployment: p.Begin.Deployment, Operator: p.Begin.Operator, Began: instant(p.At),
		Made: len(p.Made), State: state(p), TakesBack: p.Begin.Of,
	}
	if p.Err != nil {
		h.Unreadable = p.Err.Error()
	}
	if p.Plan != nil {
		h.Planned = len(p.Plan.Changes)
	}
	if !p.EndAt.IsZero() && !p.EndAt.Before(p.At) {
		h.Ended, h.Took = instant(p.EndAt), inSeconds(p.EndAt.Sub(p.At))
	}
	if p.End != nil {
		h.Exit = &p.End.Exit
	}
	return h
}

// RunDocument is all that the record of a run says.
type RunDocument struct {
	Head
	RunHead
	// The version of the program that made it.
	Version string `json:"version,omitempty"`
	// The command line that it was started with.
	Command []string `json:"command"`
	// The path of the inventory.
	Inventory string `json:"inventory,omitempty"`
	// The inventory's fingerprint, keyed with this machine's key.
	Digest string `json:"digest,omitempty"`
	// What was to be done; null: the run did not come to that.
	Plan *run.Plan `json:"plan"`
	// The changes that were made, in the order in which they were.
	Changes []MadeChange `json:"made_changes"`
	// What was told while it went on.
	Events []PastEvent `json:"events"`
	// What became of each target.
	Outcomes []run.Ended `json:"outcomes"`
	// What went over the wire, by host.
	Wire []run.Wire `json:"wire"`
	// Why it ended as it did, as it was printed.
	Failure string `json:"failure,omitempty"`
	// How many lines of the record could not be written.
	Lost int `json:"lost,omitempty"`
	// Whether the record ends in half a line.
	Torn bool `json:"torn,omitempty"`
	Tail
}

// MadeChange is a change that a run made.
type MadeChange struct {
	// Its index in the plan.
	Change int `json:"change"`
	// When it was made, in UTC.
	At string `json:"at" schema:"format=date-time"`
	// Where on its host the bytes that were there are kept; absent where nothing is.
	Kept string `json:"kept,omitempty"`
}

// PastEvent is an event of a run.
type PastEvent struct {
	// When it was, in UTC.
	At string `json:"at" schema:"format=date-time"`
	run.Event
}

// NewRun is all that a record says.
func NewRun(p *run.Past) *RunDocument {
	d := &RunDocument{
		Head: head("run"), RunHead: runHead(p), Version: p.Begin.Version, Command: append([]string{}, p.Begin.Command...),
		Inventory: p.Begin.Inventory, Digest: p.Begin.Digest, Plan: p.Plan, Changes: []MadeChange{}, Events: []PastEvent{},
		Outcomes: []run.Ended{}, Wire: append([]run.Wire{}, p.Wire...), Lost: p.Lost, Torn: p.Torn,
	}
	made := slices.SortedFunc(maps.Keys(p.Made), func(a, b int) int { return cmp.Or(p.MadeAt[a].Compare(p.MadeAt[b]), cmp.Compare(a, b)) })
	for _, i := range made {
		d.Changes = append(d.Changes, MadeChange{i, instant(p.MadeAt[i]), p.Made[i].Kept})
	}
	for _, e := range p.Events {
		d.Events = append(d.Events, PastEvent{instant(e.At), e.Event})
	}
	if p.End != nil {
		d.Failure = p.End.Error
		d.Outcomes = append(d.Outcomes, p.End.Outcomes...)
	}
	return d
}

// PruneDocument is what runs prune removed.
type PruneDocument struct {
	Head
	// Whether nothing was removed, and this is only what would be.
	DryRun bool `json:"dry_run"`
	// How many records of each deployment stay.
	Keep int `json:"keep"`
	// The age in seconds beyond which a record goes.
	Age float64 `json:"older_than_seconds"`
	// The records that were removed.
	Removed []RemovedRun `json:"removed"`
	Tail
}

// RemovedRun is a record that was removed.
type RemovedRun struct {
	// The run's id.
	ID string `json:"id"`
	// The deployment's name in the inventory.
	Deployment string `json:"deployment"`
	// The file that the record was in.
	File string `json:"file"`
}

// NewPrune says so.
func NewPrune(dry bool, keep int, age time.Duration, files []string) *PruneDocument {
	d := &PruneDocument{Head: head("prune"), DryRun: dry, Keep: keep, Age: inSeconds(age), Removed: []RemovedRun{}}
	for _, file := range files {
		d.Removed = append(d.Removed, RemovedRun{strings.TrimSuffix(filepath.Base(file), ".jsonl"), filepath.Base(filepath.Dir(file)), file})
	}
	return d
}
