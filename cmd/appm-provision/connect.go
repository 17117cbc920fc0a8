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

// connect dials the hosts, all at once. The error joins those of every host
// that could not be reached, in the inventory's order; then none stays open.
func (s *session) connect(ctx context.Context, names []string) error {
	var (
		wg    sync.WaitGroup
		conns = make([]*sshexec.Conn, len(names))
		errs  = make([]error, len(names))
	)
	for i, name := range names {
		wg.Go(func() { conns[i], errs[i] = sshexec.Dial(ctx, s.sshConfig(name)) })
	}
	wg.Wait()
	for i, name := range names {
		if errs[i] == nil {
			s.conns[name] = conns[i]
		}
	}
	return errors.Join(errs...)
}

func (s *session) sshConfig(name string) sshexec.Config {
	h, _ := s.inv.Host(name)
	all := s.inv.SSH
	cfg := sshexec.Config{
		Host: name, Address: h.SSH.Host, Port: h.SSH.Port, User: h.SSH.User,
		KeyFiles: s.paths(h.SSH.Keys), AgentSocket: os.Getenv("SSH_AUTH_SOCK"),
		KnownHosts: s.paths(all.KnownHosts), AcceptNew: all.AcceptNew, HostKey: h.SSH.HostKey,
		Become: becomeMethod(h.SSH.Become.Method), BecomeUser: h.SSH.Become.User, ConnectTimeout: all.ConnectTimeout,
		Warn: func(text string) { s.warn("%s: %s", name, text) },
	}
	if cfg.User == "" {
		cfg.User = me()
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return cfg
	}
	if len(cfg.KeyFiles) == 0 {
		cfg.KeyFiles = usualKeys(home)
	}
	if len(cfg.KnownHosts) == 0 {
		cfg.KnownHosts = []string{filepath.Join(home, ".ssh", "known_hosts")}
	}
	return cfg
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

func (s *session) paths(written []string) []string {
	var out []string
	for _, p := range written {
		out = append(out, resolve(s.dir, p))
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
