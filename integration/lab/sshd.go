package lab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// sshd is an SSH server in this process. It does what OpenSSH does where a
// client could tell: at most ten sessions a connection, an exit status at
// once but the channel's end only when nobody holds its output any more, and
// no signal to a command whose client has gone, only the end of its stdin.
type sshd struct {
	listener net.Listener
	config   *ssh.ServerConfig
	env      []string
	dir      string // where commands run

	mu      sync.Mutex
	stats   Stats
	conns   map[net.Conn]bool
	running map[int]bool // process groups of the commands that run
	refuse  map[string]bool
}

// Stats count what has reached a host since it came up.
type Stats struct {
	Connections int // authenticated
	Sessions    int // session channels: exec, shell, sftp
	Forwards    int // direct-tcpip channels; a real host does not tell them
}

// Sub gives what came after an earlier count.
func (s Stats) Sub(earlier Stats) Stats {
	return Stats{s.Connections - earlier.Connections, s.Sessions - earlier.Sessions, s.Forwards - earlier.Forwards}
}

const maxSessions = 10 // as OpenSSH's MaxSessions

// serve listens on a free loopback port.
func serve(host ssh.Signer, user ssh.PublicKey, dir string, env []string) (*sshd, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	s := &sshd{listener: l, env: env, dir: dir, conns: map[net.Conn]bool{}, running: map[int]bool{}, refuse: map[string]bool{}}
	s.config = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(key.Marshal(), user.Marshal()) {
			return nil, errors.New("lab: this key was not made for this lab")
		}
		return nil, nil
	}}
	s.config.AddHostKey(host)
	go s.accept()
	return s, nil
}

func (s *sshd) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		go s.connection(c)
	}
}

func (s *sshd) connection(raw net.Conn) {
	defer raw.Close()
	s.note(func() { s.conns[raw] = true })
	defer s.note(func() { delete(s.conns, raw) })
	conn, channels, requests, err := ssh.NewServerConn(raw, s.config)
	if err != nil {
		return // the client knows
	}
	s.note(func() { s.stats.Connections++ })
	go ssh.DiscardRequests(requests)
	open := make(chan struct{}, maxSessions)
	for ch := range channels {
		switch ch.ChannelType() {
		case "session":
			s.admit(conn, ch, open)
		case "direct-tcpip":
			go s.forward(ch)
		default:
			_ = ch.Reject(ssh.UnknownChannelType, "the lab knows session and direct-tcpip")
		}
	}
}

func (s *sshd) admit(conn *ssh.ServerConn, ch ssh.NewChannel, open chan struct{}) {
	select {
	case open <- struct{}{}:
		s.note(func() { s.stats.Sessions++ })
		go func() {
			defer func() { <-open }()
			s.session(conn, ch)
		}()
	default:
		_ = ch.Reject(ssh.ConnectionFailed, "open failed")
	}
}

func (s *sshd) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *sshd) refuses(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuse[what]
}

// forward connects to loopback addresses only: the lab sends nothing else anywhere.
func (s *sshd) forward(nc ssh.NewChannel) {
	var to struct {
		Host       string
		Port       uint32
		Origin     string
		OriginPort uint32
	}
	ip := net.ParseIP("127.0.0.1")
	if err := ssh.Unmarshal(nc.ExtraData(), &to); err == nil && to.Host != "localhost" {
		ip = net.ParseIP(to.Host)
	}
	if ip == nil || !ip.IsLoopback() || s.refuses("forward") {
		_ = nc.Reject(ssh.Prohibited, "administratively prohibited: the lab forwards to loopback addresses only")
		return
	}
	s.note(func() { s.stats.Forwards++ })
	target, err := net.Dial("tcp", net.JoinHostPort(ip.String(), strconv.Itoa(int(to.Port))))
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	ch, requests, err := nc.Accept()
	if err != nil {
		_ = target.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	splice(ch, target.(*net.TCPConn))
}

// splice passes half-closes on, so that a protocol that uses them works.
func splice(ch ssh.Channel, tcp *net.TCPConn) {
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(tcp, ch)
		_ = tcp.CloseWrite()
	})
	both.Go(func() {
		_, _ = io.Copy(ch, tcp)
		_ = ch.CloseWrite()
	})
	both.Wait()
	_ = ch.Close()
	_ = tcp.Close()
}

// cut ends the connections, as a network that is gone would.
func (s *sshd) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

// close ends the server, its connections and the commands that still run.
func (s *sshd) close() error {
	err := s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
	for pid := range s.running {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // its own group: only what it started
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
