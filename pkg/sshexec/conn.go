package sshexec

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one connection to one host. Its methods may be called at the same
// time from several goroutines.
type Conn struct {
	cfg Config
	*link
	leave   func() // gives the link up
	leaving sync.Once
	counts  bool // Stats has the link's own figures

	sessions, execs, tunnels atomic.Int64

	stage staging
	door  door

	sparing sync.Mutex
	spares  []*spare // sessions that Ahead has opened
}

// Dial connects and logs in. Hosts with a jump host in common are better
// dialled by a Pool, which makes one connection to it.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	return new(Pool).Dial(ctx, cfg)
}

var errClosed = errors.New("closed by us")

// Close ends the connection and everything that runs over it. Where it serves a
// host behind this one as well, it ends with the last of those.
func (c *Conn) Close() error {
	c.leaving.Do(func() {
		c.discardAll()
		c.leave()
	})
	return nil
}

// Stats tells what went over the wire so far. Of several Conns that share a
// connection, one counts it.
func (c *Conn) Stats() Stats {
	s := Stats{
		Sessions: int(c.sessions.Load()),
		Execs:    int(c.execs.Load()),
		Tunnels:  int(c.tunnels.Load()),
	}
	if c.counts {
		s.Connections, s.Sent, s.Received = 1, c.wire.sent.Load(), c.wire.received.Load()
	}
	return s
}

// greetingSize is how much of a host's first words is kept for an error.
const greetingSize = 200

// wire counts the bytes of a connection, and remembers when the last arrived,
// whether it has ended, and what came first.
type wire struct {
	net.Conn
	sent, received, heard atomic.Int64
	turns                 atomic.Int64 // times that we sent something after the host had
	answered              atomic.Bool  // since we last sent something
	ended, closed         atomic.Bool  // by the host or the network; by us

	mu       sync.Mutex
	greeting []byte
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		if before := w.received.Add(int64(n)) - int64(n); before < greetingSize {
			w.greet(p[:n])
		}
		w.heard.Store(time.Now().UnixNano())
		w.answered.Store(true)
	}
	if err != nil && !w.closed.Load() {
		w.ended.Store(true)
	}
	return n, err
}

func (w *wire) Close() error {
	w.closed.Store(true)
	return w.Conn.Close()
}

func (w *wire) greet(p []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.greeting = append(w.greeting, p[:min(len(p), greetingSize-len(w.greeting))]...)
}

// hello is what the host said first.
func (w *wire) hello() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.greeting)
}

func (w *wire) Write(p []byte) (int, error) {
	if w.answered.Swap(false) {
		w.turns.Add(1)
	}
	n, err := w.Conn.Write(p)
	w.sent.Add(int64(n))
	return n, err
}
