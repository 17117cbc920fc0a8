package sshexec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// books are the known_hosts files that were read, each list of files once for
// all hosts.
type books struct {
	mu    sync.Mutex
	lists map[string]*book
}

// book is one list of files.
type book struct {
	once   sync.Once
	db     *knownhosts.HostKeyDB
	copies map[string]string // file that the library read instead, to the one it stands for
	err    error
}

func (b *books) open(cfg *Config) (*book, error) {
	key := strings.Join(cfg.KnownHosts, "\x00")
	b.mu.Lock()
	if b.lists == nil {
		b.lists = map[string]*book{}
	}
	if b.lists[key] == nil {
		b.lists[key] = &book{copies: map[string]string{}}
	}
	list := b.lists[key]
	b.mu.Unlock()
	list.once.Do(func() { list.err = list.read(cfg) })
	return list, list.err
}

// forget makes later hosts read the files again, after a line was added.
func (b *books) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lists = nil
}

// original is the operator's name of a file that was read.
func (b *book) original(file string) string { return or(b.copies[file], file) }

// read reads the files. One that is missing is empty; a line that makes no
// sense is left out with a warning, because the library would refuse the whole
// file for it.
func (b *book) read(cfg *Config) (err error) {
	var usable []string
	for _, file := range cfg.KnownHosts {
		_, err := xknownhosts.New(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			sound, err := b.soundCopy(file, cfg.Warn)
			if err != nil {
				return err
			}
			defer os.Remove(sound)
			usable = append(usable, sound)
		default:
			usable = append(usable, file)
		}
	}
	b.db, err = knownhosts.NewDB(usable...)
	return err
}

// soundCopy is a copy of the file without its corrupt lines.
func (b *book) soundCopy(file string, warn func(string)) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	sound, dropped := dropCorrupt(data)
	for _, line := range dropped {
		warn(fmt.Sprintf("%s:%d: not a known_hosts line; it is ignored", file, line))
	}
	copied, err := temporaryCopy(sound)
	b.copies[copied] = file
	return copied, err
}

// dropCorrupt blanks the lines that cannot be parsed, so that the numbers of
// the others stay as they are.
func dropCorrupt(data []byte) (clean []byte, dropped []int) {
	lines := bytes.SplitAfter(data, []byte("\n"))
	for i, line := range lines {
		if lineIsSound(line) {
			clean = append(clean, line...)
			continue
		}
		dropped = append(dropped, i+1)
		clean = append(clean, '\n')
	}
	return clean, dropped
}

// lineIsSound reports whether the library takes the line. It only reads files,
// so the line is given as one.
func lineIsSound(line []byte) bool {
	file, err := temporaryCopy(line)
	if err != nil {
		return true // the loader will tell
	}
	defer os.Remove(file)
	_, err = xknownhosts.New(file)
	return err == nil
}

func temporaryCopy(data []byte) (name string, err error) {
	f, err := os.CreateTemp("", "appm-known-hosts-")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// appending keeps hosts that are dialled at the same time from mixing lines.
var appending sync.Mutex

// remember adds the key of a host seen for the first time.
func (h *hostKeys) remember(address string, key ssh.PublicKey) error {
	if len(h.cfg.KnownHosts) == 0 {
		return h.cfg.fail(HostKey, nil, "accept-new needs a known_hosts file to write host key %s to", describe(key))
	}
	file := h.cfg.KnownHosts[0]
	line := knownhosts.Line([]string{address}, key) + "\n"
	if err := appendLine(file, line); err != nil {
		return h.cfg.fail(HostKey, err, "host key %s could not be added to %s", describe(key), file)
	}
	h.added = key
	h.books.forget()
	h.cfg.Warn(fmt.Sprintf("%s: host key %s was added to %s", h.cfg.Host, describe(key), file))
	return nil
}

func appendLine(file, line string) error {
	appending.Lock()
	defer appending.Unlock()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if !endsLine(f) {
		line = "\n" + line
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// endsLine reports whether a file is empty or its last line is complete.
func endsLine(f *os.File) bool {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil || end == 0 {
		return true
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, end-1)
	return err != nil || last[0] == '\n'
}
