package dbinit

import (
	"context"
	"strings"
	"testing"
	"time"
)

func mustHold(t *testing.T, s testServer, o Options, run string) *Holding {
	t.Helper()
	h, err := Hold(t.Context(), s.open(t), o, Owner{Run: run, Operator: `anna "o'clock" \ é`}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Release(context.Background()) })
	return h
}

func TestOneRunHoldsAServer(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		first := mustHold(t, s, o, "20261122T201530Z-000001")
		if f := look(t, db, o.Ledger, o); f.Exists {
			t.Error("the lock has made a ledger")
		}
		e := wantError[*Taken](t, second(t, s, o), "another run is at work on it: a run from ", "unlock")
		if e.Connection == 0 {
			t.Errorf("the holder is %+v", e.Owner)
		}
		first.Release(t.Context())

		mustLoad(t, db, schema, o, script(t, "storage.sql")) // makes the ledger
		first = mustHold(t, s, o, "20261122T201530Z-000001")
		e = wantError[*Taken](t, second(t, s, o), `run 20261122T201530Z-000001 of anna "o'clock" \ é from `, "for 0s now")
		if now, err := Holder(t.Context(), db, o); err != nil || now == nil || now.Connection != e.Connection || now.Run != e.Run {
			t.Errorf("the holder is %+v, %v; want %+v", now, err, e.Owner)
		}
		if err := first.Beat(t.Context()); err != nil {
			t.Error(err)
		}
		first.Release(t.Context())
		if now, err := Holder(t.Context(), db, o); err != nil || now != nil {
			t.Errorf("nobody holds it, but %+v, %v", now, err)
		}
		if third := mustHold(t, s, o, "20261122T201530Z-000003"); third.Before != nil {
			t.Errorf("a run that let go is said to have died: %+v", third.Before)
		}
	})
}

func second(t *testing.T, s testServer, o Options) error {
	t.Helper()
	h, err := Hold(t.Context(), s.open(t), o, Owner{Run: "20261122T201530Z-000002", Operator: "bert"}, time.Minute)
	if err == nil {
		h.Release(t.Context())
	}
	return err
}

// A run dies with its session, and the next one says whom it follows.
func TestAServerIsTakenOverFromTheDead(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		schema, o := names(t, db)
		mustLoad(t, db, schema, o, script(t, "storage.sql"))
		first := mustHold(t, s, o, "20261122T201530Z-000001")
		owner, err := Holder(t.Context(), db, o)
		if err != nil || owner == nil {
			t.Fatalf("%+v, %v", owner, err)
		}
		if err := Break(t.Context(), db, o, Owner{Connection: owner.Connection + 1}); err != nil || first.Beat(t.Context()) != nil {
			t.Errorf("the lock of another connection was to be broken: %v", err)
		}
		if err := Break(t.Context(), db, o, *owner); err != nil {
			t.Fatal(err)
		}
		if err := first.Beat(t.Context()); err == nil || !strings.Contains(err.Error(), "keep the lock of the database") {
			t.Errorf("a run whose lock was broken hears %v", err)
		}
		var next *Holding
		for try := 0; next == nil && try < 50; try++ { // a session that is killed takes a moment
			if next, err = Hold(t.Context(), db, o, Owner{Run: "20261122T201530Z-000002"}, time.Minute); err != nil {
				time.Sleep(100 * time.Millisecond)
			}
		}
		if next == nil {
			t.Fatal(err)
		}
		defer next.Release(context.Background())
		if b := next.Before; b == nil || b.Run != "20261122T201530Z-000001" {
			t.Errorf("it follows %+v", b)
		}
	})
}

// A machine that sleeps says nothing; the server ends its session.
func TestASilentHolderLosesTheServer(t *testing.T) {
	onEach(t, func(t *testing.T, s testServer) {
		db := s.open(t)
		_, o := names(t, db)
		h, err := Hold(t.Context(), db, o, Owner{Run: "20261122T201530Z-000001"}, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Release(context.Background())
		for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
			if now, err := Holder(t.Context(), db, o); err == nil && now == nil {
				break
			}
			if time.Since(began) > time.Minute {
				t.Fatal("a minute of silence has not ended the session")
			}
		}
		if err := h.Beat(t.Context()); err == nil {
			t.Error("a lost lock is not noticed")
		}
	})
}
