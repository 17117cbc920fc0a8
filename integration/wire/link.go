package wire

import (
	"net"
	"sync"
	"time"
)

// link is one connection through the proxy.
type link struct {
	proxy    *Proxy
	client   *net.TCPConn
	target   *net.TCPConn
	gone     chan struct{}
	once     sync.Once
	upstream bool // the direction of the last chunk
	begun    bool

	// The round trips behind what has reached the client and the target, and the
	// most behind any chunk.
	here, there, most int
}

type chunk struct {
	data []byte // nil is the end
	due  time.Time
	trip int // the round trips that may have been needed for its sender to send it
}

const chunkSize = 32 << 10

// carry connects to the target as late as a connect over the slow line would
// have come back, and passes bytes until both sides have ended.
func (p *Proxy) carry(client *net.TCPConn) {
	l := &link{proxy: p, client: client, gone: make(chan struct{})}
	if !p.enter(l) {
		l.reset()
		return
	}
	defer p.leave(l)
	if !l.wait(time.Now().Add(2 * p.delay())) {
		return
	}
	target, err := net.Dial("tcp", p.options.Target)
	if err != nil {
		l.reset()
		return
	}
	if !l.attach(target.(*net.TCPConn)) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { l.pass(l.client, l.target, true) })
	both.Go(func() { l.pass(l.target, l.client, false) })
	both.Wait()
	l.close()
}

func (p *Proxy) enter(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.state == Refuse {
		return false
	}
	p.count.Connections++
	p.links[l] = true
	return true
}

func (p *Proxy) leave(l *link) {
	l.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// attach gives the link its far end, unless the link was reset meanwhile.
func (l *link) attach(target *net.TCPConn) bool {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	select {
	case <-l.gone:
		_ = target.Close()
		return false
	default:
		l.target = target
		return true
	}
}

// pass reads as fast as bytes come, and writes each chunk when it is due. The
// queue is deep enough that the delay does not become a limit of bandwidth.
func (l *link) pass(from, to *net.TCPConn, up bool) {
	queue := make(chan chunk, 4096)
	var writer sync.WaitGroup
	writer.Go(func() { l.write(to, queue, up) })
	for {
		buf := make([]byte, chunkSize)
		n, err := from.Read(buf)
		if n > 0 && !l.enqueue(queue, buf[:n], up) {
			break
		}
		if err != nil {
			l.send(queue, nil, 0)
			break
		}
	}
	close(queue)
	writer.Wait()
}

func (l *link) enqueue(queue chan<- chunk, data []byte, up bool) bool {
	cut, trip := l.proxy.counted(l, len(data), up)
	if cut.Do != nil {
		cut.Do()
		cut = Cut{}
	}
	if (cut.At == 0 || cut.After) && !l.send(queue, data, trip) {
		return false
	}
	if cut.At == 0 {
		return true
	}
	if cut.After {
		l.wait(time.Now().Add(l.proxy.delay() + 5*time.Millisecond)) // so that it arrives before the reset overtakes it
	}
	l.reset()
	if cut.Stay {
		l.proxy.Drop()
	}
	return false
}

func (l *link) send(queue chan<- chunk, data []byte, trip int) bool {
	select {
	case queue <- chunk{data, time.Now().Add(l.proxy.delay()), trip}:
		return true
	case <-l.gone:
		return false
	}
}

func (l *link) write(to *net.TCPConn, queue <-chan chunk, up bool) {
	for c := range queue {
		if !l.wait(c.due) {
			continue // drain: the reader must not block
		}
		if c.data == nil {
			_ = to.CloseWrite() // already gone is fine
			continue
		}
		l.proxy.arrives(l, c.trip, up)
		if _, err := to.Write(c.data); err != nil {
			l.close()
		}
	}
}

// arrives notes what an end knows from now on.
func (p *Proxy) arrives(l *link, trip int, up bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if up {
		l.there = max(l.there, trip)
	} else {
		l.here = max(l.here, trip)
	}
}

// wait is false when the link has gone before the time came.
func (l *link) wait(until time.Time) bool {
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.gone:
		return false
	}
	select {
	case <-l.proxy.gate():
		return true
	case <-l.gone:
		return false
	}
}

// counted counts a chunk and returns the cut that falls on it, or none, and the
// round trips that were needed to send it.
func (p *Proxy) counted(l *link, n int, up bool) (cut Cut, trip int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := !l.begun || l.upstream != up
	l.begun, l.upstream = true, up
	p.count.Chunks++
	if changed {
		p.count.Changes++
	}
	if up {
		p.count.Sent += int64(n)
		if p.options.asks(n) {
			trip = l.here
		}
	} else {
		p.count.Received += int64(n)
		trip = l.there + 1
		p.count.Trips += max(0, trip-l.most)
		l.most = max(l.most, trip)
	}
	return p.cutHere(changed), trip
}

func (p *Proxy) cutHere(changed bool) Cut {
	c, since := p.options.Cut, p.count.Sub(p.base)
	at := since.Chunks
	if c.Of == Changes {
		at = since.Changes
	}
	if c.At == 0 || at < c.At || at == c.At && c.Of == Changes && !changed {
		return Cut{}
	}
	p.options.Cut = Cut{} // it happens once
	if c.Stay {
		if p.state == Blackhole {
			close(p.open)
		}
		p.state = Refuse
		_ = p.listener.Close() // before the client can know; that it is closed already is fine
	}
	return c
}

// reset ends both sides with a RST, as a cable that was cut and a kernel that
// then knows nothing of the connection.
func (l *link) reset() {
	l.once.Do(func() {
		close(l.gone)
		for _, c := range []*net.TCPConn{l.client, l.target} {
			if c != nil {
				_ = c.SetLinger(0)
				_ = c.Close()
			}
		}
	})
}

func (l *link) close() {
	l.once.Do(func() {
		close(l.gone)
		for _, c := range []*net.TCPConn{l.client, l.target} {
			if c != nil {
				_ = c.Close()
			}
		}
	})
}
