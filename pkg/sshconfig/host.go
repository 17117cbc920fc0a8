package sshconfig

import (
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// host reads the values. The order matters: tokens in paths need name, port and
// user.
func (s *settings) host() (h Host, err error) {
	h = Host{Alias: s.alias, User: s.user(), HostKeyAlias: s.text("hostkeyalias"), Network: "tcp"}
	if h.HostName, err = s.hostName(); err != nil {
		return h, err
	}
	if h.Port, err = s.port(); err != nil {
		return h, err
	}
	for _, read := range []func(*Host) error{s.userIsPlain, s.identities, s.agent, s.knownHosts, s.strictness, s.algorithms, s.network, s.times} {
		if err := read(&h); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (s *settings) port() (int, error) {
	line, has := s.first["port"]
	if s.given.Port != 0 {
		return s.given.Port, nil
	}
	if !has {
		return 22, nil
	}
	n, err := strconv.ParseUint(line.args[0], 10, 16)
	if err != nil || n == 0 {
		return 0, line.wrong("Port " + line.args[0] + " is no number from 1 to 65535")
	}
	return int(n), nil
}

// userIsPlain refuses a User with tokens: newer versions of ssh expand them, older
// ones take them as they stand.
func (s *settings) userIsPlain(*Host) error {
	if line, has := s.first["user"]; has && s.given.User == "" && strings.ContainsAny(line.args[0], "%$") {
		return line.wrong("User " + line.args[0] + ": tokens and variables are not supported here")
	}
	return nil
}

func (s *settings) identities(h *Host) (err error) {
	for _, line := range s.keys {
		if h.IdentityFiles == nil {
			h.IdentityFiles = []string{}
		}
		if isNone(line.args[0]) {
			continue
		}
		path, err := s.path(line, line.args[0], *h)
		if err != nil {
			return err
		}
		h.IdentityFiles = append(h.IdentityFiles, path)
	}
	for _, line := range s.certs {
		path, err := s.path(line, line.args[0], *h)
		if err != nil {
			return err
		}
		h.CertificateFiles = append(h.CertificateFiles, path)
	}
	if h.IdentitiesOnly, err = s.flag("identitiesonly", false); err != nil {
		return err
	}
	publicKeys, err := s.flag("pubkeyauthentication", true)
	h.NoKeys = !publicKeys
	return err
}

// agent is where the agent listens: SSH_AUTH_SOCK unless said otherwise.
func (s *settings) agent(h *Host) (err error) {
	line, has := s.first["identityagent"]
	name := "SSH_AUTH_SOCK"
	if has {
		variable, is := strings.CutPrefix(line.args[0], "$")
		switch {
		case isNone(line.args[0]):
			return nil
		case is && !strings.HasPrefix(variable, "{"):
			name = variable
		case line.args[0] != name:
			h.IdentityAgent, err = s.path(line, line.args[0], *h)
			return err
		}
	}
	h.IdentityAgent, _ = s.local.Getenv(name)
	return nil
}

func (s *settings) knownHosts(h *Host) (err error) {
	line, has := s.first["userknownhostsfile"]
	if !has {
		dir := filepath.Join(s.local.Home, ".ssh")
		h.UserKnownHosts = []string{filepath.Join(dir, "known_hosts"), filepath.Join(dir, "known_hosts2")}
	}
	for _, arg := range line.args {
		if isNone(arg) {
			continue
		}
		path, err := s.path(line, arg, *h)
		if err != nil {
			return err
		}
		h.UserKnownHosts = append(h.UserKnownHosts, path)
	}
	line, has = s.first["globalknownhostsfile"]
	if !has {
		h.GlobalKnownHosts = []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}
	}
	for _, arg := range line.args {
		if !isNone(arg) {
			h.GlobalKnownHosts = append(h.GlobalKnownHosts, arg)
		}
	}
	return nil
}

// strictness: an unknown host is never accepted without a word, whatever the
// file says; accept-new is the way to ask for that.
func (s *settings) strictness(h *Host) error {
	line, has := s.first["stricthostkeychecking"]
	if !has {
		return nil
	}
	switch value := strings.ToLower(line.args[0]); value {
	case "yes", "true", "ask":
	case "accept-new":
		h.AcceptNew = true
	case "no", "false", "off":
		h.Warnings = append(h.Warnings, line.wrong("StrictHostKeyChecking "+line.args[0]+" is not honoured: a host key must be known; use accept-new to accept those of new hosts").Error())
	default:
		return line.wrong("StrictHostKeyChecking " + line.args[0] + ": want yes, ask, accept-new or no")
	}
	return nil
}

func (s *settings) network(h *Host) error {
	if line, has := s.first["addressfamily"]; has {
		network, known := map[string]string{"any": "tcp", "inet": "tcp4", "inet6": "tcp6"}[strings.ToLower(line.args[0])]
		if !known {
			return line.wrong("AddressFamily " + line.args[0] + ": want any, inet or inet6")
		}
		h.Network = network
	}
	if line, has := s.first["bindaddress"]; has {
		if _, err := netip.ParseAddr(line.args[0]); err != nil {
			return line.wrong("BindAddress " + line.args[0] + " is no IP address; names are not supported here")
		}
		h.BindAddress = line.args[0]
	}
	return nil
}

func (s *settings) times(h *Host) (err error) {
	if h.ConnectTimeout, err = s.duration("connecttimeout"); err != nil {
		return err
	}
	if h.KeepAlive, err = s.duration("serveraliveinterval"); err != nil {
		return err
	}
	if _, has := s.first["serveraliveinterval"]; has && h.KeepAlive == 0 {
		h.KeepAlive = -1
	}
	line, has := s.first["serveralivecountmax"]
	if !has {
		return nil
	}
	n, err := strconv.ParseUint(line.args[0], 10, 31)
	if err != nil || n == 0 {
		return line.wrong("ServerAliveCountMax " + line.args[0] + " is no number above 0")
	}
	h.KeepAliveCount = int(n)
	return nil
}

// units of a time, as in 1h30m; without one it is seconds.
var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

func (s *settings) duration(keyword string) (time.Duration, error) {
	line, has := s.first[keyword]
	if !has {
		return 0, nil
	}
	total, ok := seconds(line.args[0])
	if !ok {
		return 0, line.wrong(spelled(keyword) + " " + line.args[0] + " is no time, want such as 30 or 1m30s")
	}
	return total, nil
}

func seconds(text string) (total time.Duration, ok bool) {
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
		digits, unit := text, byte('s')
		rest := ""
		if end >= 0 {
			digits, unit, rest = text[:end], text[end]|0x20, text[end+1:]
		}
		n, err := strconv.ParseUint(digits, 10, 31)
		size, known := units[unit]
		if err != nil || !known || time.Duration(n) > (1<<62)/size {
			return 0, false
		}
		if total += time.Duration(n) * size; total < 0 || total > 1<<62 {
			return 0, false
		}
		text = rest
	}
	return total, true
}

func (s *settings) flag(keyword string, otherwise bool) (bool, error) {
	line, has := s.first[keyword]
	if !has {
		return otherwise, nil
	}
	switch strings.ToLower(line.args[0]) {
	case "yes", "true":
		return true, nil
	case "no", "false":
		return false, nil
	case "unbound", "host-bound": // of PubkeyAuthentication: how, not whether
		if keyword == "pubkeyauthentication" {
			return true, nil
		}
	}
	return false, line.wrong(spelled(keyword) + " " + line.args[0] + ": want yes or no")
}
