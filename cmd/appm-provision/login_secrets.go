package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/ssh/agent"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

const (
	passphraseTries = 3
	agentPatience   = 5 * time.Second // an agent that does not answer holds no key
)

// questions asks for the secrets that logins need: each once, for all hosts,
// before the first connection.
type questions struct {
	from    sources
	answers map[string]inventory.Secret // by where the inventory says it is
	opened  map[string]inventory.Secret // passphrases, by key file
	tried   map[string]bool             // key files that were asked about
	locked  map[string][]string         // what LockedKeys said, by what it depends on
	agents  map[string]bool             // whether the agent at a socket holds keys
	trials  map[string]*sshexec.Trial   // by account and password
}

// ask gives every stop on the way to the hosts its secrets.
func (l *logins) ask(ctx context.Context, names []string, from sources) error {
	q := &questions{from: from, answers: map[string]inventory.Secret{}, opened: map[string]inventory.Secret{}, tried: map[string]bool{}, locked: map[string][]string{}, agents: map[string]bool{}, trials: map[string]*sshexec.Trial{}}
	var stops []*login
	users := map[string][]string{} // which stops a secret is for
	for _, name := range names {
		for _, stop := range l.hosts[name].stops() {
			stops = append(stops, stop)
			for _, ref := range stop.passwords() {
				users[place(ref)] = appendNew(users[place(ref)], stop.Host)
			}
		}
	}
	var errs []error
	for _, stop := range stops {
		errs = append(errs, q.passwords(stop, users), q.passphrases(ctx, stop))
	}
	return errors.Join(distinctErrors(errs)...)
}

// passwords are the references to those that the stop needs.
func (w *login) passwords() []inventory.SecretRef {
	var refs []inventory.SecretRef
	if w.secrets.Password.Kind() != inventory.SecretMissing {
		refs = append(refs, w.secrets.Password)
	}
	if w.becomesWithPassword() {
		refs = append(refs, w.secrets.Become.Password)
	}
	return refs
}

func (w *login) becomesWithPassword() bool {
	b := w.secrets.Become
	return w.Become != "" && w.User != b.User && b.Password.Kind() != inventory.SecretMissing
}

func (q *questions) passwords(stop *login, users map[string][]string) error {
	var errs []error
	for _, ref := range stop.passwords() {
		_, err := q.answer(ref, users[place(ref)])
		errs = append(errs, err)
	}
	if ref := stop.secrets.Password; ref.Kind() != inventory.SecretMissing {
		stop.Password = q.answers[place(ref)].Reveal
		stop.PasswordTrial = q.trial("login", stop.User, stop.Password)
	}
	if stop.becomesWithPassword() {
		stop.BecomePassword = q.answers[place(stop.secrets.Become.Password)].Reveal
		stop.BecomeTrial = q.trial(stop.Become, stop.account(), stop.BecomePassword)
	}
	return errors.Join(errs...)
}

// account is whose password sudo, su or doas asks for.
func (w *login) account() string {
	if w.Become == string(inventory.BecomeSu) {
		return cmp.Or(w.BecomeUser, "root")
	}
	return w.User
}

// trial is the one of a password of an account, wherever the inventory has it:
// hosts that know the account from one directory would lock it on all of them.
func (q *questions) trial(way, account string, password func() string) *sshexec.Trial {
	key := fmt.Sprintf("%q %q %x", way, account, sha256.Sum256([]byte(password())))
	if q.trials[key] == nil {
		q.trials[key] = new(sshexec.Trial)
	}
	return q.trials[key]
}

// place tells references apart: one that several hosts share is one secret.
func place(ref inventory.SecretRef) string { return fmt.Sprintf("%s:%d", ref.Of(), ref.Line()) }

// answer fetches a secret once. A prompt says for which hosts it is.
func (q *questions) answer(ref inventory.SecretRef, hosts []string) (inventory.Secret, error) {
	if known, has := q.answers[place(ref)]; has {
		return known, nil
	}
	secret, err := ref.Resolve(labelled{q.from, strings.Join(hosts, ", ")})
	if err == nil {
		q.answers[place(ref)] = secret
	}
	return secret, err
}

// labelled adds to a question for whom the answer is.
type labelled struct {
	sources
	whom string
}

func (l labelled) Prompt(what string) (string, error) {
	return l.sources.Prompt(what + " (" + l.whom + ")")
}

