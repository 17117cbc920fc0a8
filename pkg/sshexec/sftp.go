package sshexec

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/pkg/sftp"
)

// Each lane is a session channel of its own: one channel is limited to its
// window of 2 MiB in a round trip. The defaults of the library would wait for an
// answer to each 32 KiB, which is fifty times slower over a line of 40 ms. OpenSSH
// takes packets of up to 256 KiB, but spends a sixth more CPU on those.
const (
	laneRequests = 32
	packetSize   = 64 << 10
)

// packets holds what may be on the way from this process to all hosts together:
// 8 MiB fill a line of 200 MB/s and 40 ms, and 64 hosts need no more memory
// than one.
var packets = newPackets(128)

func newPackets(n int) chan []byte {
	c := make(chan []byte, n)
	for range n {
		c <- nil // made when it is first used
	}
	return c
}

// sftpLane sends stretches of the file over one SFTP session, until none is left.
func (u *upload) sftpLane() error {
	client, s, err := u.conn.newSFTP(u.opening)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoLane, err)
	}
	defer s.end()
	defer context.AfterFunc(u.ctx, s.end)() // an answer may never come
	f, err := client.OpenFile(u.path, os.O_WRONLY)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoLane, err) // its server sees other folders than our scripts do
	}
	errs := make([]error, laneRequests)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = u.sendPackets(f) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return f.Close()
}

// sendPackets sends one packet after another, each when the one before has
// arrived.
func (u *upload) sendPackets(f *sftp.File) error {
	for {
		buf := <-packets
		if buf == nil {
			buf = make([]byte, packetSize)
		}
		more, err := u.sendPacket(f, buf)
		packets <- buf
		if err != nil {
			u.stop()
		}
		if err != nil || !more {
			return err
		}
	}
}

func (u *upload) sendPacket(f *sftp.File, buf []byte) (more bool, err error) {
	s, ok := u.take(packetSize)
	if !ok {
		return false, nil
	}
	p := buf[:s.to-s.from]
	if err := u.read(p, s.from); err != nil {
		return false, err
	}
	if _, err := f.WriteAt(p, s.from); err != nil {
		return false, err
	}
	u.report(int64(len(p)))
	return true, nil
}

// newSFTP opens a session of SFTP. The context is for the opening only.
func (c *Conn) newSFTP(ctx context.Context) (*sftp.Client, *session, error) {
	s, err := c.startSubsystem(ctx, "sftp")
	if err != nil {
		return nil, nil, err
	}
	s.name, s.overlaps = "upload by SFTP", true
	stop := context.AfterFunc(ctx, s.end)
	client, err := sftp.NewClientPipe(s.channel, s.channel, sftp.MaxPacketUnchecked(packetSize))
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		s.end()
		return nil, nil, c.cfg.fail(Upload, err, "the host's SFTP server does not answer; see its Subsystem line in sshd_config")
	}
	return client, s, nil
}
