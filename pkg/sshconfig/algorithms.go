package sshconfig

import (
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// algorithms reads the four lists. They may begin with + (add), - (take away)
// or ^ (put first), which refers to the library's own list as it does to that
// of ssh there. Names that the library does not know are left out: both sides
// agree on the first that both know, anyway.
func (s *settings) algorithms(h *Host) error {
	usual, more := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	for _, list := range []struct {
		keyword     string
		usual, more []string
		to          *[]string
	}{
		{"ciphers", usual.Ciphers, more.Ciphers, &h.Ciphers},
		{"kexalgorithms", usual.KeyExchanges, more.KeyExchanges, &h.KeyExchanges},
		{"macs", usual.MACs, more.MACs, &h.MACs},
		{"hostkeyalgorithms", usual.HostKeys, more.HostKeys, &h.HostKeyAlgorithms},
	} {
		line, has := s.first[list.keyword]
		if !has {
			continue
		}
		chosen := choose(line.args[0], list.usual, append(slices.Clone(list.usual), list.more...))
		if len(chosen) == 0 {
			return line.wrong(spelled(list.keyword) + " leaves no algorithm that this tool knows; it knows " + strings.Join(list.usual, ","))
		}
		*list.to = chosen
	}
	return nil
}

func choose(text string, usual, all []string) []string {
	change, names := byte(0), text
	if strings.ContainsRune("+-^", rune(text[0])) {
		change, names = text[0], text[1:]
	}
	var named []string
	for _, pattern := range strings.Split(names, ",") {
		for _, known := range all {
			if matches(known, pattern) && !slices.Contains(named, known) {
				named = append(named, known)
			}
		}
	}
	if change == 0 {
		return named
	}
	rest := slices.DeleteFunc(slices.Clone(usual), func(a string) bool { return slices.Contains(named, a) })
	switch change {
	case '-':
		return rest
	case '^':
		return append(named, rest...)
	}
	added := slices.DeleteFunc(named, func(a string) bool { return slices.Contains(usual, a) })
	return append(slices.Clone(usual), added...)
}
