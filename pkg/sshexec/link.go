package sshexec

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// link is one connection that is logged in. A host that is managed and a jump
// host for others as well has one link and several users of it.
type link struct {
	owner  *Config // of who dialled it
	client *ssh.Client
	wire   *wire
	slots  chan struct{} // limits the session channels that are open at once
	via    *joint        // the jump host's, which this one keeps open; nil without

	closing sync.Once
	gone    chan struct{} // closed when the connection has ended
	mu      sync.Mutex
	lost    error // why it has ended, if we know
}

// slotsPerConn stays below OpenSSH's MaxSessions of 10: channels that were just
// closed still count there for a moment.
const slotsPerConn = 8

func (l *link) watch() {
	err := l.client.Wait()
	if l.via != nil && l.why() == nil {
		l.via.link.settle()
	}
	l.mu.Lock()
	if l.lost == nil {
		l.lost = err
	}
	l.mu.Unlock()
	close(l.gone)
}

// end closes the connection for a reason, which the calls in progress report.
func (l *link) end(reason error) {
	l.closing.Do(func() {
		l.mu.Lock()
		if l.lost == nil {
			l.lost = reason
		}
		l.mu.Unlock()
		l.client.Close()
		l.wire.Close()
	})
}

// openSession opens a session channel. Where the connection ends at this moment,
// the library may send the request after it has closed all channels, and then
// waits for the answer for good: we do not.
func (l *link) openSession() opened {
	answer := make(chan opened, 1)
	go func() {
		channel, requests, err := l.client.OpenChannel("session", nil)
		answer <- opened{channel, requests, err}
	}()
	select {
	case o := <-answer:
		return o
	case <-l.gone:
		return opened{err: io.EOF}
	}
}

// dial connects from the host to an address, and waits no longer than
// openSession does.
func (l *link) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-l.gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	return l.client.DialContext(ctx, network, addr)
}

func (l *link) why() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// settleTime is how long a jump host may take to answer whether it is the one
// that is lost.
const settleTime = 2 * time.Second

// settle returns when it is known whether the connection still stands: a lost
// jump host ends all connections through it, and is the one to name.
func (l *link) settle() {
	answered := make(chan struct{})
	go func() {
		if _, _, err := l.client.SendRequest("keepalive@openssh.com", true, nil); err == nil {
			close(answered)
		}
	}()
	timer := time.NewTimer(settleTime)
	defer timer.Stop()
	select {
	case <-l.gone:
	case <-answered:
	case <-timer.C:
	}
}

// culprit is the link that was lost first of this one and those it runs through.
func (l *link) culprit() *link {
	if l.via == nil {
		return l
	}
	hop := l.via.link
	select {
	case <-hop.gone:
		return hop.culprit()
	default:
		return l
	}
}

// lostError says why the connection is no more.
func (c *Conn) lostError(doing string) *Error {
	lost := c.link.culprit()
	whose, why := "", lost.why()
	if lost != c.link {
		whose = " to jump host " + lost.owner.Host
	}
	if errors.Is(why, io.EOF) {
		closer := or(whose, " to it")
		return c.cfg.fail(Lost, nil, "the host closed the connection%s during %s", closer, doing)
	}
	return c.cfg.fail(Lost, why, "the connection%s was lost during %s", whose, doing)
}
