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
	ask   func(string) // where the question goes
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

func (s sources) Prompt(what string) (string, error) {
	if !term.IsTerminal(int(s.stdin.Fd())) {
		return "", errors.New("there is no terminal to ask on; use env, file or command in the inventory")
	}
	s.ask(what + ": ")
	text, err := term.ReadPassword(int(s.stdin.Fd()))
	s.ask("\n")
	return string(text), err
}
