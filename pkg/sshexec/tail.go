package sshexec

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// tail keeps the end of a stream.
type tail struct {
	mu    sync.Mutex
	data  []byte
	waits []wait
	eof   bool
}

type wait struct {
	text string
	met  chan struct{}
}

// tailSize is what is kept of stderr: enough for the last words of any tool.
const tailSize = 16 << 10

func (t *tail) fill(r io.Reader) {
	buf := make([]byte, 8<<10)
	for {
		n, err := r.Read(buf)
		t.add(buf[:n])
		if err != nil {
			t.end()
			return
		}
	}
}

func (t *tail) add(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if over := len(t.data) - tailSize; over > 0 {
		t.data = append(t.data[:0], t.data[over:]...)
	}
	t.tell()
}

func (t *tail) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.eof = true
	t.tell()
}

// seen is closed when the text, or the end, has come.
func (t *tail) seen(text string) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := wait{text, make(chan struct{})}
	t.waits = append(t.waits, w)
	t.tell()
	return w.met
}

func (t *tail) has(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Contains(t.data, []byte(text))
}

// tell wakes those whose text has come.
func (t *tail) tell() {
	rest := t.waits[:0]
	for _, w := range t.waits {
		if t.eof || bytes.Contains(t.data, []byte(w.text)) {
			close(w.met)
			continue
		}
		rest = append(rest, w)
	}
	t.waits = rest
}

// after is the text between two markers, or what there is of it.
func (t *tail) after(begin, end string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := string(t.data)
	if _, rest, ok := strings.Cut(text, begin+"\n"); ok {
		text = rest
	}
	text, _, _ = strings.Cut(text, end)
	return strings.TrimSpace(text)
}
