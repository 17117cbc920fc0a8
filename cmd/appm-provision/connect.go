package main

import (
	"context"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// prepareLogins finds out how the hosts are reached, and asks for what the
// logins need. Nothing is asked for later.
func (s *session) prepareLogins(ctx context.Context, from sources) error {
	return s.logInTo(ctx, s.wanted(), from)
}

func (s *session) logInTo(ctx context.Context, names []string, from sources) error {
	s.logins = newLogins(s.dir, s.inv, s.warn)
	s.logins.trace = s.operation
	err := s.logins.read(names)
	if err == nil {
		err = s.logins.ask(ctx, names, from)
	}
	if err == nil {
		s.clean = cleaner(s.secrets()...)
	}
	if err != nil {
		return usage("%v", err)
	}
	return nil
}

// connect dials the hosts, all at once, and each jump host once. The error
// joins those of every host that could not be reached, in the inventory's
// order.
func (s *session) connect(ctx context.Context, names []string) error {
	var (
		wg    sync.WaitGroup
		pool  sshexec.Pool
		conns = make([]*sshexec.Conn, len(names))
		errs  = make([]error, len(names))
	)
	defer s.waits()()
	for i, name := range names {
		wg.Go(func() {
			defer s.timed("%s: connect", name)()
			conns[i], errs[i] = pool.Dial(ctx, s.sshConfig(name))
		})
	}
	wg.Wait()
	for i, name := range names {
		if errs[i] == nil {
			s.conns[name] = conns[i]
		}
	}
	return errors.Join(errs...)
}

// sshConfig is how a host that the run needs is reached.
func (s *session) sshConfig(name string) sshexec.Config {
	if way := s.logins.hosts[name]; way != nil {
		return way.config()
	}
	return sshexec.Config{Host: name}
}

// becomeMethod is the program that changes the user; "" where none does.
func becomeMethod(m inventory.BecomeMethod) string {
	if m == inventory.BecomeNone {
		return ""
	}
	return string(m)
}

// me is the user who runs the tool; "" when the system does not know.
func me() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// usualKeys are the key files that ssh tries, as far as they are there.
func usualKeys(home string) []string {
	var keys []string
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		file := filepath.Join(home, ".ssh", name)
		if _, err := os.Stat(file); err == nil {
			keys = append(keys, file)
		}
	}
	return keys
}

// paths resolves paths as written in the inventory.
func paths(dir string, written []string) []string {
	var out []string
	for _, p := range written {
		out = append(out, resolve(dir, p))
	}
	return out
}

// hosts are the names of those that the steps need, in the inventory's order.
func hostsOf(inv inventory.Inventory, wanted map[string]bool) []string {
	var names []string
	for _, h := range inv.Hosts {
		if wanted[h.Name] {
			names = append(names, h.Name)
		}
	}
	return slices.Clip(names)
}

// unprefix keeps a path in messages short when it lies in the working
// directory.
func unprefix(path string) string {
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return path
}
