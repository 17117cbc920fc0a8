package sshconfig

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// expand replaces %x by what the token stands for.
func expand(text string, tokens map[byte]string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		i++
		if i == len(text) {
			return "", errors.New("% at the end is no token; write %% for a percent sign")
		}
		value, known := tokens[text[i]]
		if text[i] == '%' {
			value, known = "%", true
		}
		if !known {
			return "", fmt.Errorf("the token %%%c is not supported here", text[i])
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// variables replaces ${NAME}; one that is not set is an error, as in ssh.
func (s *settings) variables(text string) (string, error) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed {
			return "", errors.New("${ without }")
		}
		value, set := s.local.Getenv(name)
		if !set {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		b.WriteString(value)
		text = rest
	}
}

// tilde replaces ~ at the beginning.
func (s *settings) tilde(path string) (string, error) {
	rest, is := strings.CutPrefix(path, "~")
	switch {
	case !is:
		return path, nil
	case rest == "" || strings.HasPrefix(rest, "/"):
		return filepath.Join(s.local.Home, rest), nil
	}
	return "", fmt.Errorf("%s: the home of another user is not supported; write the path", path)
}

// path is a file name as ssh expands it: ~, tokens, variables.
func (s *settings) path(line setting, text string, h Host) (string, error) {
	path, err := s.tilde(text)
	if err == nil {
		path, err = s.variables(path)
	}
	if err == nil {
		path, err = expand(path, s.tokens(h))
	}
	if err != nil {
		return "", line.wrong(spelled(line.keyword) + " " + text + ": " + err.Error())
	}
	return path, nil
}

func (s *settings) tokens(h Host) map[byte]string {
	short, _, _ := strings.Cut(s.local.Hostname, ".")
	key := h.HostKeyAlias
	if key == "" {
		key = h.Alias
	}
	return map[byte]string{
		'd': s.local.Home, 'u': s.local.User, 'i': strconv.Itoa(s.local.UID), 'l': s.local.Hostname, 'L': short,
		'h': h.HostName, 'n': h.Alias, 'k': key, 'p': strconv.Itoa(h.Port), 'r': h.User,
	}
}
