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

// DialRoot connects to a unix socket of the host as root: a server that asks the
// kernel who is at the other end sees root, where DialContext shows it the user
// who logged in. It takes a session channel, and perl on the host.
func (c *Conn) DialRoot(ctx context.Context, path string) (net.Conn, error) {
	if c.cfg.Become == "" {
		return c.DialContext(ctx, "unix", path)
	}
	if err := checkPath(path); err != nil {
		return nil, c.cfg.fail(Request, err, "a socket")
	}
	j := job{mark: marker(), sudo: true, hold: true, script: relayScript + "relay " + quote(path)}
	line, stdin := j.deliver()
	s, err := c.start(ctx, line)
	if err != nil {
		return nil, err
	}
	r := &relay{session: s, job: j, path: path, out: bufio.NewReader(s.channel)}
	if err := r.begin(ctx, stdin); err != nil {
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
	out  *bufio.Reader
	said []byte // what came before the connection
}

// begin waits until the script has connected.
func (r *relay) begin(ctx context.Context, stdin []byte) error {
	go r.errs.fill(r.channel.Stderr())
	begun := make(chan error, 1)
	go func() {
		_, err := r.channel.Write(stdin)
		if err == nil {
			err = r.await()
		}
		begun <- err
	}()
	select {
	case err := <-begun:
		return r.session.conn.wrap(err, "connecting to "+r.path)
	case <-ctx.Done():
		return r.session.conn.cfg.interrupted(ctx, "connecting to "+r.path)
	}
}

// await reads lines until one of ours tells how it went. What a login shell says
// before is skipped, and limited.
func (r *relay) await() error {
	for len(r.said) < maxLine {
		line, err := r.out.ReadSlice('\n')
		r.said = append(r.said, line...)
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
	c, what := r.session.conn, r.finish(r.job)
	if strings.Contains(string(r.said), "\n"+r.mark+" 2\n") {
		return c.notEnded(what)
	}
	return c.notBegun(r.job, r.said, what)
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
	go pass(r.channel, inner)
	go pass(inner, r.out)
	return &tunnel{Conn: near, local: &net.UnixAddr{Net: "unix"}, remote: &net.UnixAddr{Net: "unix", Name: r.path}}
}
