package inventory

import (
	"slices"
	"strconv"
	"strings"
)

func (r *reader) ssh(s section) {
	r.inv.SSH = SSH{
		Config:         s.text("config", ""),
		User:           s.text("user", "", userName),
		Port:           s.port("port", 0),
		Jump:           s.texts("jump", r.hop),
		Keys:           s.texts("key"),
		Password:       s.secret("password"),
		Passphrase:     s.secret("passphrase"),
		KnownHosts:     s.texts("known_hosts"),
		AcceptNew:      s.flag("accept_new", false),
		Become:         become(s, Become{Method: BecomeNone, User: "root"}),
		ConnectTimeout: s.duration("connect_timeout", 0),
	}
}

func (r *reader) hostSSH(s section, name, address string) HostSSH {
	all := r.inv.SSH
	ssh := HostSSH{
		Host:       s.text("host", address, sshTarget),
		Port:       s.port("port", all.Port),
		User:       s.text("user", all.User, userName),
		Jump:       before(all.Jump, name),
		Keys:       all.Keys,
		Password:   all.Password,
		Passphrase: all.Passphrase,
		HostKey:    s.text("host_key", "", hostKey),
		Become:     become(s, all.Become),
	}
	for _, name := range []string{"become_user", "become_password"} {
		if s.has(name) && ssh.Become.Method == BecomeNone && !s.has("sudo") && !s.broken("become") {
			s.wrong(name, "%s has no effect without sudo = true, or become", name)
		}
	}
	if s.has("jump") {
		ssh.Jump = s.texts("jump", r.hop)
	}
	if s.has("key") {
		ssh.Keys = s.texts("key")
	}
	if s.has("password") {
		ssh.Password = s.secret("password")
	}
	if s.has("passphrase") {
		ssh.Passphrase = s.secret("passphrase")
	}
	return ssh
}

// before is the way to a host that is itself a hop on the way to all others.
func before(hops []string, name string) []string {
	if i := slices.Index(hops, name); i >= 0 {
		return hops[:i:i]
	}
	return hops
}

// sshTarget is a name or an address.
func sshTarget(value string) string {
	if ipLiteral(value) == "" {
		return ""
	}
	return hostName(value)
}

// become reads sudo, the short form, or become.
func become(s section, byDefault Become) Become {
	b := byDefault
	switch {
	case s.has("sudo") && s.has("become"):
		s.wrong("become", "sudo and become are both given, want one (sudo = true is become = \"sudo\")")
	case s.has("sudo"):
		b.Method = BecomeNone
		if s.flag("sudo", false) {
			b.Method = BecomeSudo
		}
	case s.has("become"):
		methods := []string{string(BecomeNone), string(BecomeSudo), string(BecomeSu), string(BecomeDoas)}
		b.Method = BecomeMethod(s.text("become", string(b.Method), oneOf(methods)))
	}
	b.User = s.text("become_user", b.User, userName)
	if s.has("become_password") {
		b.Password = s.secret("become_password")
	}
	return b
}

// hop is the rule for a stop on the way: the name of a host of this inventory,
// or what ssh -J takes.
func (r *reader) hop(value string) string {
	if value == NoJump || slices.Contains(r.hostNames(), value) {
		return ""
	}
	if _, _, _, ok := SplitHop(value); ok {
		return ""
	}
	return "is neither the name of a [[host]] nor [user@]host[:port]"
}

// SplitHop takes [user@]host[:port] apart; port is 0 where none is given. An
// IPv6 address with a port stands in brackets.
func SplitHop(text string) (user, host string, port int, ok bool) {
	if at := strings.LastIndex(text, "@"); at >= 0 {
		user, text = text[:at], text[at+1:]
		if user == "" || userName(user) != "" {
			return "", "", 0, false
		}
	}
	host = strings.Trim(text, "[]")
	if sshTarget(host) == "" && (host == text || text == "["+host+"]") {
		return user, host, 0, true
	}
	colon := strings.LastIndex(text, ":")
	if colon < 0 {
		return "", "", 0, false
	}
	host = text[:colon]
	bracketed := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")
	if strings.Contains(host, ":") != bracketed {
		return "", "", 0, false
	}
	port, err := strconv.Atoi(text[colon+1:])
	host = strings.Trim(host, "[]")
	return user, host, port, err == nil && port > 0 && port < 1<<16 && sshTarget(host) == ""
}

// hostNames are those of all [[host]] tables, read or not yet.
func (r *reader) hostNames() []string {
	var names []string
	for _, s := range r.root.tables("host") {
		names = append(names, s.text("name", ""))
	}
	return names
}

// checkJumps refuses a way that leads through its own end: nobody ever arrives.
func (r *reader) checkJumps() {
	for _, h := range r.hosts {
		if loop := r.jumpLoop(h.host.Name, nil); loop != nil {
			s := h.table("ssh")
			if !s.has("jump") {
				s = r.root.table("ssh")
			}
			s.wrong("jump", "jump leads in a circle: %s; write jump = %q in the host that is reached directly", strings.Join(loop, " → "), NoJump)
			return
		}
	}
}

// jumpLoop follows the hops that are hosts of the inventory.
func (r *reader) jumpLoop(name string, passed []string) []string {
	if slices.Contains(passed, name) {
		return append(passed, name)
	}
	h, known := r.inv.Host(name)
	if !known {
		return nil
	}
	for _, hop := range h.SSH.Jump {
		if loop := r.jumpLoop(hop, append(slices.Clone(passed), name)); loop != nil {
			return loop
		}
	}
	return nil
}
