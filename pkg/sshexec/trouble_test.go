package sshexec

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between us and a host. It can cut the connection after so many
// bytes of ours, and it can go silent.
type proxy struct {
	port   int
	left   atomic.Int64 // bytes that may still pass to the host; negative: any number
	silent atomic.Bool
}

func newProxy(t testing.TB, to int) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &proxy{port: l.Addr().(*net.TCPAddr).Port}
	p.left.Store(-1)
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", to))
			if err != nil {
				near.Close()
				continue
			}
			go p.pass(far, near, true)
			go p.pass(near, far, false)
		}
	}()
	return p
}

func (p *proxy) pass(to, from net.Conn, counted bool) {
	defer to.Close()
	defer from.Close()
	for {
		buf := make([]byte, 64<<10)
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		for p.silent.Load() {
			time.Sleep(10 * time.Millisecond)
		}
		if left := p.left.Load(); counted && left >= 0 {
			p.left.Store(max(0, left-int64(n)))
			n = min(n, int(left))
		}
		if _, err := to.Write(buf[:n]); err != nil || counted && p.left.Load() == 0 {
			return
		}
	}
}

// Wherever the connection is cut while files are written, each file is the old
// one or the new one, nothing else is left, and the next run can finish.
func TestCutWhileWriting(t *testing.T) {
	key := newKey(t)
	s := listen(t, key.PublicKey())
	p := newProxy(t, s.port)
	cfg := s.config(key)
	cfg.Port = p.port
	h := host{"cut", nil, os.Getuid() == 0, openDir(t), os.Getuid()}
	names := []string{"a.xml", "b.xml", "c.xml"}
	text := func(name, what string) string { return strings.Repeat(name+what, 10_000) }
	var done, lost int
	for cut := int64(0); done == 0; cut += 10_000 {
		var replaces []Replace
		for _, name := range names {
			old, neu := text(name, "old"), text(name, "new")
			replaces = append(replaces, Replace{Path: h.owned(t, name, old, 0o644), Before: sums(old), Data: []byte(neu), SHA256: sums(neu)})
		}
		p.left.Store(-1)
		conn := dial(t, cfg)
		p.left.Store(cut)
		wrote, err := conn.Replace(t.Context(), replaces)
		switch {
		case err == nil && wrote[2].Done:
			done++
		case IsKind(err, Lost):
			lost++
		default:
			t.Fatalf("cut at %d: got %v, %v", cut, wrote, err)
		}
		p.left.Store(-1)
		settled(t, h, names, text)
	}
	if lost < 3 {
		t.Errorf("only %d runs were cut", lost)
	}
	t.Logf("%d runs were cut", lost)
}

// settled waits until a script that lost its connection has come to its end.
func settled(t *testing.T, h host, names []string, text func(name, what string) string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		left, _ := filepath.Glob(filepath.Join(h.dir, ".*"))
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %q", left)
		}
	}
	for _, name := range names {
		got, err := os.ReadFile(filepath.Join(h.dir, name))
		if err != nil || string(got) != text(name, "old") && string(got) != text(name, "new") {
			t.Fatalf("%s is neither old nor new: %d bytes, %v", name, len(got), err)
		}
	}
}

// The same while the script runs: it goes on to its end, or ends between two files.
func TestCutWhileTheScriptWrites(t *testing.T) {
	key := newKey(t)
	s := listen(t, key.PublicKey())
	h := host{"cut", nil, os.Getuid() == 0, openDir(t), os.Getuid()}
	names := []string{"a.xml", "b.xml", "c.xml", "d.xml"}
	text := func(name, what string) string { return strings.Repeat(name+what, 1000) }
	lost := 0
	for delay := time.Duration(0); delay < 60*time.Millisecond; delay += 3 * time.Millisecond {
		var replaces []Replace
		for _, name := range names {
			old, neu := text(name, "old"), text(name, "new")
			replaces = append(replaces, Replace{Path: h.owned(t, name, old, 0o644), Before: sums(old), Data: []byte(neu), SHA256: sums(neu)})
		}
		conn := dial(t, s.config(key))
		time.AfterFunc(delay, s.cut)
		if _, err := conn.Replace(t.Context(), replaces); IsKind(err, Lost) {
			lost++
		} else if err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		settled(t, h, names, text)
	}
	if lost == 0 {
		t.Error("no run was cut")
	}
}

// A temporary file that a killed run left behind goes with the next write of a run.
func TestOldTemporaryFilesAreRemoved(t *testing.T) {
	stored(t, func(t *testing.T, h host) {
		file := h.owned(t, "carbon.xml", "old", 0o600)
		h.owned(t, ".carbon.xml.appm-0123456789abcdef0", "secret", 0o600)
		other := h.owned(t, ".carbon.xml.swp", "not ours", 0o600)
		r := Replace{Path: file, Before: sums("old"), Data: []byte("new"), SHA256: sums("new"), Keep: storeRun + "000-carbon.xml"}
		if w := replace(t, h.conn, r)[0]; !w.Done {
			t.Fatalf("got %+v", w)
		}
		if left, _ := filepath.Glob(h.dir + "/.*"); len(left) != 1 || left[0] != other {
			t.Errorf("left: %q", left)
		}
	})
}

