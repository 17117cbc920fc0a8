package sshexec

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// outcome is what an exec left behind besides its output.
type outcome struct {
	exit   int    // -1 when the host did not say
	stderr string // the tail of it
}

// exec runs a job. What its script says on stdout goes to sink, which says when
// it has seen enough.
// One session channel, whatever the job.
func (c *Conn) exec(ctx context.Context, j job, sink func([]byte) (done bool, err error)) (outcome, error) {
	s, err := c.begin(ctx, j)
	if err != nil {
		return outcome{}, err
	}
	defer s.end()
	result := make(chan error, 1)
	go func() { result <- s.drain(sink) }()
	select {
	case err = <-result:
	case <-ctx.Done():
		s.abandon()
		return outcome{}, c.cfg.interrupted(ctx, "a script")
	}
	if err != nil {
		return outcome{}, err
	}
	return s.finish(j), nil
}

// session is one exec in progress.
type session struct {
	conn    *Conn
	channel *metered
	out     io.Reader     // the channel, or what begin made of it
	ended   chan struct{} // closed when the host will say no more about it
	exit    int
	errs    tail
	slot    sync.Once
	release chan struct{} // closed when stdin may end
	let     sync.Once

	name     string // for a trace
	began    time.Time
	asked    int64 // bytes of the request
	overlaps bool  // its round trips do

	lines    *bufio.Reader // out, while it is read by lines
	tangled  bool          // stderr comes on out
	front    *front
	asks     *asking
	moves    atomic.Int64  // grows whenever something passes on the way in
	fed      chan struct{} // closed when all is sent that begin had to send
	prompted chan struct{} // closed when a password is asked for
	barred   chan string   // the host for whose sake the password is not given to this one
	judged   chan struct{} // closed when it is known what became of the way in
	proof    proof         // what that was, once judged
	prompt   sync.Once

	sinking   sync.Mutex // held while the caller's sink runs
	abandoned bool       // the caller has returned: its sink must not be called any more
}

// start opens a channel and sends the line.
func (c *Conn) start(ctx context.Context, line string) (*session, error) {
	return c.startWith(ctx, line, false)
}

// startWith starts the line with a terminal, or without.
func (c *Conn) startWith(ctx context.Context, line string, terminal bool) (*session, error) {
	s, err := c.request(ctx, "exec", line, terminal, func() error {
		return c.cfg.fail(Shell, nil, "the host refuses to run commands for %s", c.cfg.User)
	})
	if err == nil {
		c.execs.Add(1)
	}
	return s, err
}

// startSubsystem opens a channel to a subsystem of sshd.
func (c *Conn) startSubsystem(ctx context.Context, name string) (*session, error) {
	return c.request(ctx, "subsystem", name, false, func() error {
		return c.cfg.fail(Upload, nil, "the host has no %s subsystem; install sftp-server, or add a Subsystem line to its sshd_config", name)
	})
}

// unansweredTries is how often a request is made that a host leaves unanswered.
const unansweredTries = 3

// request opens a channel and makes the one request that gives it its purpose. A
// host that closes the channel without an answer has not served it (RFC 4254
// section 5.4: a request that wants a reply gets one), so it is made again on
// another: dropbear sometimes takes the end of one channel for that of the next.
func (c *Conn) request(ctx context.Context, kind, text string, terminal bool, refused func() error) (*session, error) {
	for try := 1; ; try++ {
		s, err := c.requestOnce(ctx, kind, text, terminal, refused)
		switch {
		case err != io.EOF || c.isGone():
			return s, c.wrap(err, "starting a script")
		case try == unansweredTries && !c.isGoing():
			return nil, c.cfg.fail(Shell, nil, "the host closed the session %d times instead of starting a script for %s; see the log of its SSH server", try, c.cfg.User)
		case try == unansweredTries:
			return nil, c.wrap(err, "starting a script")
		}
	}
}

// requestOnce yields io.EOF for a channel that was closed without an answer.
func (c *Conn) requestOnce(ctx context.Context, kind, text string, terminal bool, refused func() error) (*session, error) {
	began := time.Now()
	o, waits, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	channel := newMetered(o.channel, waits+1)
	s := &session{conn: c, name: kind, began: began, asked: int64(len(text)), channel: channel, out: channel, ended: make(chan struct{}), release: make(chan struct{}),
		fed: make(chan struct{}), prompted: make(chan struct{}), barred: make(chan string, 1), judged: make(chan struct{}), exit: -1}
	go s.listen(o.requests)
	accepted := make(chan error, 1)
	go func() {
		if terminal {
			_ = requestTerminal(channel) // an error is the end of the channel, which the next request sees
		}
		ok, err := channel.SendRequest(kind, true, ssh.Marshal(struct{ Text string }{text}))
		if err == nil && !ok {
			err = refused()
		}
		accepted <- err
	}()
	select {
	case err = <-accepted:
	case <-ctx.Done():
		err = c.cfg.interrupted(ctx, "starting a script")
	}
	if err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// open opens a session channel, or takes one that was opened ahead. A refusal is
// tried again for a moment: the server still counts channels that were just
// closed. It tells the round trips that it waited for.
func (c *Conn) open(ctx context.Context) (o opened, waits int64, err error) {
	if s, waits := c.spare(ctx); s != nil {
		c.sessions.Add(1)
		return s.opened, waits, nil
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return o, 0, c.cfg.interrupted(ctx, "waiting for a session")
	case <-c.gone:
		return o, 0, c.lostError("opening a session")
	}
	if o.channel, o.requests, err = c.openRetrying(ctx); err != nil {
		<-c.slots
		return o, 0, err
	}
	c.sessions.Add(1)
	return o, 1, nil
}

// sessionRetries are the pauses between attempts to open a session channel.
var sessionRetries = []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, time.Second}

