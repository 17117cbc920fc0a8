package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// stamp is the time of a line, as machines sort it and people read it.
const stamp = "2006-01-02T15:04:05.000Z"

// Stamped writes a line with its time, in one piece and on one line.
func Stamped(w io.Writer, at time.Time, text string) {
	fmt.Fprintf(w, "%s %s\n", at.UTC().Format(stamp), visible(text))
}

// Stamps writes each line that comes with its time before it. Lines come whole.
func Stamps(w io.Writer) io.Writer { return stamps{w, time.Now} }

type stamps struct {
	io.Writer
	now func() time.Time
}

func (s stamps) Write(p []byte) (int, error) {
	var b strings.Builder
	at := s.now().UTC().Format(stamp)
	for l := range strings.Lines(string(p)) {
		b.WriteString(at + " " + l)
	}
	if _, err := io.WriteString(s.Writer, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}
