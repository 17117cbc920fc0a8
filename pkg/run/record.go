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
	"sync"
	"time"
)

// Options of a record. Both functions may be called from several goroutines.
type Options struct {
	// Clean makes a text fit to be kept and shown: without secrets, without
	// terminal escapes. It is applied to every text of hosts and errors.
	Clean func(string) string
	// Warn is told once when a line could not be written. The run goes on: half
	// a deployment is worse than a record with a gap.
	Warn func(error)
}

// Record is the record of a run under way. Its methods may be called from
// several goroutines, and return when the line is on the disk.
type Record struct {
	ID   string
	File string

	clean func(string) string
	warn  func(error)

	mu     sync.Mutex
	file   file
	size   int64 // of the lines that are whole
	lost   int   // lines since the last whole one
	warned bool
	closed bool
	heard  map[string]bool // counted things whose beginning was recorded
}

// file is what a record needs of its file.
type file interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// Create begins the record of a run in the folder of its deployment, below
// dir. An error means that the run must not begin.
func Create(dir string, b Begin, o Options) (*Record, error) {
	if !deploymentRule.MatchString(b.Deployment) {
		return nil, fmt.Errorf("deployment %q: cannot be the name of a folder", b.Deployment)
	}
	if err := folder(dir); err != nil {
		return nil, err
	}
	below := filepath.Join(dir, b.Deployment)
	if err := folder(below); err != nil {
		return nil, err
	}
	f, id, err := create(below, time.Now())
	if err != nil {
		return nil, err
	}
	hold(f)
	r := &Record{ID: id, File: f.Name(), file: f, clean: o.Clean, warn: o.Warn, heard: map[string]bool{}}
	b.Format, b.ID = Format, id
	err = r.write(line{Begin: &b})
	if err == nil {
		err = errors.Join(syncFolder(below), syncFolder(dir))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return r, nil
}

// create makes the file of a new run; a name that is taken is tried again.
func create(dir string, now time.Time) (*os.File, string, error) {
	for {
		id := newID(now)
		f, err := os.OpenFile(filepath.Join(dir, id+ending), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, id, err
		}
	}
}

// Plan records what is to be done. An error means that the run must not begin,
// because nobody could take it back; there is no record of it then.
func (r *Record) Plan(p Plan) error {
	err := r.write(line{Plan: &p})
	if err == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return errors.Join(fmt.Errorf("%s: %w", r.File, err), r.file.Close(), os.Remove(r.File))
}

// Event records one line of progress. Of something counted, the beginning and
// the end are enough.
func (r *Record) Event(e Event) {
	if e.Total != 0 && !r.tells(e) {
		return
	}
	e.Text = r.cleaned(e.Text)
	r.keep(line{Event: &e})
}

func (r *Record) tells(e Event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	what := string(e.Stage) + "\x00" + e.Target + "\x00" + e.Node + "\x00" + e.Text
	first := !r.heard[what]
	r.heard[what] = true
	return first || e.Done == e.Total
}

// Made records that the change was made, and where its host keeps what was there.
func (r *Record) Made(change int, kept string) { r.keep(line{Made: &Made{change, kept}}) }

// Wire records what went over the wire, by host.
func (r *Record) Wire(list []Wire) { r.keep(line{Wire: list}) }

// End records how the run ended and closes the record; what comes later is
// not recorded.
func (r *Record) End(e End) {
	e.Error = r.cleaned(e.Error)
	for i := range e.Outcomes {
		e.Outcomes[i].Error = r.cleaned(e.Outcomes[i].Error)
	}
	r.keep(line{End: &e})
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		r.file.Close() // every line is on the disk already
	}
}

func (r *Record) cleaned(text string) string {
	if r.clean == nil {
		return text
	}
	return r.clean(text)
}

// keep writes a line, and tells once that one could not be written.
func (r *Record) keep(l line) {
	err := r.write(l)
	if err == nil {
		return
	}
	r.mu.Lock()
	first := !r.warned
	r.warned = true
	r.mu.Unlock()
	if first && r.warn != nil {
		r.warn(fmt.Errorf("%s: %w; the run goes on, its record has a gap", r.File, err))
	}
}

// write puts one line after the last whole one and on the disk. What a full
// disk left of a line is cut off again, so that a later one can follow.
func (r *Record) write(l line) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	l.At, l.Lost = time.Now().UTC(), r.lost
	data, err := encode(l)
	if err != nil {
		return err
	}
	_, err = r.file.WriteAt(data, r.size)
	if err == nil {
		err = r.file.Sync()
	}
	if err != nil {
		r.lost++
		return errors.Join(err, r.file.Truncate(r.size))
	}
	r.size, r.lost = r.size+int64(len(data)), 0
	return nil
}

// encode writes a line as it reads best: XML stays XML.
func encode(l line) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(l)
	return b.Bytes(), err
}