func (c *Conn) openRetrying(ctx context.Context) (ssh.Channel, <-chan *ssh.Request, error) {
	for attempt := 0; ; attempt++ {
		channel, requests, err := c.openOnce(ctx)
		var refused *ssh.OpenChannelError
		if err == nil || !errors.As(err, &refused) {
			return channel, requests, c.wrap(err, "opening a session")
		}
		if attempt == len(sessionRetries) {
			return nil, nil, c.cfg.fail(Shell, err, "the host opens no session for %s", c.cfg.User)
		}
		select {
		case <-time.After(sessionRetries[attempt]):
		case <-ctx.Done():
			return nil, nil, c.cfg.interrupted(ctx, "opening a session")
		}
	}
}

// opened is what OpenChannel returns.
type opened struct {
	channel  ssh.Channel
	requests <-chan *ssh.Request
	err      error
}

// openOnce does not wait for a dead peer longer than the context lives.
func (c *Conn) openOnce(ctx context.Context) (ssh.Channel, <-chan *ssh.Request, error) {
	result := make(chan opened, 1)
	go func() { result <- c.openSession() }()
	select {
	case o := <-result:
		return o.channel, o.requests, o.err
	case <-ctx.Done():
		go func() {
			if o := <-result; o.err == nil {
				go ssh.DiscardRequests(o.requests)
				o.channel.Close()
			}
		}()
		return nil, nil, c.cfg.interrupted(ctx, "opening a session")
	}
}

// wrap makes an Error of what the SSH library says when the connection ends.
func (c *Conn) wrap(err error, doing string) error {
	var own *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	}
	select {
	case <-c.gone:
		return c.lostError(doing)
	case <-time.After(time.Second): // the reader of the connection may be a moment behind
		return c.cfg.fail(Protocol, err, "%s went wrong", doing)
	}
}

// listen notes the exit status.
func (s *session) listen(requests <-chan *ssh.Request) {
	defer close(s.ended)
	for r := range requests {
		if r.Type == "exit-status" {
			var status struct{ Status uint32 }
			if ssh.Unmarshal(r.Payload, &status) == nil {
				s.exit = int(status.Status)
			}
		}
		if r.WantReply {
			_ = r.Reply(false, nil)
		}
	}
}

func (s *session) letGo() { s.let.Do(func() { close(s.release) }) }

// drain hands stdout to the sink, until that has enough or the output ends.
func (s *session) drain(sink func([]byte) (bool, error)) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := s.out.Read(buf)
		if done, err := s.sink(sink, buf[:n]); done || err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.conn.wrap(err, "a script")
		}
	}
}

func (s *session) sink(sink func([]byte) (bool, error), p []byte) (done bool, err error) {
	s.sinking.Lock()
	defer s.sinking.Unlock()
	if s.abandoned || len(p) == 0 {
		return s.abandoned, nil
	}
	return sink(p)
}

// abandon returns once the sink is not running and will not run again.
func (s *session) abandon() {
	s.sinking.Lock()
	defer s.sinking.Unlock()
	s.abandoned = true
}

// finish lets go of stdin and waits for the rest: the last words on stderr, and
// the exit status. A server that the script started may keep the channel open
// for good, so the wait is short.
func (s *session) finish(j job) outcome {
	s.letGo()
	if s.tangled {
		go func() { _, _ = io.Copy(io.Discard, s.out) }() // the last words are in there
	}
	patience, done := context.WithTimeout(context.Background(), time.Second) // a timer's channel would fire for the first wait only
	defer done()
	select {
	case <-s.errs.seen(j.mark + " 3"): // or the end of stderr, which comes with the channel's
	case <-patience.Done():
	}
	if !s.errs.has(j.mark + " 3") { // it did not run to its end, so its exit status is of interest
		select {
		case <-s.ended:
		case <-patience.Done():
		}
	}
	exit := -1
	select {
	case <-s.ended:
		exit = s.exit
	default:
	}
	return outcome{exit: exit, stderr: s.errs.after(j.mark+" 2", j.mark+" 3")}
}

// awaitClose lets dropbear close the channel itself: where we close it while its
// process is still ending, it sometimes closes the next one as well.
func (s *session) awaitClose() {
	if !s.conn.isDropbear() {
		return
	}
	_ = s.channel.CloseWrite() // fails where it has ended already
	select {
	case <-s.ended:
	case <-time.After(time.Second):
	}
}

// end closes the channel and frees its place.
func (s *session) end() {
	s.letGo()
	s.awaitClose()
	_ = s.channel.Close()
	s.slot.Do(func() {
		<-s.conn.slots
		s.tell()
	})
}
