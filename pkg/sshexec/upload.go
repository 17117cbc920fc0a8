package sshexec

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"sync"
	"time"
)

// A file gets a further lane for each laneSize, up to maxLanes; more lanes do
// not make it faster, and sessions are scarce.
const (
	laneSize = 8 << 20
	maxLanes = 4
)

// Upload brings size bytes of src into the folder for uploads and yields the
// path there, for Replace.From, which verifies them. What an upload of the same
// name and size left there when its connection was cut is not sent again, as
// far as its hashes are right. Progress is told how many bytes of the file are
// there; it may be nil, and is never called twice at once. The name only helps
// people to see what it is.
func (c *Conn) Upload(ctx context.Context, name string, src io.ReaderAt, size int64, progress func(int64)) (remotePath string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	u := &upload{conn: c, ctx: ctx, cancel: cancel, name: name, src: src, size: size, progress: progress}
	err = u.begin()
	if err == nil {
		u.report(0)
		err = u.send()
	}
	if err != nil {
		u.silence()
		return "", u.giveUp(err)
	}
	return u.path, nil
}

// upload is one file on its way.
type upload struct {
	conn   *Conn
	ctx    context.Context
	cancel context.CancelCauseFunc // ends what is under way
	name   string
	src    io.ReaderAt
	size   int64
	part   string // the name of the file that is written
	path   string // where it is; "" while that is not known

	opening context.Context // for lanes; ends when there is nothing left to take
	enough  context.CancelFunc

	mu       sync.Mutex
	missing  []span // what no lane has taken yet
	done     int64  // bytes that are there
	progress func(int64)
}

// span is a stretch of the file.
type span struct{ from, to int64 }

// take yields the next stretch to send, of at most n bytes.
func (u *upload) take(n int64) (s span, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.missing) == 0 || u.ctx.Err() != nil {
		return span{}, false
	}
	s = u.missing[0]
	s.to = min(s.to, s.from+n)
	if u.missing[0].from = s.to; s.to == u.missing[0].to {
		u.missing = u.missing[1:]
	}
	if len(u.missing) == 0 {
		u.enough()
	}
	return s, true
}

// stop leaves nothing to take.
func (u *upload) stop() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.missing = nil
	u.enough()
}

// report adds to what is there.
func (u *upload) report(n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.done += n
	if u.progress != nil && u.done > 0 {
		u.progress(u.done)
	}
}

// silence returns once progress is not being told, and will not be.
func (u *upload) silence() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.progress = nil
}

// whole reports whether everything is there.
func (u *upload) whole() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.done == u.size
}

// send brings what is missing, by SFTP or, where the host has none, by dd.
func (u *upload) send() error {
	if u.conn.cfg.apart() { // an SFTP server runs as who logs in
		return u.over((*upload).ownLane)
	}
	err := u.over((*upload).sftpLane)
	if errors.Is(err, errNoLane) && u.ctx.Err() == nil {
		err = u.over((*upload).execLane)
	}
	return err
}

// errNoLane is wrapped by the error of a lane that could not be opened.
var errNoLane = errors.New("no lane")

// over sends over several lanes at once. The host decides how many of them can
// be opened; one is enough. It returns when no lane is at work any more, or the
// context or the connection has ended.
func (u *upload) over(lane func(*upload) error) error {
	n := u.lanes()
	u.opening, u.enough = context.WithCancel(u.ctx)
	defer u.enough()
	result := make(chan error, n)
	for range n {
		go func() {
			err := lane(u)
			if err != nil && !errors.Is(err, errNoLane) {
				u.stop()
			}
			result <- err
		}()
	}
	var none error
	for range n {
		select {
		case err := <-result:
			if err != nil && !errors.Is(err, errNoLane) {
				return err
			}
			if err != nil {
				none = err
			}
		case <-u.ctx.Done():
			return u.ctx.Err()
		case <-u.conn.gone:
			return u.conn.lostError("the upload of " + u.name)
		}
	}
	if u.whole() {
		return nil
	}
	return none
}

// lanes is how many are worth opening for what is missing.
func (u *upload) lanes() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.missing) == 0 {
		return 0
	}
	var left int64
	for _, s := range u.missing {
		left += s.to - s.from
	}
	return int(min(max(left/laneSize, 1), maxLanes))
}

// read reads one stretch of the source.
func (u *upload) read(p []byte, at int64) error {
	n, err := u.src.ReadAt(p, at)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return sourceError{io.ErrUnexpectedEOF}
	}
	return sourceError{err}
}

// sourceError is about the file here, not about the host.
type sourceError struct{ error }

func (e sourceError) Unwrap() error { return e.error }

// giveUp takes the part away, unless the connection is lost: then it stays for
// the next upload to go on with. It yields the error to tell.
func (u *upload) giveUp(err error) error {
	interrupted := u.ctx.Err() != nil
	u.cancel(err)
	said := ""
	if !u.conn.isGone() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), 5*time.Second)
		defer cancel()
		_, what, _ := u.conn.onStage(ctx, "give_up "+quote(u.part)) // the error of interest is the one before
		if u.path != "" {
			said = lastLine(what.stderr)
		}
	}
	var ours sourceError
	doing := "the upload of " + u.name
	switch c := u.conn; {
	case interrupted:
		return c.cfg.interrupted(u.ctx, doing)
	case IsKind(err, Lost), c.isGone():
		return c.lostError(doing)
	case errors.As(err, &ours):
		return c.cfg.fail(Upload, ours.error, "%s: it cannot be read here", doing)
	case said != "":
		return c.cfg.fail(Upload, nil, "%s to %s: %s", doing, path.Dir(u.path), said)
	default:
		var own *Error
		if errors.As(err, &own) {
			return own
		}
		return c.cfg.fail(Upload, err, "%s", doing)
	}
}

// safeName keeps a name readable and harmless.
func safeName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if strings.ContainsRune("._-", r) || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, path.Base(name))
	return safe[:min(len(safe), 100)]
}
