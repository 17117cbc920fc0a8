package sshexec

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// asking counts how often a host asks for a password before our script begins.
// sudo is told to ask by our marker; sudoers may insist on another text, and su
// and doas have their own.
type asking struct {
	mark  string
	heard chan int // how often, each time it becomes more

	mu    sync.Mutex
	text  []byte
	count int
	over  bool
}

// maxAsking is how much of what a host says is searched for a prompt.
const maxAsking = 64 << 10

func (a *asking) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return len(p), nil
	}
	a.text = append(a.text, p...)
	if i := bytes.LastIndex(a.text, []byte(a.mark+" 1\n")); i > 0 {
		a.text = a.text[i:]
	}
	if over := len(a.text) - maxAsking; over > 0 {
		a.text = append(a.text[:0], a.text[over:]...)
	}
	if bytes.Contains(a.text, []byte(a.mark+" 2\n")) {
		a.over, a.text = true, nil
		return len(p), nil
	}
	if n := prompts(a.mark, string(a.text)); n > a.count {
		a.count = n
		select {
		case <-a.heard:
		default:
		}
		a.heard <- n
	}
	return len(p), nil
}

// proves is what the end of the way in says of the password.
func (a *asking) proves(v verdict, err error) proof {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case v == wrongPassword:
		return wrong
	case a.count == 0 || v == wantsTerminal || IsKind(err, Interrupted) || IsKind(err, Lost):
		return unproven
	case v == begun:
		return right
	}
	return wrong
}

// A prompt waits at the end of its line.
var prompt = regexp.MustCompile(`(?i)(password|passphrase|passcode|kennwort|passwort)[^\n:]*: ?`)

// prompts counts those after the line that says that our line runs. Two are
// also meant by the words of a sudo that was given a wrong password.
func prompts(mark, text string) int {
	_, text, ours := strings.Cut(text, mark+" 1\n")
	if !ours {
		return 0
	}
	if n := strings.Count(text, mark+" p"); n > 0 {
		return n
	}
	n := 0
	for _, at := range prompt.FindAllStringIndex(text, -1) {
		if at[1] == len(text) || text[at[1]] != '\n' {
			n++
		}
	}
	if strings.Contains(text, "try again") {
		return max(n, 2)
	}
	return n
}