func TestDeadPeer(t *testing.T) {
	key := newKey(t)
	s := listen(t, key.PublicKey())
	p := newProxy(t, s.port)
	cfg := s.config(key)
	cfg.Port, cfg.KeepAlive, cfg.KeepAliveCount = p.port, 250*time.Millisecond, 4
	conn := dial(t, cfg)
	time.Sleep(1500 * time.Millisecond) // a quiet peer that answers is alive
	gather(t, conn, Read{Kind: "run", Name: "sleep 1.5"})
	p.silent.Store(true)
	defer p.silent.Store(false)
	started := time.Now()
	_, err := conn.Gather(t.Context(), []Read{{Kind: "run", Name: "true"}})
	if took := time.Since(started); !IsKind(err, Lost) || !strings.Contains(err.Error(), "no sign of life for 1s") || took > 10*time.Second {
		t.Errorf("got %v after %s, want the connection lost", err, took)
	}
	if _, err := conn.Gather(t.Context(), []Read{{Kind: "run", Name: "true"}}); !IsKind(err, Lost) {
		t.Errorf("got %v, want lost", err)
	}
}

func TestCutWhileReading(t *testing.T) {
	key := newKey(t)
	s := listen(t, key.PublicKey())
	conn := dial(t, s.config(key))
	time.AfterFunc(300*time.Millisecond, s.cut)
	_, _, err := conn.Run(t.Context(), "", "sleep 60", nil, nil, nil)
	if !IsKind(err, Lost) {
		t.Errorf("got %v, want lost", err)
	}
	for what, call := range map[string]func() error{
		"Gather": func() error { _, err := conn.Gather(t.Context(), []Read{{Kind: "run", Name: "true"}}); return err },
		"Replace": func() error {
			_, err := conn.Replace(t.Context(), []Replace{{Path: "/x", SHA256: sums("")}})
			return err
		},
		"Upload": func() error {
			_, err := conn.Upload(t.Context(), "x", strings.NewReader("x"), 1, nil)
			return err
		},
		"DialContext": func() error { _, err := conn.DialContext(t.Context(), "tcp", "127.0.0.1:1"); return err },
	} {
		if err := call(); !IsKind(err, Lost) {
			t.Errorf("%s on a lost connection: got %v", what, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				found, err := h.conn.Gather(t.Context(), []Read{{Kind: "run", Name: "echo $1", Args: []string{fmt.Sprint(i)}}})
				if err != nil || string(found[0][0].Data) != fmt.Sprintf("%d\n", i) {
					t.Errorf("got %+v, %v", found, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestOutputLimit(t *testing.T) {
	key := newKey(t)
	cfg := listen(t, key.PublicKey()).config(key)
	cfg.MaxOutput = 1 << 20
	conn := dial(t, cfg)
	_, err := conn.Gather(t.Context(), []Read{{Kind: "file", Name: "/dev/zero"}, {Kind: "run", Name: "head -c 3000000 /dev/zero"}})
	if !IsKind(err, Limit) {
		t.Errorf("got %v, want limit", err)
	}
	gather(t, conn, Read{Kind: "run", Name: "true"})
}

// A host that says anything at all, without end, costs no more than the limit.
func TestEndlessNoise(t *testing.T) {
	key := newKey(t)
	s := listen(t, key.PublicKey())
	s.shell = []string{"sh", "-c", "tr '\\0' x </dev/zero >&2 & exec tr '\\0' x </dev/zero", "noise"}
	cfg := s.config(key)
	cfg.MaxOutput = 1 << 20
	conn := dial(t, cfg)
	if _, err := conn.Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/hosts"}}); !IsKind(err, Limit) {
		t.Errorf("got %v, want limit", err)
	}
	if _, _, err := conn.Run(t.Context(), "", "true", nil, nil, func(string) { t.Error("noise was taken for output") }); !IsKind(err, Limit) {
		t.Errorf("got %v, want limit", err)
	}
}

func TestFileThatGrows(t *testing.T) {
	key := newKey(t)
	conn := dial(t, listen(t, key.PublicKey()).config(key))
	file := filepath.Join(t.TempDir(), "log")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		f, err := os.Create(file)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = f.WriteString("a line of a busy log\n")
				time.Sleep(200 * time.Microsecond)
			}
		}
	})
	steady := filepath.Join(t.TempDir(), "steady")
	write(t, steady, "steady", 0o600)
	for range 5 {
		found := gather(t, conn, Read{Kind: "file", Name: steady}, Read{Kind: "file", Name: file})
		if f := found[0][0]; string(f.Data) != "steady" || f.Err != "" {
			t.Errorf("steady: got %+v", f)
		}
		if f := found[1][0]; f.Err == "" && sum(f.Data) != f.SHA256 || f.Err != "" && f.Data != nil {
			t.Errorf("growing: got %d bytes, %q", len(f.Data), f.Err)
		}
	}
	close(stop)
	wg.Wait()
}

// mounted runs an SSH server whose commands live in a mount namespace of their
// own, where a script has mounted things below a folder.
func mounted(t *testing.T, script string) host {
	t.Helper()
	needRoot(t)
	dir := openDir(t)
	key := newKey(t)
	s := listen(t, key.PublicKey())
	s.shell = []string{"unshare", "--mount", "sh", "-c", "mount --make-rprivate /; cd " + quote(dir) + " && { " + script + "; } >&2; exec sh -c \"$1\"", "mounted"}
	return host{"mounted", dial(t, s.config(key)), true, dir, 0}
}

func TestBindMountedFileIsWrittenInPlace(t *testing.T) {
	h := mounted(t, "mount --bind source hosts; mount -t tmpfs none ro; cp hosts ro/hosts; mount -o remount,ro ro")
	source := h.owned(t, "source", "127.0.0.1 localhost\n", 0o644)
	hosts := h.owned(t, "hosts", "", 0o644)
	if err := os.Mkdir(h.dir+"/ro", 0o755); err != nil {
		t.Fatal(err)
	}
	text := "127.0.0.1 localhost\n10.0.0.1 db\n"
	w := replace(t, h.conn, Replace{Path: hosts, Before: sums("127.0.0.1 localhost\n"), Data: []byte(text), SHA256: sums(text), Mode: 0o640})[0]
	if !w.Done || !w.InPlace || w.Err != "" {
		t.Errorf("got %+v, want done in place", w)
	}
	info, err := os.Stat(source)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(source); string(got) != text || info.Mode() != 0o640 {
		t.Errorf("got %q %v %v", got, info.Mode(), err)
	}
	w = replace(t, h.conn, Replace{Path: hosts, Before: sums("else"), Data: []byte("x"), SHA256: sums("x")})[0]
	if w.Done || !w.Moved {
		t.Errorf("got %+v, want moved", w)
	}
	w = replace(t, h.conn, Replace{Path: h.dir + "/ro/hosts", Before: sums(text), Data: []byte("x"), SHA256: sums("x")})[0]
	if w.Done || !strings.Contains(w.Err, "Read-only") {
		t.Errorf("got %+v, want read-only", w)
	}
	h.leavesNothing(t)
}

func TestDiskFull(t *testing.T) {
	h := mounted(t, "mount -t tmpfs -o size=64k none full; cp hosts full/hosts")
	h.owned(t, "hosts", "old", 0o644)
	if err := os.Mkdir(h.dir+"/full", 0o755); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("x", 100_000)
	full := h.dir + "/full/hosts"
	w := replace(t, h.conn, Replace{Path: full, Before: sums("old"), Data: []byte(text), SHA256: sums(text)})[0]
	if w.Done || !strings.Contains(w.Err, "No space left") {
		t.Errorf("got %+v, want no space left", w)
	}
}

// No secret that is written may be seen in the arguments of any process.
func TestNoSecretInArguments(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		secret := []byte("geheim-" + randomHex(8))
		text := append(bytes.Repeat([]byte("x\n"), 500_000), secret...)
		stop := make(chan struct{})
		var seen atomic.Int64
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					seen.Add(int64(searchProcesses(secret)))
				}
			}
		})
		replace(t, h.conn, Replace{Path: h.dir + "/x", Data: text, SHA256: sum(text)})
		_, _, err := h.conn.Run(t.Context(), "", "cat >/dev/null; sleep 0.2", nil, secret, nil)
		if err != nil {
			t.Error(err)
		}
		close(stop)
		wg.Wait()
		if seen.Load() > 0 {
			t.Error("the secret was seen in the arguments or the environment of a process")
		}
	})
}

// searchProcesses looks for the text, and for its base64, whichever of the three
// ways it may be aligned.
func searchProcesses(secret []byte) (seen int) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	more, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range append(files, more...) {
		f, err := os.Open(file)
		if err != nil {
			continue
		}
		data, _ := io.ReadAll(f)
		f.Close()
		for _, form := range encodings(secret) {
			if bytes.Contains(data, form) {
				seen++
			}
		}
	}
	return seen
}

func encodings(secret []byte) [][]byte {
	forms := [][]byte{secret}
	for shift := range 3 {
		padded := append(bytes.Repeat([]byte("x"), shift), secret...)
		padded = padded[:len(padded)/3*3]
		forms = append(forms, []byte(base64.StdEncoding.EncodeToString(padded)[4:]))
	}
	return forms
}
