package sshexec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// loadKnownHosts reads the files. One that is missing is empty; a line that
// makes no sense is left out with a warning, because the library would refuse
// the whole file for it.
func (h *hostKeys) loadKnownHosts() (err error) {
	var usable []string
	for _, file := range h.cfg.KnownHosts {
		_, err := xknownhosts.New(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			sound, err := h.soundCopy(file)
			if err != nil {
				return err
			}
			defer os.Remove(sound)
			usable = append(usable, sound)
		default:
			usable = append(usable, file)
		}
	}
	h.db, err = knownhosts.NewDB(usable...)
	return err
}

// soundCopy is a copy of the file without its corrupt lines.
func (h *hostKeys) soundCopy(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	sound, dropped := dropCorrupt(data)
	for _, line := range dropped {
		h.cfg.Warn(fmt.Sprintf("%s:%d: not a known_hosts line; it is ignored", file, line))
	}
	copied, err := temporaryCopy(sound)
	h.copies[copied] = file
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
