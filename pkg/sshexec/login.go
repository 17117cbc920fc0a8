package sshexec

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// maxLogins bounds how often a host that ends the connection over wrong keys
	// is asked about further ones: 24 keys with OpenSSH's MaxAuthTries of 6.
	// Newer servers make whoever fails more often wait.
	maxLogins = 4
	// maxBusy bounds the tries at a host that is greeting too many at once.
	maxBusy = 5
)

// connect makes a link: through the jump host, and up to a login.
func (p *Pool) connect(ctx context.Context, cfg *Config) (*link, error) {
	if err := cfg.checkAlgorithms(); err != nil {
		return nil, err
	}
	a, err := newAttempt(ctx, cfg, p)
	if err != nil {
		return nil, err
	}
	defer a.close()
	var via *joint
	if cfg.Jump != nil {
		jump := cfg.Jump.withDefaults()
		if via, err = p.join(ctx, &jump); err != nil {
			return nil, cfg.through(&jump, err)
		}
	}
	l, err := a.login(ctx, via)
	if err != nil {
		if via != nil {
			p.leave(via)
		}
		return nil, err
	}
	go l.watch()
	if cfg.KeepAlive > 0 {
		go l.keepAlive()
	}
	return l, nil
}

// through is the error of a host that was not reached because its jump host was
// not. Its kind is that of the cause.
func (cfg *Config) through(jump *Config, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return cfg.fail(Unreachable, err, "jump host %s", jump.Host)
	}
	return cfg.fail(e.Kind, e.Err, "jump host %s: %s", jump.Host, e.Text)
}

// login opens connections until one is logged in, or another would not help.
func (a *attempt) login(ctx context.Context, via *joint) (*link, error) {
	for logins, busy := 1, 0; ; {
		l, err := a.once(ctx, via)
		a.settle(ctx, err)
		switch own := new(Error); {
		case errors.As(a.barred, &own):
			return nil, own
		case err == nil:
			return l, nil
		case ctx.Err() != nil:
			return nil, a.cfg.interrupted(ctx, "logging in")
		case a.busy() && busy < maxBusy:
			busy++
			if !pause(ctx, busy) {
				return nil, a.cfg.interrupted(ctx, "waiting for the host")
			}
		case logins < maxLogins && a.ranOut(err):
			logins++
		default:
			return nil, a.explain(err, logins, via)
		}
	}
}

// busy reports whether sshd turned us away because of MaxStartups, which passes.
func (a *attempt) busy() bool {
	w := a.now.wire
	return w != nil && strings.HasPrefix(w.hello(), "Exceeded MaxStartups")
}

// pause waits longer each time, and not as long as the next host does.
func pause(ctx context.Context, times int) bool {
	wait := 100 * time.Millisecond << times
	timer := time.NewTimer(wait/2 + rand.N(wait))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// once is one connection and what comes of it.
func (a *attempt) once(ctx context.Context, via *joint) (*link, error) {
	a.now = phase{again: a.accepted}
	began := time.Now()
	tcp, err := dialTCP(ctx, a.cfg, via)
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: tcp}
	a.now.wire = w
	client, err := a.handshake(ctx, w)
	if err != nil {
		_ = tcp.Close() // it may have gone by itself
		return nil, err
	}
	a.cfg.traced(Operation{Name: "login", Sent: w.sent.Load(), Received: w.received.Load(), RoundTrips: 1 + int(w.turns.Load()), Took: time.Since(began)})
	return &link{owner: a.cfg, client: client, wire: w, via: via, slots: make(chan struct{}, slotsPerConn), gone: make(chan struct{})}, nil
}

