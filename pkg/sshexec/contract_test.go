package sshexec

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// host is one way to a host that keeps the contract.
type host struct {
	name string
	conn *Conn
	root bool // scripts run as root
	dir  string
	uid  int // of whom scripts run as
}

func dial(t testing.TB, cfg Config) *Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := Dial(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (s *server) config(key ssh.Signer) Config {
	return Config{Host: "inner", Address: s.address, Port: s.port, User: "anyone", Signers: []ssh.Signer{key},
		HostKey: ssh.FingerprintSHA256(s.hostKey.PublicKey())}
}

func (c *cell) config(user string, sudo bool, key ssh.Signer) Config {
	cfg := Config{Host: user, Address: c.address, Port: c.port, User: user, Signers: []ssh.Signer{key}, HostKey: c.hostKey}
	if sudo {
		cfg.Become = "sudo"
	}
	return cfg
}

// contract runs a test over every kind of host that this machine allows.
func contract(t *testing.T, test func(t *testing.T, h host)) {
	key := sharedKey(t)
	stage := func(t *testing.T) string { return filepath.Join(t.TempDir(), "stage") }
	t.Run("in process", func(t *testing.T) {
		cfg := listen(t, key.PublicKey()).config(key)
		cfg.StagingDirectory = stage(t)
		test(t, host{"in process", dial(t, cfg), os.Getuid() == 0, openDir(t), os.Getuid()})
	})
	t.Run("OpenSSH", func(t *testing.T) {
		c := sharedCell(t)
		for _, u := range []struct {
			name string
			uid  int
			sudo bool
		}{{"root", 0, false}, {"root", 0, true}, {"deploy", 3001, true}, {"plain", 3002, false}} {
			name := u.name
			if u.sudo {
				name += " with sudo"
			}
			t.Run(name, func(t *testing.T) {
				cfg := c.config(u.name, u.sudo, key)
				cfg.StagingDirectory = ".stage-" + randomHex(4)
				if u.uid == 0 {
					cfg.StagingDirectory = stage(t)
				}
				h := host{name, dial(t, cfg), u.uid == 0 || u.sudo, openDir(t), u.uid}
				if h.root {
					h.uid = 0
				}
				if err := os.Chown(h.dir, h.uid, h.uid); err != nil {
					t.Fatal(err)
				}
				test(t, h)
			})
		}
	})
}

// openDir is a temporary folder that every user may look into, which
// t.TempDir is not.
func openDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "appm-sshexec-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func gather(t testing.TB, c *Conn, reads ...Read) [][]Found {
	t.Helper()
	found, err := c.Gather(t.Context(), reads)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(reads) {
		t.Fatalf("got %d answers, want %d", len(found), len(reads))
	}
	return found
}

func replace(t testing.TB, c *Conn, replaces ...Replace) []Wrote {
	t.Helper()
	wrote, err := c.Replace(t.Context(), replaces)
	if err != nil {
		t.Fatal(err)
	}
	if len(wrote) != len(replaces) {
		t.Fatalf("got %d answers, want %d", len(wrote), len(replaces))
	}
	return wrote
}

func sums(text string) string { return sum([]byte(text)) }

