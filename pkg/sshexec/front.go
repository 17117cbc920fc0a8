package sshexec

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// front is what a host says before a script begins.
type front struct {
	mark           string
	reached, ready chan struct{}
	said           []byte // the end of it
	begun          bool
	refused        bool // the program that changes the user has ended
	damaged        bool // what came in on stdin was not what we sent
	logged         bool // sudo logs what passes
}

func newFront(j job) *front {
	return &front{mark: j.mark, reached: make(chan struct{}), ready: make(chan struct{})}
}

// arrive reads lines until one tells how the way in ended.
func (s *session) arrive(j job) error {
	f, total := s.front, int64(0)
	for {
		line, err := s.lines.ReadSlice('\n')
		s.moves.Add(1)
		total += int64(len(line))
		if total > s.conn.cfg.MaxOutput {
			return s.conn.cfg.fail(Limit, nil, "the host sent more than %d bytes before our script began", s.conn.cfg.MaxOutput)
		}
		if f.take(line) {
			return nil
		}
		if err != nil && err != bufio.ErrBufferFull {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return s.conn.wrap(err, "a script")
		}
	}
}

// take takes a line, and reports whether it is the last of the front.
func (f *front) take(line []byte) bool {
	f.said = append(f.said, line...)
	if over := len(f.said) - tailSize; over > 0 {
		f.said = append(f.said[:0], f.said[over:]...)
	}
	text, whole := strings.CutSuffix(string(line), "\n")
	words, ours := cutMark(strings.TrimSuffix(text, "\r"), f.mark)
	if !ours || !whole {
		return false
	}
	switch words {
	case "1":
		once(f.reached)
	case "r":
		once(f.ready)
	case "l":
		f.logged = true
	case "0":
		f.damaged = true
	case "2":
		f.begun = true
	default:
		f.refused = strings.HasPrefix(words, "s ")
	}
	return f.begun || f.refused || f.damaged
}

// once closes a channel that only its caller closes.
func once(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}

func (f *front) isReached() bool {
	select {
	case <-f.reached:
		return true
	default:
		return false
	}
}
