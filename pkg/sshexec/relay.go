package sshexec

import (
	"bufio"
	"context"
	_ "embed" // the script
	"io"
	"net"
	"strings"
)

//go:embed script/relay.sh
var relayScript string

// DialRoot connects to a unix socket of the host as BecomeUser, which is root: a
// server that asks the kernel who is at the other end sees root, where DialContext shows it the user
// who logged in. It takes a session channel, and perl on the host.
func (c *Conn) DialRoot(ctx context.Context, path string) (net.Conn, error) {
	if !c.cfg.changes() {
		return c.DialContext(ctx, "unix", path)
	}
	if err := checkPath(path); err != nil {
		return nil, c.cfg.fail(Request, err, "a socket")
	}
	j := job{mark: marker(), name: "relay to " + path, become: true, hold: true, mute: true, script: relayScript + "relay " + quote(path)}
	s, err := c.begin(ctx, j)
	if err != nil {
		return nil, err
	}
	r := &relay{session: s, job: j, path: path}
	if err := r.begin(ctx); err != nil {
		s.end()
		return nil, err
	}
	return r.connect(), nil
}

// relay is a session whose script passes bytes on.
type relay struct {
	*session
	job
	path string
}

// begin waits until the script has connected.
func (r *relay) begin(ctx context.Context) error {
	begun := make(chan error, 1)
	go func() { begun <- r.connected() }()
	select {
	case err := <-begun:
		return r.session.conn.wrap(err, "connecting to "+r.path)
	case <-ctx.Done():
		return r.session.conn.cfg.interrupted(ctx, "connecting to "+r.path)
	}
}

// connected reads lines until one of ours tells how it went. There is not much to
// say before that.
func (r *relay) connected() error {
	for said := 0; said < maxLine; {
		line, err := r.lines.ReadSlice('\n')
		said += len(line)
		text := strings.TrimSuffix(string(line), "\n")
		words, ours := cutMark(text, r.mark)
		switch why, refused := strings.CutPrefix(words, "5 "); {
		case ours && words == "4":
			return nil
		case ours && refused:
			return r.session.conn.cfg.fail(Refused, nil, "no connection from the host to %s as root: %s", r.path, why)
		case ours && (words == "3" || strings.HasPrefix(words, "s ")), err == io.EOF:
			return r.failed()
		case err != nil && err != bufio.ErrBufferFull:
			return err
		}
	}
	return r.failed()
}

func (r *relay) failed() error {
	_ = r.channel.CloseWrite() // what still reads stdin ends with it
	return r.session.conn.notEnded(r.finish(r.job))
}

// connect starts passing bytes on. Whichever side ends first ends the other.
func (r *relay) connect() net.Conn {
	r.session.conn.tunnels.Add(1)
	near, inner := net.Pipe()
	pass := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // an error is the end of the connection, which both sides see
		inner.Close()
		r.end()
	}
	go func() {
		r.reaches(r.fed)
		pass(r.channel, inner)
	}()
	go pass(inner, r.lines)
	return &tunnel{Conn: near, local: &net.UnixAddr{Net: "unix"}, remote: &net.UnixAddr{Net: "unix", Name: r.path}}
}
