package sshexec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

const many = 8

// together runs something on many hosts at once, and counts errors by their text.
func together(t *testing.T, do func(i int) error) map[string]int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	said := map[string]int{}
	for i := range many {
		wg.Go(func() {
			text := ""
			if err := do(i); err != nil {
				_, text, _ = strings.Cut(err.Error(), ": ")
			}
			mu.Lock()
			defer mu.Unlock()
			said[text]++
		})
	}
	wg.Wait()
	return said
}

// TestTrialOfABecomePassword: of many hosts that share a wrong password one is
// given it, by whichever way it is asked for; a right one lets in on all.
func TestTrialOfABecomePassword(t *testing.T) {
	c := vaultCell(t)
	log := filepath.Join(c.dir, "home/sudo.log")
	for _, way := range []struct{ method, user string }{{"sudo", "never"}, {"sudo", "odd"}, {"sudo", "ttypty"}, {"su", "plain"}, {"doas", "asks"}} {
		t.Run(way.method+" "+way.user, func(t *testing.T) {
			if way.method == "doas" {
				needs(t, "doas")
			}
			with := func(password string) map[string]int {
				cfg := c.through(t, way.user, way.method, password)
				cfg.BecomeTrial = new(Trial)
				var conns []*Conn
				for i := range many {
					cfg.Host = fmt.Sprint("host", i)
					conns = append(conns, dial(t, cfg))
				}
				return together(t, func(i int) error {
					_, err := conns[i].Gather(t.Context(), []Read{{Kind: "run", Name: "true"}})
					return err
				})
			}
			_ = os.Truncate(log, 0)
			tried, others := 0, 0
			for text, n := range with("not " + vaultPassword) {
				switch {
				case strings.HasPrefix(text, "wrong "+way.method+" password"):
					tried += n
				case strings.Contains(text, "is not given to this host: host"):
					others += n
				default:
					t.Errorf("%d hosts say %q", n, text)
				}
			}
			if tried != 1 || others != many-1 {
				t.Errorf("%d hosts were given the password and %d were not, want 1 and %d", tried, others, many-1)
			}
			if said, n := attempts(log); way.method == "sudo" && n != 1 {
				t.Errorf("sudo counted %d attempts, want 1: %s", n, said)
			}
			if said := with(vaultPassword); said[""] != many {
				t.Errorf("with the right password: %v", said)
			}
		})
	}
}

// TestTrialWithoutAQuestion: hosts that do not ask neither wait for others nor
// make them wait.
func TestTrialWithoutAQuestion(t *testing.T) {
	c := vaultCell(t)
	trial := new(Trial)
	mine, _, _ := trial.turn("a host that is slow to answer")
	if !mine {
		t.Fatal("the first is not the one to try")
	}
	free := c.through(t, "free", "sudo", vaultPassword)
	free.BecomeTrial = trial
	gather(t, dial(t, free), Read{Kind: "run", Name: "true"})
	trial.settle(unproven)
	asks := c.through(t, "never", "sudo", vaultPassword)
	asks.BecomeTrial = trial
	gather(t, dial(t, asks), Read{Kind: "run", Name: "true"})
}

// TestTrialOfALogin: the same for passwords that hosts let in by.
func TestTrialOfALogin(t *testing.T) {
	for name, rules := range map[string]func(*doorman) *ssh.ServerConfig{
		"keyboard-interactive": asks([]string{"Password: "}),
		"password": func(g *doorman) *ssh.ServerConfig {
			config := asks()(g)
			config.KeyboardInteractiveCallback = nil
			return config
		},
	} {
		t.Run(name, func(t *testing.T) {
			for password, want := range map[string]int{"falsch": 1, "geheim": many} {
				g := startDoorman(t, rules)
				cfg := g.config(nil)
				cfg.Signers, cfg.Password, cfg.PasswordTrial = nil, func() string { return password }, new(Trial)
				said := together(t, func(i int) error {
					one := cfg
					one.Host = fmt.Sprint("host", i)
					conn, err := Dial(t.Context(), one)
					if err == nil {
						conn.Close()
					}
					return err
				})
				if got := strings.Count(g.log(), password); got != want {
					t.Errorf("%s was sent %d times, want %d: %s", password, got, want, g.log())
				}
				if password == "geheim" && said[""] != many {
					t.Errorf("got %v", said)
				}
				for text := range said {
					if password == "falsch" && !strings.Contains(text, "offered a password") && !strings.Contains(text, "is not given to this host: host") {
						t.Errorf("a host says %q", text)
					}
				}
			}
		})
	}
}

// TestTrialThatTakesLong: who waits for another is told so when its time is up.
func TestTrialThatTakesLong(t *testing.T) {
	g := startDoorman(t, asks([]string{"Password: "}))
	cfg := g.config(nil)
	cfg.Signers, cfg.Password, cfg.PasswordTrial, cfg.LoginTimeout = nil, func() string { return "geheim" }, new(Trial), 300*time.Millisecond
	cfg.PasswordTrial.turn("gw1")
	_, err := Dial(t.Context(), cfg)
	var own *Error
	if !errors.As(err, &own) || own.Kind != Unreachable || !strings.Contains(err.Error(), "it waited for gw1, which was given the same password first") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(g.log(), "geheim") {
		t.Errorf("the host was given it: %s", g.log())
	}
}
