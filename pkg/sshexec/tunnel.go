package sshexec

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// DialContext connects from the host to an address as the host sees it: TCP, or
// a unix socket with network "unix", which sees the user who logged in at its
// other end. The connection has working deadlines,
// which an SSH channel has not and the MySQL driver asks for.
func (c *Conn) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	began := time.Now()
	far, err := c.dial(ctx, network, addr)
	if err != nil {
		return nil, c.tunnelError(ctx, network, addr, err)
	}
	c.tunnels.Add(1)
	c.cfg.traced(Operation{Name: "tunnel to " + addr, RoundTrips: 1, Took: time.Since(began)})
	near, inner := net.Pipe()
	go pump(far, inner)
	go pump(inner, far)
	return &tunnel{Conn: near, local: far.LocalAddr(), remote: far.RemoteAddr()}, nil
}

func (c *Conn) tunnelError(ctx context.Context, network, addr string, err error) error {
	var refused *ssh.OpenChannelError
	switch {
	case ctx.Err() != nil:
		return c.cfg.interrupted(ctx, "connecting to "+addr+" through the host")
	case c.isGone():
		return c.lostError("connecting to " + addr + " through the host")
	case errors.As(err, &refused) && network == "unix":
		// OpenSSH gives no reason for a socket, not even that it forbids it.
		return c.cfg.fail(Refused, err, "no connection from the host to %s; is the socket there, may %s open it, and does AllowStreamLocalForwarding of its sshd allow it", addr, c.cfg.User)
	case errors.As(err, &refused) && refused.Reason == ssh.Prohibited:
		return c.cfg.fail(Forbidden, err, "its sshd does not allow a tunnel to %s; AllowTcpForwarding or PermitOpen forbids it", addr)
	case errors.As(err, &refused):
		return c.cfg.fail(Refused, err, "no connection from the host to %s", addr)
	}
	return c.cfg.fail(Protocol, err, "no tunnel to %s", addr)
}

// pump copies one direction, and ends both when it ends.
func pump(to, from net.Conn) {
	_, _ = io.Copy(to, from) // an error is the end of the connection, which both sides see
	to.Close()
	from.Close()
}

// tunnel is the near end of a pipe, with the addresses of the far one.
type tunnel struct {
	net.Conn
	local, remote net.Addr
}

func (t *tunnel) LocalAddr() net.Addr  { return t.local }
func (t *tunnel) RemoteAddr() net.Addr { return t.remote }
