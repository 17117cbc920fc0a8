package sshexec

import (
	"io"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// Operation is one thing that went over a connection, for those who want to see
// what a run costs: its name and its figures, never what was said.
type Operation struct {
	Host           string
	Name           string // "login", "gather, 34 reads", "tunnel to db:3306"
	Sent, Received int64  // bytes: of a login on the wire, else of its channel
	// RoundTrips are the times that it waited for the host before it could go
	// on; 0 where there is no telling, as of an upload by SFTP, whose requests overlap.
	RoundTrips int
	Took       time.Duration
}

// traced tells of an operation, if anybody asked.
func (cfg *Config) traced(o Operation) {
	if cfg.Trace != nil {
		o.Host = cfg.Host
		cfg.Trace(o)
	}
}

// metered counts what passes a session channel.
type metered struct {
	ssh.Channel
	sent, received, trips atomic.Int64
	heard                 atomic.Bool // since we last sent something
}

// newMetered counts from the round trips on that led to the channel's purpose.
func newMetered(c ssh.Channel, trips int64) *metered {
	m := &metered{Channel: c}
	m.trips.Store(trips)
	return m
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.Channel.Read(p)
	m.count(n)
	return n, err
}

func (m *metered) Write(p []byte) (int, error) {
	if m.heard.Swap(false) {
		m.trips.Add(1)
	}
	n, err := m.Channel.Write(p)
	m.sent.Add(int64(n))
	return n, err
}

func (m *metered) count(n int) {
	if n > 0 {
		m.received.Add(int64(n))
		m.heard.Store(true)
	}
}

// Stderr is counted with the rest.
func (m *metered) Stderr() io.ReadWriter { return meteredErrors{m.Channel.Stderr(), m} }

type meteredErrors struct {
	io.ReadWriter
	of *metered
}

func (e meteredErrors) Read(p []byte) (int, error) {
	n, err := e.ReadWriter.Read(p)
	e.of.count(n)
	return n, err
}

// tell tells what the session was and took.
func (s *session) tell() {
	o := Operation{
		Name: s.name, Sent: s.asked + s.channel.sent.Load(), Received: s.channel.received.Load(),
		RoundTrips: int(s.channel.trips.Load()), Took: time.Since(s.began),
	}
	if s.overlaps {
		o.RoundTrips = 0
	}
	s.conn.cfg.traced(o)
}

// Title is the sentence that a script opens with.
func Title(script string) string {
	line, _, _ := strings.Cut(script, "\n")
	line, is := strings.CutPrefix(line, "# ")
	if !is {
		return "script"
	}
	line, _, _ = strings.Cut(line, ". ")
	return "script: " + strings.TrimSuffix(line, ".")
}
