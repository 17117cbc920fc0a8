package converge

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/appm-provision/appm-provision/pkg/pack"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// A Source is the local bytes of a blob.
type Source struct {
	Name   string
	Size   int64
	Reader io.ReaderAt
}

// Deployment is what a plan is applied to.
type Deployment struct {
	Hosts  map[string]Host
	DB     *sql.DB           // nil where no database change is planned
	Root   *sql.DB           // the same server as its root, to make the admin's account by; nil where nothing is installed
	Ledger string            // schema of the load ledger
	Blobs  map[string]Source // by sha256
	Events func(run.Event)   // called from several goroutines; nil for none
	Plain  map[string]Plain  // instead of Pack, for hosts without gzip
	Pack   *pack.Pack        // what homes are unpacked from; nil where none is
	Stores map[string]string // the folder of each host's state; "" is the usual one
	// Keep says where in the store of its host that which a change replaces goes.
	Keep map[plan.Ref]string
	// Made is told of each change that was made, and where its host keeps what
	// was there ("" where nowhere). Called from several goroutines; nil for none.
	Made func(r plan.Ref, kept string)
	// Left are uploads that earlier runs left behind, by host. They go with this
	// run's own.
	Left map[string][]string
	// Took is told how long each stage was at work; nil for none.
	Took func(run.Stage, time.Duration)
	// Look plans anew, after a database server was installed.
	Look func(context.Context) (*plan.Plan, error)
}

// Apply makes exactly the changes of the plan, stage by stage: hosts work in
// parallel, servers restart one after another in the plan's order. The first
// failure ends its target; its stage finishes, later stages do not start.
func Apply(ctx context.Context, d Deployment, p *plan.Plan) *run.Report {
	a := &application{Deployment: d, plan: p, staged: map[string]map[string]string{}, fetched: map[string]string{}, made: map[string]int{}, failed: map[string]error{}}
	defer a.unstage()
	begin := time.Now()
	for _, stage := range a.stages() {
		if len(a.failed) == 0 && ctx.Err() == nil {
			began := time.Now()
			stage.work(ctx)
			if a.Took != nil {
				a.Took(stage.name, time.Since(began))
			}
		}
	}
	return a.report(time.Since(begin))
}

type stage struct {
	name run.Stage
	work func(context.Context)
}

func (a *application) stages() []stage {
	return []stage{{run.Upload, a.upload}, {run.Stop, a.stop}, {run.Unpack, a.unpack}, {run.Install, a.install}, {run.Databases, a.databases}, {run.Files, a.files}, {run.Upload, a.tidy}, {run.Restart, a.restart}, {run.Remove, a.remove}}
}

// application is one apply under way.
type application struct {
	Deployment
	plan *plan.Plan

	granted int // account statements made so far

	mu     sync.Mutex
	staged map[string]map[string]string // host → sha256 → where Upload put it
	made   map[string]int               // changes made, by target
	failed map[string]error

	fetched map[string]string // host → the pack that it has fetched
}

func (a *application) say(e run.Event) {
	if a.Events != nil {
		a.Events(e)
	}
}

// fail records a target's first failure.
func (a *application) fail(target string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed[target] == nil {
		a.failed[target] = err
	}
}

// done notes that a change was made.
func (a *application) done(r plan.Ref, kept string) {
	a.mu.Lock()
	a.made[r.Target]++
	a.mu.Unlock()
	if a.Made != nil {
		a.Made(r, kept)
	}
}

// each runs f for every target that has changes of the stage, in parallel.
func (a *application) each(changes []plan.Change, f func(target string, changes []plan.Change) error) {
	of := map[string][]plan.Change{}
	for _, c := range changes {
		of[c.Ref.Target] = append(of[c.Ref.Target], c)
	}
	var wg sync.WaitGroup
	for target, changes := range of {
		wg.Go(func() {
			if err := f(target, changes); err != nil {
				a.fail(target, err)
			}
		})
	}
	wg.Wait()
}

