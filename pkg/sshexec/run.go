package sshexec

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Run runs a script of sh with $1 and on, as the owner of a path or as the
// session, in one exec. Each line of its stdout is given to line as it comes.
// The script, and all it started in its process group, ends when the connection
// or the context does; a server that shall live on is started with setsid.
// Stdin is meant for secrets and other small things.
func (c *Conn) Run(ctx context.Context, as, script string, args []string, stdin []byte, line func(string)) (exit int, stderrTail string, err error) {
	if err := c.checkRun(as, script, args); err != nil {
		return -1, "", err
	}
	j := c.runJob(as, script, args, stdin)
	s := &stream{mark: j.mark, line: line}
	what, err := c.exec(ctx, j, s.take)
	if errors.Is(err, errStream) {
		err = c.cfg.fail(Limit, nil, "%v", err)
	}
	if err != nil {
		return -1, "", err
	}
	switch s.at {
	case within, broken:
		return -1, what.stderr, c.notEnded(what)
	case without:
		return -1, what.stderr, c.cfg.fail(Request, nil, "%s", ownerProblem(as, s.why))
	}
	return s.exit, what.stderr, nil
}

func (c *Conn) checkRun(as, script string, args []string) error {
	err := hasNUL(append([]string{as, script}, args...)...)
	if err == nil && as != "" {
		err = checkPath(as)
	}
	if err != nil {
		return c.cfg.fail(Request, err, "a script")
	}
	return nil
}

func (c *Conn) runJob(as, script string, args []string, stdin []byte) job {
	j := job{mark: marker(), name: Title(script), become: true, hold: true}
	read := "p=\n"
	if len(stdin) > 0 {
		j.stdin = append([]byte(base64.StdEncoding.EncodeToString(stdin)), '\n')
		read = "IFS= read -r p <&3\n"
	}
	work := "as=" + quote(as) + "\nwork " + quote(script) + " sh " + quoteAll(args) + "\n"
	j.script = j.guarded(c.ownerText() + watchScript + runScript +
		read + "watch &\nw=$!\n" + work + "kill $w 2>/dev/null\n")
	return j
}

// stages of a stream.
const (
	within  = iota // it runs
	ended          // it has ended
	without        // there was no owner to run it as
	broken         // it was killed; the shell around it says so
)

// stream splits the output of a script into lines, between the markers.
type stream struct {
	mark  string
	line  func(string)
	at    int
	exit  int
	why   string
	held  []byte // an incomplete line
	taken int    // bytes so far
	blank bool   // an empty line is held back: it may belong to the last marker
}

// maxLine is where a line without end is cut, maxStream where a script without
// end is: what it says is shown and recorded, and the largest installation of a
// server says less than 1 MB.
const (
	maxLine   = 64 << 10
	maxStream = 32 << 20
)

var errStream = fmt.Errorf("the script said more than %d MB", maxStream>>20)

func (s *stream) take(p []byte) (done bool, err error) {
	if s.taken += len(p); s.taken > maxStream {
		return true, errStream
	}
	s.held = append(s.held, p...)
	for {
		line, rest, whole := bytes.Cut(s.held, []byte("\n"))
		if !whole && len(s.held) <= maxLine {
			return false, nil
		}
		if len(line) > maxLine {
			line, rest = s.held[:maxLine], s.held[maxLine:]
		}
		s.held = rest
		if s.next(string(line)); s.at > within {
			return true, nil
		}
	}
}

// next takes one line.
func (s *stream) next(line string) {
	if ours, ok := cutMark(line, s.mark); ok {
		s.own(ours)
	} else {
		s.give(line)
	}
}

// own takes a line of ours that ends the output.
func (s *stream) own(words string) {
	kind, rest, _ := bytes.Cut([]byte(words), []byte(" "))
	if why, ok := strings.CutPrefix(words, "m 0 "); ok && isOwnerProblem(why) {
		s.at, s.why = without, why
		return
	}
	if string(kind) == "s" {
		s.at = broken
		return
	}
	exit, err := strconv.Atoi(string(rest))
	if string(kind) == "x" && err == nil {
		s.at, s.exit = ended, exit
	}
}

// give passes a line on, with the empty line that was held back before it.
func (s *stream) give(line string) {
	if s.blank {
		s.blank = false
		s.emit("")
	}
	if line == "" {
		s.blank = true
		return
	}
	s.emit(line)
}

func (s *stream) emit(line string) {
	if s.line != nil {
		s.line(line)
	}
}

func cutMark(line, mark string) (string, bool) {
	if len(line) <= len(mark) || line[:len(mark)] != mark || line[len(mark)] != ' ' {
		return "", false
	}
	return line[len(mark)+1:], true
}
