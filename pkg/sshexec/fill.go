package sshexec

import (
	"bytes"
	"context"
	"errors"
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

// ownLane does so as the user who scripts run as. There may be a terminal on the
// way, whose input has no end: so the script is told how much comes.
func (u *upload) ownLane() error {
	for u.ctx.Err() == nil && u.lanes() > 0 {
		j := job{mark: marker(), name: "upload, " + u.name, become: true, hold: true, payload: true,
			script: stageScript + `IFS= read -r k && IFS= read -r n && head -c "$n" | fill ` + quote(u.path) + ` "$k" && echo filled`}
		s, err := u.conn.begin(u.opening, j)
		if err != nil {
			return fmt.Errorf("%w: %w", errNoLane, err)
		}
		err = u.fillOwn(s, j)
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
	sent := u.pour(s, append(stdin, fmt.Sprintf("%d\n", stretch.from>>16)...), stretch, true)
	body, what, err := u.conn.answer(s, j, u.conn.between)
	return u.filled(s, sent, body, what, err)
}

// fillOwn does so where the script runs already.
func (u *upload) fillOwn(s *session, j job) error {
	if !s.reaches(s.fed) {
		return nil // it has ended, with the context
	}
	stretch, ok := u.take(fillSize)
	if !ok {
		return nil
	}
	defer context.AfterFunc(u.ctx, s.end)()
	sent := u.pour(s, fmt.Appendf(nil, "%d\n%d\n", stretch.from>>16, stretch.to-stretch.from), stretch, false)
	body, what, err := u.conn.answer(s, j, u.conn.within)
	return u.filled(s, sent, body, what, err)
}

// pour sends a stretch after a start.
func (u *upload) pour(s *session, start []byte, stretch span, end bool) <-chan error {
	sent := make(chan error, 1)
	go func() {
		source := &reading{upload: u, span: stretch}
		_, err := io.Copy(s.channel, io.MultiReader(bytes.NewReader(start), source))
		if end {
			_ = s.channel.CloseWrite() // it has ended where the channel has
		}
		if source.err != nil {
			err = source.err
		}
		if source.err != nil && !end {
			s.end() // the script would wait for the rest
		}
		sent <- err
	}()
	return sent
}

// filled is what became of a stretch.
func (u *upload) filled(s *session, sent <-chan error, body []byte, what outcome, err error) error {
	s.end() // where the script ended early, what is on the way has to end as well
	if err == nil && !bytes.HasPrefix(body, []byte("filled\n")) {
		err = u.conn.cfg.fail(Upload, nil, "the upload of %s: %s", u.name, lastLine(what.stderr))
	}
	if source := <-sent; err == nil || errors.As(source, new(sourceError)) {
		err = source
	}
	return err
}

// answer reads what a script says until it ends; part finds what is its own in it.
func (c *Conn) answer(s *session, j job, part func(job, []byte, outcome) ([]byte, error)) ([]byte, outcome, error) {
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
	body, err := part(j, out.Bytes(), what)
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
