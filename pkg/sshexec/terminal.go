package sshexec

import (
	"bytes"
	"encoding/binary"
	"io"

	"golang.org/x/crypto/ssh"
)

// untangle takes the lines that begin with a tag out of what comes from a
// terminal, wherever they begin, and gives their text to a tail.
type untangle struct {
	from io.Reader
	tag  []byte
	to   *tail
	buf  []byte // not yet looked at, or the beginning of a tag
	err  error
}

func (u *untangle) Read(p []byte) (int, error) {
	for {
		if n := u.plain(); n > 0 {
			n = copy(p, u.buf[:n])
			u.buf = u.buf[n:]
			return n, nil
		}
		if u.err != nil {
			n := copy(p, u.buf)
			u.buf = u.buf[n:]
			if n > 0 {
				return n, nil
			}
			u.to.end()
			return 0, u.err
		}
		chunk := make([]byte, 32<<10)
		n, err := u.from.Read(chunk)
		u.buf, u.err = append(u.buf, chunk[:n]...), err
	}
}

// plain is how many bytes at the front are certainly not of a tagged line. A
// tagged line that stands at the front is taken away.
func (u *untangle) plain() int {
	for bytes.HasPrefix(u.buf, u.tag) {
		line, rest, whole := bytes.Cut(u.buf, []byte("\n"))
		if !whole {
			return 0
		}
		u.to.add(append(bytes.Clone(line[len(u.tag):]), '\n'))
		u.buf = rest
	}
	if i := bytes.Index(u.buf, u.tag); i >= 0 {
		return i
	}
	for n := min(len(u.tag)-1, len(u.buf)); n > 0; n-- {
		if bytes.HasPrefix(u.tag, u.buf[len(u.buf)-n:]) {
			return len(u.buf) - n
		}
	}
	return len(u.buf)
}

// requestTerminal asks for a terminal that passes all bytes as they are, both
// ways, and shows nothing of what it is sent. The answer is not waited for: a
// host that gives none says so when the terminal is missed.
func requestTerminal(channel ssh.Channel) error {
	modes := []byte{}
	for _, off := range []uint8{ssh.ECHO, ssh.ECHOE, ssh.ECHOK, ssh.ECHONL, ssh.ECHOCTL, ssh.ECHOKE, ssh.ICANON, ssh.ISIG, ssh.IEXTEN,
		ssh.OPOST, ssh.ONLCR, ssh.OCRNL, ssh.ICRNL, ssh.INLCR, ssh.IGNCR, ssh.ISTRIP, ssh.IXON, ssh.IXOFF, ssh.IXANY, ssh.IMAXBEL, ssh.PARMRK, ssh.INPCK} {
		modes = append(modes, off)
		modes = binary.BigEndian.AppendUint32(modes, 0)
	}
	modes = append(modes, ssh.CS8)
	modes = binary.BigEndian.AppendUint32(modes, 1)
	_, err := channel.SendRequest("pty-req", false, ssh.Marshal(struct {
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}{"dumb", 80, 24, 0, 0, string(append(modes, 0))}))
	return err
}
