package sshexec

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// waysToApp are ways to run scripts as app, who is not root and may not look
// into the folders of who logs in, nor the other way round.
func waysToApp(t *testing.T) map[string]Config {
	c := vaultCell(t)
	ways := map[string]Config{
		"sudo":                         c.through(t, "free", "sudo", ""),
		"sudo with a password":         c.through(t, "toapp", "sudo", vaultPassword),
		"sudo that wants a terminal":   c.through(t, "ttypty", "sudo", vaultPassword),
		"su":                           c.through(t, "plain", "su", vaultPassword),
		"doas, which wants a terminal": c.through(t, "toapp", "doas", vaultPassword),
	}
	for name, cfg := range ways {
		ways[name] = as(cfg, "app")
	}
	return ways
}

// TestUploadForAnotherUser: what goes through the account that logs in belongs to
// the user who scripts run as, and nobody else can look at it on the way.
func TestUploadForAnotherUser(t *testing.T) {
	for name, cfg := range waysToApp(t) {
		t.Run(name, func(t *testing.T) {
			if cfg.Become == "doas" {
				needs(t, "doas")
			}
			if cfg.Become == "su" {
				useShell(t, vaultCell(t), "app")
			}
			conn := dial(t, cfg)
			dir, data := openDir(t), random(7, fillSize+3<<20+1)
			must(t, exec.Command("chown", "3004", dir))
			staged, err := conn.Upload(t.Context(), "driver.jar", bytes.NewReader(data), int64(len(data)), nil)
			if err != nil {
				t.Fatal(err)
			}
			seen := gather(t, conn, Read{Kind: "stat", Name: staged}, Read{Kind: "stat", Name: filepath.Dir(staged)})
			if f, d := seen[0][0], seen[1][0]; f.Mode != 0o600 || f.UID != 3004 || d.Mode != 0o700 || d.UID != 3004 {
				t.Errorf("got %+v in %+v, want both closed to all but app", f, d)
			}
			file := filepath.Join(dir, "driver.jar")
			if w := replace(t, conn, Replace{Path: file, As: dir, From: staged, SHA256: sum(data), Mode: 0o640}); !w[0].Done {
				t.Errorf("got %+v, want done", w)
			}
			if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, data) {
				t.Errorf("got %d bytes, %v, want those that were sent", len(got), err)
			}
			if err := conn.Unstage(t.Context(), staged); err != nil {
				t.Error(err)
			}
			if d := gather(t, conn, Read{Kind: "stat", Name: filepath.Dir(staged)})[0][0]; d.Kind != "absent" {
				t.Errorf("the folder for uploads is left behind: %+v", d)
			}
		})
	}
}

// TestUploadForAnotherUserGoesOn after a cut, and says what is wrong where it cannot.
func TestUploadForAnotherUserGoesOn(t *testing.T) {
	cfg := waysToApp(t)["sudo with a password"]
	p := newProxy(t, cfg.Port)
	cfg.Port, cfg.Store = p.port, "/home/app/state"
	data := random(8, 60<<20)
	p.left.Store(-1)
	conn := dial(t, cfg)
	p.left.Store(45 << 20)
	if _, err := conn.Upload(t.Context(), "pack.zip", bytes.NewReader(data), int64(len(data)), nil); !IsKind(err, Lost) {
		t.Fatalf("got %v, want lost", err)
	}
	p.left.Store(-1)
	conn = dial(t, cfg)
	first := int64(0)
	path, err := conn.Upload(t.Context(), "pack.zip", bytes.NewReader(data), int64(len(data)), func(n int64) {
		if first == 0 {
			first = n
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if f := gather(t, conn, Read{Kind: "hash", Name: path})[0][0]; f.SHA256 != sum(data) || filepath.Dir(path) != "/home/app/state/uploads" {
		t.Errorf("got %+v at %s", f, path)
	}
	if first < 8<<20 {
		t.Errorf("it goes on at %d, so everything is sent again", first)
	}
	if err := conn.Unstage(t.Context(), path); err != nil {
		t.Error(err)
	}
	cfg.Store = "/proc/nothing"
	if _, err := dial(t, cfg).Upload(t.Context(), "x", strings.NewReader("x"), 1, nil); !IsKind(err, Upload) || !strings.Contains(err.Error(), "/proc/nothing") {
		t.Errorf("got %v, want upload", err)
	}
}
