package integration_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/appm-provision/appm-provision/integration/lab"
)

// escape would clear a screen and rename a window.
const escape = "\x1b[2J\x1b]0;mine\x07\u009b31m\r"

// TestHostileHost: a host that answers whatever it likes is refused with one
// error. Nothing panics, no escape of it reaches the terminal, and no host is
// changed.
func TestHostileHost(t *testing.T) {
	t.Parallel()
	w := up(t, deployment{name: "embedded"})
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	h, _ := w.node(t, "gateway")
	evil := overtake(t, w.Lab, h)
	inventory, err := w.WriteInventory()
	if err != nil {
		t.Fatal(err)
	}
	before := w.look(t)
	type answer struct {
		name string
		make func(io.Writer, []byte)
		none bool // it says nothing wrong
	}
	answers := []answer{
		{"the truth", func(out io.Writer, a []byte) { _, _ = out.Write(a) }, true},
		{"nothing", func(io.Writer, []byte) {}, false},
		{"half", func(out io.Writer, a []byte) { _, _ = out.Write(a[:len(a)/2]) }, false},
		{"twice", func(out io.Writer, a []byte) { _, _ = out.Write(append(bytes.Clone(a), a...)) }, false},
		{"escapes before", func(out io.Writer, a []byte) { _, _ = out.Write(append([]byte(escape+"\n"), a...)) }, true},
		{"escapes within", func(out io.Writer, a []byte) {
			_, _ = out.Write(bytes.ReplaceAll(a, []byte("\n"), []byte(escape+"\n")))
		}, false},
		{"noise without end", func(out io.Writer, a []byte) {
			noise := bytes.Repeat([]byte(escape+" noise\n"), 1000)
			for err := error(nil); err == nil; { // until nobody listens any more
				_, err = out.Write(noise)
			}
		}, false},
		{"one line without end", func(out io.Writer, a []byte) {
			line := bytes.Repeat([]byte("x"), 32<<10)
			for _, err := out.Write(a[:len(a)/2]); err == nil; {
				_, err = out.Write(line)
			}
		}, false},
	}
	for range 12 {
		at := random.Float64()
		answers = append(answers, answer{fmt.Sprintf("a byte changed at %.3f", at), func(out io.Writer, a []byte) {
			a = bytes.Clone(a)
			a[int(at*float64(len(a)))] ^= byte(1 + random.IntN(255))
			_, _ = out.Write(a)
		}, true})
	}
	for _, a := range answers {
		evil.answer = a.make
		r := w.runOn(t, inventory, "plan", "--limit", h.Name)
		if !a.none && (r.code == 0 || r.err == "") {
			t.Errorf("%s: ends with %d: %s", a.name, r.code, r.err)
		}
		harmless(t, a.name, r)
	}
	w.same(t, before, "hosts that lie")
}

func harmless(t *testing.T, what string, r result) {
	t.Helper()
	if i := strings.IndexAny(r.out+r.err, "\x1b\x07\r\u009b"); i >= 0 {
		t.Errorf("%s: an escape reaches the terminal: %q", what, (r.out + r.err)[max(0, i-200):])
	}
}

// liar is an SSH server in front of a host, with the host's own key.
type liar struct {
	config *ssh.ServerConfig
	to     *ssh.Client
	answer func(out io.Writer, truth []byte)
}

// overtake puts itself between the tool and the host.
func overtake(t *testing.T, l *lab.Lab, h *lab.Host) *liar {
	t.Helper()
	key := parsedKey(t, filepath.Join(l.Dir, "keys", h.Name))
	to, err := ssh.Dial("tcp", h.SSH.String(), &ssh.ClientConfig{User: l.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(parsedKey(t, l.KeyFile))},
		HostKeyCallback: ssh.FixedHostKey(key.PublicKey())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { to.Close() })
	evil := &liar{to: to, config: &ssh.ServerConfig{
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil },
		BannerCallback:    func(ssh.ConnMetadata) string { return escape + "\n" },
		ServerVersion:     "SSH-2.0-mine",
	}}
	evil.config.AddHostKey(key)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go evil.serve(c)
		}
	}()
	if err := h.ReachThrough(listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	return evil
}

