package carbon

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// quiet is a logger for what net/http would write to a console.
func quiet() *stdlog.Logger { return stdlog.New(io.Discard, "", 0) }

// cluster is this member and the ones that it is connected with. Members say
// hello in one line (version, id, address, domain, cache key) and keep the
// connection; two of one domain are joined while at least one connection
// between them stands, whoever made it.
type cluster struct {
	log     *logger
	domain  string
	id      string
	address string // as the others are told to reach it
	cache   string // the key of the registry's cache, user@URL; "" without a mount

	mu     sync.Mutex
	joined map[string]int    // by id: connections
	said   map[string]string // by address: the last complaint, so as not to repeat it
}

// retry is how often a member that does not answer is called again.
const retry = 200 * time.Millisecond

// join brings this member up. It waits for nobody: the others come later.
func (s *server) join(ctx context.Context) error {
	a := s.conf.axis
	if !a.clustering {
		return nil
	}
	started := time.Now()
	l, err := listenMember(a)
	if err != nil {
		return err
	}
	s.open = append(s.open, l)
	c := &cluster{log: s.log, domain: a.domain, id: uuid(), cache: s.conf.cacheKey(), joined: map[string]int{}, said: map[string]string{}}
	c.address = net.JoinHostPort(literal(a.host), strconv.Itoa(a.port))
	c.announce(a, time.Since(started))
	if port := l.Addr().(*net.TCPAddr).Port; port != a.bindPort {
		s.log.warn(hazelcast, fmt.Sprintf("Port %d is in use, listening on %d", a.bindPort, port))
	}
	go c.accept(ctx, l)
	for _, m := range a.members {
		host, port, _ := net.SplitHostPort(m)
		if m = net.JoinHostPort(literal(host), port); m != c.address {
			go c.call(ctx, m)
		}
	}
	s.log.info(hazelcast, "Cluster initialization completed")
	return nil
}

// listenMember opens the member's port, or the next one that is free. The
// member goes on to tell its configured address: that is why two on a machine
// with the same port come up, and each takes the other's address for its own.
func listenMember(a axis) (net.Listener, error) {
	var err error
	for port := a.bindPort; port < a.bindPort+100; port++ {
		var l net.Listener
		l, err = net.Listen("tcp", net.JoinHostPort(literal(a.bindHost), strconv.Itoa(port)))
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, faultf(hazelcast, "Hazelcast cannot start: %v", err)
}

func literal(host string) string {
	if host == "localhost" {
		return "127.0.0.1"
	}
	return host
}

func (c *cluster) announce(a axis, took time.Duration) {
	c.log.info(hazelcast, "Clustering has been enabled")
	c.log.info(hazelcast, "Cluster domain: "+c.domain)
	c.log.info(hazelcast, "Using "+a.scheme+" based membership management scheme")
	if loopback(a.host) && a.elsewhere() {
		c.log.warn(hazelcast, "localMemberHost is configured to use the loopback address. Hazelcast Clustering needs ip addresses for localMemberHost and members.")
	}
	for _, m := range a.members {
		c.log.info(wkaScheme, "Added member: "+m)
	}
	c.log.info(hazelcast, fmt.Sprintf("Hazelcast initialized in %dms", took.Milliseconds()))
	c.log.info(hazelcast, fmt.Sprintf("Local member: [%s] - Host:%s", c.id, c.address))
}

func (c *cluster) accept(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // closed: the server stops
		}
		host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
		go c.meet(ctx, conn, host)
	}
}

// call keeps a connection to a member for as long as the server runs.
func (c *cluster) call(ctx context.Context, address string) {
	d := net.Dialer{Timeout: time.Second}
	for ctx.Err() == nil {
		conn, err := d.DialContext(ctx, "tcp", address)
		if err == nil {
			c.meet(ctx, conn, address)
		} else if ctx.Err() == nil {
			c.complain(address, "Could not connect to "+address+". Reason: "+err.Error())
		}
		pause(ctx, retry)
	}
}

// meet exchanges hellos and stays until the connection ends.
func (c *cluster) meet(ctx context.Context, conn net.Conn, from string) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return
	}
	if _, err := fmt.Fprintf(conn, "carbon 1 %s %s %q %q\n", c.id, c.address, c.domain, c.cache); err != nil {
		return
	}
	r := bufio.NewReader(io.LimitReader(conn, 1<<12))
	other, err := hello(r)
	switch {
	case ctx.Err() != nil || other.id == c.id:
		return
	case err != nil:
		c.complain(from, "No member at "+from+": "+err.Error())
		return
	case !c.accepts(other):
		return
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return
	}
	c.count(other, +1)
	defer c.count(other, -1)
	// A member says nothing after its hello: this returns when it is gone.
	_, _ = io.Copy(io.Discard, r)
}

// member is what another one says of itself.
type member struct{ id, address, domain, cache string }

// hello reads the other one's line.
func hello(r *bufio.Reader) (member, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return member{}, err
	}
	var m member
	if n, err := fmt.Sscanf(line, "carbon 1 %s %s %q %q\n", &m.id, &m.address, &m.domain, &m.cache); n != 4 {
		return member{}, fmt.Errorf("not a member's hello: %w", err)
	}
	return m, nil
}

// accepts says whether the other one belongs here, and what is wrong with it
// even if it does.
func (c *cluster) accepts(m member) bool {
	switch {
	case m.domain != c.domain:
		c.complain(m.address, fmt.Sprintf("Not joining %s: its domain is %q, not %q", m.address, m.domain, c.domain))
		return false
	case m.address == c.address:
		c.complain(m.address, "Not joining another member that says it is at "+m.address+", too")
		return false
	case m.cache != "" && c.cache != "" && m.cache != c.cache:
		// Each would go on to show what the other changed long ago.
		c.log.error(cacheClass, fmt.Sprintf("Registry caches are not invalidated between this node (%s) and %s (%s): user and URL have to be the same", c.cache, m.address, m.cache))
	}
	return true
}

const cacheClass = "org.wso2.carbon.registry.core.caching.CacheBackedRegistry"

// count logs the first connection with a member, and the end of the last.
func (c *cluster) count(m member, by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.joined[m.id]
	c.joined[m.id] = before + by
	switch {
	case before == 0:
		c.log.info(wkaScheme, "Member joined ["+m.id+"]: /"+m.address)
	case before+by == 0:
		c.log.info(wkaScheme, "Member left ["+m.id+"]: /"+m.address)
		delete(c.joined, m.id)
	}
}

// complain logs what is new about an address.
func (c *cluster) complain(about, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said[about] != text {
		c.said[about] = text
		c.log.warn("com.hazelcast.nio.tcp.SocketConnector", text)
	}
}

func uuid() string {
	var b [16]byte
	// Read never fails.
	_, _ = rand.Read(b[:])
	s := fmt.Sprintf("%x", b)
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}
