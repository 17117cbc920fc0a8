package sshexec

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A large file travels in several lanes, and arrives whole.
func TestUploadInLanes(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		data := make([]byte, 40<<20+12345)
		source := rand.NewChaCha8([32]byte{1})
		_, _ = source.Read(data)
		var last int64
		staged, err := h.conn.Upload(t.Context(), "../big pack.zip", bytes.NewReader(data), int64(len(data)), func(n int64) {
			if n <= last {
				t.Errorf("progress went from %d to %d", last, n)
			}
			last = n
		})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(filepath.Base(staged), "big_pack.zip.") || last != int64(len(data)) {
			t.Errorf("got %s, progress %d", staged, last)
		}
		if f := gather(t, h.conn, Read{Kind: "hash", Name: staged})[0][0]; f.SHA256 != sum(data) {
			t.Errorf("got %+v, want %s", f, sum(data))
		}
		if s := h.conn.Stats(); s.Execs != 2 || s.Sessions <= 2 || s.Sessions > 2+maxLanes {
			t.Errorf("got %+v, want one script beside the gathering, and at most %d lanes", s, maxLanes)
		}
		if err := h.conn.Unstage(t.Context(), staged, staged); err != nil {
			t.Error(err)
		}
		if err := h.conn.Unstage(t.Context(), "/etc/passwd"); err == nil {
			t.Error("Unstage took a path that is no upload")
		}
	})
}

// slow is a source that does not hurry.
type slow struct{}

func (slow) ReadAt(p []byte, _ int64) (int, error) {
	time.Sleep(50 * time.Millisecond)
	clear(p)
	return len(p), nil
}

// short is a source that ends before its size.
type short struct{}

func (short) ReadAt(p []byte, off int64) (int, error) {
	if off > 1<<20 {
		return 0, io.EOF
	}
	return len(p), nil
}

func TestUploadThatFails(t *testing.T) {
	contract(t, func(t *testing.T, h host) {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := h.conn.Upload(ctx, "x", slow{}, 100<<20, func(n int64) {
			if n > 1<<20 {
				cancel()
			}
		})
		if !IsKind(err, Interrupted) {
			t.Errorf("got %v, want interrupted", err)
		}
		if _, err = h.conn.Upload(t.Context(), "y", short{}, 100<<20, nil); !IsKind(err, Upload) {
			t.Errorf("got %v, want upload", err)
		}
		stage := h.conn.cfg.StagingDirectory
		if !filepath.IsAbs(stage) {
			stage = filepath.Join("/home", h.name[:strings.IndexAny(h.name+" ", " ")], stage)
		}
		for i := 0; len(gather(t, h.conn, Read{Kind: "hash", Name: stage + "/*"})[0]) > 0; i++ {
			if i == 50 {
				t.Fatal("a failed upload is left behind")
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func TestUploadOverALostConnection(t *testing.T) {
	key := newKey(t)
	s := listen(t, key.PublicKey())
	cfg := s.config(key)
	cfg.StagingDirectory = filepath.Join(t.TempDir(), "stage")
	conn := dial(t, cfg)
	time.AfterFunc(200*time.Millisecond, s.cut)
	if _, err := conn.Upload(t.Context(), "x", slow{}, 1<<30, nil); !IsKind(err, Lost) {
		t.Errorf("got %v, want lost", err)
	}
}

// A host may allow very few sessions.
func TestFewSessions(t *testing.T) {
	for _, allowed := range []string{"1", "2"} {
		key := sharedKey(t)
		c := startCell(t, key.PublicKey(), "MaxSessions "+allowed)
		conn := dial(t, c.config("plain", false, key))
		for range 2 {
			staged, err := conn.Upload(t.Context(), "x", bytes.NewReader(make([]byte, 20<<20)), 20<<20, nil)
			if err != nil {
				t.Fatalf("%s sessions: %v", allowed, err)
			}
			if f := gather(t, conn, Read{Kind: "stat", Name: staged})[0][0]; f.Size != 20<<20 {
				t.Errorf("%s sessions: got %+v", allowed, f)
			}
		}
	}
}

func TestNoFolderForUploads(t *testing.T) {
	cfg := sharedCell(t).config("plain", false, sharedKey(t))
	cfg.StagingDirectory = "/proc/nothing"
	if _, err := dial(t, cfg).Upload(t.Context(), "x", strings.NewReader("x"), 1, nil); !IsKind(err, Upload) || !strings.Contains(err.Error(), "/proc/nothing") {
		t.Errorf("got %v, want upload", err)
	}
}
