package sshexec

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// password is the use of one password in one login. It is sent once, by
// whichever method comes first: a second try of a wrong one is how accounts
// get locked.
type password struct {
	text    func() string
	may     func() error // waits until it may be sent
	asked   bool         // keyboard-interactive has been tried
	sent    bool         // the host has seen it
	expired bool         // the host wants a new one
	refuse  string       // what the host wants that we cannot give it
}

// method is the next way to give the password, or nil.
func (p *password) method(allowed []string) ssh.AuthMethod {
	if p.text == nil || p.sent || p.expired || p.text() == "" {
		return nil
	}
	if slices.Contains(allowed, "keyboard-interactive") && !p.asked {
		p.asked = true
		return ssh.KeyboardInteractive(p.answer)
	}
	if slices.Contains(allowed, "password") {
		p.sent = true
		return ssh.PasswordCallback(func() (string, error) { return p.text(), p.may() })
	}
	return nil
}

// wantsChange tells the prompts of a password that has expired: what is asked
// for then is no login, and must not get the password.
var wantsChange = regexp.MustCompile(`(?i)\b(new|current|old|retype|re-enter|expired|change)\b`)

// answer gives the password to the one prompt that asks for it without echo,
// and nothing to any other, so that the host ends the conversation. Where a new
// password is asked for, we end it: nothing must not become the new one.
func (p *password) answer(_, _ string, prompts []string, echo []bool) ([]string, error) {
	answers := make([]string, len(prompts))
	for i, prompt := range prompts {
		switch {
		case wantsChange.MatchString(prompt):
			p.expired = true
			return nil, errExpired
		case echo[i]:
			p.refuse = fmt.Sprintf("the host asks %q, which is no question for a password", brief(prompt))
		case p.sent:
			p.refuse = fmt.Sprintf("the host asks for more than a password: %q", brief(prompt))
		default:
			if err := p.may(); err != nil {
				return nil, err
			}
			answers[i], p.sent = p.text(), true
		}
	}
	return answers, nil
}

var errExpired = errors.New("the password has expired and the host wants a new one; log in with ssh and change it")

// brief is a host's text as it may stand in a message.
func brief(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 80 {
		text = strings.ToValidUTF8(text[:80], "") + "…"
	}
	return text
}
