package converge

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

//go:embed probe_server.sh
var probeServer string

//go:embed probe_java.sh
var probeJava string

// Gather reads everything that the steps need of the hosts: one round trip per
// host, all hosts at once. Needs of the deployment are left to Databases.
// The error joins those of all hosts.
func Gather(ctx context.Context, hosts map[string]Host, needs []plan.Need) (*plan.State, error) {
	return gather(ctx, hosts, needs, nil, nil)
}

// gathering is one gather under way.
type gathering struct {
	mu     sync.Mutex
	state  *plan.State
	health map[string]Health
	errs   []error
}

// gather also puts the inquiries, and notes what they are answered.
func gather(ctx context.Context, hosts map[string]Host, needs []plan.Need, inquiries map[string]Inquiry, health map[string]Health) (*plan.State, error) {
	g := &gathering{state: plan.NewState(), health: health}
	of := map[string][]plan.Need{}
	for target := range inquiries {
		of[target] = nil
	}
	for _, n := range needs {
		if n.Target != plan.Deployment && !slices.ContainsFunc(of[n.Target], func(o plan.Need) bool { return o.Ref == n.Ref }) {
			of[n.Target] = append(of[n.Target], n)
		}
	}
	var wg sync.WaitGroup
	for target, needs := range of {
		if host, known := hosts[target]; known { // else outside the limit: what needs it says so
			inquiry, asks := inquiries[target]
			wg.Go(func() { g.host(ctx, target, host, needs, inquiry, asks) })
		}
	}
	wg.Wait()
	slices.SortFunc(g.errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return g.state, errors.Join(g.errs...)
}

// host asks one host everything at once.
func (g *gathering) host(ctx context.Context, target string, host Host, needs []plan.Need, inquiry Inquiry, asks bool) {
	asked := append(reads(needs), besides(needs)...)
	lies := len(asked)
	if asks {
		asked = append(asked, inquiry.reads()...)
	}
	begin := time.Now()
	found, err := host.Gather(ctx, asked)
	took := time.Since(begin)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil && len(found) != len(asked) {
		err = fmt.Errorf("%s: %d answers to %d reads", target, len(found), len(asked))
	}
	if err == nil && asks {
		g.health[target], err = healthOf(target, asked[lies:], found[lies:], begin, begin.Add(took))
	}
	if n := len(needs); err == nil {
		err = record(g.state, needs, found[:n])
		whole(g.state, needs, found[:n], found[n:lies])
	}
	if err != nil {
		g.errs = append(g.errs, err)
		return
	}
	dateBack(g.state, needs, took)
}

// reads turns needs into what a host is asked, one to one.
func reads(needs []plan.Need) []Read {
	kinds := map[plan.Kind]string{
		plan.KindFile: "file", plan.KindDir: "stat", plan.KindBlob: "hash", plan.KindListing: "hash",
		plan.KindKept: "kept", plan.KindServer: "text", plan.KindJava: "text", plan.KindPackage: "text", plan.KindService: "text", plan.KindUnit: "text",
		plan.KindHome: "stat", plan.KindUser: "text",
		plan.KindUnpacked: "text",
	}
	asked := make([]Read, len(needs))
	for i, n := range needs {
		asked[i] = Read{Kind: kinds[n.Kind], Name: n.Path, As: n.As}
		switch n.Kind {
		case plan.KindKept:
			if n.Sum {
				asked[i].Args = []string{"sum"}
			}
		case plan.KindServer:
			asked[i].Name, asked[i].Args = probeServer, []string{n.Path}
		case plan.KindJava:
			asked[i].Name, asked[i].Args = probeJava, strings.Fields(n.Path)
		case plan.KindUser:
			asked[i].Name, asked[i].Args = probeUser, []string{n.Path}
		case plan.KindPackage:
			asked[i].Name, asked[i].Args = probePackage, []string{n.Path}
		case plan.KindService:
			asked[i].Name, asked[i].Args = probeService, []string{n.Path}
		case plan.KindUnit:
			asked[i].Name, asked[i].Args = probeUnit, []string{n.Path}
		case plan.KindUnpacked:
			asked[i].Name, asked[i].Args = probeUnpacked, []string{n.Path, n.State, NoteName(n.Path)}
		}
	}
	return asked
}

// record puts a host's answers into the state.
func record(state *plan.State, needs []plan.Need, found [][]Found) error {
	for i, n := range needs {
		if n.Kind == plan.KindListing {
			listing := &plan.Listing{}
			for _, f := range found[i] {
				ref := plan.Ref{Target: n.Target, Kind: plan.KindBlob, Path: f.Path}
				listing.Matches = append(listing.Matches, ref)
				put(state, ref, f)
			}
			state.Put(n.Ref, listing)
			continue
		}
		if len(found[i]) != 1 {
			return fmt.Errorf("%s: %d answers for %s", n.Target, len(found[i]), n.Path)
		}
		put(state, n.Ref, found[i][0])
	}
	return nil
}

// dateBack makes the age of a server the least it can have been when the
// gathering began. Ages are read at different moments of it, an account's on
// the database server and a server's on its host: unless one of them is a
// bound, a slow answer would make a server look older than a change that it
// was started after.
func dateBack(state *plan.State, needs []plan.Need, took time.Duration) {
	for _, n := range needs {
		if o, err := state.Found(n.Ref); err == nil && n.Kind == plan.KindServer {
			if s, is := o.(*plan.Server); is {
				s.Age = max(0, s.Age-took)
			}
		}
	}
}

// put records one answer: absent is nil, unread is an error.
func put(state *plan.State, r plan.Ref, f Found) {
	if f.Err != "" {
		state.PutError(r, unread(r, f.Err))
		return
	}
	object, err := object(r, f)
	if err != nil {
		state.PutError(r, unread(r, err.Error()))
		return
	}
	state.Put(r, object)
}

func unread(r plan.Ref, why string) error {
	return &plan.Error{Cause: plan.Unread, Ref: r, Text: why}
}

func object(r plan.Ref, f Found) (plan.Object, error) {
	if f.Kind == "absent" {
		return nil, nil
	}
	meta := plan.Meta{Mode: f.Mode, Owner: f.Owner, Group: f.Group, Real: f.Real, Changed: f.CTime}
	switch r.Kind {
	case plan.KindKept:
		return &plan.Kept{Data: f.Data, Size: f.Size, SHA256: f.SHA256}, nil
	case plan.KindFile, plan.KindBlob:
		if f.Kind != "file" {
			return nil, fmt.Errorf("is a %s, not a file", f.Kind)
		}
		if r.Kind == plan.KindFile {
			return &plan.File{Meta: meta, Data: f.Data}, nil
		}
		return &plan.Blob{Meta: meta, Size: f.Size, SHA256: f.SHA256}, nil
	case plan.KindDir:
		if f.Kind != "dir" {
			return nil, fmt.Errorf("is a %s, not a directory", f.Kind)
		}
		return &plan.Dir{Meta: meta}, nil
	case plan.KindHome:
		if f.Kind != "dir" {
			return nil, fmt.Errorf("is a %s, not a directory", f.Kind)
		}
		return &plan.Home{Meta: meta}, nil
	case plan.KindUser:
		return parseUser(string(f.Data)), nil
	case plan.KindServer:
		return parseServer(string(f.Data))
	case plan.KindJava:
		return parseJava(string(f.Data)), nil
	case plan.KindPackage:
		return parsePackage(r.Path, string(f.Data))
	case plan.KindService:
		return parseService(string(f.Data))
	case plan.KindUnit:
		return parseUnit(string(f.Data))
	case plan.KindUnpacked:
		return parseUnpacked(string(f.Data))
	}
	return nil, fmt.Errorf("a %s is not read from a host", r.Kind)
}

// parseServer reads what probe_server.sh printed: nothing is a stopped server,
// two processes of one home are more than a plan can be made for.
func parseServer(out string) (plan.Object, error) {
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if lines[0] == "" {
		return &plan.Server{}, nil
	}
	if len(lines) > 1 {
		return nil, fmt.Errorf("%d server processes run on this home: %s; stop all but one", len(lines), firstWords(lines))
	}
	line, unit, _ := strings.Cut(lines[0], "\t")
	words := strings.SplitN(line, " ", 4)
	if len(words) != 4 {
		return nil, fmt.Errorf("the server probe answered %q", lines[0])
	}
	pid, err := strconv.Atoi(words[0])
	if err != nil {
		return nil, fmt.Errorf("the server probe answered pid %q", words[0])
	}
	start, errStart := strconv.ParseInt(words[1], 10, 64)
	age, errAge := strconv.ParseInt(words[2], 10, 64)
	if errStart != nil || errAge != nil {
		return nil, fmt.Errorf("the server probe answered times %q and %q", words[1], words[2])
	}
	return &plan.Server{Running: true, PID: pid, Started: time.Unix(0, start), Age: time.Duration(age), JDK: javaHome(words[3]), Unit: unit}, nil
}

func firstWords(lines []string) string {
	var pids []string
	for _, l := range lines {
		pid, _, _ := strings.Cut(l, " ")
		pids = append(pids, pid)
	}
	return strings.Join(pids, ", ")
}

// javaHome is the installation that an executable belongs to; empty if it is
// not laid out as one.
func javaHome(exe string) string {
	for _, tail := range []string{"/jre/bin/java", "/bin/java"} {
		if home, ok := strings.CutSuffix(exe, tail); ok {
			return home
		}
	}
	return ""
}

func parseJava(out string) *plan.Java {
	java := &plan.Java{}
	for l := range strings.Lines(out) {
		if home, version, ok := strings.Cut(strings.TrimSuffix(l, "\n"), "\t"); ok {
			java.Homes = append(java.Homes, plan.JDK{Home: home, Version: version})
		}
	}
	return java
}
