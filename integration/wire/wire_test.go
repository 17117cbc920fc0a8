package wire

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// echo answers every line with itself, and ends when the client does.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func proxy(t *testing.T, o Options) *Proxy {
	t.Helper()
	if o.Target == "" {
		o.Target = echo(t)
	}
	p, err := Listen(o)
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

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func ask(c net.Conn, line string) (string, error) {
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		return "", err
	}
	return bufio.NewReader(c).ReadString('\n')
}

func TestCountsWhatPasses(t *testing.T) {
	p := proxy(t, Options{})
	c := dial(t, p)
	for range 3 {
		if got, err := ask(c, "hello"); err != nil || got != "hello\n" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	want := Count{Connections: 1, Chunks: 6, Changes: 6, Trips: 3, Sent: 18, Received: 18}
	if got := p.Count(); got != want || got.RoundTrips() != 3 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A round trip is what waits for an answer: neither what is sent at once, nor
// what comes by itself, nor what is too small to ask for anything.
func TestCountsRoundTrips(t *testing.T) {
	p := proxy(t, Options{Delay: 50 * time.Millisecond, Small: 2})
	c := dial(t, p)
	in := bufio.NewReader(c)
	say := func(lines ...string) {
		t.Helper()
		for _, l := range lines {
			if _, err := io.WriteString(c, l+"\n"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond) // so that each is a chunk
		}
	}
	hear := func(n int) {
		t.Helper()
		for range n {
			if _, err := in.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
	say("one", "question", "in", "chunks")
	hear(4)
	say("a second")
	hear(1)
	say("x")
	hear(1)
	if got := p.Count().Trips; got != 2 {
		t.Errorf("got %d round trips, want 2", got)
	}
}

func TestDelaysEachWayAndTheConnect(t *testing.T) {
	p := proxy(t, Options{Delay: 40 * time.Millisecond})
	begun := time.Now()
	c := dial(t, p)
	if _, err := ask(c, "one"); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begun); d < 160*time.Millisecond {
		t.Errorf("connect and one question took %s, want 160ms at least: two round trips", d)
	}
	begun = time.Now()
	if _, err := ask(c, "two"); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begun); d < 80*time.Millisecond {
		t.Errorf("a question took %s, want 80ms at least: one round trip", d)
	}
}

func TestTheDelayDoesNotLimitBandwidth(t *testing.T) {
	p := proxy(t, Options{Delay: 50 * time.Millisecond})
	c := dial(t, p)
	data := make([]byte, 16<<20)
	_, _ = rand.Read(data)
	begun := time.Now()
	go func() {
		_, _ = c.Write(data)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes came back, %v; want the %d sent", len(got), err, len(data))
	}
	if d := time.Since(begun); d > 30*time.Second { // a chunk a round trip would take 25 s and more
		t.Errorf("16 MB took %s", d)
	}
}

func TestCutsAtTheChosenPlace(t *testing.T) {
	for _, c := range []struct {
		name    string
		cut     Cut
		answers int
	}{
		{"never", Cut{}, 5},
		{"the third chunk does not arrive", Cut{Of: Chunks, At: 3}, 1},
		{"the third question arrives, its answer does not", Cut{Of: Changes, At: 6}, 2},
		{"the sixth change still arrives", Cut{Of: Changes, At: 6, After: true}, 3},
		{"at once", Cut{Of: Changes, At: 1}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := proxy(t, Options{Cut: c.cut})
			conn, answers := dial(t, p), 0
			for range 5 {
				if _, err := ask(conn, "x"); err != nil {
					break
				}
				answers++
			}
			if answers != c.answers {
				t.Errorf("got %d answers, want %d", answers, c.answers)
			}
			if _, err := ask(dial(t, p), "again"); err != nil {
				t.Errorf("a connection after the cut: %v", err)
			}
		})
	}
}

func TestAStayingCutRefusesLaterConnections(t *testing.T) {
	p := proxy(t, Options{Cut: Cut{Of: Chunks, At: 1, Stay: true}})
	if _, err := ask(dial(t, p), "x"); err == nil {
		t.Error("the cut connection answered")
	}
	if c, err := net.Dial("tcp", p.Address); err == nil {
		c.Close()
		t.Error("connected after a staying cut")
	}
	if err := p.Set(Open); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(dial(t, p), "back"); err != nil || got != "back\n" {
		t.Errorf("after opening again: %q, %v", got, err)
	}
}

func TestAStayingCutDeliversWhatItShould(t *testing.T) {
	p := proxy(t, Options{Cut: Cut{Of: Chunks, At: 2, After: true, Stay: true}})
	c := dial(t, p)
	if got, err := ask(c, "x"); err != nil || got != "x\n" {
		t.Errorf("got %q, %v; want the answer that was the second chunk", got, err)
	}
	if _, err := ask(c, "y"); err == nil {
		t.Error("the cut connection answered")
	}
}

func TestBlackholeHoldsAndLetsGo(t *testing.T) {
	p := proxy(t, Options{})
	c := dial(t, p)
	if _, err := ask(c, "x"); err != nil {
		t.Fatal(err)
	}
	if err := p.Set(Blackhole); err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := ask(c, "y"); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v from a black hole, want a timeout", err)
	}
	if err := p.Set(Open); err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if got, err := bufio.NewReader(c).ReadString('\n'); err != nil || got != "y\n" {
		t.Errorf("after the hole: %q, %v; want the y that was held", got, err)
	}
}

func TestATargetThatRefusesEndsTheConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p := proxy(t, Options{Target: l.Addr().String()})
	c, err := net.Dial("tcp", p.Address)
	if err != nil {
		return // the reset came before the dial was over
	}
	defer c.Close()
	if _, err := ask(c, "x"); err == nil {
		t.Error("an answer from nowhere")
	}
}

func TestSomethingHappensInPlaceOfACut(t *testing.T) {
	at := 0
	p := proxy(t, Options{})
	p.SetCut(Cut{Of: Chunks, At: 3, Do: func() { at = p.Count().Chunks }})
	c := dial(t, p)
	for range 3 {
		if got, err := ask(c, "hello"); err != nil || got != "hello\n" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if at != 3 {
		t.Errorf("it happened at chunk %d, want 3", at)
	}
}
