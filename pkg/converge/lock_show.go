package converge

import (
	"context"
	"strings"
)

// Runner runs a script on a host, as Host does.
type Runner interface {
	Run(ctx context.Context, as, script string, args []string, stdin []byte, line func(string)) (exit int, stderr string, err error)
}

// HostLock is who has a host's lock; nil when nobody does.
func HostLock(ctx context.Context, h Runner, host, store string) (*Owner, error) {
	var owner *Owner
	err := askLock(ctx, h, host, []string{"show", store}, func(word string, fields []string) {
		if state, is := strings.CutPrefix(word, "is "); is {
			o, _ := ownerOf(fields)
			o.State = short(state)
			owner = &o
		}
	})
	return owner, err
}

// Unlock removes a host's lock, if it still is the owner's. A run that lives
// stops at its next beat.
func Unlock(ctx context.Context, h Runner, host, store string, owner *Owner) (removed bool, err error) {
	err = askLock(ctx, h, host, []string{"remove", store, owner.token}, func(word string, _ []string) {
		removed = removed || word == "removed"
	})
	return removed, err
}

func askLock(ctx context.Context, h Runner, host string, args []string, answer func(word string, fields []string)) error {
	why, answered := "", false
	exit, stderr, err := h.Run(ctx, "", lockScript, args, nil, func(line string) {
		word, text, _ := strings.Cut(line, "\t")
		if rest, failed := strings.CutPrefix(word, "failed "); failed {
			why = rest
		}
		answered = true
		answer(word, strings.Split(text, "\t"))
	})
	switch {
	case err != nil:
		return err
	case why != "":
		return &Error{Cause: Locked, Target: host, Text: "its lock cannot be read: " + short(why)}
	case exit != 0 || !answered:
		return &Error{Cause: Locked, Target: host, Text: "its lock cannot be read: " + short(strings.TrimSpace(stderr))}
	}
	return nil
}
