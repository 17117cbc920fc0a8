package sshexec

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Pool dials hosts so that there is one connection to each jump host, however
// many are behind it, also where the jump host is one of the hosts itself. The
// zero value works. No lock is held while a host is dialled.
type Pool struct {
	mu    sync.Mutex
	links map[string]*joint
	ring  ring
	books books
}

// joint is a link, or one that is being made, and how many use it: Conns, and
// links that run through it.
type joint struct {
	key    string
	ready  chan struct{} // closed when link or err is set
	link   *link
	err    error
	users  int // guarded by Pool.mu
	cancel context.CancelFunc

	counted atomic.Bool // some Conn reports what goes over it
}

// Dial connects and logs in, by way of Config.Jump where there is one.
func (p *Pool) Dial(ctx context.Context, cfg Config) (*Conn, error) {
	cfg = cfg.withDefaults()
	s, err := p.join(ctx, &cfg)
	if err != nil {
		return nil, err
	}
	return &Conn{cfg: cfg, link: s.link, leave: func() { p.leave(s) }, counts: !s.counted.Swap(true)}, nil
}

// join is a link to the host that serves the caller until leave.
func (p *Pool) join(ctx context.Context, cfg *Config) (s *joint, err error) {
	if cfg.Address == "" || cfg.User == "" {
		return nil, cfg.fail(Request, nil, "an address and a user are needed to connect")
	}
	s = p.enter(ctx, cfg)
	select {
	case <-s.ready:
		err = s.err
	case <-ctx.Done():
		err = cfg.interrupted(ctx, "connecting")
	}
	if err != nil {
		p.leave(s)
		return nil, cfg.own(err)
	}
	return s, nil
}

// own is the error of a shared attempt as an error of this host.
func (cfg *Config) own(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Host == cfg.Host {
		return err
	}
	return &Error{Kind: e.Kind, Host: cfg.Host, Text: e.Text, Err: e.Err}
}

// enter finds the link, or begins to make it. What is shared does not end with
// the context of whoever came first, but when nobody waits for it any more.
func (p *Pool) enter(ctx context.Context, cfg *Config) *joint {
	key := cfg.identity()
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.links[key]; s != nil && s.usable() {
		s.users++
		return s
	}
	making, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &joint{key: key, ready: make(chan struct{}), users: 1, cancel: cancel}
	if key != "" {
		if p.links == nil {
			p.links = map[string]*joint{}
		}
		p.links[key] = s
	}
	go func() {
		defer close(s.ready)
		s.link, s.err = p.connect(making, cfg)
	}()
	return s
}

// usable is false of a link that has failed or ended: it is to be made anew.
func (s *joint) usable() bool {
	select {
	case <-s.ready:
	default:
		return true
	}
	if s.err != nil {
		return false
	}
	select {
	case <-s.link.gone:
		return false
	default:
		return true
	}
}

// leave gives up a use of the link. The last one closes it, and then what it
// ran through.
func (p *Pool) leave(s *joint) {
	p.mu.Lock()
	s.users--
	last := s.users == 0
	if last && p.links[s.key] == s {
		delete(p.links, s.key)
	}
	p.mu.Unlock()
	if !last {
		return
	}
	s.cancel()
	<-s.ready
	if s.link == nil {
		return
	}
	s.link.end(errClosed)
	<-s.link.gone
	if s.link.via != nil {
		p.leave(s.link.via)
	}
}

// identity names a connection: two configurations of the same identity reach
// the same account in the same way, and are as strict about the host's key.
// "" is of one that is never shared.
func (cfg *Config) identity() string {
	if cfg.Dial != nil && cfg.Jump == nil {
		return ""
	}
	via := ""
	if cfg.Jump != nil {
		jump := cfg.Jump.withDefaults()
		if via = jump.identity(); via == "" {
			return ""
		}
	}
	var keys []string
	for _, s := range cfg.Signers {
		keys = append(keys, string(s.PublicKey().Marshal()))
	}
	return fmt.Sprintf("%q", []any{
		via, cfg.Network, cfg.BindAddress, cfg.Address, cfg.Port, cfg.User,
		keys, cfg.KeyFiles, cfg.Certificates, cfg.AgentSocket, cfg.IdentitiesOnly,
		cfg.KnownHosts, cfg.AcceptNew, cfg.HostKey, cfg.HostKeyAlias,
	})
}
