package converge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// fakeHost is a host that is a map. It refuses what it was not told.
type fakeHost struct {
	mu       sync.Mutex
	files    map[string]string
	kept     map[string]string // in the store
	dirs     []string
	output   map[string]string // of scripts, by their first argument
	refuse   map[string]string // path → why it is not written
	replaced []string
	ran      [][]string
	exit     int
	exitOf   map[string]int // of one script
	staged   map[string]string
	down     error
	gathers  int
	uploads  int
}

func sum(data string) string {
	s := sha256.Sum256([]byte(data))
	return hex.EncodeToString(s[:])
}

func (*fakeHost) Ahead(int) {}

func (h *fakeHost) Gather(_ context.Context, reads []Read) ([][]Found, error) {
	if h.down != nil {
		return nil, h.down
	}
	h.gathers++
	var out [][]Found
	for _, r := range reads {
		switch r.Kind {
		case "file", "stat", "hash":
			out = append(out, h.find(r))
		case "kept":
			f := Found{Path: r.Name, Kind: "absent"}
			if data, is := h.kept[r.Name]; is {
				if f.Kind, f.SHA256 = "file", sum(data); len(r.Args) == 0 {
					f.Data = []byte(data)
				}
			}
			out = append(out, []Found{f})
		case "run", "text":
			out = append(out, []Found{{Kind: "output", Data: []byte(h.output[strings.Join(r.Args, " ")])}})
		default:
			return nil, fmt.Errorf("fake: read of kind %q", r.Kind)
		}
	}
	return out, nil
}

func (h *fakeHost) find(r Read) []Found {
	h.mu.Lock()
	defer h.mu.Unlock()
	glob := strings.Contains(r.Name, "*")
	var found []Found
	for name, data := range h.files {
		if match, _ := path.Match(r.Name, name); match {
			found = append(found, Found{Path: name, Kind: "file", Data: []byte(data), SHA256: sum(data), Mode: 0o640, Owner: "wso2", CTime: time.Unix(1000, 0)})
		}
	}
	slices.SortFunc(found, func(a, b Found) int { return strings.Compare(a.Path, b.Path) })
	switch {
	case slices.Contains(h.dirs, r.Name):
		return []Found{{Path: r.Name, Kind: "dir", Owner: "wso2", CTime: time.Unix(1000, 0)}}
	case len(found) == 0 && !glob:
		return []Found{{Path: r.Name, Kind: "absent"}}
	}
	return found
}

func (h *fakeHost) Replace(_ context.Context, files []Replace) ([]Wrote, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	wrote := make([]Wrote, len(files))
	for i, f := range files {
		wrote[i].Path = f.Path
	}
	for i, f := range files {
		h.replaced = append(h.replaced, f.Path)
		now, there := h.files[f.Path]
		if there != (f.Before != "") || there && sum(now) != f.Before {
			wrote[i].Moved = true
			return wrote, nil
		}
		if why := h.refuse[f.Path]; why != "" {
			wrote[i].Err = why
			return wrote, nil
		}
		data := string(f.Data)
		if f.From != "" {
			data = cmp.Or(h.staged[f.From], h.kept[f.From])
		}
		if f.Remove {
			delete(h.files, f.Path)
		} else if sum(data) != f.SHA256 {
			return wrote, errors.New("fake: wrong sha256")
		} else {
			h.files[f.Path] = data
		}
		if f.Keep != "" && there {
			h.kept[f.Keep], wrote[i].Kept = now, "/store/"+f.Keep
		}
		wrote[i].Done = true
	}
	return wrote, nil
}

func (h *fakeHost) Run(_ context.Context, _, script string, args []string, _ []byte, line func(string)) (int, string, error) {
	name := map[string]string{serverScript: "server", unitScript: "unit", removeHome: "home", unpackScript: "unpack"}[script]
	if name == "" {
		return 0, "", errors.New("fake: an unknown script")
	}
	h.ran = append(h.ran, args)
	if name == "unpack" {
		h.dirs = append(h.dirs, args[0])
	}
	for l := range strings.Lines(h.output[name]) {
		line(strings.TrimSuffix(l, "\n"))
	}
	return cmp.Or(h.exitOf[name], h.exit), "", h.down
}

func (h *fakeHost) Upload(_ context.Context, name string, src io.ReaderAt, size int64, progress func(int64)) (string, error) {
	data := make([]byte, size)
	if _, err := src.ReadAt(data, 0); err != nil {
		return "", err
	}
	progress(size)
	h.uploads++
	if h.staged == nil {
		h.staged = map[string]string{}
	}
	h.staged["/staged/"+name] = string(data)
	return "/staged/" + name, nil
}

func (h *fakeHost) Unstage(_ context.Context, paths ...string) error {
	for _, p := range paths {
		delete(h.staged, p)
	}
	return nil
}

func (h *fakeHost) DialContext(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("fake: no network")
}
