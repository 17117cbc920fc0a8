package sshexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/pkg/sftp"
)

// A file gets a further lane for each laneSize, up to maxLanes; more lanes do
// not make it faster, and sessions are scarce.
const (
	laneSize = 8 << 20
	maxLanes = 4
)

// Upload sends size bytes of src into the folder for uploads, by SFTP, and
// yields the path there, for Replace.From. Progress is told how many bytes were
// handed over so far; it may be nil, and is never called twice at once. The name
// only helps people to see what it is.
func (c *Conn) Upload(ctx context.Context, name string, src io.ReaderAt, size int64, progress func(int64)) (remotePath string, err error) {
	lanes, folder, err := c.openLanes(ctx, int(min(max(size/laneSize, 1), maxLanes)))
	if err != nil {
		return "", err
	}
	defer c.stage.release()
	u := &upload{ctx: ctx, lanes: lanes, src: src, size: size, progress: progress,
		path: path.Join(folder, safeName(name)+"."+randomHex(8)+".part")}
	if err := c.await(ctx, "the upload of "+name, u.send); err != nil {
		u.silence()
		return "", err
	}
	return u.path, nil
}

// await waits for a call into SFTP, which knows no context, but not longer than
// the context or the connection lasts.
func (c *Conn) await(ctx context.Context, doing string, call func() error) error {
	result := make(chan error, 1)
	go func() { result <- call() }()
	select {
	case err := <-result:
		if err != nil && ctx.Err() == nil && !c.isGone() {
			return c.cfg.fail(Upload, err, "%s", doing)
		}
		if err == nil {
			return nil
		}
	case <-ctx.Done():
	case <-c.gone:
	}
	if ctx.Err() != nil {
		return c.cfg.interrupted(ctx, doing)
	}
	return c.lostError(doing)
}

// upload is one file on its way.
type upload struct {
	ctx   context.Context
	lanes []*sftp.Client
	src   io.ReaderAt
	size  int64
	path  string

	mu       sync.Mutex
	done     int64
	progress func(int64)
}

// silence returns once progress is not being told, and will not be.
func (u *upload) silence() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.progress = nil
}

// send writes the parts of the file at the same time. An error, or an interrupt,
// takes the file away again.
func (u *upload) send() (err error) {
	first, err := u.lanes[0].OpenFile(u.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = u.lanes[0].Remove(u.path) // the error of interest is the one before
		}
	}()
	err = first.Chmod(0o600)
	if err == nil {
		err = u.sendParts(first)
	}
	return errors.Join(err, first.Close())
}

func (u *upload) sendParts(first *sftp.File) error {
	part := (u.size + int64(len(u.lanes)) - 1) / int64(len(u.lanes))
	errs := make([]error, len(u.lanes))
	var wg sync.WaitGroup
	for i := range u.lanes {
		wg.Go(func() {
			from := int64(i) * part
			errs[i] = u.sendPart(first, i, from, min(part, u.size-from))
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (u *upload) sendPart(f *sftp.File, lane int, from, size int64) (err error) {
	if lane > 0 {
		if f, err = u.lanes[lane].OpenFile(u.path, os.O_WRONLY); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	n, err := f.ReadFromWithConcurrency(&reporting{u, io.NewSectionReader(u.src, from, size)}, uploadRequests)
	if err == nil && n != size {
		err = fmt.Errorf("%d of %d bytes: %w", n, size, io.ErrUnexpectedEOF)
	}
	return err
}

// reporting tells how far the upload has come, and stops it when the context
// ends. It hides the size of what it reads, so SFTP must be told to be
// concurrent.
type reporting struct {
	*upload
	from io.Reader
}

func (r *reporting) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.from.Read(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += int64(n)
	if r.progress != nil && n > 0 {
		r.progress(r.done)
	}
	return n, err
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

// Unstage removes uploads. One that is not there any more is no error.
func (c *Conn) Unstage(ctx context.Context, remotePath ...string) error {
	if len(remotePath) == 0 {
		return nil
	}
	lanes, folder, err := c.openLanes(ctx, 1)
	if err != nil {
		return err
	}
	defer c.stage.release()
	return c.await(ctx, "removing uploads", func() error { return removeAll(lanes[0], folder, remotePath) })
}

func removeAll(client *sftp.Client, folder string, names []string) error {
	var errs []error
	for _, name := range names {
		if path.Dir(name) != folder {
			errs = append(errs, fmt.Errorf("%s is no upload of ours", name))
			continue
		}
		if err := client.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