// owned makes a file of the host's own user.
func (h host) owned(t testing.TB, name, text string, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(h.dir, name)
	write(t, file, text, mode)
	if os.Getuid() == 0 {
		if err := os.Chown(file, h.uid, h.uid); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func TestGather(t *testing.T) { contract(t, testGather) }

func testGather(t *testing.T, h host) {
	binary := "\x00\x01\xff\r\n appm \n\n"
	odd := h.owned(t, "a 'b' \"c\" $d\n\\é*", binary, 0o640)
	empty := h.owned(t, "empty", "", 0o600)
	lib := filepath.Join(h.dir, "lib")
	if err := os.Mkdir(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(lib, "a.jar"), "A", 0o644)
	write(t, filepath.Join(lib, "b c.jar"), "B", 0o644)
	write(t, filepath.Join(lib, "c.txt"), "C", 0o644)
	link := filepath.Join(h.dir, "link")
	if err := os.Symlink("lib/a.jar", link); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(h.dir, "dangling")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	found := gather(t, h.conn,
		Read{Kind: "file", Name: odd},
		Read{Kind: "file", Name: empty},
		Read{Kind: "stat", Name: lib},
		Read{Kind: "hash", Name: lib + "/*.jar"},
		Read{Kind: "hash", Name: lib + "/*.zip"},
		Read{Kind: "run", Name: `printf 'x\000%s\n' "$2"; exit 7`, Args: []string{"-a", "b 'c'"}},
		Read{Kind: "file", Name: link},
		Read{Kind: "file", Name: lib + "/none/none"},
		Read{Kind: "file", Name: dangling},
		Read{Kind: "hash", Name: odd},
		Read{Kind: "text", Name: `printf '\n%s é\n\n' "$2"; exit 7`, Args: []string{"-a", "b 'c'"}},
		Read{Kind: "text", Name: `printf 'no end of line'`},
	)
	f := found[0][0]
	info, err := os.Stat(odd)
	if err != nil {
		t.Fatal(err)
	}
	if string(f.Data) != binary || f.SHA256 != sums(binary) || f.Kind != "file" || f.Size != int64(len(binary)) || f.Err != "" {
		t.Errorf("odd file: got %+v", f)
	}
	if f.Mode != 0o640 || f.UID != h.uid && os.Getuid() == 0 || f.Links != 1 || !f.MTime.Equal(info.ModTime()) || f.Path != odd || f.Real != "" {
		t.Errorf("odd file's metadata: got %+v, want mtime %v", f, info.ModTime())
	}
	if f := found[1][0]; f.Kind != "file" || len(f.Data) != 0 || f.SHA256 != sums("") {
		t.Errorf("empty file: got %+v", f)
	}
	if f := found[2][0]; f.Kind != "dir" || f.Mode != 0o755 {
		t.Errorf("folder: got %+v", f)
	}
	var jars []string
	for _, f := range found[3] {
		jars = append(jars, fmt.Sprintf("%s %.4s", filepath.Base(f.Path), f.SHA256)+fmt.Sprint(f.Size, len(f.Data)))
	}
	if got, want := strings.Join(jars, ","), "a.jar "+sums("A")[:4]+"1 0,b c.jar "+sums("B")[:4]+"1 0"; got != want {
		t.Errorf("jars: got %q, want %q", got, want)
	}
	if len(found[4]) != 0 {
		t.Errorf("pattern without match: got %+v", found[4])
	}
	if f := found[5][0]; string(f.Data) != "x\x00b 'c'\n" || f.Exit != 7 || f.Kind != "output" {
		t.Errorf("output: got %+v", f)
	}
	if f := found[6][0]; string(f.Data) != "A" || f.Real != filepath.Join(lib, "a.jar") {
		t.Errorf("symlink: got %+v", f)
	}
	if f := found[7][0]; f.Kind != "absent" || f.Err != "" {
		t.Errorf("absent: got %+v", f)
	}
	if f := found[8][0]; f.Kind != "other" || f.Err == "" {
		t.Errorf("dangling symlink: got %+v", f)
	}
	if f := found[9][0]; f.SHA256 != sums(binary) || f.Data != nil {
		t.Errorf("hash of odd file: got %+v", f)
	}
	if f := found[10][0]; string(f.Data) != "\nb 'c' é\n\n" || f.Exit != 7 || f.Kind != "output" {
		t.Errorf("text: got %+v", f)
	}
	if f := found[11][0]; string(f.Data) != "no end of line" || f.Exit != 0 {
		t.Errorf("text without an end of line: got %+v", f)
	}
}

func TestGatherIsOneSession(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		var reads []Read
		for i := range 100 {
			name := fmt.Sprintf("f%d", i)
			reads = append(reads, Read{Kind: "file", Name: h.owned(t, name, strings.Repeat(name, 1000), 0o644)},
				Read{Kind: "run", Name: "echo $1", Args: []string{name}})
		}
		started := time.Now()
		gather(t, h.conn, reads...)
		t.Logf("100 files and 100 scripts: %s", time.Since(started))
		if s := h.conn.Stats(); s.Sessions != 1 || s.Execs != 1 || s.Connections != 1 {
			t.Errorf("got %+v, want one session", s)
		}
	})
}

