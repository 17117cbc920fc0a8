package sshexec

import (
	"testing"
	"time"
)

// TestAhead: what was opened ahead saves its round trip, and is used up before
// anything else is opened.
func TestAhead(t *testing.T) {
	c := sharedCell(t)
	p := listenWire(t, c.port, 20*time.Millisecond)
	cfg := c.config("deploy", true, sharedKey(t))
	cfg.Port = portOf(t, p)
	conn := dial(t, cfg)
	conn.Ahead(2)
	for n, want := range []int{1, 1, 2} { // the third opens its own
		for _, s := range conn.spares {
			<-s.ready
		}
		before := p.Count()
		gather(t, conn, Read{Kind: "file", Name: "/etc/services"})
		if got := p.Count().Sub(before).Trips; got != want {
			t.Errorf("gathering %d: got %d round trips, want %d", n+1, got, want)
		}
	}
	if got := conn.Stats().Sessions; got != 3 {
		t.Errorf("got %d sessions, want 3", got)
	}
}

// TestAheadIsNoMust: hosts that open fewer sessions, or close those in which
// nothing happens, are as good as others.
func TestAheadIsNoMust(t *testing.T) {
	for name, cfg := range map[string]Config{
		"one session":          startCell(t, sharedKey(t).PublicKey(), "MaxSessions 1").config("deploy", true, sharedKey(t)),
		"an idle one is ended": sharedCell(t).config("deploy", true, sharedKey(t)),
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, cfg)
			conn.Ahead(3)
			for _, s := range conn.spares {
				<-s.ready
			}
			if name != "one session" {
				conn.spares[0].channel.Close()
				for range conn.spares[0].requests { // ends when the host has ended it as well
				}
			}
			for range 3 {
				gather(t, conn, Read{Kind: "file", Name: "/etc/services"})
			}
			if n := len(conn.slots); n != 0 {
				t.Errorf("%d places for sessions are still taken", n)
			}
		})
	}
}

// TestAheadEndsWithItsConn, also where the connection serves others.
func TestAheadEndsWithItsConn(t *testing.T) {
	key := sharedKey(t)
	cfg, pool := listen(t, key.PublicKey()).config(key), new(Pool)
	one, err := pool.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	other, err := pool.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	one.Ahead(slotsPerConn + 1)
	one.Close()
	for range slotsPerConn {
		other.slots <- struct{}{} // all are free again
	}
}
