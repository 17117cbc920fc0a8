package sshexec

import (
	"context"

	"golang.org/x/crypto/ssh"
)

// spare is a session channel that was opened before anybody needs it.
type spare struct {
	opened
	ready chan struct{} // closed when opened is set
}

// Ahead opens session channels for the next n calls, side by side with whatever
// is under way, so that these calls save the round trip that opening takes. A
// host that opens fewer is no error: the calls then open their own.
func (c *Conn) Ahead(n int) {
	c.sparing.Lock()
	defer c.sparing.Unlock()
	for range n {
		select {
		case c.slots <- struct{}{}:
		default:
			return
		}
		s := &spare{ready: make(chan struct{})}
		c.spares = append(c.spares, s)
		go func() {
			defer close(s.ready)
			if s.opened = c.openSession(); s.err != nil {
				<-c.slots
			}
		}()
	}
}

// spare is a channel that Ahead has opened, or nil, and whether it had to be waited
// for.
func (c *Conn) spare(ctx context.Context) (s *spare, waits int64) {
	for s = c.nextSpare(); s != nil; s = c.nextSpare() {
		if !s.isReady() {
			waits = 1
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			go c.discard(s)
			return nil, 0
		}
		if s.err == nil && !s.hasEnded() {
			return s, waits
		}
		c.discard(s)
	}
	return nil, 0
}

func (s *spare) isReady() bool {
	select {
	case <-s.ready:
		return true
	default:
		return false
	}
}

func (c *Conn) nextSpare() *spare {
	c.sparing.Lock()
	defer c.sparing.Unlock()
	if len(c.spares) == 0 {
		return nil
	}
	s := c.spares[0]
	c.spares = c.spares[1:]
	return s
}

// hasEnded: some hosts close sessions in which nothing happens.
func (s *spare) hasEnded() bool {
	for {
		select {
		case r, more := <-s.requests:
			if !more {
				return true
			}
			_ = r.Reply(false, nil) // an error is the end of the channel
		default:
			return false
		}
	}
}

// discard closes a spare that nobody takes, and frees its place.
func (c *Conn) discard(s *spare) {
	<-s.ready
	if s.err == nil {
		go ssh.DiscardRequests(s.requests)
		_ = s.channel.Close() // it may have ended
		<-c.slots
	}
}

// discardAll closes the spares of a Conn whose connection may serve others.
func (c *Conn) discardAll() {
	for s := c.nextSpare(); s != nil; s = c.nextSpare() {
		go c.discard(s)
	}
}