func TestReplace(t *testing.T) { contract(t, testReplace) }

func testReplace(t *testing.T, h host) {
	old := h.owned(t, "carbon.xml", "old", 0o640)
	fresh := filepath.Join(h.dir, "it's new")
	real := h.owned(t, "real", "linked", 0o604)
	link := filepath.Join(h.dir, "link")
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	dead := h.owned(t, "dead.jar", "dead", 0o644)
	big := strings.Repeat("0123456789abcdef\x00\n", 20000)
	wrote := replace(t, h.conn,
		Replace{Path: old, Before: sums("old"), Data: []byte("new"), SHA256: sums("new")},
		Replace{Path: fresh, Data: []byte(big), SHA256: sums(big), Mode: 0o755},
		Replace{Path: link, Before: sums("linked"), Data: nil, SHA256: sums("")},
		Replace{Path: dead, Before: sums("dead"), Remove: true},
	)
	for _, w := range wrote {
		if !w.Done || w.Err != "" || w.Moved || w.InPlace {
			t.Errorf("got %+v, want done", w)
		}
	}
	same := func(file, want string, mode os.FileMode) {
		t.Helper()
		data, err := os.ReadFile(file)
		info, statErr := os.Lstat(file)
		if err != nil || statErr != nil || string(data) != want || info.Mode() != mode {
			t.Errorf("%s: %v %v, got %d bytes %s, want %d bytes %s", file, err, statErr, len(data), info.Mode(), len(want), mode)
		}
	}
	same(old, "new", 0o640)
	same(fresh, big, 0o755)
	same(real, "", 0o604)
	if _, err := os.Lstat(dead); err == nil {
		t.Error("dead.jar is still there")
	}
	if target, err := os.Readlink(link); err != nil || target != "real" {
		t.Errorf("the symlink is now %q, %v", target, err)
	}
	h.leavesNothing(t)
}

// leavesNothing fails if a temporary file was left.
func (h host) leavesNothing(t testing.TB) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(h.dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q %v", left, err)
	}
}

func TestReplaceStopsAtTheFirstThatMoved(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		a, b, c := h.owned(t, "a", "a", 0o644), h.owned(t, "b", "not b", 0o644), h.owned(t, "c", "c", 0o644)
		wrote := replace(t, h.conn,
			Replace{Path: a, Before: sums("a"), Data: []byte("A"), SHA256: sums("A")},
			Replace{Path: b, Before: sums("b"), Data: []byte("B"), SHA256: sums("B")},
			Replace{Path: c, Before: sums("c"), Data: []byte("C"), SHA256: sums("C")},
		)
		if !wrote[0].Done || wrote[1].Done || !wrote[1].Moved || wrote[2].Done || wrote[2].Err != "" {
			t.Errorf("got %+v", wrote)
		}
		for file, want := range map[string]string{a: "A", b: "not b", c: "c"} {
			if got, err := os.ReadFile(file); string(got) != want {
				t.Errorf("%s: got %q %v, want %q", file, got, err, want)
			}
		}
		h.leavesNothing(t)
	})
}

func TestReplaceRefuses(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		folder := filepath.Join(h.dir, "folder")
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		hard := h.owned(t, "hard", "x", 0o644)
		if err := os.Link(hard, filepath.Join(h.dir, "other name")); err != nil {
			t.Fatal(err)
		}
		there := h.owned(t, "there", "x", 0o644)
		cases := map[string]struct {
			r     Replace
			moved bool
			text  string
		}{
			"a folder":             {Replace{Path: folder}, false, "it is a directory"},
			"hard links":           {Replace{Path: hard, Before: sums("x")}, false, "2 hard links"},
			"no parent":            {Replace{Path: h.dir + "/no/file"}, false, "there is no folder " + h.dir + "/no"},
			"expected absent":      {Replace{Path: there}, true, "not what it was"},
			"expected present":     {Replace{Path: h.dir + "/none", Before: sums("x")}, true, "not what it was"},
			"no such upload":       {Replace{Path: there, Before: sums("x"), From: h.dir + "/gone"}, false, "there is no upload"},
			"unknown owner":        {Replace{Path: there, Before: sums("x"), Owner: "nobody-here"}, false, "nobody-here"},
			"as an absent path":    {Replace{Path: there, Before: sums("x"), As: h.dir + "/gone"}, false, "is not there"},
			"remove what changed":  {Replace{Path: there, Before: sums("y"), Remove: true}, true, "not what it was"},
			"remove what is there": {Replace{Path: there, Remove: true}, true, "not what it was"},
		}
		for name, c := range cases {
			c.r.Data, c.r.SHA256 = []byte("new"), sums("new")
			w := replace(t, h.conn, c.r)[0]
			if w.Done || w.Moved != c.moved || !strings.Contains(w.Err, c.text) {
				t.Errorf("%s: got %+v, want %q", name, w, c.text)
			}
		}
		if got, err := os.ReadFile(there); string(got) != "x" {
			t.Errorf("got %q %v, want it unchanged", got, err)
		}
		h.leavesNothing(t)
	})
}

