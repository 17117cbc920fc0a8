package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/sshconfig"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// connectTimeout holds where neither the inventory nor ssh_config gives one.
const connectTimeout = 10 * time.Second

// logins is how the hosts are reached: the inventory over ssh_config over what
// ssh does without either.
type logins struct {
	dir      string // of the inventory
	inv      inventory.Inventory
	files    sshconfig.Files
	warn     func(string, ...any)
	warned   map[string]bool
	hosts    map[string]*login // by the inventory's name
	trace    func(sshexec.Operation)
	building map[string]bool
}

// login is the way to one host, or to a hop on the way.
type login struct {
	sshexec.Config
	secrets inventory.HostSSH // where its passwords and passphrases are
	usual   bool              // KeyFiles are those that ssh tries when none is named
	before  *login            // the hop to go through; nil: directly
}

func newLogins(dir string, inv inventory.Inventory, warn func(string, ...any)) *logins {
	l := &logins{dir: dir, inv: inv, warn: warn, warned: map[string]bool{}, hosts: map[string]*login{}, building: map[string]bool{}}
	home, _ := os.UserHomeDir() // without one there are no files in it
	name, _ := os.Hostname()
	l.files.Local = sshconfig.Local{User: me(), UID: os.Getuid(), Home: home, Hostname: name, Getenv: os.LookupEnv}
	switch inv.SSH.Config {
	case inventory.NoSSHConfig:
	case "":
		l.files.System = "/etc/ssh/ssh_config"
		if home != "" {
			l.files.User = filepath.Join(home, ".ssh", "config")
		}
	default:
		l.files.User, l.files.Alone = resolve(dir, inv.SSH.Config), true
	}
	return l
}

// read finds the ways to the hosts. The errors of several hosts are one where a
// line of ssh_config is the same.
func (l *logins) read(names []string) error {
	var texts []string
	of := map[string][]string{}
	for _, name := range names {
		if _, err := l.host(name); err != nil {
			if of[err.Error()] == nil {
				texts = append(texts, err.Error())
			}
			of[err.Error()] = append(of[err.Error()], name)
		}
	}
	var errs []error
	for _, text := range texts {
		errs = append(errs, fmt.Errorf("%s: %s", strings.Join(of[text], ", "), text))
	}
	return errors.Join(errs...)
}

// host is the way to a host of the inventory.
func (l *logins) host(name string) (*login, error) {
	if known := l.hosts[name]; known != nil {
		return known, nil
	}
	if l.building[name] {
		return nil, fmt.Errorf("the way to host %s leads through itself, by jump of the inventory and ProxyJump of ssh_config; write jump = %q in the host that is reached directly", name, inventory.NoJump)
	}
	l.building[name] = true
	defer delete(l.building, name)
	h, _ := l.inv.Host(name)
	found, err := l.files.Resolve(h.SSH.Host, sshconfig.Given{User: h.SSH.User, Port: h.SSH.Port, Jump: len(h.SSH.Jump) > 0})
	if err != nil {
		return nil, err
	}
	way := l.login(name, found, h.SSH)
	if way.before, err = l.before(h.SSH.Jump, found.Jump); err != nil {
		return nil, err
	}
	way.Store = h.StateDir
	l.hosts[name] = way
	return way, nil
}

// login puts together what the inventory and ssh_config say about one stop.
func (l *logins) login(name string, found sshconfig.Host, own inventory.HostSSH) *login {
	for _, text := range found.Warnings {
		l.warnOnce(text)
	}
	all := l.inv.SSH
	way := &login{secrets: own, Config: sshexec.Config{
		Host: name, Address: found.HostName, Port: found.Port, User: found.User, Network: found.Network, BindAddress: found.BindAddress,
		Certificates: found.CertificateFiles, AgentSocket: found.IdentityAgent, IdentitiesOnly: found.IdentitiesOnly,
		KnownHosts: append(found.UserKnownHosts, found.GlobalKnownHosts...), AcceptNew: all.AcceptNew || found.AcceptNew,
		HostKey: own.HostKey, HostKeyAlias: found.HostKeyAlias,
		Ciphers: found.Ciphers, KeyExchanges: found.KeyExchanges, MACs: found.MACs, HostKeyAlgorithms: found.HostKeyAlgorithms,
		Become: becomeMethod(own.Become.Method), BecomeUser: own.Become.User,
		ConnectTimeout: cmp.Or(all.ConnectTimeout, found.ConnectTimeout, connectTimeout),
		KeepAlive:      found.KeepAlive, KeepAliveCount: found.KeepAliveCount,
		Warn:  func(text string) { l.warn("%s: %s", name, text) },
		Trace: l.trace,
	}}
	switch {
	case len(all.KnownHosts) > 0:
		way.KnownHosts = paths(l.dir, all.KnownHosts)
	case len(found.UserKnownHosts) == 0:
		// New keys go to the first file: never to the one of all users.
		way.KnownHosts = append([]string{os.DevNull}, way.KnownHosts...)
	}
	l.keyFiles(way, found, own)
	return way
}

