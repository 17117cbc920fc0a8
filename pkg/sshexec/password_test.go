package sshexec

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// setPassword gives users of a cell a password, changed on that day since 1970;
// 0 is one that has expired.
func (c *cell) setPassword(t *testing.T, password string, day int, users ...string) {
	t.Helper()
	hash := "*"
	if password != "" {
		cmd := exec.Command("openssl", "passwd", "-6", "-stdin")
		cmd.Stdin = strings.NewReader(password)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		hash = strings.TrimSpace(string(out))
	}
	file := filepath.Join(c.dir, "etc/shadow")
	text := string(readFile(t, file))
	for _, user := range users {
		line := regexp.MustCompile(`(?m)^` + user + `:.*$`)
		text = line.ReplaceAllLiteralString(text, fmt.Sprintf("%s:%s:%d:0:99999:7:::", user, hash, day))
	}
	write(t, file, text, 0o640)
}

// The password opens OpenSSH by either method, and a wrong one is tried once.
func TestPassword(t *testing.T) {
	for method, lines := range map[string][]string{
		"password":             {"PasswordAuthentication yes", "KbdInteractiveAuthentication no"},
		"keyboard-interactive": {"UsePAM yes", "PasswordAuthentication no", "KbdInteractiveAuthentication yes"},
		"both":                 {"UsePAM yes", "PasswordAuthentication yes", "KbdInteractiveAuthentication yes"},
	} {
		t.Run(method, func(t *testing.T) {
			c := startCell(t, newKey(t).PublicKey(), lines...)
			c.setPassword(t, "geheim, or so", 20000, "plain")
			c.setPassword(t, "geheim, or so", 0, "mate")
			cfg := c.config("plain", false, newKey(t))
			refused(t, cfg, Authentication, "offered 1 key;")
			cfg.Password = func() string { return "geheim, or so" }
			conn := dial(t, cfg)
			gather(t, conn, Read{Kind: "run", Name: "true"})

			cfg.Password = func() string { return "wrong" }
			refused(t, cfg, Authentication, "offered 1 key and a password")
			const leaving = "Connection closed by authenticating user plain"
			comesTrue(t, func() bool { return strings.Count(c.log.String(), leaving) == 2 })
			if got := strings.Count(c.log.String(), "Failed password") + strings.Count(c.log.String(), "Failed keyboard-interactive"); got != 1 {
				t.Errorf("the wrong password was tried %d times: %s", got, c.log)
			}
			cfg.Signers = nil
			refused(t, cfg, Authentication, "offered a password;")

			if method == "keyboard-interactive" {
				cfg.User, cfg.Password = "mate", func() string { return "geheim, or so" }
				refused(t, cfg, Authentication, "the password has expired", "log in with ssh and change it")
			}
		})
	}
}

// A host may want several proofs: each is given once, on the connection that
// needs it.
func TestSeveralProofs(t *testing.T) {
	first, second := newKey(t), newKey(t)
	c := startCell(t, first.PublicKey(), "PasswordAuthentication yes", "AuthenticationMethods publickey,password")
	c.setPassword(t, "geheim", 20000, "plain")
	cfg := c.config("plain", false, first)
	refused(t, cfg, Authentication, "it accepted "+ssh.FingerprintSHA256(first.PublicKey())+" and wants password as well")
	cfg.Password = func() string { return "geheim" }
	dial(t, cfg)

	c = startCell(t, first.PublicKey(), "MaxAuthTries 3", "AuthenticationMethods publickey,publickey")
	c.allow(t, second.PublicKey())
	cfg = c.config("plain", false, first)
	cfg.Signers = append(cfg.Signers, newKey(t), newKey(t), newKey(t), newKey(t), second)
	dial(t, cfg) // the first key is shown again to the connection that sees the second
}

// asks is a doorman that asks these rounds of questions; those with a ! are echoed.
func asks(rounds ...[]string) func(*doorman) *ssh.ServerConfig {
	return func(g *doorman) *ssh.ServerConfig {
		return &ssh.ServerConfig{
			KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, client ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				for _, round := range rounds {
					var prompts []string
					var echo []bool
					for _, p := range round {
						prompts, echo = append(prompts, strings.TrimPrefix(p, "!")), append(echo, strings.HasPrefix(p, "!"))
					}
					answers, err := client("", "", prompts, echo)
					if err != nil {
						return nil, err
					}
					g.saw(strings.Join(append([]string{"answers:"}, answers...), " "))
					if len(answers) > 0 && answers[0] != "geheim" {
						return nil, errors.New("wrong")
					}
				}
				return nil, nil
			},
			PasswordCallback: func(_ ssh.ConnMetadata, text []byte) (*ssh.Permissions, error) {
				g.saw("password: " + string(text))
				if string(text) != "geheim" {
					return nil, errors.New("wrong")
				}
				return nil, nil
			},
		}
	}
}

func TestQuestions(t *testing.T) {
	for _, c := range []struct {
		name, password string
		rounds         [][]string
		saw            string   // by the host
		words          []string // of the refusal; none: let in
	}{
		{"one question", "geheim", [][]string{{"Password: "}}, "answers: geheim", nil},
		{"a greeting before and after", "geheim", [][]string{{}, {"Password: "}, {}}, "answers:\nanswers: geheim\nanswers:", nil},
		{"wrong", "falsch", [][]string{{"Password: "}}, "answers: falsch", []string{"offered a password"}},
		{"a code, too", "geheim", [][]string{{"Password: "}, {"Verification code: "}}, "answers: geheim\nanswers: ", []string{`asks for more than a password: "Verification code:"`}},
		{"both at once", "geheim", [][]string{{"Password: ", "Code: "}}, "answers: geheim ", nil},
		{"both at once, and refused", "falsch", [][]string{{"Password: ", "Code: "}}, "answers: falsch ", []string{`more than a password: "Code:"`}},
		{"expired", "geheim", [][]string{{"(current) UNIX password: "}, {"New password: "}}, "", []string{"the password has expired"}},
		{"expired after the login", "geheim", [][]string{{"Password: "}, {"New password: ", "Retype new password: "}}, "answers: geheim", []string{"the password has expired"}},
		{"with echo", "geheim", [][]string{{"!User name: "}}, "answers: \npassword: geheim", nil},
		{"no password", "", [][]string{{"Password: "}}, "", []string{"no key to offer"}},
		{"long", "geheim", [][]string{{"!" + strings.Repeat("ä", 500)}}, "answers: \npassword: geheim", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := startDoorman(t, asks(c.rounds...))
			cfg := g.config(nil)
			cfg.Signers, cfg.Password = nil, func() string { return c.password }
			if len(c.words) > 0 {
				refused(t, cfg, Authentication, c.words...)
			} else {
				dial(t, cfg)
			}
			if got := g.log(); got != c.saw {
				t.Errorf("the host saw %q, want %q", got, c.saw)
			}
		})
	}
}
