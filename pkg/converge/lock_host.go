package converge

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/appm-provision/appm-provision/pkg/run"
)

// host takes one host's lock. What keeps it goes on until kept ends.
func (l *Locks) host(ctx, kept context.Context, name string) error {
	k := &keeping{locks: l, host: name, answer: make(chan error, 1)}
	own, give := context.WithCancel(kept)
	l.claim.Hosts[name].Ahead(2) // for the lock, and for the first change after it
	l.kept.Go(func() {
		defer give()
		exit, stderr, err := l.claim.Hosts[name].Hold(own, lockScript, l.arguments(name), l.claim.Every, k.hears)
		k.ended(own, exit, stderr, err)
	})
	select {
	case err := <-k.answer:
		return err
	case <-ctx.Done():
		give()
		return context.Cause(ctx)
	}
}

func (l *Locks) arguments(host string) []string {
	c := l.claim
	return []string{"hold", c.Hosts[host].Store, l.token, c.Run, oneLine(c.Operator), c.Deployment,
		strconv.Itoa(max(1, int(c.Every/time.Second))), strconv.Itoa(younger)}
}

// oneLine is a text as one field of a line.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// keeping is one host's lock.
type keeping struct {
	locks *Locks
	host  string

	mu       sync.Mutex
	answered bool
	answer   chan error // whether the lock was had
	shared   bool       // another name of the same machine has it, for this run
	lost     error
}

// hears takes a line of the script.
func (k *keeping) hears(line string) {
	word, text, _ := strings.Cut(line, "\t")
	owner := strings.Split(text, "\t")
	word, rest, _ := strings.Cut(word, " ")
	switch {
	case word == "held":
		k.tell(nil)
	case word == "shared":
		k.share()
	case word == "failed":
		k.tell(&Error{Cause: Locked, Target: k.host, Text: "its lock cannot be taken: " + short(rest)})
	case word == "says":
		k.said(short(rest))
	case word == "took":
		k.said(taken(owner))
	case word == "busy":
		k.tell(&Error{Cause: Locked, Target: k.host, Text: busy(owner)})
	case word == "lost":
		k.lose(lost(owner))
	}
}

func (k *keeping) said(text string) {
	k.locks.say(run.Event{Stage: run.Lock, Note: true, Target: k.host, Text: text})
}

// tell answers whether the lock was had, once.
func (k *keeping) tell(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.answered {
		k.answered = true
		k.answer <- err
	}
}

func (k *keeping) share() {
	k.mu.Lock()
	k.shared = true
	k.mu.Unlock()
	k.tell(nil)
}

func (k *keeping) lose(text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lost = &Error{Cause: Locked, Target: k.host, Text: text}
}

// ended is called when the script has. Before an answer nobody had the lock; after
// it, and not at our word, it is lost, and the run must stop.
func (k *keeping) ended(own context.Context, exit int, stderr string, err error) {
	if err == nil && exit != 0 {
		err = &Error{Cause: Locked, Target: k.host, Text: fmt.Sprintf("its lock cannot be taken: the script on the host ended with %d: %s", exit, short(strings.TrimSpace(stderr)))}
	}
	if err == nil {
		err = &Error{Cause: Locked, Target: k.host, Text: "its lock was let go of by the host"}
	}
	k.mu.Lock()
	had, shared := k.answered, k.shared
	if k.lost != nil {
		err = k.lost
	}
	k.mu.Unlock()
	k.tell(err)
	if had && !shared && own.Err() == nil {
		k.locks.lose(err)
	}
}

// Owner is who has a lock.
type Owner struct {
	Run, Operator, Deployment string
	Since                     time.Time     // by the clock of where the lock is
	Age                       time.Duration // by the same clock
	State                     string        // lives, gone or silent
	token                     string
}

// ownerOf reads the fields that lock.sh tells: a word, run, operator, deployment,
// since and token. What a host says is not trusted to be that.
func ownerOf(fields []string) (o Owner, word string) {
	if len(fields) != 6 {
		return Owner{Run: "(unknown)", Operator: "(unknown)"}, ""
	}
	o = Owner{Run: short(fields[1]), Operator: short(fields[2]), Deployment: short(fields[3]), token: fields[5]}
	if n, err := strconv.ParseInt(fields[4], 10, 40); err == nil {
		o.Since = time.Unix(n, 0).UTC()
	}
	if n, err := strconv.ParseInt(fields[0], 10, 32); err == nil {
		o.Age = max(0, time.Duration(n)*time.Second)
	}
	return o, fields[0]
}

// short is a name as long as names are.
func short(text string) string {
	const limit = 200
	text = oneLine(strings.ToValidUTF8(text, "?"))
	if r := []rune(text); len(r) > limit {
		text = string(r[:limit]) + "…"
	}
	return cmp.Or(text, "(unknown)")
}

// String says who, of which deployment, and since when.
func (o Owner) String() string {
	text := "run " + o.Run + " of " + o.Operator
	if o.Deployment != "" && o.Deployment != "(unknown)" {
		text += " for deployment " + o.Deployment
	}
	if !o.Since.IsZero() {
		text += ", since " + o.Since.Format("2006-01-02 15:04:05 UTC")
	}
	return text
}

func busy(fields []string) string {
	o, _ := ownerOf(fields)
	return fmt.Sprintf("another run is at work here: %s, for %s now; nothing was changed: wait for its end, or, if it cannot be alive, see: appm-provision unlock", o, o.Age)
}

func taken(fields []string) string {
	o, why := ownerOf(fields)
	if why == "silent" {
		return "the lock is taken over from " + o.String() + ", which gives no sign of life"
	}
	return "the lock is taken over from " + o.String() + ", which ended without letting go of it"
}

func lost(fields []string) string {
	if len(fields) != 6 {
		return "its lock was removed by somebody, so this run stops"
	}
	o, _ := ownerOf(fields)
	return "its lock was taken over by " + o.String() + ", so this run stops"
}
