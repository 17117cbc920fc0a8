package sshexec

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"
)

// batch runs a job to its end and yields what it wrote between its markers.
func (c *Conn) batch(ctx context.Context, j job) ([]byte, outcome, error) {
	var out bytes.Buffer
	end := []byte("\n" + j.mark + " 3\n")
	failed := []byte(j.mark + " s ")
	what, err := c.exec(ctx, j, func(p []byte) (bool, error) {
		out.Write(p)
		if int64(out.Len()) > c.cfg.MaxOutput {
			return true, c.cfg.fail(Limit, nil, "the host sent more than the %d bytes allowed for one batch; ask for less at once", c.cfg.MaxOutput)
		}
		whole := bytes.HasSuffix(out.Bytes(), end) || bytes.Equal(out.Bytes(), end[1:])
		return whole || out.Len() < 64<<10 && bytes.Contains(out.Bytes(), failed), nil
	})
	if err != nil {
		return nil, what, err
	}
	body, err := c.within(j, out.Bytes(), what)
	return body, what, err
}

// between is the part of the output that the script wrote. What came before is
// the chatter of a login shell; where a marker is missing, its absence says
// how far the script came.
func (c *Conn) between(j job, out []byte, what outcome) ([]byte, error) {
	_, body, begun := bytes.Cut(out, []byte("\n"+j.mark+" 2\n"))
	if !begun {
		return nil, c.notBegun(j, out, what)
	}
	return c.within(j, body, what)
}

// within is what the script wrote, without the marker at its end.
func (c *Conn) within(j job, out []byte, what outcome) ([]byte, error) {
	body, found := bytes.CutSuffix(append([]byte("\n"), out...), []byte("\n"+j.mark+" 3\n"))
	if !found {
		return nil, c.notEnded(what)
	}
	return bytes.TrimPrefix(append(body, '\n'), []byte("\n")), nil
}

// notBegun explains a script that never ran.
func (c *Conn) notBegun(j job, out []byte, what outcome) error {
	if what.exit < 0 && c.isGoing() {
		return c.lostError("a script")
	}
	said := lastLine(what.stderr)
	if bytes.Contains(out, []byte(j.mark+" 1\n")) {
		return c.cfg.fail(Shell, nil, "the script %s before it began: %s", what.ending(), said)
	}
	said = or(said, lastLine(string(out)))
	return c.cfg.fail(Shell, nil, "the login shell of %s %s without running sh and base64: %s", c.cfg.User, what.ending(), said)
}

func (c *Conn) notEnded(what outcome) error {
	if what.exit < 0 && c.isGoing() {
		return c.lostError("a script")
	}
	return c.cfg.fail(Protocol, nil, "the script %s: %s", what.ending(), or(lastLine(what.stderr), "it said nothing"))
}

// ending says how a script ended that should not have.
func (o outcome) ending() string {
	if o.exit < 0 {
		return "was killed"
	}
	return fmt.Sprintf("ended with exit code %d", o.exit)
}

func (c *Conn) isGone() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// isGoing is for output that ended without an exit status: either the script was
// killed, or the connection ends, which is known a moment later.
func (c *Conn) isGoing() bool {
	select {
	case <-c.gone:
		return true
	case <-time.After(time.Second):
		return false
	}
}

// lastLine is the last line that says something, cut to a readable length and
// free of control characters: it comes from the host and goes into a message.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	line := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, lines[len(lines)-1])
	if len(line) > 300 {
		line = line[:300] + "…"
	}
	return strings.ToValidUTF8(strings.TrimSpace(line), "?")
}
