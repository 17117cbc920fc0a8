package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/appm-provision/appm-provision/pkg/report"
)

// screens keep escapes of anybody else's off the terminal, whichever way they
// came.
func screens(stdout, stderr io.Writer) (out, err *report.Screen, end func()) {
	out, err = report.NewScreen(stdout), report.NewScreen(stderr)
	return out, err, func() {
		_, _ = out.Close(), err.Close() // a closed terminal does not matter
	}
}

// behind is what a screen writes to.
func behind(w io.Writer) io.Writer {
	if s, is := w.(*report.Screen); is {
		return s.Unwrap()
	}
	return w
}

// painted lets colors through.
func (a *app) painted() {
	if s, is := a.stdout.(*report.Screen); is {
		s.Paint()
	}
}

// crashed tells of a mistake of this program's by its place. The value of the
// panic is not shown unless the runtime made it: it could hold anything, also a
// secret.
func (a *app) crashed(code *int) {
	value := recover()
	if value == nil {
		return
	}
	*code = exitOther
	what := "a panic"
	if known, is := value.(runtime.Error); is {
		what = known.Error()
	}
	text := fmt.Sprintf("this is a mistake in appm-provision %s: %s; please report it with these lines:\n%s", buildVersion(), what, places())
	if !a.json || a.conclude(context.Background(), errors.New(strings.TrimSuffix(text, "\n"))) != nil {
		fmt.Fprint(a.stderr, text)
	}
}

// places are the functions on the stack, without their arguments.
func places() string {
	var b strings.Builder
	pcs := make([]uintptr, 40)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		fmt.Fprintf(&b, "  %s:%d\n", f.Function, f.Line)
	}
	return b.String()
}
