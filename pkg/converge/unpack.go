package converge

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/pack"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

//go:embed unpack.sh
var unpackScript string

//go:embed user.sh
var userScript string

//go:embed fetch.sh
var fetchScript string

// Plain is a pack with its files as they are, for hosts that have no gzip.
type Plain struct {
	*pack.Pack
	SHA256 string
}

// unpack makes the users and homes that are wanted, of each host one after
// another. A host that fetches the pack itself does so once.
func (a *application) unpack(ctx context.Context) {
	a.each(a.plan.At(plan.StageUnpack), func(target string, changes []plan.Change) error {
		for _, c := range changes {
			if ctx.Err() != nil {
				return nil
			}
			var err error
			switch after := c.After.(type) {
			case *plan.User:
				err = a.makeUser(finishing(ctx), c, after)
			case *plan.Home:
				err = a.makeHome(ctx, c, after)
			}
			if err != nil {
				return err
			}
			a.done(c.Ref, "")
		}
		return a.forget(ctx, changes)
	})
}

// script runs one of the scripts of this stage, which say in a line that begins
// with failed why they could not do it.
func (a *application) script(ctx context.Context, c plan.Change, text string, args []string, stdin []byte, line func(word, rest string)) error {
	why := ""
	exit, stderr, err := a.Hosts[c.Ref.Target].Run(ctx, "", text, args, stdin, func(l string) {
		word, rest, _ := strings.Cut(l, " ")
		if word == "failed" {
			why = rest
		} else if line != nil {
			line(word, rest)
		}
	})
	if err != nil || exit == 0 {
		return err
	}
	last := strings.TrimSpace(stderr)
	last = last[strings.LastIndex(last, "\n")+1:]
	switch {
	case why == "":
		why = fmt.Sprintf("the script on the host ended with %d: %s", exit, last)
	case last != "":
		why += " (" + last + ")"
	}
	cause := Unpack
	if exit == exitThere {
		cause = Drift
	}
	return &Error{Cause: cause, Target: c.Ref.Target, Node: c.Node, Text: why}
}

func (a *application) makeUser(ctx context.Context, c plan.Change, u *plan.User) error {
	a.say(run.Event{Stage: run.Unpack, Target: c.Ref.Target, Text: "user " + c.Ref.Path})
	return a.script(ctx, c, userScript, []string{c.Ref.Path, u.Shell}, nil, nil)
}

func (a *application) makeHome(ctx context.Context, c plan.Change, h *plan.Home) error {
	zip, err := a.packOn(ctx, c, h)
	if err != nil {
		return err
	}
	from, sum := a.Pack, h.SHA256
	if p, plain := a.Plain[c.Ref.Target]; plain {
		from, sum = p.Pack, p.SHA256
	}
	list, lines := manifest(from)
	args := []string{c.Ref.Path, zip, sum, h.Owner, a.Stores[c.Ref.Target], NoteName(c.Ref.Path), note(c.Ref.Path, h), strconv.Itoa(lines)}
	event := run.Event{Stage: run.Unpack, Target: c.Ref.Target, Node: c.Node, Text: c.Ref.Path, Total: h.Size, Unit: run.Bytes}
	a.say(event)
	err = a.script(ctx, c, unpackScript, args, list, func(word, rest string) {
		if n, err := strconv.ParseInt(rest, 10, 64); word == "at" && err == nil && n < h.Size {
			event.Done = n
			a.say(event)
		}
	})
	if err == nil {
		event.Done = h.Size
		a.say(event)
	}
	return err
}

// packOn is where the zip is on the host: where it was uploaded to, or where the
// host has fetched it to.
func (a *application) packOn(ctx context.Context, c plan.Change, h *plan.Home) (string, error) {
	target := c.Ref.Target
	a.mu.Lock()
	zip := cmp.Or(a.staged[target][a.shipped(c)], a.fetched[target])
	a.mu.Unlock()
	if zip != "" || h.URL == "" {
		return zip, nil
	}
	a.say(run.Event{Stage: run.Unpack, Target: target, Text: "fetches " + h.URL})
	err := a.script(ctx, c, fetchScript, a.fetching("fetch", target, h), nil, func(word, rest string) {
		if word == "path" {
			zip = rest
		}
	})
	if err == nil {
		a.mu.Lock()
		a.fetched[target] = zip
		a.mu.Unlock()
	}
	return zip, err
}

func (a *application) fetching(action, target string, h *plan.Home) []string {
	return []string{action, h.URL, h.SHA256, strconv.FormatInt(h.Packed, 10), a.Stores[target]}
}

// forget removes what a host has fetched once all its homes are there; what a
// broken run leaves the next one goes on with.
func (a *application) forget(ctx context.Context, changes []plan.Change) error {
	for _, c := range changes {
		if h, is := c.After.(*plan.Home); is && h.URL != "" {
			return a.script(ctx, c, fetchScript, a.fetching("remove", c.Ref.Target, h), nil, nil)
		}
	}
	return nil
}

// manifest says to unpack.sh what a pack unpacks to, and how many lines that is.
func manifest(p *pack.Pack) (list []byte, lines int) {
	var b bytes.Buffer
	line := func(kind string, at, size, packed any, x, path string) {
		lines++
		fmt.Fprintf(&b, "%s %v %v %v %s ./%s/\n", kind, at, size, packed, x, path)
	}
	for _, folder := range p.Folders {
		line("d", "-", "-", "-", "-", folder)
	}
	modes := map[fs.FileMode][]string{}
	for _, f := range p.Files {
		kind, tail := "z", gzipTail(f)
		if f.Stored {
			kind, tail = "s", "-"
		}
		if p.Remote {
			kind = strings.ToUpper(kind)
		}
		line(kind, f.At, f.Size, f.Packed, tail, f.Path)
		if f.Mode != 0o644 {
			modes[f.Mode] = append(modes[f.Mode], f.Path)
		}
	}
	for _, mode := range slices.Sorted(maps.Keys(modes)) {
		for _, path := range modes[mode] {
			line("m", "-", "-", "-", strconv.FormatUint(uint64(mode), 8), path)
		}
	}
	return b.Bytes(), lines
}

// gzipTail is what ends the gzip of a deflated file, as printf writes it.
func gzipTail(f pack.File) string {
	var b strings.Builder
	for _, n := range []uint32{f.CRC, uint32(f.Size)} {
		for range 4 {
			fmt.Fprintf(&b, `\%03o`, byte(n))
			n >>= 8
		}
	}
	return b.String()
}

// NoteName is the name of the note that a host keeps of a home that was unpacked
// there, below homes in the folder of its state.
func NoteName(home string) string {
	sum := sha256.Sum256([]byte(home))
	return path.Base(home) + "-" + hex.EncodeToString(sum[:8])
}

// note is what stands in it; the script adds the home's inode and when that was
// made, by which a home that somebody else has put there since is told from ours.
func note(home string, h *plan.Home) string {
	return fmt.Sprintf("home %s\nsha256 %s\nversion %s\npack %s", home, h.SHA256, h.Version, oneLine(h.Pack))
}