func TestRun(t *testing.T) { contract(t, testRun) }

func testRun(t *testing.T, h host) {
	var lines []string
	exit, stderr, err := h.conn.Run(t.Context(), "", `cat; echo; echo; echo "$1|$2|$#"; echo oops >&2; printf end; exit 3`,
		[]string{"a b", "c'd"}, []byte("secret\n\x01"), func(l string) { lines = append(lines, l) })
	if err != nil || exit != 3 || stderr != "oops" {
		t.Errorf("got exit %d, stderr %q, %v", exit, stderr, err)
	}
	if got, want := strings.Join(lines, "\n"), "secret\n\x01\n\na b|c'd|2\nend"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		ctx, cancel := context.WithCancel(t.Context())
		pid := ""
		_, _, err := h.conn.Run(ctx, "", `echo $$; sleep 600 & wait`, nil, nil, func(l string) { pid = l; cancel() })
		if !IsKind(err, Interrupted) {
			t.Errorf("got %v, want interrupted", err)
		}
		gone := func() bool {
			found := gather(t, h.conn, Read{Kind: "run", Name: `kill -0 "$1"`, Args: []string{pid}})
			return found[0][0].Exit != 0
		}
		for i := 0; !gone(); i++ {
			if i == 50 {
				t.Fatalf("process %s lives on", pid)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func TestUpload(t *testing.T) { contract(t, testUpload) }

func testUpload(t *testing.T, h host) {
	data := bytes.Repeat([]byte("0123456789abcde\n"), 200_000)
	var last int64
	staged, err := h.conn.Upload(t.Context(), "my driver.jar", bytes.NewReader(data), int64(len(data)), func(n int64) { last = n })
	if err != nil {
		t.Fatal(err)
	}
	if last != int64(len(data)) {
		t.Errorf("progress ended at %d, want %d", last, len(data))
	}
	found := gather(t, h.conn, Read{Kind: "hash", Name: staged}, Read{Kind: "stat", Name: filepath.Dir(staged)})
	if f := found[0][0]; f.SHA256 != sum(data) || f.Mode != 0o600 {
		t.Errorf("upload: got %+v", f)
	}
	if f := found[1][0]; f.Mode != 0o700 {
		t.Errorf("folder of uploads: got mode %o, want 700", f.Mode)
	}
	target := filepath.Join(h.dir, "driver.jar")
	w := replace(t, h.conn, Replace{Path: target, From: staged, SHA256: sum(data), Mode: 0o644})[0]
	if got, err := os.ReadFile(target); !w.Done || !bytes.Equal(got, data) {
		t.Errorf("got %+v, %d bytes, %v", w, len(got), err)
	}
	w = replace(t, h.conn, Replace{Path: target, From: staged, Before: sum(data), SHA256: sums("other")})[0]
	if w.Done || !strings.Contains(w.Err, "not those that were sent") {
		t.Errorf("an upload with another hash: got %+v", w)
	}
	h.leavesNothing(t)
	if err := h.conn.Unstage(t.Context(), staged); err != nil {
		t.Error(err)
	}
	if f := gather(t, h.conn, Read{Kind: "stat", Name: staged})[0][0]; f.Kind != "absent" {
		t.Errorf("after Unstage: got %+v", f)
	}
}
