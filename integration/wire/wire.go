// Package wire is a TCP proxy that makes a network slow, counts what passes
// and breaks it at a chosen place.
//
// It holds every chunk for the delay, in each direction, without limiting the
// bandwidth: chunks travel side by side, as on a long line. The connect takes
// a round trip, too.
package wire

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Options of a proxy; the zero value of all but Target passes bytes as they come.
type Options struct {
	Listen string        // "" is a free port of 127.0.0.1
	Target string        // host:port
	Delay  time.Duration // each way
	Cut    Cut

	// Small is the size of messages to the target that ask for nothing, and so
	// are no part of a round trip; see SSH. A chunk may hold a few of them.
	Small int
}

// SSH is Small for SSH with AES-GCM: the growth of a window, or the end of a
// channel. Whatever asks for something is larger.
const SSH = 36

// Cut says where a connection breaks; the zero value never does. The count
// runs over all connections since the proxy began or Set was called.
type Cut struct {
	Of    Unit
	At    int    // the first is 1; 0 is never
	After bool   // the chunk that is counted still arrives
	Stay  bool   // later connections are refused, as by a host that is gone
	Do    func() // in place of the cut, before the chunk that is counted goes on
}

// asks reports whether a chunk to the target may ask for something. From
// five small messages on, it could also be one of that size.
func (o Options) asks(n int) bool { return o.Small == 0 || n%o.Small != 0 || n > 4*o.Small }

// Unit is what a cut counts.
type Unit int

const (
	Chunks  Unit = iota // reads of the proxy, either way
	Changes             // of direction: two are a round trip
)

// Count is what has passed.
type Count struct {
	Connections int
	Chunks      int
	Changes     int   // of direction, per connection; the first chunk is one
	Trips       int   // round trips, per connection: each after the first asks for something that the one before gave; the connect is none
	Sent        int64 // bytes from who connects
	Received    int64 // bytes to who connects
}

// Sub gives what came after an earlier count.
func (c Count) Sub(earlier Count) Count {
	return Count{c.Connections - earlier.Connections, c.Chunks - earlier.Chunks, c.Changes - earlier.Changes, c.Trips - earlier.Trips, c.Sent - earlier.Sent, c.Received - earlier.Received}
}

// RoundTrips is half the changes of direction, the connect not counted.
func (c Count) RoundTrips() float64 { return float64(c.Changes) / 2 }

// State is how the proxy treats connections.
type State int

const (
	Open      State = iota
	Refuse          // connects fail at once
	Blackhole       // connects succeed and nothing ever comes through, either way, of old connections neither
)

// Proxy is a listening proxy.
type Proxy struct {
	Address string // host:port, the same for its whole life

	mu       sync.Mutex
	options  Options
	state    State
	listener net.Listener
	links    map[*link]bool
	count    Count
	base     Count         // where the cut's count begins
	open     chan struct{} // closed while the state is not Blackhole
	closed   bool
	all      sync.WaitGroup
}

// Listen starts a proxy.
func Listen(o Options) (*Proxy, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	p := &Proxy{options: o, links: map[*link]bool{}, open: make(chan struct{})}
	close(p.open)
	if err := p.listen(o.Listen); err != nil {
		return nil, err
	}
	p.Address = p.listener.Addr().String()
	return p, nil
}

func (p *Proxy) listen(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("wire: %w", err)
	}
	p.listener = l
	p.all.Go(func() { p.accept(l) })
	return nil
}

func (p *Proxy) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed
		}
		p.all.Go(func() { p.carry(c.(*net.TCPConn)) })
	}
}

// Count tells what has passed since the proxy began.
func (p *Proxy) Count() Count {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// SetDelay is for connections and chunks from now on.
func (p *Proxy) SetDelay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.options.Delay = d
}

// SetCut arms a cut, counting from now.
func (p *Proxy) SetCut(c Cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.options.Cut, p.base = c, p.count
}

// Set changes how connections are treated. Refuse ends the present ones, as
// an unplugged machine that is on again does.
func (p *Proxy) Set(s State) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.set(s)
}

func (p *Proxy) set(s State) error {
	if p.closed || s == p.state {
		return nil
	}
	was := p.state
	p.state = s
	if was == Blackhole {
		close(p.open)
	}
	switch {
	case s == Refuse:
		err := p.listener.Close() // first: whoever is dropped may connect again at once
		p.drop()
		return err
	case was == Refuse:
		if err := p.listen(p.Address); err != nil {
			return err
		}
	}
	if s == Blackhole {
		p.open = make(chan struct{})
	}
	return nil
}

// Drop resets all present connections.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
}

func (p *Proxy) drop() {
	for l := range p.links {
		l.reset()
	}
}

// Close ends the proxy and its connections and waits for them.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	if p.state == Blackhole {
		close(p.open)
		p.state = Open
	}
	p.drop()
	err := p.listener.Close()
	p.mu.Unlock()
	p.all.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (p *Proxy) delay() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.options.Delay
}

// gate is closed as soon as bytes may pass.
func (p *Proxy) gate() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}
