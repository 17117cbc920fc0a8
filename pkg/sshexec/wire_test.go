package sshexec

import (
	"bytes"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	wiretap "github.com/appm-provision/appm-provision/integration/wire"
)

// The wire budget: what each call costs in round trips, however much it asks for.
func TestRoundTrips(t *testing.T) {
	c := sharedCell(t)
	for _, sudo := range []bool{false, true} {

		p := listenWire(t, c.port, 20*time.Millisecond)
		cfg := c.config("deploy", sudo, sharedKey(t))
		cfg.Port = portOf(t, p)
		var told []Operation
		cfg.Trace = func(o Operation) { told = append(told, o) }
		conn := dial(t, cfg)
		if len(told) != 1 || told[0].Name != "login" || told[0].RoundTrips != p.Count().Trips+1 { // the proxy does not see that of TCP
			t.Errorf("the trace is %+v, want a login of %d round trips", told, p.Count().Trips+1)
		}
		var reads []Read
		for i := range 40 {
			reads = append(reads, Read{Kind: "file", Name: fmt.Sprintf("/etc/%d", i)}, Read{Kind: "file", Name: "/etc/services"})
		}
		data := bytes.Repeat([]byte("x"), 50_000)
		for _, call := range []struct {
			name  string
			trips int
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
			{"upload", 2 + 3 + 3, func() error { // a script; channel, SFTP, its version; open, write, close
				name, err := conn.Upload(t.Context(), "x", bytes.NewReader(data), int64(len(data)), nil)
				if err == nil {
					err = dial(t, c.config("deploy", sudo, sharedKey(t))).Unstage(t.Context(), name)
				}
				return err
			}},
			{"an upload that was there", 2, func() error {
				again := dial(t, c.config("deploy", sudo, sharedKey(t)))
				defer again.Close()
				name, err := again.Upload(t.Context(), "y", bytes.NewReader(data), int64(len(data)), nil)
				if err == nil {
					name, err = conn.Upload(t.Context(), "y", bytes.NewReader(data), int64(len(data)), nil)
				}
				if err == nil {
					err = again.Unstage(t.Context(), name)
				}
				return err
			}},
		} {
			before := p.Count()
			told = nil
			if err := call.do(); err != nil {
				t.Fatal(err)
			}
			got := p.Count().Sub(before)
			if len(told) == 1 && told[0].RoundTrips != got.Trips {
				t.Errorf("%s: the trace is %+v, want %d round trips", call.name, told[0], got.Trips)
			}
			t.Logf("sudo %v, %s: %d round trips", sudo, call.name, got.Trips)
			if got.Trips > call.trips || got.Trips == 0 || got.Connections != 0 {
				t.Errorf("%s: got %+v, want %d round trips", call.name, got, call.trips)
			}
		}
	}
}

func listenWire(t testing.TB, to int, delay time.Duration) *wiretap.Proxy {
	t.Helper()
	p, err := wiretap.Listen(wiretap.Options{Target: fmt.Sprintf("127.0.0.1:%d", to), Delay: delay, Small: wiretap.SSH})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func portOf(t testing.TB, p *wiretap.Proxy) int {
	t.Helper()
	_, port, err := net.SplitHostPort(p.Address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
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
			cfg := c.config("plain", false, sharedKey(b))
			cfg.Port = portOf(b, listenWire(b, c.port, time.Duration(delay)*time.Millisecond/2))
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
