package sshexec

import (
	"fmt"
	"regexp"
	"strings"
)

var terminalWords = regexp.MustCompile(`\b(tty|terminal)\b`)

// refusal says what is missing for a change of user, from what the program that
// should have done it said.
func (cfg *Config) refusal(said string, d delivery) (verdict, error) {
	user, last := or(cfg.BecomeUser, "root"), lastLine(said)
	has := func(texts ...string) bool {
		for _, text := range texts {
			if strings.Contains(strings.ToLower(said), text) {
				return true
			}
		}
		return false
	}
	switch {
	case terminalWords.MatchString(said) && !d.terminal:
		return wantsTerminal, cfg.fail(Sudo, nil, "%s wants a terminal: %s", cfg.Become, last)
	case has("must have a tty", "must be run from a terminal", "must be a tty", "tty is required", "terminal is required"):
		return failed, cfg.fail(Sudo, nil, "%s wants a terminal and sshd gives %s none (PermitTTY); or put this line into a file in /etc/sudoers.d: Defaults:%[2]s !requiretty", cfg.Become, cfg.User)
	case has("not allowed", "not in the sudoers", "may not run", "i'm afraid i can't do that"):
		return failed, cfg.fail(Sudo, nil, "sudo does not let %s run sh as %s; put this line into a file in /etc/sudoers.d: %s (sudo says: %s)", cfg.User, user, cfg.rule(), last)
	case has("password is required", "authentication is required", "authentication required", "authorization required"):
		return failed, cfg.noPassword()
	case has("incorrect password", "incorrect authentication", "authentication fail", "authentication token manipulation", "try again", "no password was provided"):
		if d.password == nil {
			return failed, cfg.noPassword()
		}
		return wrongPassword, cfg.wrongPassword()
	case has("restricted shell", "account is currently not available", "account is not available"):
		return failed, cfg.fail(Sudo, nil, "su cannot run sh as %s, whose login shell lets nobody in; become root, from where scripts become the owner of what they work on (su says: %s)", user, last)
	case has("unknown user", "does not exist", "unknown runas user"):
		return failed, cfg.fail(Sudo, nil, "there is no user %s on the host (%s says: %s)", user, cfg.Become, last)
	case cfg.Become == "doas" && has("operation not permitted", "not enabled"):
		return failed, cfg.fail(Sudo, nil, "doas does not let %s run sh as %s; put this line into /etc/doas.conf: %s (doas says: %s)", cfg.User, user, cfg.rule(), last)
	case cfg.Become == "su" && has("permission denied"):
		return failed, cfg.fail(Sudo, nil, "su does not let %s become %s; is %[1]s missing in the group that /etc/pam.d/su asks for? (su says: %[3]s)", cfg.User, user, last)
	case has("not found", "no such file"):
		return failed, cfg.fail(Sudo, nil, "%s is not installed; install it, log in as %s, or choose another way to become %[2]s", cfg.Become, user)
	}
	return failed, cfg.fail(Sudo, nil, "%s did not run sh as %s: %s", cfg.Become, user, or(last, "it said nothing"))
}

func (cfg *Config) wrongPassword() error {
	return cfg.fail(Sudo, nil, "wrong %s password for %s; it is not tried again", cfg.Become, cfg.User)
}

func (cfg *Config) barredPassword(by string) error {
	return cfg.fail(Sudo, nil, "the %s password for %s is not given to this host: %s, which was given the same, did not accept it", cfg.Become, cfg.User, by)
}

func (cfg *Config) noPassword() error {
	if cfg.Become == "su" {
		return cfg.fail(Sudo, nil, "su wants the password of %s and none was given; give become_password", or(cfg.BecomeUser, "root"))
	}
	place := "a file in /etc/sudoers.d"
	if cfg.Become == "doas" {
		place = "/etc/doas.conf"
	}
	return cfg.fail(Sudo, nil, "%s wants a password from %s and none was given; give become_password, or put this line into %s: %s", cfg.Become, cfg.User, place, cfg.rule())
}

// rule is the line that lets in. A password that is there may be asked for.
func (cfg *Config) rule() string {
	user, asks := or(cfg.BecomeUser, "root"), cfg.BecomePassword != nil
	switch {
	case cfg.Become == "doas" && asks:
		return fmt.Sprintf("permit %s as %s", cfg.User, user)
	case cfg.Become == "doas":
		return fmt.Sprintf("permit nopass %s as %s", cfg.User, user)
	}
	if user == "root" {
		user = "ALL" // from there, scripts become the owners of files
	}
	if asks {
		return fmt.Sprintf("%s ALL=(%s) ALL", cfg.User, user)
	}
	return fmt.Sprintf("%s ALL=(%s) NOPASSWD: ALL", cfg.User, user)
}

func (cfg *Config) logsPayload() string {
	return fmt.Sprintf("sudo logs what passes through it (log_input or log_output), so the configuration files that are read and written here, passwords included, are kept in its log; to prevent that, put this line into a file in /etc/sudoers.d: Defaults:%s !log_input, !log_output", cfg.User)
}
