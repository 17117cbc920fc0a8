package sshexec

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// echo serves lines back.
func echo(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func TestTunnel(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		conn, err := h.conn.DialContext(t.Context(), "tcp", echo(t))
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(conn)
		for range 3 { // a deadline that has passed does not break what comes after
			if err := conn.SetReadDeadline(time.Now().Add(30 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if _, err := r.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("got %v, want a timeout", err)
			}
			if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(conn, "hello")
			if line, err := r.ReadString('\n'); err != nil || line != "hello\n" {
				t.Fatalf("got %q, %v", line, err)
			}
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("a closed tunnel can be read")
		}
		if s := h.conn.Stats(); s.Tunnels != 1 || s.Sessions != 0 {
			t.Errorf("got %+v", s)
		}
	})
}

func TestTunnelIsRefused(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		_, err := h.conn.DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
		if !IsKind(err, Refused) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("got %v, want refused", err)
		}
	})
}

func TestTunnelIsForbidden(t *testing.T) {
	key := sharedKey(t)
	c := startCell(t, key.PublicKey(), "AllowTcpForwarding no")
	_, err := dial(t, c.config("plain", false, key)).DialContext(t.Context(), "tcp", echo(t))
	if !IsKind(err, Forbidden) {
		t.Errorf("got %v, want forbidden", err)
	}
}
