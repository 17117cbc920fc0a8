package sshexec

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func chownLike(t testing.TB, file string, like os.FileInfo) {
	t.Helper()
	if s, is := like.Sys().(*syscall.Stat_t); is && os.Getuid() == 0 {
		if err := os.Chown(file, int(s.Uid), int(s.Gid)); err != nil {
			t.Fatal(err)
		}
	}
}

// tmpfs mounts a small file system that everybody may write.
func tmpfs(t testing.TB, options string) string {
	t.Helper()
	needRoot(t)
	dir := openDir(t)
	must(t, exec.Command("mount", "-t", "tmpfs", "-o", "mode=777,"+options, "tmpfs", dir))
	t.Cleanup(func() { must(t, exec.Command("umount", "-l", dir)) })
	return dir
}

// A host that has no room says so in one line, and keeps nothing.
func TestUploadWithoutRoom(t *testing.T) {
	for _, c := range []struct {
		name, options string
		before        func(t *testing.T, dir string)
		during        func(t *testing.T, dir string)
		says          string
	}{
		{"too small from the start", "size=8m", nil, nil, "no space for the upload of x.jar: 31 MB are needed in "},
		{"full on the way", "size=40m", nil, func(t *testing.T, dir string) {
			filler, err := os.Create(filepath.Join(dir, "filler"))
			if err != nil {
				t.Fatal(err)
			}
			defer filler.Close()
			_, _ = io.Copy(filler, io.LimitReader(endless{}, 64<<20)) // until the disk is full
		}, "No space left on device"},
		{"no inode", "size=40m,nr_inodes=2", nil, nil, "No space left on device"},
		{"read-only", "size=40m", func(t *testing.T, dir string) {
			must(t, exec.Command("mount", "-o", "remount,ro", dir))
		}, nil, "Read-only file system"},
		{"no permission", "size=40m", func(t *testing.T, dir string) {
			if err := os.Chmod(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}, nil, "Permission denied"},
	} {
		for _, sshd := range []string{"Subsystem sftp internal-sftp", "Subsystem other /bin/false"} {
			if c.during == nil && sshd != "Subsystem sftp internal-sftp" {
				continue // it comes before there is a difference
			}
			t.Run(c.name+", "+sshd, func(t *testing.T) {
				dir := tmpfs(t, c.options)
				if c.before != nil {
					c.before(t, dir)
				}
				key := sharedKey(t)
				cfg := startCell(t, key.PublicKey(), sshd).config("plain", false, key)
				cfg.StagingDirectory = filepath.Join(dir, "stage")
				conn, data, told := dial(t, cfg), random(7, 30<<20), false
				_, err := conn.Upload(t.Context(), "x.jar", bytes.NewReader(data), int64(len(data)), func(int64) {
					if !told && c.during != nil {
						told = true
						c.during(t, dir)
					}
				})
				if !IsKind(err, Upload) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want %q", err, c.says)
				}
				if left := staged(t, cfg); len(left) > 0 {
					t.Errorf("left behind: %q", left)
				}
				t.Log(err)
			})
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A host that runs no script takes no upload either.
func TestUploadWithoutAShell(t *testing.T) {
	key := sharedKey(t)
	c := startCell(t, key.PublicKey(), "Match User plain", "ForceCommand /bin/false")
	_, err := dial(t, c.config("plain", false, key)).Upload(t.Context(), "x", strings.NewReader("x"), 1, nil)
	if !IsKind(err, Shell) {
		t.Errorf("got %v, want shell", err)
	}
}

// An sshd that serves SFTP but not the folders that scripts see, and one whose
// SFTP server is broken, get the file by a script.
func TestUploadPastABrokenSFTP(t *testing.T) {
	for name, sshd := range map[string][]string{
		"missing":     {"Subsystem sftp /nonexistent/sftp-server"},
		"false":       {"Subsystem sftp /bin/false"},
		"garbage":     {"Subsystem sftp /bin/cat /etc/services"},
		"read-only":   {"Subsystem sftp internal-sftp -R"},
		"one session": {"Subsystem other /bin/false", "MaxSessions 1"},
		"elsewhere":   {"Subsystem sftp internal-sftp -d /nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			key := sharedKey(t)
			conn := dial(t, startCell(t, key.PublicKey(), sshd...).config("plain", false, key))
			data := random(8, 20<<20)
			path, err := conn.Upload(t.Context(), "x", bytes.NewReader(data), int64(len(data)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if f := gather(t, conn, Read{Kind: "hash", Name: path})[0][0]; f.SHA256 != sum(data) {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// The file is what the plan says, whatever the host's umask, and whatever the
// folder hands on to what is made in it.
func TestReplaceFromKeepsNothingByAccident(t *testing.T) {
	needRoot(t)
	if _, err := exec.LookPath("setfacl"); err != nil {
		t.Skip("LEFT OUT: this test needs setfacl")
	}
	key := sharedKey(t)
	for _, umask := range []string{"000", "077", "777"} {
		s := listen(t, key.PublicKey())
		s.shell = []string{"/bin/sh", "-c", "umask " + umask + `; exec sh -c "$0"`}
		cfg := s.config(key)
		cfg.StagingDirectory = filepath.Join(t.TempDir(), "stage")
		conn, data := dial(t, cfg), random(9, 100_000)
		path, err := conn.Upload(t.Context(), "x", bytes.NewReader(data), int64(len(data)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if f := gather(t, conn, Read{Kind: "stat", Name: path}, Read{Kind: "stat", Name: filepath.Dir(path)}); f[0][0].Mode != 0o600 || f[1][0].Mode != 0o700 {
			t.Errorf("umask %s: got %o in %o", umask, f[0][0].Mode, f[1][0].Mode)
		}
		dir := openDir(t)
		if err := os.Chown(dir, 3004, 4000); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o775|os.ModeSetgid); err != nil {
			t.Fatal(err)
		}
		must(t, exec.Command("setfacl", "-d", "-m", "u:3002:rwx,g:4000:rwx,o::rwx,m::rwx", dir))
		for _, mode := range []uint32{0o644, 0o600, 0o4750} {
			target := filepath.Join(dir, "driver.jar")
			_ = os.Remove(target)
			w := replace(t, conn, Replace{Path: target, From: path, SHA256: sum(data), Mode: mode, Owner: "3004", Group: "3004"})[0]
			f := gather(t, conn, Read{Kind: "hash", Name: target})[0][0]
			if !w.Done || f.Mode != mode || f.UID != 3004 || f.GID != 3004 || f.SHA256 != sum(data) {
				t.Errorf("umask %s, mode %o: got %+v %+v", umask, mode, w, f)
			}
		}
		if err := conn.Unstage(t.Context(), path); err != nil {
			t.Error(err)
		}
	}
}
