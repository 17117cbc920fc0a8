package sshexec

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The wire budget: what each call costs in round trips, on a line where nothing
// else takes long.
func TestRoundTrips(t *testing.T) {
	c := sharedCell(t)
	for _, sudo := range []bool{false, true} {
		p := newProxy(t, c.port)
		cfg := c.config("deploy", sudo, sharedKey(t))
		cfg.Port = p.port
		conn := dial(t, cfg)
		const trip = 200 * time.Millisecond
		p.delay.Store(int64(trip / 2))
		var reads []Read
		for i := range 40 {
			reads = append(reads, Read{Kind: "file", Name: fmt.Sprintf("/etc/%d", i)}, Read{Kind: "file", Name: "/etc/services"})
		}
		data := bytes.Repeat([]byte("x"), 50_000)
		for _, call := range []struct {
			name  string
			trips float64
			do    func() error
		}{
			{"gather", 2, func() error { _, err := conn.Gather(t.Context(), reads); return err }},
			{"gather with a script", 2, func() error {
				_, err := conn.Gather(t.Context(), append(reads, Read{Kind: "run", Name: "true"}))
				return err
			}},
			{"replace", 3, func() error {
				_, err := conn.Replace(t.Context(), []Replace{{Path: "/home/deploy/x", Data: data, SHA256: sum(data)}, {Path: "/home/deploy/y", Data: data, SHA256: sum(data)}})
				return err
			}},
			{"run", 2, func() error { _, _, err := conn.Run(t.Context(), "", "true", nil, nil, nil); return err }},
			{"run with stdin", 3, func() error { _, _, err := conn.Run(t.Context(), "", "cat", nil, data, nil); return err }},
		} {
			trips := call.trips + 1
			for try := 0; try < 3 && trips >= call.trips+1; try++ { // the machine may be busy
				started := time.Now()
				if err := call.do(); err != nil {
					t.Fatal(err)
				}
				trips = float64(time.Since(started)) / float64(trip)
			}
			t.Logf("sudo %v, %s: %.1f round trips", sudo, call.name, trips)
			if trips >= call.trips+1 {
				t.Errorf("%s: got %.1f round trips, want %.0f", call.name, trips, call.trips)
			}
		}
	}
}

// BenchmarkGather reads what a host of an ordinary deployment is asked about.
func BenchmarkGather(b *testing.B) {
	key := newKey(b)
	conn := dial(b, listen(b, key.PublicKey()).config(key))
	dir := b.TempDir()
	reads := []Read{{Kind: "file", Name: "/etc/hosts"}, {Kind: "hash", Name: dir + "/*.jar"}}
	for i := range 20 {
		name := filepath.Join(dir, fmt.Sprintf("%d.jar", i))
		write(b, name, strings.Repeat("0123456789abcdef", 1500), 0o644)
		reads = append(reads, Read{Kind: "file", Name: name})
	}
	for range 4 {
		reads = append(reads, Read{Kind: "run", Name: "echo $1", Args: []string{"x"}})
	}
	for b.Loop() {
		if _, err := conn.Gather(b.Context(), reads); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReplace(b *testing.B) {
	key := newKey(b)
	conn := dial(b, listen(b, key.PublicKey()).config(key))
	file := filepath.Join(b.TempDir(), "x")
	text := strings.Repeat("0123456789abcdef", 1500)
	for i := range 10 {
		write(b, fmt.Sprint(file, i), text, 0o644)
	}
	for b.Loop() {
		var replaces []Replace
		for i := range 10 {
			replaces = append(replaces, Replace{Path: fmt.Sprint(file, i), Before: sums(text), Data: []byte(text), SHA256: sums(text)})
		}
		if w, err := conn.Replace(b.Context(), replaces); err != nil || !w[9].Done {
			b.Fatal(w, err)
		}
	}
}

// BenchmarkUpload sends 200 MB over a line with a delay, named in milliseconds.
func BenchmarkUpload(b *testing.B) {
	c := sharedCell(b)
	for _, delay := range []int{0, 40} {
		b.Run(fmt.Sprint(delay), func(b *testing.B) {
			p := newProxy(b, c.port)
			p.delay.Store(int64(delay) * int64(time.Millisecond) / 2)
			cfg := c.config("plain", false, sharedKey(b))
			cfg.Port = p.port
			conn := dial(b, cfg)
			size := int64(200 << 20)
			b.SetBytes(size)
			for b.Loop() {
				name, err := conn.Upload(b.Context(), "x", zeros{}, size, nil)
				if err != nil {
					b.Fatal(err)
				}
				if err := conn.Unstage(b.Context(), name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }
