package sshconfig

import (
	"slices"
	"strings"
)

// setting is one line that applies.
type setting struct {
	place
	keyword string // in lower case
	args    []string
	rest    string // the line after the keyword
}

// settings are the lines that apply to one host, the first of each keyword.
type settings struct {
	local Local
	alias string
	given Given
	final string // the host's name in the second pass

	first map[string]setting
	order []string // the keywords, as they came
	keys  []setting
	certs []setting
}

func newSettings(local Local, alias string, given Given) *settings {
	return &settings{local: local, alias: alias, given: given, first: map[string]setting{}}
}

// take keeps a line if it is the first of its kind.
func (s *settings) take(line setting) error {
	line.keyword = canonical(line.keyword)
	if ignored, has := s.first["ignoreunknown"]; has && classOf(line.keyword) == unknown && matchesList(line.keyword, strings.ToLower(ignored.args[0])) {
		return nil
	}
	switch line.keyword {
	case "identityfile":
		s.keys = added(s.keys, line)
		return line.single()
	case "certificatefile":
		s.certs = added(s.certs, line)
		return line.single()
	case "proxyjump", "proxycommand":
		if s.given.Jump || s.wayIsSet(line.keyword) {
			return nil
		}
	case "connecttimeout", "serveraliveinterval":
		if isNone(line.args[0]) { // as if it were not there
			return nil
		}
	}
	if _, has := s.first[line.keyword]; has {
		return nil
	}
	s.first[line.keyword] = line
	s.order = append(s.order, line.keyword)
	if classOf(line.keyword) == honoured && !severalWords[line.keyword] {
		return line.single()
	}
	return nil
}

// wayIsSet: of ProxyJump and ProxyCommand the first counts, even one that says
// none; but a ProxyCommand goes before a ProxyJump none.
func (s *settings) wayIsSet(keyword string) bool {
	if _, has := s.first["proxycommand"]; has {
		return true
	}
	jump, has := s.first["proxyjump"]
	return has && (keyword == "proxyjump" || !isNone(jump.args[0]))
}

func added(list []setting, line setting) []setting {
	if slices.ContainsFunc(list, func(s setting) bool { return s.args[0] == line.args[0] }) {
		return list
	}
	return append(list, line)
}

// severalWords are the honoured directives with more than one value.
var severalWords = map[string]bool{"userknownhostsfile": true, "globalknownhostsfile": true}

func (s setting) single() error {
	if len(s.args) > 1 {
		return s.wrong(spelled(s.keyword) + " has more than one value; put quotes around one with blanks")
	}
	return nil
}

func isNone(text string) bool { return strings.EqualFold(text, "none") }

// text is the value of a keyword with one value; "" when no line has it.
func (s *settings) text(keyword string) string {
	if line, has := s.first[keyword]; has {
		return line.args[0]
	}
	return ""
}

// user is who logs in, by the lines read so far.
func (s *settings) user() string {
	for _, u := range []string{s.given.User, s.text("user")} {
		if u != "" {
			return u
		}
	}
	return s.local.User
}

// hostName is where to connect, by the lines read so far.
func (s *settings) hostName() (string, error) {
	line, has := s.first["hostname"]
	switch {
	case s.final != "":
		return s.final, nil // it is settled when the second pass begins
	case !has:
		return strings.ToLower(s.alias), nil
	}
	name, err := expand(line.args[0], map[byte]string{'h': s.alias})
	if err != nil {
		return "", line.wrong("HostName " + line.args[0] + ": " + err.Error())
	}
	return strings.ToLower(name), nil
}
