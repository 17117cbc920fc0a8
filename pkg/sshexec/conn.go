package sshexec

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// Conn is one connection to one host. Its methods may be called at the same
// time from several goroutines.
type Conn struct {
	cfg    Config
	client *ssh.Client
	wire   *wire
	slots  chan struct{} // limits the session channels that are open at once

	sessions, execs, tunnels atomic.Int64

	closing sync.Once
	gone    chan struct{} // closed when the connection has ended
	mu      sync.Mutex
	lost    error // why it has ended, if we know

	stage staging
}

// slotsPerConn stays below OpenSSH's MaxSessions of 10: channels that were just
// closed still count there for a moment.
const slotsPerConn = 8

// Dial connects and logs in.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	cfg = cfg.withDefaults()
	if cfg.Address == "" || cfg.User == "" {
		return nil, cfg.fail(Request, nil, "an address and a user are needed to connect")
	}
	tcp, err := dialTCP(ctx, &cfg)
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: tcp}
	client, err := login(ctx, &cfg, w)
	if err != nil {
		return nil, errors.Join(err, ignoreClosed(tcp.Close()))
	}
	c := &Conn{cfg: cfg, client: client, wire: w, slots: make(chan struct{}, slotsPerConn), gone: make(chan struct{})}
	go c.watch()
	if cfg.KeepAlive > 0 {
		go c.keepAlive()
	}
	return c, nil
}

func dialTCP(ctx context.Context, cfg *Config) (net.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, cfg.ConnectTimeout)
	defer cancel()
	address := net.JoinHostPort(cfg.Address, strconv.Itoa(cfg.Port))
	tcp, err := cfg.Dial(limited, "tcp", address)
	switch {
	case err == nil:
		return tcp, nil
	case ctx.Err() != nil:
		return nil, cfg.interrupted(ctx, "connecting")
	case limited.Err() != nil:
		return nil, cfg.fail(Unreachable, nil, "%s did not answer within %s", address, cfg.ConnectTimeout)
	}
	return nil, cfg.fail(Unreachable, err, "no connection to %s; check address, port and what lies between", address)
}

// login does the key exchange and authenticates. The connection is closed when
// it takes too long: nothing else ends a handshake.
func login(ctx context.Context, cfg *Config, w *wire) (*ssh.Client, error) {
	limited, cancel := context.WithTimeout(ctx, cfg.LoginTimeout)
	defer cancel()
	attempt, err := newAttempt(limited, cfg)
	if err != nil {
		return nil, err
	}
	defer attempt.close()
	stop := context.AfterFunc(limited, func() { w.Close() })
	conn, channels, requests, err := ssh.NewClientConn(w, attempt.address, attempt.client)
	if stopped := stop(); err == nil && stopped {
		return ssh.NewClient(conn, channels, requests), nil
	}
	switch {
	case ctx.Err() != nil:
		return nil, cfg.interrupted(ctx, "logging in")
	case limited.Err() != nil:
		return nil, cfg.fail(Unreachable, nil, "%s did not log us in within %s", attempt.address, cfg.LoginTimeout)
	}
	return nil, attempt.explain(err)
}

func (c *Conn) watch() {
	err := c.client.Wait()
	c.mu.Lock()
	if c.lost == nil {
		c.lost = err
	}
	c.mu.Unlock()
	close(c.gone)
}

// lostError says why the connection is no more.
func (c *Conn) lostError(doing string) *Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(c.lost, io.EOF) {
		return c.cfg.fail(Lost, nil, "the host closed the connection during %s", doing)
	}
	return c.cfg.fail(Lost, c.lost, "the connection was lost during %s", doing)
}

var errClosed = errors.New("closed by us")

// Close ends the connection and everything that runs over it.
func (c *Conn) Close() error {
	c.end(errClosed)
	<-c.gone
	return nil
}

// end closes the connection for a reason, which the calls in progress report.
func (c *Conn) end(reason error) {
	c.closing.Do(func() {
		c.mu.Lock()
		if c.lost == nil {
			c.lost = reason
		}
		c.mu.Unlock()
		c.client.Close()
		c.wire.Close()
	})
}

// Stats tells what went over the wire so far.
func (c *Conn) Stats() Stats {
	return Stats{
		Connections: 1,
		Sessions:    int(c.sessions.Load()),
		Execs:       int(c.execs.Load()),
		Tunnels:     int(c.tunnels.Load()),
		Sent:        c.wire.sent.Load(),
		Received:    c.wire.received.Load(),
	}
}

// wire counts the bytes of a connection, and remembers when the last arrived.
type wire struct {
	net.Conn
	sent, received, heard atomic.Int64
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.received.Add(int64(n))
		w.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.sent.Add(int64(n))
	return n, err
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