func dialTCP(ctx context.Context, cfg *Config, via *joint) (net.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, cfg.ConnectTimeout)
	defer cancel()
	address := net.JoinHostPort(cfg.Address, strconv.Itoa(cfg.Port))
	tcp, err := cfg.dialer(via)(limited, "tcp", address)
	switch {
	case err == nil:
		return tcp, nil
	case ctx.Err() != nil:
		return nil, cfg.interrupted(ctx, "connecting")
	case via != nil:
		return nil, cfg.noTunnel(limited, via.link, address, err)
	case limited.Err() != nil:
		return nil, cfg.fail(Unreachable, nil, "%s did not answer within %s", address, cfg.ConnectTimeout)
	}
	return nil, cfg.fail(Unreachable, err, "no connection to %s; check address, port and what lies between", address)
}

func (cfg *Config) dialer(via *joint) func(ctx context.Context, network, addr string) (net.Conn, error) {
	switch {
	case via != nil:
		return via.link.dial
	case cfg.Dial != nil:
		return cfg.Dial
	}
	return cfg.dialTCP
}

// dialTCP is a net.Dialer by Network and BindAddress.
func (cfg *Config) dialTCP(ctx context.Context, _, address string) (net.Conn, error) {
	var from net.Dialer
	if cfg.BindAddress != "" {
		from.LocalAddr = &net.TCPAddr{IP: net.ParseIP(cfg.BindAddress)}
	}
	return from.DialContext(ctx, or(cfg.Network, "tcp"), address)
}

// noTunnel is the error of a jump host that does not reach the host behind it.
func (cfg *Config) noTunnel(limited context.Context, hop *link, address string, err error) error {
	var refused *ssh.OpenChannelError
	jump := hop.owner.Host
	switch {
	case errors.As(err, &refused) && refused.Reason == ssh.Prohibited:
		return cfg.fail(Unreachable, err, "jump host %s does not allow a tunnel to %s; AllowTcpForwarding or PermitOpen of its sshd forbids it", jump, address)
	case errors.As(err, &refused):
		return cfg.fail(Unreachable, err, "no connection from jump host %s to %s; check address, port and what lies between them", jump, address)
	case limited.Err() != nil:
		return cfg.fail(Unreachable, nil, "%s did not answer jump host %s within %s", address, jump, cfg.ConnectTimeout)
	}
	hop.settle()
	return cfg.fail(Unreachable, hop.culprit().why(), "the connection to jump host %s was lost", hop.culprit().owner.Host)
}

// handshake does the key exchange and authenticates. The connection is closed
// when it takes too long: nothing else ends a handshake.
func (a *attempt) handshake(ctx context.Context, w *wire) (*ssh.Client, error) {
	limited, cancel := context.WithTimeout(ctx, a.cfg.LoginTimeout)
	defer cancel()
	a.now.ctx = limited
	stop := context.AfterFunc(limited, func() {
		w.Close()
		<-a.ready
		a.held.close() // or a signature would be waited for without end
	})
	conn, channels, requests, err := ssh.NewClientConn(w, a.address, a.clientConfig())
	if stopped := stop(); err == nil && stopped {
		return ssh.NewClient(conn, channels, requests), nil
	}
	if ctx.Err() == nil && limited.Err() != nil {
		return nil, a.cfg.fail(Unreachable, nil, "%s did not log us in within %s; %s", a.address, a.cfg.LoginTimeout, a.now.stuck())
	}
	return nil, err
}

func (a *attempt) clientConfig() *ssh.ClientConfig {
	return &ssh.ClientConfig{
		Config: ssh.Config{
			KeyExchanges: a.cfg.KeyExchanges,
			Ciphers:      a.cfg.Ciphers,
			MACs:         a.cfg.MACs,
		},
		User:              a.cfg.User,
		AuthCallback:      a.nextMethod,
		HostKeyCallback:   a.checkHostKey,
		HostKeyAlgorithms: a.hosts.algorithms,
		ClientVersion:     "SSH-2.0-appm-provision",
	}
}

func (a *attempt) checkHostKey(address string, remote net.Addr, key ssh.PublicKey) error {
	a.now.kex.Store(true)
	return a.hosts.check(address, remote, key)
}
