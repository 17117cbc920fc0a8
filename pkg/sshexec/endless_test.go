package sshexec

import (
	"strings"
	"testing"
)

// TestScriptWithoutEnd: what a script says is shown and recorded, so it may not
// say all that it likes.
func TestScriptWithoutEnd(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		got := 0
		_, _, err := h.conn.Run(t.Context(), "", `while :; do printf '%s\n' "$1$1$1$1" || exit; done`, []string{strings.Repeat("x", 8000)}, nil,
			func(l string) { got += len(l) + 1 })
		if !IsKind(err, Limit) || !strings.Contains(err.Error(), "more than 32 MB") {
			t.Errorf("got %v, want limit", err)
		}
		if got == 0 || got > maxStream {
			t.Errorf("%d bytes were passed on, want at most %d", got, maxStream)
		}
		if exit, _, err := h.conn.Run(t.Context(), "", "exit 3", nil, nil, nil); exit != 3 || err != nil {
			t.Errorf("after it a script gives %d, %v", exit, err)
		}
	})
}
