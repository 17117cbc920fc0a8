package sshexec

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// explain turns what the SSH library says about a failed login into what an
// operator can act on.
func (a *attempt) explain(err error, logins int, via *joint) error {
	var own *Error
	var algorithms *ssh.AlgorithmNegotiationError
	n := &a.now
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &algorithms):
		return a.noCommonAlgorithm(algorithms)
	case n.exhausted, strings.Contains(err.Error(), tooMany):
		return a.refused(logins)
	}
	if via != nil {
		via.link.settle()
		if lost := via.link.culprit(); lost.isGone() {
			return a.cfg.fail(Unreachable, lost.why(), "the connection to jump host %s was lost while logging in", lost.owner.Host)
		}
	}
	why := a.goodbye(err)
	switch {
	case !strings.Contains(n.wire.hello(), "SSH-"):
		return a.cfg.fail(Unreachable, nil, "%s is no SSH server; %s", a.address, greeted(n.wire.hello()))
	case !n.kex.Load():
		return a.cfg.fail(Unreachable, why, "the connection to %s ended during the key exchange", a.address)
	}
	return a.cfg.fail(Unreachable, why, "the connection to %s ended while logging in as %s", a.address, a.cfg.User)
}

func (l *link) isGone() bool {
	select {
	case <-l.gone:
		return true
	default:
		return false
	}
}

// stuck says how far a login came that did not end.
func (n *phase) stuck() string {
	switch {
	case n.waits != "":
		return "it waited for " + n.waits + ", which was given the same password first"
	case n.current != nil && n.current.failed != nil:
		return "it waited for key " + n.current.name + " to sign"
	case n.auth:
		return "it stopped while authenticating"
	case n.kex.Load():
		return "it stopped after the key exchange"
	case n.wire.hello() != "":
		return "it stopped during the key exchange"
	}
	return "it accepted the connection and said nothing"
}

func greeted(hello string) string {
	if hello == "" {
		return "it accepted the connection and closed it without a word; a firewall or a limit of its sshd (MaxStartups) may do so"
	}
	return fmt.Sprintf("it said %q", brief(hello))
}

// goodbye is why the connection ended, as far as the host or the network said.
func (a *attempt) goodbye(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, errEnded) {
		return nil
	}
	if _, said, ok := strings.Cut(err.Error(), "ssh: disconnect, reason "); ok {
		_, said, _ = strings.Cut(said, ": ")
		return fmt.Errorf("the host says %s", brief(said))
	}
	return errors.New(strings.TrimPrefix(err.Error(), "ssh: handshake failed: "))
}

// noCommonAlgorithm names what the host offers and what would let it in.
func (a *attempt) noCommonAlgorithm(err *ssh.AlgorithmNegotiationError) error {
	directive, all, weak := a.algorithms(err.What)
	text := fmt.Sprintf("no %s in common; the host offers only %s", err.What, strings.Join(err.RequestedAlgorithms, ", "))
	possible := slices.DeleteFunc(slices.Clone(err.RequestedAlgorithms), func(name string) bool {
		return !slices.Contains(all, name) && !slices.Contains(weak, name)
	})
	switch {
	case len(possible) == 0:
		text += "; none of them is known here, so update its sshd"
	case slices.Contains(all, possible[0]):
		text += fmt.Sprintf("; allow %s by %s of ssh_config", possible[0], directive)
	default:
		text += fmt.Sprintf("; update its sshd, or, if it must be, allow the weak %s by %s of ssh_config", possible[0], directive)
	}
	return a.cfg.fail(Protocol, nil, "%s", text)
}

// algorithms are the directive that names such algorithms, and those that the
// library can do: well, and only if told to.
func (a *attempt) algorithms(what string) (directive string, all, weak []string) {
	good, bad := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	switch {
	case what == "key exchange":
		return "KexAlgorithms", good.KeyExchanges, bad.KeyExchanges
	case what == "host key":
		return "HostKeyAlgorithms", good.HostKeys, bad.HostKeys
	case strings.HasSuffix(what, "MAC"):
		return "MACs", good.MACs, bad.MACs
	}
	return "Ciphers", good.Ciphers, bad.Ciphers
}
