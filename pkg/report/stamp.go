package report

import (
	"fmt"
	"io"
	"time"
)

// stamp is the time of a line, as machines sort it and people read it.
const stamp = "2006-01-02T15:04:05.000Z"

// Stamped writes a line with its time, in one piece and on one line.
func Stamped(w io.Writer, at time.Time, text string) {
	fmt.Fprintf(w, "%s %s\n", at.UTC().Format(stamp), visible(text))
}
