package run

import (
	"slices"
	"testing"
	"time"
)

// Two runs of one second are listed in the order in which they began: the last
// one is taken back by who asks for the last one.
func TestIDsSortByTime(t *testing.T) {
	at := time.Date(2026, 11, 28, 15, 59, 58, 0, time.UTC)
	var ids []string
	for _, after := range []time.Duration{0, time.Millisecond, 2 * time.Millisecond, 500 * time.Millisecond, time.Second - 1, time.Second} {
		ids = append(ids, newID(at.Add(after)))
	}
	if !slices.IsSorted(ids) {
		t.Errorf("not in the order of time: %q", ids)
	}
	for _, id := range ids {
		if !IsID(id) {
			t.Errorf("%q has not the form of an id", id)
		}
		if got := began(id); got.Sub(at) > time.Second || got.Before(at) {
			t.Errorf("%q began at %s", id, got)
		}
	}
}

func TestIDsOfOneMomentDiffer(t *testing.T) {
	at, seen := time.Now(), map[string]bool{}
	for range 8 {
		seen[newID(at)] = true
	}
	if len(seen) < 2 {
		t.Errorf("one moment has one id: %v", seen)
	}
}
