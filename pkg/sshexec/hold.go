package sshexec

import (
	"context"
	"io"
	"time"
)

// endWord tells a held script that it may end; any other line is a beat.
const endWord = "end"

// releaseTime is how long a script that was told to end may take.
const releaseTime = 5 * time.Second

// Hold runs a script of sh with $1 and on, as the session, and keeps it: its file
// descriptor 3 gets a line every so often, which says that we live, and the line
// "end" when the context does. When the connection is cut, the descriptor ends
// without that word. Each line of the script's stdout is given to line as it
// comes. Hold returns when the script has ended, or the context, and the script
// did not end in time.
func (c *Conn) Hold(ctx context.Context, script string, args []string, every time.Duration, line func(string)) (exit int, stderrTail string, err error) {
	if err := c.checkRun("", script, args); err != nil {
		return -1, "", err
	}
	j := job{mark: marker(), name: "kept " + Title(script), become: true, hold: true}
	j.script = j.guarded("original\nsh -c " + quote(script) + " sh " + quoteAll(args) + " </dev/null\ns=$?\n" +
		"echo \"$N 3\" >&2\nprintf '\\n%s\\n' \"$N x $s\"\n")
	s, err := c.begin(ctx, j)
	if err != nil {
		return -1, "", err
	}
	defer s.end()
	out := &stream{mark: j.mark, line: line}
	result := make(chan error, 1)
	go func() { result <- s.drain(out.take) }()
	if err := c.keepBeating(ctx, s, every, result); err != nil {
		return -1, "", err
	}
	what := s.finish(j)
	if out.at != ended {
		return -1, what.stderr, c.notEnded(what)
	}
	return out.exit, what.stderr, nil
}

// keepBeating returns when the script's output has ended, without an error
// where that was a proper end.
func (c *Conn) keepBeating(ctx context.Context, s *session, every time.Duration, result <-chan error) error {
	beat := time.NewTicker(every)
	defer beat.Stop()
	words := make(chan string, 1)
	defer close(words)
	go s.speak(words)
	for {
		select {
		case err := <-result:
			return err
		case <-beat.C:
			select {
			case words <- "beat":
			default: // the line is so slow that the last one has not left yet
			}
		case <-ctx.Done():
			return c.letEnd(ctx, s, result)
		}
	}
}

// speak sends words, one after another, once the script itself is sent. It never
// holds up who keeps the script: a dead line may block it for long.
func (s *session) speak(words <-chan string) {
	if !s.reaches(s.fed) {
		return
	}
	for word := range words {
		if _, err := io.WriteString(s.channel, word+"\n"); err != nil {
			return // the channel has ended, which drain notices
		}
	}
}

// letEnd tells the script that it may end, and waits for that.
func (c *Conn) letEnd(ctx context.Context, s *session, result <-chan error) error {
	go func() {
		if s.reaches(s.fed) {
			_, _ = io.WriteString(s.channel, endWord+"\n") // an error is the end of the channel
		}
	}()
	timer := time.NewTimer(releaseTime)
	defer timer.Stop()
	select {
	case err := <-result:
		return err
	case <-timer.C:
		s.abandon()
		return c.cfg.interrupted(ctx, "a script that was kept")
	}
}
