package sshexec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
)

// attempt is one login, over as many connections as the host's patience with
// wrong keys makes necessary.
type attempt struct {
	cfg     *Config
	address string // as known_hosts knows it
	hosts   hostKeys

	ready    chan struct{} // closed when what follows is known
	held     held
	offers   []*offer
	notes    []string // keys that could not be offered, and why
	password password

	tries  bool  // this host tries whether the password is right, for others
	barred error // why the password is not sent

	next     int      // the first of offers that no connection has been asked about
	accepted []*offer // by which the host was content in part: it wants more than one proof

	now phase
}

// phase is what belongs to one connection of an attempt.
type phase struct {
	wire    *wire
	ctx     context.Context // ends with the time for a login
	waits   string          // the host that is trying the password
	kex     atomic.Bool     // the host key has been checked
	auth    bool            // the host has told what it accepts
	again   []*offer        // of accepted, still to be shown to this connection
	current *offer          // what the host is being asked about
	asked   int             // offers made
	partial int             // proofs accepted
	allowed []string

	exhausted bool // the host has seen all that we have
}

// newAttempt begins to collect the keys, while the connection is made.
func newAttempt(ctx context.Context, cfg *Config, p *Pool) (*attempt, error) {
	a := &attempt{cfg: cfg, address: lookupName(cfg), ready: make(chan struct{})}
	a.password.text, a.password.may = cfg.Password, a.mayGive
	if err := a.hosts.load(cfg, a.address, &p.books); err != nil {
		return nil, err
	}
	go func() {
		defer close(a.ready)
		a.held = openAgent(ctx, cfg)
		a.offers, a.notes = offers(cfg, &p.ring, a.held)
	}()
	return a, nil
}

func (a *attempt) close() {
	<-a.ready
	a.held.close()
}

// nextMethod is asked for after each proof that did not suffice, the first time
// after the empty one that every login begins with.
func (a *attempt) nextMethod(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	<-a.ready
	n := &a.now
	n.auth, n.allowed = true, c.AllowedMethods
	if n.wire.ended.Load() || n.wire.closed.Load() {
		return nil, errEnded // the library would go on offering keys to nobody
	}
	a.judge(len(c.PartialSuccessMethods) > n.partial)
	n.partial = len(c.PartialSuccessMethods)
	if slices.Contains(c.AllowedMethods, "publickey") {
		if n.current = a.nextOffer(); n.current != nil {
			n.asked++
			return ssh.PublicKeys(n.current), nil
		}
	}
	if a.barred != nil {
		return nil, a.barred
	}
	method := a.password.method(c.AllowedMethods)
	n.exhausted = method == nil
	return method, nil
}

// mayGive returns when the host may see the password: another that shares it may
// be trying it.
func (a *attempt) mayGive() error {
	mine, by, err := a.cfg.PasswordTrial.await(a.now.ctx, a.cfg.Host)
	switch {
	case err != nil:
		a.now.waits, a.barred = a.cfg.PasswordTrial.trier(), err
	case by != "":
		a.barred = a.cfg.fail(Authentication, nil, "the password of %s is not given to this host: %s, which was given the same, did not let us in", a.cfg.User, by)
	}
	a.tries = a.tries || mine
	return a.barred
}

// settle tells the others what became of the password here.
func (a *attempt) settle(ctx context.Context, err error) {
	if !a.tries {
		return
	}
	a.tries = false
	switch {
	case err == nil:
		a.cfg.PasswordTrial.settle(right)
	case ctx.Err() != nil:
		a.cfg.PasswordTrial.settle(unproven)
	default:
		a.cfg.PasswordTrial.settle(wrong)
	}
}

var errEnded = errors.New("the connection ended")

// judge settles the offer that the host has just answered.
func (a *attempt) judge(partly bool) {
	if partly && a.now.current != nil && !slices.Contains(a.accepted, a.now.current) {
		a.accepted = append(a.accepted, a.now.current)
	}
	a.now.current = nil
}

func (a *attempt) nextOffer() (o *offer) {
	if n := &a.now; len(n.again) > 0 {
		o, n.again = n.again[0], n.again[1:]
		return o
	}
	if a.next == len(a.offers) {
		return nil
	}
	a.next++
	return a.offers[a.next-1]
}

// tooMany is how OpenSSH takes leave after MaxAuthTries wrong keys.
const tooMany = "Too many authentication failures"

// ranOut reports whether the host ended the connection over wrong keys while
// there are others to try. Some hosts just close it; then the key that the host
// was being asked about may be the right one.
func (a *attempt) ranOut(err error) bool {
	n := &a.now
	if n.wire == nil || n.exhausted {
		return false
	}
	said := strings.Contains(err.Error(), tooMany)
	if !said && (!n.wire.ended.Load() || n.asked < 2) {
		return false
	}
	if !said && n.current != nil && a.next > 0 && n.current == a.offers[a.next-1] {
		a.next--
	}
	return a.next < len(a.offers) || said && a.password.method(n.allowed) != nil
}

// refused is the error of a host that lets us in by nothing that we have.
func (a *attempt) refused(logins int) error {
	<-a.ready
	text := fmt.Sprintf("login as %s was refused; ", a.cfg.User)
	switch {
	case a.next == 0 && !a.password.sent:
		text += "there was no key to offer, so name a key file or start an agent"
	case a.next < len(a.offers):
		text += fmt.Sprintf("the host ended %s over wrong keys before it saw more than %d of %d, so name the right key", plural(logins, "connection"), a.next, len(a.offers))
	default:
		text += "it was offered " + a.offered() + "; let one of them in by the host's authorized_keys, or name another user or key"
	}
	for _, o := range a.offers[:a.next] {
		if c := o.complaint(a.cfg.User); c != "" {
			text += "; " + c
		}
	}
	if a.password.expired {
		text += "; " + errExpired.Error()
	}
	if a.password.refuse != "" {
		text += "; " + a.password.refuse
	}
	if len(a.accepted) > 0 {
		text += fmt.Sprintf("; it accepted %s and wants %s as well", a.accepted[0].name, strings.Join(a.now.allowed, " or "))
	}
	if len(a.notes) > 0 {
		text += "; " + strings.Join(a.notes, "; ")
	}
	return a.cfg.fail(Authentication, nil, "%s", text)
}

func (a *attempt) offered() string {
	keys := plural(a.next, "key")
	switch {
	case !a.password.sent:
		return keys
	case a.next == 0:
		return "a password"
	}
	return keys + " and a password"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
