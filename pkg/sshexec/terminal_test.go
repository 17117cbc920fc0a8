package sshexec

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// However the bytes of a terminal come in pieces, both streams are what they
// were.
func TestUntangle(t *testing.T) {
	text := "aM e one\nMM e two\nM eM e \n\x00\xffM e  three M e \nend M"
	const stdout, stderr = "aMM e\x00\xffend M", "one\ntwo\n\n three M e \n"
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"at once": func(r io.Reader) io.Reader { return r },
		"bytes":   iotest.OneByteReader,
		"halves":  iotest.HalfReader,
		"end":     iotest.DataErrReader,
	} {
		errs := &tail{}
		out, err := io.ReadAll(&untangle{from: wrap(strings.NewReader(text)), tag: []byte("M e "), to: errs})
		if got := string(errs.data); err != nil || string(out) != stdout || got != stderr || !errs.eof {
			t.Errorf("%s: got %q, %q, %v, want %q, %q", name, out, got, err, stdout, stderr)
		}
	}
}

// Every way to another user works on a terminal, bytes and both streams included.
func TestOnATerminal(t *testing.T) {
	c := vaultCell(t)
	for _, way := range []struct{ method, user, password string }{
		{"sudo", "never", vaultPassword}, {"sudo", "usepty", vaultPassword}, {"sudo", "free", ""},
		{"su", "plain", vaultPassword}, {"su", "tcsh", vaultPassword}, {"su", "fish", vaultPassword}, {"doas", "free", ""},
	} {
		t.Run(fmt.Sprint(way.method, " ", way.user), func(t *testing.T) {
			if way.method == "doas" {
				needs(t, "doas")
			}
			conn := dial(t, c.through(t, way.user, way.method, way.password))
			conn.door.terminal.Store(true)
			h := host{way.user, conn, true, openDir(t), 0}
			testReplace(t, h)
			testRun(t, h)
			h.dir = openDir(t)
			testGather(t, h)
		})
	}
}

// A terminal that sshd refuses is told as what is missing.
func TestNoTerminal(t *testing.T) {
	c := startCell(t, sharedKey(t).PublicKey(), "PermitTTY no")
	c.addUsers(t)
	_, err := dial(t, c.through(t, "tty", "sudo", vaultPassword)).Gather(t.Context(), []Read{{Kind: "run", Name: "true"}})
	wantSudo(t, err, "PermitTTY")
}
