package sshexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/pkg/sftp"
)

// staging is the SFTP side of a connection: opened by the first upload.
type staging struct {
	mu     sync.Mutex
	client *sftp.Client
	folder string
}

func (s *staging) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		go s.client.Close() // it waits for an answer; the connection ends anyway
		s.client = nil
	}
}

// The defaults of the library wait for an answer to each 32 KiB, which is fifty
// times slower over a line of 40 ms.
const (
	uploadRequests = 64
	uploadPacket   = 255 << 10 // OpenSSH takes 256 KiB with the header
)

// sftp yields the client and the folder for uploads, which belongs to the
// session's user alone.
func (c *Conn) sftp(ctx context.Context) (*sftp.Client, string, error) {
	c.stage.mu.Lock()
	defer c.stage.mu.Unlock()
	if c.stage.client != nil {
		return c.stage.client, c.stage.folder, nil
	}
	client, err := c.newSFTP(ctx)
	if err != nil {
		return nil, "", err
	}
	folder, err := stagingFolder(client, c.cfg.StagingDirectory)
	if err != nil {
		return nil, "", errors.Join(c.cfg.fail(Upload, err, "the folder for uploads, %s", c.cfg.StagingDirectory), client.Close())
	}
	c.stage.client, c.stage.folder = client, folder
	return client, folder, nil
}

func (c *Conn) newSFTP(ctx context.Context) (*sftp.Client, error) {
	s, err := c.startSubsystem(ctx, "sftp")
	if err != nil {
		return nil, err
	}
	client, err := sftp.NewClientPipe(s.channel, s.channel,
		sftp.UseConcurrentWrites(true), sftp.MaxPacketUnchecked(uploadPacket), sftp.MaxConcurrentRequestsPerFile(uploadRequests))
	if err != nil {
		s.end()
		return nil, c.cfg.fail(Upload, err, "the host's SFTP server does not answer")
	}
	go func() {
		_ = client.Wait()
		s.end()
	}()
	return client, nil
}

// stagingFolder makes the folder, and makes sure that nobody else can look into it.
func stagingFolder(client *sftp.Client, name string) (string, error) {
	if !path.IsAbs(name) {
		home, err := client.Getwd()
		if err != nil {
			return "", err
		}
		name = path.Join(home, name)
	}
	err := client.Mkdir(name)
	if err != nil {
		if info, statErr := client.Lstat(name); statErr != nil || !info.IsDir() {
			return "", err
		}
	}
	return name, client.Chmod(name, 0o700)
}

// Upload sends size bytes of src into the folder for uploads, by SFTP, and
// yields the path there, for Replace.From. Progress is told how many bytes the
// host has taken so far; it may be nil. The name only helps people to see what
// it is.
func (c *Conn) Upload(ctx context.Context, name string, src io.ReaderAt, size int64, progress func(int64)) (remotePath string, err error) {
	client, folder, err := c.sftp(ctx)
	if err != nil {
		return "", err
	}
	remotePath = path.Join(folder, safeName(name)+"."+randomHex(8)+".part")
	result := make(chan error, 1)
	go func() { result <- send(ctx, client, remotePath, io.NewSectionReader(src, 0, size), progress) }()
	select {
	case err = <-result:
	case <-ctx.Done():
		return "", c.cfg.interrupted(ctx, "the upload of "+name)
	case <-c.gone:
		return "", c.lostError("the upload of " + name)
	}
	if err != nil {
		return "", c.uploadError(name, err)
	}
	return remotePath, nil
}

func (c *Conn) uploadError(name string, err error) error {
	if c.isGone() {
		return c.lostError("the upload of " + name)
	}
	return c.cfg.fail(Upload, err, "upload of %s", name)
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

func send(ctx context.Context, client *sftp.Client, name string, src *io.SectionReader, progress func(int64)) (err error) {
	f, err := client.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = client.Remove(name)
		}
	}()
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	n, err := f.ReadFromWithConcurrency(&counted{ctx: ctx, src: src, progress: progress}, uploadRequests)
	if err == nil && n != src.Size() {
		err = fmt.Errorf("%d of %d bytes: %w", n, src.Size(), io.ErrUnexpectedEOF)
	}
	return err
}

// counted tells how far a reader has come, and stops it when the context ends.
type counted struct {
	ctx      context.Context
	src      io.Reader
	done     int64
	progress func(int64)
}

func (r *counted) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.src.Read(p)
	r.done += int64(n)
	if r.progress != nil && n > 0 {
		r.progress(r.done)
	}
	return n, err
}

// Unstage removes uploads. One that is not there any more is no error.
func (c *Conn) Unstage(ctx context.Context, remotePath ...string) error {
	if len(remotePath) == 0 {
		return nil
	}
	client, folder, err := c.sftp(ctx)
	if err != nil {
		return err
	}
	result := make(chan error, 1)
	go func() { result <- removeAll(client, folder, remotePath) }()
	select {
	case err = <-result:
	case <-ctx.Done():
		return c.cfg.interrupted(ctx, "removing uploads")
	}
	if err != nil {
		return c.uploadError("removing uploads", err)
	}
	return nil
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
