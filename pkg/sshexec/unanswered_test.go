package sshexec

import (
	"io"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
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

// unending is a connection whose channels are waited for without end, as the
// library waits for those that were asked for in the moment when it ended.
type unending struct{ ssh.Conn }

func (unending) OpenChannel(string, []byte) (ssh.Channel, <-chan *ssh.Request, error) { select {} }
func (unending) Close() error                                                         { return nil }

// TestAskedOfTheDead: nobody waits for an answer of a connection that is gone.
func TestAskedOfTheDead(t *testing.T) {
	key := newKey(t)
	conn := dial(t, listen(t, key.PublicKey()).config(key))
	conn.client.Close()
	<-conn.gone
	conn.link.client = &ssh.Client{Conn: unending{conn.client.Conn}}
	conn.link.lost = io.EOF
	conn.Ahead(1)
	if <-conn.spares[0].ready; conn.spares[0].err == nil {
		t.Error("a session was opened ahead")
	}
	for what, ask := range map[string]func() error{
		"a session": func() error {
			_, err := conn.Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/services"}})
			return err
		},
		"a tunnel": func() error {
			_, err := conn.DialContext(t.Context(), "tcp", "127.0.0.1:1")
			return err
		},
	} {
		if err := ask(); !IsKind(err, Lost) || !strings.Contains(err.Error(), "closed the connection") {
			t.Errorf("%s: got %v, want that the connection is lost", what, err)
		}
	}
}
