package sshexec

import (
	"strings"
	"testing"
)

// TestUnanswered: a channel that the host closes instead of answering, as dropbear
// sometimes does, is not the end of a run; a host that closes all is.
func TestUnanswered(t *testing.T) {
	key := newKey(t)
	s := listen(t, key.PublicKey())
	conn := dial(t, s.config(key))
	for n, opensAhead := range []int{0, 0, unansweredTries} {
		s.deaf.Store(int32(n))
		conn.Ahead(opensAhead)
		gather(t, conn, Read{Kind: "file", Name: "/etc/services"})
	}
	s.deaf.Store(unansweredTries)
	_, err := conn.Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/services"}})
	if !IsKind(err, Shell) || !strings.Contains(err.Error(), "closed the session 3 times") {
		t.Errorf("got %v", err)
	}
	s.deaf.Store(0)
	gather(t, conn, Read{Kind: "file", Name: "/etc/services"})
	if n := len(conn.slots); n != 0 {
		t.Errorf("%d places for sessions are still taken", n)
	}
}

// TestUnansweredByTheDead: of a connection that ends, the end is told.
func TestUnansweredByTheDead(t *testing.T) {
	key := newKey(t)
	s := listen(t, key.PublicKey())
	conn := dial(t, s.config(key))
	conn.Ahead(1)
	<-conn.spares[0].ready
	s.cut()
	if _, err := conn.Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/services"}}); !IsKind(err, Lost) {
		t.Errorf("got %v, want that the connection is lost", err)
	}
}
