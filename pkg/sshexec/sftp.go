package sshexec

import (
	"context"
	"errors"
	"path"
	"slices"
	"sync"

	"github.com/pkg/sftp"
)

// staging is the SFTP side of a connection, opened by the first upload. Each
// lane is a session channel of its own: one channel is limited to its window of
// 2 MiB in a round trip.
type staging struct {
	mu     sync.Mutex
	lanes  []*sftp.Client
	users  int // uploads in progress
	folder string
}

// The defaults of the library wait for an answer to each 32 KiB, which is fifty
// times slower over a line of 40 ms.
const (
	uploadRequests = 64
	uploadPacket   = 255 << 10 // OpenSSH takes 256 KiB with the header
)

// openLanes yields up to n clients, at least one, and the folder for uploads.
// A host that allows fewer sessions gets fewer. Without an error, release must
// follow.
func (c *Conn) openLanes(ctx context.Context, n int) ([]*sftp.Client, string, error) {
	s := &c.stage
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.lanes) < n {
		client, err := c.newSFTP(ctx)
		if err != nil && len(s.lanes) > 0 && ctx.Err() == nil {
			break
		}
		if err != nil {
			return nil, "", err
		}
		s.lanes = append(s.lanes, client)
	}
	if s.folder == "" {
		folder, err := stagingFolder(s.lanes[0], c.cfg.StagingDirectory)
		if err != nil {
			return nil, "", c.cfg.fail(Upload, err, "the folder for uploads, %s", c.cfg.StagingDirectory)
		}
		s.folder = folder
	}
	s.users++
	return slices.Clone(s.lanes[:min(n, len(s.lanes))]), s.folder, nil
}

// release gives lanes back. When nobody uploads, one stays open.
func (s *staging) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users--
	if s.users == 0 {
		s.keep(1)
	}
}

// giveWay closes what is idle, for a host that allows no further session. It is
// also called while lanes are being opened; then there is nothing idle.
func (s *staging) giveWay() {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	if s.users == 0 {
		s.keep(0)
	}
}

func (s *staging) keep(n int) {
	for len(s.lanes) > n {
		last := len(s.lanes) - 1
		go s.lanes[last].Close() // it waits for the host's answer
		s.lanes = s.lanes[:last]
	}
}

func (c *Conn) newSFTP(ctx context.Context) (*sftp.Client, error) {
	s, err := c.startSubsystem(ctx, "sftp")
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, s.end) // the first answer may never come
	client, err := sftp.NewClientPipe(s.channel, s.channel,
		sftp.UseConcurrentWrites(true), sftp.MaxPacketUnchecked(uploadPacket), sftp.MaxConcurrentRequestsPerFile(uploadRequests))
	if !stop() {
		return nil, c.cfg.interrupted(ctx, "opening SFTP")
	}
	if err != nil {
		s.end()
		return nil, c.cfg.fail(Upload, err, "the host's SFTP server does not answer; see its Subsystem line in sshd_config")
	}
	go func() {
		_ = client.Wait()
		s.end()
		c.stage.drop(client)
	}()
	return client, nil
}

// drop forgets a client whose server has ended, so that the next upload opens
// another.
func (s *staging) drop(client *sftp.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes = slices.DeleteFunc(s.lanes, func(c *sftp.Client) bool { return c == client })
}

// stagingFolder makes the folder, and makes sure that nobody else can look into
// it.
func stagingFolder(client *sftp.Client, name string) (string, error) {
	if !path.IsAbs(name) {
		home, err := client.Getwd()
		if err != nil {
			return "", err
		}
		name = path.Join(home, name)
	}
	if err := client.Mkdir(name); err != nil {
		info, statErr := client.Lstat(name)
		switch {
		case statErr != nil:
			return "", err
		case !info.IsDir():
			return "", errors.New("it is there, and is no folder")
		}
	}
	return name, client.Chmod(name, 0o700)
}