// keyFiles: those of the inventory, else those of ssh_config, else the usual.
func (l *logins) keyFiles(way *login, found sshconfig.Host, own inventory.HostSSH) {
	switch {
	case len(own.Keys) > 0:
		way.KeyFiles = paths(l.dir, own.Keys)
	case found.NoKeys:
		way.AgentSocket = ""
	case found.IdentityFiles != nil:
		way.KeyFiles = found.IdentityFiles
	default:
		way.KeyFiles, way.usual = usualKeys(l.files.Local.Home), true
	}
}

// before is the last hop on the way to a host: the inventory's, else those of
// ssh_config. The first hop may have hops of its own; the others are reached
// through the one before, whatever their own way is.
func (l *logins) before(jump []string, found []sshconfig.Host) (*login, error) {
	var last *login
	if len(jump) == 0 {
		for _, hop := range found {
			next := *l.found(hop)
			next.before, last = last, &next
		}
		return last, nil
	}
	if slices.Equal(jump, []string{inventory.NoJump}) {
		return nil, nil
	}
	for i, hop := range jump {
		next, err := l.hop(hop, i > 0)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			copied := *next
			copied.before, next = last, &copied
		}
		last = next
	}
	return last, nil
}

// hop is a stop that the inventory names: one of its hosts, or [user@]host[:port],
// to which [ssh] applies but for the password: it was written down for hosts of
// the inventory, and no other gets to see it.
func (l *logins) hop(text string, later bool) (*login, error) {
	if _, known := l.inv.Host(text); known {
		return l.host(text)
	}
	user, name, port, _ := inventory.SplitHop(text)
	found, err := l.files.Resolve(name, sshconfig.Given{User: cmp.Or(user, l.inv.SSH.User), Port: port, Jump: later})
	if err != nil {
		return nil, err
	}
	way := l.login(name, found, l.foreign())
	way.before, err = l.before(nil, found.Jump)
	return way, err
}

// found is a hop that ssh_config names. Where it is a host of the inventory, it
// is that host, with its keys and its connection.
func (l *logins) found(hop sshconfig.Host) *login {
	for _, h := range l.inv.Hosts {
		if h.SSH.Host != hop.Alias || l.building[h.Name] {
			continue
		}
		if same, err := l.host(h.Name); err == nil && same.User == hop.User && same.Port == hop.Port {
			return same
		}
	}
	own := l.foreign()
	if hop.IdentityFiles != nil {
		own.Keys = nil
	}
	return l.login(hop.Alias, hop, own)
}

// foreign is what the inventory says about machines that are not in it.
func (l *logins) foreign() inventory.HostSSH {
	return inventory.HostSSH{Keys: l.inv.SSH.Keys, Passphrase: l.inv.SSH.Passphrase}
}

func (l *logins) warnOnce(text string) {
	if !l.warned[text] {
		l.warned[text] = true
		l.warn("%s", text)
	}
}

// config is what to dial, hops and all.
func (w *login) config() sshexec.Config {
	cfg := w.Config
	if w.before != nil {
		hop := w.before.config()
		cfg.Jump = &hop
	}
	return cfg
}

// stops are a host and the hops on the way to it, the host first.
func (w *login) stops() []*login {
	var list []*login
	for ; w != nil; w = w.before {
		list = append(list, w)
	}
	return list
}
