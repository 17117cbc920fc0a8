package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/term"
)

// sources is the outside that the inventory's secrets come from; paths are
// relative to the inventory.
type sources struct {
	dir   string
	stdin *os.File
	ask   func(string)    // where the question goes
	done  <-chan struct{} // closed by an interrupt; nil: never
}

func (s sources) Env(name string) (string, bool) { return os.LookupEnv(name) }

func (s sources) File(path string) ([]byte, error) { return os.ReadFile(s.path(path)) }

// path resolves a path as written in the inventory.
func (s sources) path(path string) string { return resolve(s.dir, path) }

func resolve(dir, path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// Command runs argv without a shell. Its output is the secret, so an error
// carries what it wrote to stderr and nothing else.
func (s sources) Command(argv []string) ([]byte, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdin = s.dir, s.stdin
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			return nil, fmt.Errorf("%s: %w: %s", argv[0], err, text)
		}
		return nil, fmt.Errorf("%s: %w", argv[0], err)
	}
	return out, nil
}

func (s sources) terminal() bool { return term.IsTerminal(int(s.stdin.Fd())) }

// Prompt reads without echo. An interrupt ends it, and puts the terminal back as
// it was: nothing else would, once the echo is off.
func (s sources) Prompt(what string) (string, error) {
	if !s.terminal() {
		return "", errors.New("there is no terminal to ask on; use env, file or command in the inventory")
	}
	fd := int(s.stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	s.ask(what + ": ")
	defer s.ask("\n")
	type answer struct {
		text []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		typed <- answer{text, err}
	}()
	select {
	case a := <-typed:
		return string(a.text), a.err
	case <-s.done:
		return "", errors.Join(errors.New("interrupted"), term.Restore(fd, before))
	}
}
