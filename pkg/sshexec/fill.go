package sshexec

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// fillSize is what one exec brings where there is no SFTP: a multiple of the
// 64 KiB that fill in stage.sh counts by.
const fillSize = 16 << 20

// execLane sends stretches of the file, each as the stdin of a script.
func (u *upload) execLane() error {
	for u.ctx.Err() == nil && u.lanes() > 0 {
		j := job{mark: marker(), hold: true, script: stageScript + "IFS= read -r k && fill " + quote(u.path) + ` "$k" && echo filled`}
		line, stdin := j.deliver(u.conn.maxLine())
		s, err := u.conn.start(u.opening, line)
		if err != nil {
			return fmt.Errorf("%w: %w", errNoLane, err)
		}
		s.name = "upload, " + u.name
		err = u.fill(s, j, stdin)
		s.end()
		if err != nil {
			return err
		}
	}
	return nil
}

// fill sends one stretch. It is only taken now that a session is open.
func (u *upload) fill(s *session, j job, stdin []byte) error {
	stretch, ok := u.take(fillSize)
	if !ok {
		return nil
	}
	defer context.AfterFunc(u.ctx, s.end)()
	go s.errs.fill(s.channel.Stderr())
	sent := make(chan error, 1)
	go func() {
		source := &reading{upload: u, span: stretch}
		start := append(stdin, fmt.Sprintf("%d\n", stretch.from>>16)...)
		_, err := io.Copy(s.channel, io.MultiReader(bytes.NewReader(start), source))
		_ = s.channel.CloseWrite() // it has ended where the channel has
		if source.err != nil {
			err = source.err
		}
		sent <- err
	}()
	body, what, err := u.conn.answer(s, j)
	s.end() // where the script ended early, what is on the way has to end as well
	if err == nil && !bytes.HasPrefix(body, []byte("filled\n")) {
		err = u.conn.cfg.fail(Upload, nil, "the upload of %s: %s", u.name, lastLine(what.stderr))
	}
	if source := <-sent; err == nil {
		err = source
	}
	return err
}

// answer reads what a script says until it ends.
func (c *Conn) answer(s *session, j job) ([]byte, outcome, error) {
	var out bytes.Buffer
	end := []byte("\n" + j.mark + " 3\n")
	err := s.drain(func(p []byte) (bool, error) {
		out.Write(p)
		return out.Len() > 1<<20 || bytes.HasSuffix(out.Bytes(), end), nil
	})
	if err != nil {
		return nil, outcome{}, err
	}
	what := s.finish(j)
	body, err := c.between(j, out.Bytes(), what)
	return body, what, err
}

// reading reads one stretch of the source, and reports it.
type reading struct {
	*upload
	span
	err error
}

func (r *reading) Read(p []byte) (int, error) {
	n := min(int64(len(p)), r.to-r.from)
	if n == 0 {
		return 0, io.EOF
	}
	if r.err = r.read(p[:n], r.from); r.err != nil {
		return 0, r.err
	}
	r.from += n
	r.report(n)
	return int(n), nil
}
