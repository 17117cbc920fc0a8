package sshconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// maxDepth of files that include files, as in ssh.
const maxDepth = 16

// pass is one reading of the files for one host.
type pass struct {
	files     Files
	set       *settings
	host      string // what Host lines are compared with
	final     bool
	wantFinal bool // a line asks for a second pass
}

// place is where a line stands. Within a file whose Include stands in a block
// that does not apply, nothing applies (never).
type place struct {
	file  string
	line  int
	user  bool // of the user's files, whose relative includes are in ~/.ssh
	never bool
	depth int
}

func (p place) wrong(text string) *Error { return &Error{p.file, p.line, text} }

func (p *pass) run() error {
	if f := p.files.User; f != "" {
		if err := p.file(place{file: f, user: true}, !p.files.Alone); err != nil {
			return err
		}
	}
	if f := p.files.System; f != "" {
		return p.file(place{file: f}, false)
	}
	return nil
}

// file reads one file. Each begins as if by `Host *`.
func (p *pass) file(at place, checkRights bool) error {
	data, err := os.ReadFile(at.file)
	missing := errors.Is(err, fs.ErrNotExist) && !(p.files.Alone && at.user && at.depth == 0)
	if missing || isDir(at.file) {
		return nil
	}
	if err != nil {
		return &Error{File: at.file, Text: cause(err)}
	}
	if checkRights && othersMayWrite(at.file) {
		return &Error{File: at.file, Text: "others than its owner may write to it, so ssh refuses it; run: chmod go-w " + at.file}
	}
	active := !at.never
	for line := range strings.Lines(string(data)) {
		at.line++
		if err := p.line(at, line, &active); err != nil {
			return err
		}
	}
	return nil
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// othersMayWrite is what ssh asks too: who can write a ProxyCommand into the
// file is the user.
func othersMayWrite(name string) bool {
	info, err := os.Stat(name)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0
}

func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

func (p *pass) line(at place, text string, active *bool) (err error) {
	keyword, rest, ok := cutKeyword(text)
	block := keyword == "host" || keyword == "match" || keyword == "include"
	if ok && (keyword == "" || !block && !*active) {
		return nil
	}
	args, splitErr := splitArgs(rest)
	switch {
	case !ok || splitErr != nil:
		return at.wrong(errQuotes.Error())
	case keyword == "match":
		*active, err = p.match(at, rest)
	case len(args) == 0 || args[0] == "":
		return at.wrong("no value after " + spelled(keyword))
	case keyword == "host":
		*active = matchesHost(p.host, args)
	case keyword == "include":
		return p.include(at, args, *active)
	default:
		return p.set.take(setting{place: at, keyword: keyword, args: args, rest: rest})
	}
	*active = *active && !at.never
	return err
}

func (p *pass) include(at place, args []string, active bool) error {
	if at.depth+1 >= maxDepth {
		return at.wrong("files include each other; a file must not include itself")
	}
	for _, arg := range args {
		pattern, err := p.anchored(at, arg)
		if err != nil {
			return err
		}
		files, err := glob(pattern)
		if err != nil {
			return at.wrong("Include " + arg + ": " + err.Error())
		}
		for _, file := range files {
			inner := place{file: file, user: at.user, never: at.never || !active, depth: at.depth + 1}
			if err := p.file(inner, at.user); err != nil {
				return err
			}
		}
	}
	return nil
}

// anchored is the path of an included file: relative ones are in ~/.ssh, or
// /etc/ssh for the system's.
func (p *pass) anchored(at place, arg string) (string, error) {
	switch {
	case filepath.IsAbs(arg):
		return arg, nil
	case strings.HasPrefix(arg, "~") && !at.user:
		return "", at.wrong("Include of a ~ path is not possible in the system's file")
	case strings.HasPrefix(arg, "~"):
		path, err := p.set.tilde(arg)
		if err != nil {
			return "", at.wrong(err.Error())
		}
		return path, nil
	case at.user:
		return filepath.Join(p.files.Local.Home, ".ssh", arg), nil
	}
	return filepath.Join("/etc/ssh", arg), nil
}

// glob leaves out what begins with a dot unless the pattern does, as a shell.
func glob(pattern string) ([]string, error) {
	pattern = strings.ReplaceAll(pattern, "[!", "[^")
	found, err := filepath.Glob(pattern)
	var files []string
	for _, f := range found {
		if !hidden(f, pattern) {
			files = append(files, f)
		}
	}
	return files, err
}

func hidden(file, pattern string) bool {
	in, of := strings.Split(filepath.ToSlash(filepath.Clean(file)), "/"), strings.Split(filepath.ToSlash(filepath.Clean(pattern)), "/")
	for i := range in {
		if i < len(of) && strings.HasPrefix(in[i], ".") && !strings.HasPrefix(of[i], ".") {
			return true
		}
	}
	return false
}
