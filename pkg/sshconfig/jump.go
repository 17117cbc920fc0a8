package sshconfig

import (
	"slices"
	"strconv"
	"strings"
)

// maxHops, and the longest name that DNS knows: tokens can make up a new name
// at each hop, without end.
const (
	maxHops = 16
	maxName = 255
)

// jumps are the hops of a ProxyJump. Each is looked up as if it were given to
// ssh; the first may have hops of its own, the others are reached through it.
func (f Files) jumps(set *settings, h Host, passed []string) ([]Host, error) {
	line, has := set.first["proxyjump"]
	if !has || isNone(line.args[0]) {
		return nil, nil
	}
	text, err := expand(line.args[0], map[byte]string{'h': h.HostName, 'n': h.Alias, 'p': strconv.Itoa(h.Port), 'r': h.User})
	if err != nil {
		return nil, line.wrong("ProxyJump " + line.args[0] + ": " + err.Error())
	}
	var way []Host
	for i, hop := range strings.Split(text, ",") {
		user, name, port, ok := splitHop(hop)
		if !ok {
			return nil, line.wrong("ProxyJump " + line.args[0] + ": want [user@]host[:port], with commas between")
		}
		if len(passed) > maxHops {
			return nil, line.wrong("ProxyJump leads over more than " + strconv.Itoa(maxHops) + " hops: " + strings.Join(passed, " → "))
		}
		if slices.Contains(passed, name) {
			return nil, line.wrong("ProxyJump leads in a circle: " + strings.Join(append(passed, name), " → ") + "; put `Host " + name + "` with `ProxyJump none` above it")
		}
		jump, err := f.resolve(name, Given{User: user, Port: port, Jump: i > 0}, passed)
		if err != nil {
			return nil, err
		}
		way = append(append(way, jump.Jump...), jump.last())
	}
	return way, nil
}

// last is a hop without those before it, which stand before it in the list.
func (h Host) last() Host {
	h.Jump = nil
	return h
}

// splitHop takes [user@]host[:port] or ssh://[user@]host[:port] apart.
func splitHop(text string) (user, host string, port int, ok bool) {
	text, _ = strings.CutPrefix(text, "ssh://")
	if at := strings.LastIndex(text, "@"); at >= 0 {
		user, text = text[:at], text[at+1:]
		if user == "" {
			return "", "", 0, false
		}
	}
	host, digits, bracketed := text, "", strings.HasPrefix(text, "[")
	if bracketed {
		host, digits, ok = strings.Cut(text[1:], "]")
		if !ok || digits != "" && !strings.HasPrefix(digits, ":") {
			return "", "", 0, false
		}
		digits = strings.TrimPrefix(digits, ":")
	} else if before, after, has := strings.Cut(text, ":"); has {
		host, digits = before, after
		if digits == "" {
			return "", "", 0, false
		}
	}
	if host == "" || len(host) > maxName || strings.ContainsAny(host, " \t'`\"$\\;&<>|(){},/%") || strings.HasPrefix(host, "-") {
		return "", "", 0, false
	}
	if digits == "" {
		return user, host, 0, true
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	return user, host, int(n), err == nil && n > 0
}