// upload brings the blobs near the hosts that need them, each once a host.
func (a *application) upload(ctx context.Context) {
	var blobs []plan.Change
	for _, c := range append(a.plan.At(plan.StageUnpack), a.plan.At(plan.StageFiles)...) {
		if a.shipped(c) != "" {
			blobs = append(blobs, c)
		}
	}
	a.each(blobs, func(target string, changes []plan.Change) error {
		for _, c := range changes {
			if err := a.uploadOne(ctx, target, a.shipped(c)); err != nil {
				return err
			}
		}
		return nil
	})
}

// shipped is the sha256 of what has to be brought to the host for a change; "" is
// nothing.
func (a *application) shipped(c plan.Change) string {
	switch o := c.After.(type) {
	case *plan.Blob:
		if o.Kept == "" {
			return o.SHA256
		}
	case *plan.Home:
		if o.URL == "" {
			return cmp.Or(a.Plain[c.Ref.Target].SHA256, o.SHA256)
		}
	}
	return ""
}

func (a *application) uploadOne(ctx context.Context, target, sum string) error {
	a.mu.Lock()
	_, there := a.staged[target][sum]
	a.mu.Unlock()
	if there {
		return nil
	}
	src, ok := a.Blobs[sum]
	if !ok {
		return &Error{Cause: Write, Target: target, Text: "the plan wants a file with sha256 " + sum + ", which is not at hand; plan again"}
	}
	event := run.Event{Stage: run.Upload, Target: target, Text: src.Name, Total: src.Size, Unit: run.Bytes}
	path, err := a.Hosts[target].Upload(ctx, src.Name, src.Reader, src.Size, func(n int64) {
		e := event
		e.Done = n
		a.say(e)
	})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.staged[target] == nil {
		a.staged[target] = map[string]string{}
	}
	a.staged[target][sum] = path
	return nil
}

// tidy removes uploads as soon as nobody needs them any more: while a restart is
// still to come, a run that is broken off has a successor that does it.
func (a *application) tidy(context.Context) {
	for target, paths := range a.Left {
		if a.staged[target] == nil {
			a.staged[target] = map[string]string{}
		}
		for _, path := range paths {
			a.staged[target][path] = path
		}
	}
	a.unstage()
}

// unstage removes what upload brought, also after a failure or an interrupt.
func (a *application) unstage() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for target, blobs := range a.staged {
		paths := slices.Sorted(maps.Values(blobs))
		wg.Go(func() {
			if err := a.Hosts[target].Unstage(ctx, paths...); err != nil {
				a.say(run.Event{Stage: run.Upload, Target: target, Note: true, Text: fmt.Sprintf("left behind %v: %v", paths, err)})
			}
		})
	}
	wg.Wait()
	clear(a.staged)
}

// restart brings the servers up one after another, in the plan's order.
func (a *application) restart(ctx context.Context) { a.servers(ctx, plan.StageRestart) }

// stop stops servers for good, before anything is taken from under them.
func (a *application) stop(ctx context.Context) { a.servers(ctx, plan.StageStop) }

func (a *application) servers(ctx context.Context, at plan.Stage) {
	for _, c := range a.plan.At(at) {
		if ctx.Err() != nil {
			return
		}
		if err := a.server(finishing(ctx), c); err != nil {
			a.fail(c.Ref.Target, err)
			return
		}
		a.done(c.Ref, "")
	}
}

// report sums up: a target that failed has failed, one whose changes were all
// made is done, the rest were not started.
func (a *application) report(took time.Duration) *run.Report {
	r := &run.Report{Took: took}
	for _, target := range a.plan.Targets {
		o := run.Outcome{Target: target, Made: a.made[target], Planned: len(a.plan.On(target)), Err: a.failed[target]}
		switch {
		case o.Err != nil:
			o.Result = run.Failed
		case o.Planned == 0:
			o.Result = run.Unchanged
		case o.Made == o.Planned:
			o.Result = run.Done
		default:
			o.Result = run.NotStarted
		}
		r.Outcomes = append(r.Outcomes, o)
	}
	return r
}
