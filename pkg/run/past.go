package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const ending = ".jsonl"

// biggest is far more than any run writes; a bigger file is none of ours.
const biggest = 64 << 20

// Past is a run as its record tells it.
type Past struct {
	File     string
	ID       string
	At       time.Time // when it began
	Begin    Begin     // its ID is empty where not even the beginning was written: nothing was changed then
	Plan     *Plan     // nil: not reached
	Events   []Happened
	Made     map[int]Made // by index of the change
	MadeAt   map[int]time.Time
	Wire     []Wire
	End      *End      // nil: broken off, or under way
	EndAt    time.Time // when it ended, or was last heard of
	UnderWay bool      // a process is still writing the record
	Lost     int       // lines that could not be written
	Torn     bool      // the last line is half a line, which was passed over
	Err      error     // set by List: why the record cannot be read
}

// Happened is an event and when it was.
type Happened struct {
	At time.Time
	Event
}

// Broken tells whether the run was broken off: by a crash, a kill, a power cut.
func (p *Past) Broken() bool { return p.End == nil && !p.UnderWay }

// Read reads a record, whatever is there of it.
func Read(file string) (*Past, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	underWay := held(f) // before reading: what ends in between is then read to its end
	data, err := io.ReadAll(io.LimitReader(f, biggest+1))
	if err != nil {
		return nil, err
	}
	if len(data) > biggest {
		return nil, fmt.Errorf("%s: more than %d MB: this is no record of a run", file, biggest>>20)
	}
	id := strings.TrimSuffix(filepath.Base(file), ending)
	p := &Past{File: file, ID: id, At: began(id), Made: map[int]Made{}, MadeAt: map[int]time.Time{}}
	if err := p.parse(data); err != nil {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	p.UnderWay = underWay && p.End == nil
	return p, nil
}

// parse takes the lines that are whole.
func (p *Past) parse(data []byte) error {
	for n := 1; len(data) > 0; n++ {
		text, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			p.Torn = true
			return nil
		}
		data = rest
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("%d: not a line of a record: %w", n, err)
		}
		if err := p.take(l); err != nil {
			return fmt.Errorf("%d: %w", n, err)
		}
	}
	return nil
}

func (p *Past) take(l line) error {
	p.Lost += l.Lost
	p.EndAt = l.At
	switch {
	case l.Begin != nil:
		if l.Begin.Format > Format {
			return fmt.Errorf("written by version %s in format %d, this one reads up to %d; use that version", l.Begin.Version, l.Begin.Format, Format)
		}
		p.Begin, p.At = *l.Begin, l.At
		if IsID(l.Begin.ID) {
			p.ID = l.Begin.ID
		}
	case l.Plan != nil:
		p.Plan = l.Plan
	case l.Event != nil:
		p.Events = append(p.Events, Happened{l.At, *l.Event})
	case l.Made != nil:
		if p.Plan == nil || l.Made.Change < 0 || l.Made.Change >= len(p.Plan.Changes) {
			return fmt.Errorf("change %d was made, which the plan does not have", l.Made.Change)
		}
		p.Made[l.Made.Change], p.MadeAt[l.Made.Change] = *l.Made, l.At
	case l.Wire != nil:
		p.Wire = l.Wire
	case l.End != nil:
		p.End = l.End
	}
	return nil
}

// List reads the records of all deployments below dir, or of one, the newest
// first. What cannot be read is listed with its Err.
func List(dir, deployment string) ([]*Past, error) {
	files, err := records(dir, deployment)
	if err != nil {
		return nil, err
	}
	list := make([]*Past, 0, len(files))
	for _, file := range files {
		p, err := Read(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // pruned meanwhile
		}
		if err != nil {
			id := strings.TrimSuffix(filepath.Base(file), ending)
			p = &Past{File: file, ID: id, At: began(id), Err: err}
		}
		if p.Begin.Deployment == "" {
			p.Begin.Deployment = filepath.Base(filepath.Dir(file))
		}
		list = append(list, p)
	}
	return list, nil
}

// Find reads the one record whose id is or begins with the text.
func Find(dir, text string) (*Past, error) {
	files, err := records(dir, "")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, file := range files {
		if text != "" && strings.HasPrefix(filepath.Base(file), text) {
			found = append(found, file)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("run %s: there is no record of it below %s; appm-provision runs lists those there are", text, dir)
	case 1:
		return Read(found[0])
	}
	return nil, fmt.Errorf("run %s: %d runs begin with that; say more of the id", text, len(found))
}

// records are the files of the records, the newest first.
func records(dir, deployment string) ([]string, error) {
	pattern := deployment
	switch {
	case deployment == "":
		pattern = "*"
	case !deploymentRule.MatchString(deployment):
		return nil, fmt.Errorf("deployment %q: not the name of one; appm-provision runs lists those that have records", deployment)
	}
	if err := private(dir); err != nil {
		return nil, ignoreAbsent(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if match, _ := filepath.Match(pattern, e.Name()); !match || !e.IsDir() {
			continue
		}
		below, err := recordsIn(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	slices.SortStableFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(b), filepath.Base(a)) })
	return files, nil
}

func recordsIn(dir string) ([]string, error) {
	if err := private(dir); err != nil {
		return nil, ignoreAbsent(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, ignoreAbsent(err)
	}
	var files []string
	for _, e := range entries {
		if id, is := strings.CutSuffix(e.Name(), ending); is && IsID(id) && e.Type().IsRegular() {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, nil
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
