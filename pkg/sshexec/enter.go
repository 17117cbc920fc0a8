package sshexec

import (
	"bufio"
	"context"
	"io"
	"strings"
	"time"
)

// verdict is how far a job came on its way in.
type verdict int

const (
	failed        verdict = iota
	begun                 // its script runs
	wantsTerminal         // the program that changes the user does
	wrongPassword
)

// begin starts a job and returns when its script runs: what it says begins
// right there in the session's out. Whoever calls begin ends the session.
func (c *Conn) begin(ctx context.Context, j job) (*session, error) {
	if !j.become || !c.cfg.changes() {
		line, text := j.deliver(c.maxLine())
		s, _, err := c.enter(ctx, j, delivery{line: line, text: text, hold: j.hold})
		return s, err
	}
	p, err := c.passage()
	if err != nil {
		return nil, err
	}
	settle := func(verdict, error) {}
	if p.password != "" {
		if settle, err = c.door.turn(ctx, &c.cfg); err != nil {
			return nil, err
		}
	}
	s, v, err := c.enter(ctx, j, p.deliver(j, c.maxLine()))
	if v == wantsTerminal && !p.terminal {
		c.door.terminal.Store(true)
		p.terminal = true
		s, v, err = c.enter(ctx, j, p.deliver(j, c.maxLine()))
	}
	settle(v, err)
	if v == begun {
		c.door.watched.Store(true)
	}
	return s, err
}

// enter takes a job to where its script runs.
func (c *Conn) enter(ctx context.Context, j job, d delivery) (*session, verdict, error) {
	s, err := c.startWith(ctx, d.line, d.terminal)
	if err != nil {
		return nil, failed, err
	}
	s.name = j.name
	s.listenFor(j, d)
	go s.feed(d)
	came := make(chan error, 1)
	go func() { came <- s.arrive(j) }()
	v, err := s.await(ctx, j, d, came)
	s.proof = s.asks.proves(v, err)
	close(s.judged)
	if v != begun {
		s.end()
		return nil, v, err
	}
	return s, v, nil
}

// listenFor makes out and errs what the script and its surroundings say.
func (s *session) listenFor(j job, d delivery) {
	s.asks = &asking{mark: j.mark, heard: make(chan int, 1)}
	s.front = newFront(j)
	var out io.Reader = s.channel
	if d.terminal && !j.mute {
		s.tangled = true
		out = &untangle{from: s.channel, tag: []byte(j.mark + " e "), to: &s.errs}
	}
	if d.terminal {
		out = io.TeeReader(out, s.asks)
	}
	s.lines = bufio.NewReaderSize(out, 64<<10)
	s.out = s.lines
	stderr := io.TeeReader(s.channel.Stderr(), s.asks)
	go s.errs.fill(stderr) // a terminal has one stream only, if there is one
}

// await waits for the script to begin. A host may be silent on the way in for as
// long as a login may take: a start file that waits for input would be silent
// for good.
func (s *session) await(ctx context.Context, j job, d delivery, came <-chan error) (verdict, error) {
	c := s.conn
	patience := time.NewTicker(c.cfg.LoginTimeout / 4)
	defer patience.Stop()
	quiet, moved := 0, s.moves.Load()
	for {
		select {
		case err := <-came:
			return c.judge(j, d, s, err)
		case by := <-s.barred:
			return wrongPassword, c.cfg.barredPassword(by)
		case n := <-s.asks.heard:
			if v, err := c.asked(j, d, s, n); err != nil {
				return v, err
			}
		case <-ctx.Done():
			return failed, c.cfg.interrupted(ctx, "a script")
		case <-patience.C:
			if now := s.moves.Load(); now != moved {
				quiet, moved = 0, now
			} else if quiet++; quiet == 4 {
				return failed, c.silent(j, s)
			}
		}
	}
}

// asked answers a host that asks for a password.
func (c *Conn) asked(j job, d delivery, s *session, n int) (verdict, error) {
	switch {
	case d.password == nil:
		return failed, c.cfg.noPassword()
	case n > 1:
		return wrongPassword, c.cfg.wrongPassword()
	case d.onPrompt:
		s.prompt.Do(func() { close(s.prompted) })
	}
	return failed, nil
}

