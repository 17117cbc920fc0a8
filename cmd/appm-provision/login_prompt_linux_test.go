package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/term"
)

// atTerminal answers what is asked.
func atTerminal(t *testing.T, answers ...string) (sources, *person) {
	t.Helper()
	near, far := terminal(t)
	p := &person{near: near, answers: answers}
	return sources{stdin: far, ask: p.ask}, p
}

func TestOnePromptForOneSecret(t *testing.T) {
	home := athome(t, "Host *\n IdentityAgent none\n")
	one, two, three := filepath.Join(home, "one"), filepath.Join(home, "two"), filepath.Join(home, "three")
	lockedKey(t, one, "first")
	lockedKey(t, two, "first")
	lockedKey(t, three, "other")
	inv := described(t, `user = "deploy"
key = ["`+one+`", "`+two+`"]
password = { prompt = true }
become = "sudo"
become_password = { prompt = true }`, "a", "b", "c ssh = { key = \""+three+"\", password = { prompt = true } }", "d")
	from, p := atTerminal(t, "login", "become", "wrong", "first", "login of c", "other")
	l, err := asked(t, inv, from, "a", "b", "c", "d")
	if err != nil {
		t.Fatalf("%v after %q", err, p.heard.String())
	}
	const want = `ssh.password (a, b, d): 
ssh.become_password (a, b, c, d): 
passphrase of HOME/one: 
that does not open it
passphrase of HOME/one: 
host c: ssh: password (c): 
passphrase of HOME/three: 
`
	if got := strings.ReplaceAll(p.heard.String(), home, "HOME"); got != want {
		t.Errorf("it asks\n%s\nwant\n%s", got, want)
	}
	for name, password := range map[string]string{"a": "login", "b": "login", "c": "login of c", "d": "login"} {
		cfg := l.hosts[name].config()
		if cfg.Password() != password || cfg.BecomePassword() != "become" || cfg.Passphrase(two) != "first" || cfg.Passphrase(three) != "other" {
			t.Errorf("%s does not have its secrets", name)
		}
	}
}

func TestThreeTries(t *testing.T) {
	home := athome(t, "Host *\n IdentityAgent none\n")
	key := filepath.Join(home, "key")
	lockedKey(t, key, "open")
	from, p := atTerminal(t, "1", "2", "3", "open")
	_, err := asked(t, described(t, "key = \""+key+"\"\npassphrase = { prompt = true }", "a", "b"), from, "a")
	if err == nil || !strings.HasPrefix(err.Error(), "key "+key+" is not opened by what was typed") || len(p.answers) != 1 {
		t.Errorf("got %v, with %d answers left", err, len(p.answers))
	}
}

func TestAnInterruptAtAPromptPutsTheTerminalBack(t *testing.T) {
	athome(t, "")
	near, far := terminal(t)
	before, err := term.GetState(int(far.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	from := sources{stdin: far, done: ctx.Done(), ask: func(text string) {
		if strings.HasSuffix(text, ": ") {
			go func() {
				for now := before; *now == *before; now, _ = term.GetState(int(far.Fd())) {
					time.Sleep(time.Millisecond) // until the echo is off
				}
				cancel()
			}()
		}
	}}
	if _, err := from.Prompt("secret"); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got %v", err)
	}
	after, err := term.GetState(int(far.Fd()))
	if err != nil || *after != *before {
		t.Errorf("the terminal is left as it was for the question: %v", err)
	}
	_, _ = near.WriteString("\n") // lets the reader go
}
