package sshexec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every login shell must pass the exec line on to sh as it is, whatever its
// start files print.
func TestLoginShells(t *testing.T) {
	c := sharedCell(t)
	for _, shell := range []string{"dash", "bash", "zsh", "tcsh", "fish", "ksh", "mksh", "csh", "busybox"} {
		t.Run(shell, func(t *testing.T) {
			if !shellIsThere(c, shell) {
				t.Skipf("LEFT OUT: %s is not installed", shell)
			}
			conn := dial(t, c.config(shell, false, sharedKey(t)))
			text := "it's !odd \\ `$HOME` $(id)\n*?[a]~#;&|<>\"é\x01\xff"
			found := gather(t, conn,
				Read{Kind: "run", Name: `printf %s "$1"`, Args: []string{text}},
				Read{Kind: "hash", Name: "/etc/pass*"},
				Read{Kind: "file", Name: "/etc/group"})
			if got := string(found[0][0].Data); got != text {
				t.Errorf("got %q, want %q", got, text)
			}
			if len(found[1]) == 0 || found[2][0].Kind != "file" {
				t.Errorf("got %+v", found[1:])
			}
			file := filepath.Join("/home", shell, "fi 'le")
			if w := replace(t, conn, Replace{Path: file, Data: []byte(text), SHA256: sums(text)})[0]; !w.Done {
				t.Errorf("got %+v", w)
			}
			var lines []string
			exit, stderr, err := conn.Run(t.Context(), "", `cat; echo "$1"; echo bad >&2`, []string{"a!b"}, []byte("in\n"), func(l string) { lines = append(lines, l) })
			if err != nil || exit != 0 || strings.Join(lines, "|") != "in|a!b" || stderr != "bad" {
				t.Errorf("run: got %d, %q, %q, %v", exit, lines, stderr, err)
			}
		})
	}
}

func shellIsThere(c *cell, user string) bool {
	for _, line := range strings.Split(cellPasswd, "\n") {
		if f := strings.Split(line, ":"); f[0] == user {
			file := f[6]
			if strings.HasPrefix(file, "/home/") {
				file = c.dir + file
			}
			_, err := os.Stat(file)
			return err == nil
		}
	}
	return false
}

// A script that is longer than an argument may be travels on stdin.
func TestLongScripts(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		long := strings.Repeat("# a long script\n", 10_000)
		found := gather(t, h.conn,
			Read{Kind: "run", Name: `echo $#`, Args: strings.Split(strings.Repeat("argument ", 12_000), " ")})
		if got := string(found[0][0].Data); got != "12001\n" {
			t.Errorf("got %q", got)
		}
		var reads []Read
		for i := range 2000 {
			reads = append(reads, Read{Kind: "stat", Name: filepath.Join(h.dir, strings.Repeat("x", 100), "y", strings.Repeat("z", i%100+1))})
		}
		for _, f := range gather(t, h.conn, reads...) {
			if f[0].Kind != "absent" {
				t.Fatalf("got %+v", f)
			}
		}
		var lines []string
		exit, _, err := h.conn.Run(t.Context(), "", long[:120_000]+"cat; echo done", nil, []byte("in\n"), func(l string) { lines = append(lines, l) })
		if err != nil || exit != 0 || strings.Join(lines, " ") != "in done" {
			t.Errorf("got %d %q %v", exit, lines, err)
		}
	})
}

// The tools of busybox, with GNU ones only where it has none.
func TestBusybox(t *testing.T) {
	if _, err := os.Stat("/bin/busybox"); err != nil {
		t.Skip("LEFT OUT: busybox is not installed")
	}
	tools := t.TempDir()
	for _, name := range strings.Fields("sh stat sha256sum base64 readlink chown chmod mv cat sync id setsid rm cp printf sleep su chroot setpriv kill true") {
		if err := os.Symlink("/bin/busybox", filepath.Join(tools, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", tools)
	key := newKey(t)
	cfg := listen(t, key.PublicKey()).config(key)
	cfg.StagingDirectory = filepath.Join(t.TempDir(), "stage")
	h := host{"busybox", dial(t, cfg), os.Getuid() == 0, openDir(t), os.Getuid()}
	testGather(t, h)
	h.dir = openDir(t)
	testReplace(t, h)
	testUpload(t, h)
	testRun(t, h)
}