// passphrases opens the key files of a stop that the agent does not hold.
func (q *questions) passphrases(ctx context.Context, stop *login) error {
	var errs []error
	for _, file := range q.lockedKeys(ctx, stop) {
		if !q.tried[file] && q.wanted(ctx, stop) {
			err := q.open(ctx, stop, file)
			_, open := q.opened[file]
			q.tried[file] = open || err != nil // not where another stop may need it more
			errs = append(errs, err)
		}
	}
	stop.Passphrase = func(file string) string {
		if secret, has := q.opened[file]; has {
			return secret.Reveal()
		}
		return ""
	}
	return errors.Join(errs...)
}

func (q *questions) lockedKeys(ctx context.Context, stop *login) []string {
	key := fmt.Sprintf("%q", append([]string{stop.AgentSocket}, stop.KeyFiles...))
	if _, asked := q.locked[key]; !asked {
		limited, cancel := context.WithTimeout(ctx, agentPatience)
		defer cancel()
		q.locked[key] = sshexec.LockedKeys(limited, stop.Config)
	}
	return q.locked[key]
}

// wanted: a file that somebody named is opened; one that ssh merely tries is
// where there is nothing else to log in with.
func (q *questions) wanted(ctx context.Context, stop *login) bool {
	return !stop.usual || !q.otherWay(ctx, stop)
}

// otherWay tells whether the stop can be tried without any further passphrase.
func (q *questions) otherWay(ctx context.Context, stop *login) bool {
	closed := 0
	for _, file := range q.lockedKeys(ctx, stop) {
		if _, open := q.opened[file]; !open {
			closed++
		}
	}
	there := 0
	for _, file := range stop.KeyFiles {
		if _, err := os.Stat(file); err == nil {
			there++
		}
	}
	return there > closed || stop.Password != nil || !stop.IdentitiesOnly && q.agentHolds(stop.AgentSocket)
}

func (q *questions) agentHolds(socket string) bool {
	if _, asked := q.agents[socket]; !asked && socket != "" {
		q.agents[socket] = holdsKeys(socket)
	}
	return q.agents[socket]
}

func holdsKeys(socket string) bool {
	conn, err := net.DialTimeout("unix", socket, agentPatience)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(agentPatience)); err != nil {
		return false
	}
	keys, err := agent.NewClient(conn).List()
	return err == nil && len(keys) > 0
}

// open finds the passphrase of a file: one that has opened another file, the
// inventory's, or what is typed.
func (q *questions) open(ctx context.Context, stop *login, file string) error {
	for _, known := range q.opened {
		if q.fits(file, known) {
			return nil
		}
	}
	ref := stop.secrets.Passphrase
	switch ref.Kind() {
	case inventory.SecretMissing, inventory.SecretPrompt:
		return q.typed(ctx, stop, file)
	}
	secret, err := q.answer(ref, nil)
	if err != nil || q.fits(file, secret) {
		return err
	}
	return fmt.Errorf("key %s is not opened by %s (%s); correct it, or run: ssh-add %s", file, ref.Of(), ref, file)
}

func (q *questions) fits(file string, passphrase inventory.Secret) bool {
	if !sshexec.Opens(file, passphrase.Reveal()) {
		return false
	}
	q.opened[file] = passphrase
	return true
}

// typed asks on the terminal. Without one a host that can be tried by other
// means is; its error will name the key.
func (q *questions) typed(ctx context.Context, stop *login, file string) error {
	if !q.from.terminal() {
		if q.otherWay(ctx, stop) {
			return nil
		}
		return fmt.Errorf("key %s has a passphrase, and there is no terminal to ask on; run: ssh-add %[1]s, or say in the inventory where it is: passphrase = { env = \"NAME\" }", file)
	}
	for range passphraseTries {
		text, err := q.from.Prompt("passphrase of " + file)
		if err != nil || q.fits(file, inventory.NewSecret(text)) {
			return err
		}
		q.from.ask("that does not open it\n")
	}
	return fmt.Errorf("key %s is not opened by what was typed; if you do not know its passphrase, name another key in the inventory", file)
}

func appendNew(list []string, text string) []string {
	for _, known := range list {
		if known == text {
			return list
		}
	}
	return append(list, text)
}

// distinctErrors leaves each error once: hosts share keys and secrets.
func distinctErrors(errs []error) []error {
	seen := map[string]bool{}
	var out []error
	for _, err := range errs {
		if err != nil && !seen[err.Error()] {
			seen[err.Error()] = true
			out = append(out, err)
		}
	}
	return out
}
