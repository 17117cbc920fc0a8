package sshexec

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// random is a file that repeats nothing.
func random(seed byte, size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// uploads runs a test over hosts with and without SFTP.
func uploads(t *testing.T, test func(t *testing.T, cfg Config, p *proxy)) {
	key := sharedKey(t)
	begin := func(t *testing.T, cfg Config) {
		p := newProxy(t, cfg.Port)
		cfg.Port = p.port
		test(t, cfg, p)
	}
	for name, without := range map[string]bool{"SFTP": false, "no SFTP": true} {
		t.Run(name+", in process", func(t *testing.T) {
			s := listen(t, key.PublicKey())
			s.noSFTP = without
			cfg := s.config(key)
			cfg.StagingDirectory = filepath.Join(t.TempDir(), "stage")
			begin(t, cfg)
		})
		t.Run(name+", OpenSSH", func(t *testing.T) {
			var sshd []string
			if without {
				sshd = []string{"Subsystem other /bin/false"}
			}
			c := startCell(t, key.PublicKey(), sshd...)
			cfg := c.config("plain", false, key)
			cfg.StagingDirectory = filepath.Join(openDir(t), "stage")
			if err := os.Chmod(filepath.Dir(cfg.StagingDirectory), 0o777); err != nil {
				t.Fatal(err)
			}
			begin(t, cfg)
		})
	}
}

// staged lists the folder for uploads.
func staged(t testing.TB, cfg Config) []string {
	t.Helper()
	all, err := filepath.Glob(cfg.StagingDirectory + "/*")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Wherever an upload is cut, the next one sends what is missing and no more, and
// tells its progress from where it goes on.
func TestUploadGoesOnAfterACut(t *testing.T) {
	uploads(t, func(t *testing.T, cfg Config, p *proxy) {
		data := random(2, 60<<20+777)
		p.left.Store(-1)
		conn := dial(t, cfg)
		p.left.Store(45 << 20)
		if _, err := conn.Upload(t.Context(), "pack.zip", bytes.NewReader(data), int64(len(data)), nil); !IsKind(err, Lost) {
			t.Fatalf("got %v, want lost", err)
		}
		if left := staged(t, cfg); len(left) != 1 {
			t.Fatalf("the folder holds %q, want the part", left)
		}
		p.left.Store(-1)
		conn = dial(t, cfg)
		var first, last int64
		path, err := conn.Upload(t.Context(), "pack.zip", bytes.NewReader(data), int64(len(data)), func(n int64) {
			if first == 0 {
				first = n
			}
			if n < last {
				t.Errorf("progress went from %d to %d", last, n)
			}
			last = n
		})
		if err != nil {
			t.Fatal(err)
		}
		sent := conn.Stats().Sent
		t.Logf("went on at %d of %d with %d bytes sent", first, len(data), sent)
		if first < blockSize || sent > int64(len(data))-first+2<<20 || last != int64(len(data)) {
			t.Errorf("went on at %d, sent %d, ended at %d", first, sent, last)
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes arrived, %v; want the %d that were sent", len(got), err, len(data))
		}
		if left := staged(t, cfg); len(left) != 1 || left[0] != path {
			t.Errorf("the folder holds %q, want %s", left, path)
		}
		if err := conn.Unstage(t.Context(), path); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(cfg.StagingDirectory); !os.IsNotExist(err) {
			t.Errorf("the folder is left behind: %v", err)
		}
	})
}

// What lies in the folder under the right name is believed block by block only.
func TestUploadDoesNotTrustAPart(t *testing.T) {
	uploads(t, func(t *testing.T, cfg Config, _ *proxy) {
		data := random(3, 20<<20)
		for name, part := range map[string][]byte{
			"another file":      random(4, len(data)),
			"a longer file":     append(bytes.Clone(data), "more"...),
			"one good block":    append(bytes.Clone(data[:blockSize]), random(5, 5<<20)...),
			"a hole":            append(append(bytes.Clone(data[:blockSize]), make([]byte, blockSize)...), data[2*blockSize:]...),
			"nothing":           nil,
			"all that it needs": data,
		} {
			conn := dial(t, cfg)
			mine := filepath.Join(cfg.StagingDirectory, fmt.Sprintf("x.jar.%d.0123.part", len(data)))
			if _, err := conn.Upload(t.Context(), "other", strings.NewReader(""), 0, nil); err != nil { // makes the folder
				t.Fatal(err)
			}
			write(t, mine, string(part), 0o666)
			info, err := os.Stat(cfg.StagingDirectory)
			if err != nil {
				t.Fatal(err)
			}
			chownLike(t, mine, info)
			path, err := conn.Upload(t.Context(), "x.jar", bytes.NewReader(data), int64(len(data)), nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %d bytes arrived, %v", name, len(got), err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
				t.Errorf("%s: got %v, %v", name, info.Mode(), err)
			}
			if _, err := os.Stat(mine); !os.IsNotExist(err) {
				t.Errorf("%s: the old part is left behind", name)
			}
			if err := conn.Unstage(t.Context(), path); err != nil {
				t.Error(err)
			}
			conn.Close()
		}
	})
}

// Two uploads of one file over one connection do not take each other's part.
func TestUploadsSideBySide(t *testing.T) {
	uploads(t, func(t *testing.T, cfg Config, _ *proxy) {
		conn, data := dial(t, cfg), random(6, 12<<20)
		var paths [3]string
		var wg sync.WaitGroup
		for i := range paths {
			wg.Go(func() {
				var err error
				if paths[i], err = conn.Upload(t.Context(), "x", bytes.NewReader(data), int64(len(data)), nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i, path := range paths {
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) || path == paths[(i+1)%3] {
				t.Errorf("%q: %d bytes, %v", path, len(got), err)
			}
		}
		if err := conn.Unstage(t.Context(), paths[:]...); err != nil {
			t.Error(err)
		}
	})
}