func parsedKey(t *testing.T, file string) ssh.Signer {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (l *liar) serve(raw net.Conn) {
	defer raw.Close()
	_, channels, requests, err := ssh.NewServerConn(raw, l.config)
	if err != nil {
		return // the client knows
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		if ch, asked, err := c.Accept(); err == nil {
			go l.session(ch, asked)
		}
	}
}

// session runs the command on the host and answers with what it makes of it.
func (l *liar) session(ch ssh.Channel, requests <-chan *ssh.Request) {
	defer ch.Close()
	for r := range requests {
		_ = r.Reply(r.Type == "exec", nil)
		if r.Type != "exec" {
			continue
		}
		go ssh.DiscardRequests(requests)
		var text struct{ Line string }
		s, err := l.to.NewSession()
		if err != nil || ssh.Unmarshal(r.Payload, &text) != nil {
			return
		}
		defer s.Close()
		s.Stdin = ch
		truth, _ := s.Output(text.Line) // what it says counts, not how it ends
		_, _ = io.WriteString(ch.Stderr(), escape+"\n")
		l.answer(ch, truth)
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ N uint32 }{1}))
		return
	}
}

// TestHostileNames: what stands in files and names of files on a host is shown,
// and moves no terminal.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	w := up(t, deployment{name: "embedded"})
	h, n := w.node(t, "gateway")
	jar := filepath.Join(h.Path(n.Home), "repository/components/lib", "mysql-connector-"+strings.ReplaceAll(escape, "/", "")+".jar")
	if err := os.WriteFile(jar, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	replace(t, h, h.HostsFile, "127.0.0.1", "# "+strings.ReplaceAll(escape, "\r", "")+"\n127.0.0.1")
	r := w.want(t, 0, "plan", "--verbose", "--color", "always")
	for _, c := range []string{"0", "1", "2", "31", "32", "33", "36"} {
		r.out = strings.ReplaceAll(r.out, "\x1b["+c+"m", "")
	}
	if !strings.Contains(r.out, `\x1b[2J\x1b]0;mine\x07`) {
		t.Errorf("the escapes are not shown:\n%s", r.out)
	}
	harmless(t, "plan", r)
	harmless(t, "status", w.run(t, "status"))
	harmless(t, "check", w.run(t, "check"))
	harmless(t, "apply", w.want(t, 0, "apply", "--yes"))
	harmless(t, "runs show", w.command(t, 0, "runs", "show", idOf(w.newestRecord(t))))
	if _, err := os.Stat(jar); !os.IsNotExist(err) {
		t.Errorf("the jar is still there: %v", err)
	}
}

// TestHostileDatabase greets with an error that holds escapes, or with bytes.
func TestHostileDatabase(t *testing.T) {
	t.Parallel()
	w := up(t, deployment{name: "embedded"})
	for name, greeting := range map[string][]byte{
		"an error": packet(append([]byte{0xff, 0x15, 0x04}, "#28000"+escape...)), "a version": packet(append([]byte{10}, escape+"\x00"...)),
		"a length without end": {0xff, 0xff, 0xff, 0}, "noise": []byte(strings.Repeat(escape, 100)), "nothing": nil,
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return // closed
				}
				_, _ = c.Write(greeting)
				c.Close()
			}
		}()
		port := listener.Addr().(*net.TCPAddr).Port
		inventory := w.vary(t, fmt.Sprintf("port = %d\n", w.Database.Port), fmt.Sprintf("port = %d\n", port))
		r := w.runOn(t, inventory, "plan", "--limit", "database")
		if r.code == 0 || r.err == "" {
			t.Errorf("%s: ends with %d", name, r.code)
		}
		harmless(t, name, r)
		listener.Close()
	}
}

func packet(body []byte) []byte {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
	return append(head[:4:4], body...)
}