// feed sends what the host is to get on stdin, and ends stdin when it may end. It
// waits for our line to run, lest a start file reads what is not meant for it; that
// costs no round trip, since the answer to the request has been waited for.
// An error means that the channel has ended, which arrive and drain notice as
// well. Nobody else writes to the channel until the script has begun.
func (s *session) feed(d delivery) {
	if !s.reaches(s.front.reached) {
		return
	}
	if d.password != nil && !d.onPrompt && !s.give(d) {
		return
	}
	if d.gated {
		if d.onPrompt && !s.answer(d) || !s.reaches(s.front.ready) {
			return
		}
	}
	if !s.send(d.text) {
		return
	}
	close(s.fed)
	if d.hold {
		<-s.release
	}
	if !d.terminal { // which would not notice
		_ = s.channel.CloseWrite()
	}
}

// promptPause is left between a prompt and the answer: a program may throw away
// what came in before it has set the terminal up, which it does after asking.
const promptPause = 250 * time.Millisecond

// answer gives the password to a program that reads the terminal, if it asks.
func (s *session) answer(d delivery) bool {
	select {
	case <-s.front.ready:
		return true
	case <-s.release:
		return false
	case <-s.prompted:
	}
	time.Sleep(promptPause)
	return s.give(d)
}

// give sends the password, unless the script is let in without it while another
// host is trying whether it is right.
func (s *session) give(d delivery) bool {
	for {
		mine, wait, barred := d.trial.turn(s.conn.cfg.Host)
		switch {
		case barred != "":
			s.barred <- barred
			return false
		case mine:
			go s.settles(d.trial)
			return s.send(d.password)
		case wait == nil:
			return s.send(d.password)
		}
		select {
		case <-wait:
		case <-s.front.ready:
			return true
		case <-s.release:
			return false
		}
	}
}

// settles tells the others what became of the password here.
func (s *session) settles(t *Trial) {
	<-s.judged
	t.settle(s.proof)
}

func (s *session) reaches(place <-chan struct{}) bool {
	select {
	case <-place:
		return true
	case <-s.release:
		return false
	}
}

// send sends in pieces, so that a slow line is seen to move.
func (s *session) send(text []byte) bool {
	for len(text) > 0 {
		n := min(len(text), 32<<10)
		if _, err := s.channel.Write(text[:n]); err != nil {
			return false
		}
		s.moves.Add(1)
		text = text[n:]
		s.channel.heard.Store(false) // what the host says meanwhile is not waited for
	}
	return true
}

// judge says what the end of the way in means.
func (c *Conn) judge(j job, d delivery, s *session, err error) (verdict, error) {
	f := s.front
	if f.logged {
		c.cfg.Warn(c.cfg.logsPayload())
	}
	switch {
	case err != nil:
		return failed, err
	case f.begun:
		return begun, nil
	case f.damaged:
		return failed, c.cfg.fail(Shell, nil, "what was sent to the login shell of %s did not arrive as it was sent; a start file of it reads stdin", c.cfg.User)
	}
	what := s.finish(j)
	if j.become && c.cfg.changes() && (f.refused || f.isReached() && (what.exit >= 0 || !c.isGoing())) {
		return c.cfg.refusal(c.clean(j, what.stderr, f.said), d)
	}
	return failed, c.notBegun(j, f.said, what)
}

// silent explains a host that says nothing any more.
func (c *Conn) silent(j job, s *session) error {
	limit := c.cfg.LoginTimeout
	if !s.front.isReached() {
		return c.cfg.fail(Shell, nil, "the login shell of %s did not come to our script within %s; a start file of it is slow, or waits for input%s", c.cfg.User, limit, quoted(lastLine(string(s.front.said))))
	}
	said := lastLine(c.clean(j, s.errs.after("", j.mark+" 3"), s.front.said))
	if j.become && c.cfg.changes() {
		return c.cfg.fail(Sudo, nil, "%s did not let %s in within %s%s", c.cfg.Become, c.cfg.User, limit, quoted(said))
	}
	return c.cfg.fail(Shell, nil, "the script did not begin within %s%s", limit, quoted(said))
}

func quoted(said string) string {
	if said == "" {
		return ""
	}
	return "; it said: " + said
}

// clean is what was said after our line ran, without what is ours in it.
func (c *Conn) clean(j job, stderr string, said []byte) string {
	_, after, _ := strings.Cut(string(said), j.mark+" 1\n")
	var lines []string
	for line := range strings.Lines(after + "\n" + stderr + "\n") {
		if _, ours := cutMark(line, j.mark); !ours || strings.HasPrefix(line, j.mark+" p") {
			lines = append(lines, line)
		}
	}
	text := strings.ReplaceAll(strings.Join(lines, ""), j.mark+" p", "")
	if c.cfg.BecomePassword != nil {
		if password := c.cfg.BecomePassword(); password != "" {
			text = strings.ReplaceAll(text, password, "(secret)")
		}
	}
	return strings.TrimSpace(text)
}
