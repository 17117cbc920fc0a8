package sshexec

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// unixEcho serves bytes back on a unix socket that everybody may open. Each
// connection begins with the user id that the socket sees, as 4 digits.
func unixEcho(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "it's a $socket")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				fmt.Fprintf(conn, "%04d", peer(conn))
				_, _ = io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return path
}

// roundTrip sends bytes of every value and wants them back, and tells whom the
// socket saw.
func roundTrip(t *testing.T, conn net.Conn) string {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	who, data := make([]byte, 4), make([]byte, 1<<20)
	if _, err := io.ReadFull(conn, who); err != nil {
		t.Fatal(err)
	}
	_, _ = rand.Read(data)
	go func() { _, _ = conn.Write(data) }()
	back := make([]byte, len(data))
	if _, err := io.ReadFull(conn, back); err != nil || !bytes.Equal(data, back) {
		t.Fatalf("other bytes came back, or not all of them: %v", err)
	}
	return string(who)
}

func TestUnixTunnel(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		conn, err := h.conn.DialContext(t.Context(), "unix", unixEcho(t, openDir(t)))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		who := roundTrip(t, conn)
		if want := fmt.Sprintf("%04d", loginID(h)); who != want && peerKnown {
			t.Errorf("the socket sees user %s, want %s, who logged in", who, want)
		}
		if s := h.conn.Stats(); s.Tunnels != 1 || s.Sessions != 0 {
			t.Errorf("got %+v", s)
		}
	})
}

// loginID is the user who logged in, whoever scripts run as.
func loginID(h host) int {
	switch {
	case strings.HasPrefix(h.name, "deploy"):
		return 3001
	case h.name == "in process":
		return os.Getuid()
	}
	return h.uid
}

// Without sudo there is no becoming root, and the user who logged in is shown.
func TestRootTunnel(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		conn, err := h.conn.DialRoot(t.Context(), unixEcho(t, openDir(t)))
		if err != nil {
			t.Fatal(err)
		}
		if who, want := roundTrip(t, conn), fmt.Sprintf("%04d", h.uid); who != want && peerKnown {
			t.Errorf("the socket sees user %s, want %s", who, want)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("a closed tunnel can be read")
		}
	})
}

func TestRootTunnelsFreeTheirSessions(t *testing.T) {
	c := sharedCell(t)
	conn := dial(t, c.config("deploy", true, sharedKey(t)))
	path := unixEcho(t, openDir(t))
	for range 3 * slotsPerConn {
		tunnel, err := conn.DialRoot(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		tunnel.Close()
	}
}

func TestUnixTunnelIsRefused(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		for name, dial := range map[string]func(context.Context, string) (net.Conn, error){
			"as the user": func(ctx context.Context, path string) (net.Conn, error) { return h.conn.DialContext(ctx, "unix", path) },
			"as root":     h.conn.DialRoot,
		} {
			path := filepath.Join(h.dir, "none.sock")
			_, err := dial(t.Context(), path)
			if !IsKind(err, Refused) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: got %v, want refused", name, err)
			}
		}
	})
}

func TestUnixTunnelIsForbidden(t *testing.T) {
	key := sharedKey(t)
	c := startCell(t, key.PublicKey(), "AllowStreamLocalForwarding no")
	conn := dial(t, c.config("deploy", true, key))
	path := unixEcho(t, openDir(t))
	_, err := conn.DialContext(t.Context(), "unix", path)
	if !IsKind(err, Refused) || !strings.Contains(err.Error(), "AllowStreamLocalForwarding") {
		t.Errorf("got %v, want a hint at sshd", err)
	}
	tunnel, err := conn.DialRoot(t.Context(), path) // is no forwarding
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, tunnel)
	tunnel.Close()
}

func TestRootTunnelWithoutSudo(t *testing.T) {
	c := sharedCell(t)
	for _, user := range []string{"asks", "mate", "plain"} {
		_, err := dial(t, c.config(user, true, sharedKey(t))).DialRoot(t.Context(), "/run/none.sock")
		if !IsKind(err, Sudo) {
			t.Errorf("%s: got %v, want an error about sudo", user, err)
		}
	}
}

func TestRootTunnelIsInterrupted(t *testing.T) {
	c := sharedCell(t)
	conn := dial(t, c.config("deploy", true, sharedKey(t)))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := conn.DialRoot(ctx, "/run/none.sock"); !IsKind(err, Interrupted) {
		t.Errorf("got %v, want interrupted", err)
	}
	if _, err := conn.DialRoot(t.Context(), "not/absolute"); !IsKind(err, Request) {
		t.Errorf("got %v, want an invalid request", err)
	}
}

// Neither side of a relay outlives the other.
func TestRelayEnds(t *testing.T) {
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("LEFT OUT: this test needs perl")
	}
	cmd := exec.Command("sh", "-c", "N=M\n"+relayScript+`relay "$1"`, "sh", unixEcho(t, t.TempDir()))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(stdin, "hello")
	time.Sleep(200 * time.Millisecond)
	stdin.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil || !strings.HasPrefix(out.String(), "M 4\n") || !strings.HasSuffix(out.String(), "hello") {
			t.Errorf("got %q, %v", out.String(), err)
		}
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		t.Error("the relay outlives its stdin")
	}
}
