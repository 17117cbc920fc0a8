package sshexec

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// kept is a script that is kept, and what it says.
type kept struct {
	said chan string
	end  context.CancelFunc
	over chan error
	exit int
}

func holdOn(ctx context.Context, conn *Conn, script string, args ...string) *kept {
	k := &kept{said: make(chan string, 1000), over: make(chan error, 1)}
	ctx, k.end = context.WithCancel(ctx)
	go func() {
		exit, stderr, err := conn.Hold(ctx, script, args, 100*time.Millisecond, func(l string) { k.said <- l })
		if k.exit = exit; err == nil && stderr != "" {
			err = errors.New("on stderr: " + stderr)
		}
		k.over <- err
	}()
	return k
}

// says waits for a line that begins so.
func (k *kept) says(t *testing.T, start string) string {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case l := <-k.said:
			if strings.HasPrefix(l, start) {
				return l
			}
		case err := <-k.over:
			k.over <- err
			if len(k.said) == 0 {
				t.Fatalf("it ended with %d, %v, and never said %q", k.exit, err, start)
			}
		case <-limit:
			t.Fatalf("it never said %q", start)
		}
	}
}

func (k *kept) ends(t *testing.T, exit int) {
	t.Helper()
	select {
	case err := <-k.over:
		if err != nil || k.exit != exit {
			t.Errorf("it ended with %d, %v; want %d", k.exit, err, exit)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
}

// testHold keeps scripts on a host: one that tells what it hears, and the one
// that this is for, the lock of converge.
func testHold(t *testing.T, cfg Config) {
	t.Helper()
	conn := dial(t, cfg)
	k := holdOn(t.Context(), conn, `echo "$0 $1"; while read -r l <&3; do echo "heard $l"; [ "$l" != end ] || exit 7; done; exit 8`, `it's "$1"`)
	k.says(t, `sh it's "$1"`)
	for range 3 {
		k.says(t, "heard beat")
	}
	k.end()
	k.says(t, "heard end")
	k.ends(t, 7)

	holdOn(t.Context(), conn, "exit 9").ends(t, 9)
	text, err := os.ReadFile("../converge/lock.sh")
	if err != nil {
		t.Fatal(err)
	}
	testLock(t, cfg, conn, string(text), open(t, conn).Dir+"/it's a $store")
}

func testLock(t *testing.T, cfg Config, conn *Conn, script, store string) {
	t.Helper()
	lock := func(conn *Conn, token string) *kept {
		return holdOn(t.Context(), conn, script, "hold", store, token, "run "+token, `who "$1"`, "shop", "1", "0")
	}
	show := func() string {
		var line string
		if exit, stderr, err := conn.Run(t.Context(), "", script, []string{"show", store}, nil, func(l string) { line = l }); exit != 0 || err != nil {
			t.Fatalf("show: %d, %s, %v", exit, stderr, err)
		}
		return line
	}
	first := lock(conn, "1")
	first.says(t, "held")
	second := lock(conn, "2")
	if got := strings.Split(second.says(t, "busy\t"), "\t"); len(got) != 7 || got[2] != "run 1" || got[3] != `who "$1"` || got[4] != "shop" || got[6] != "1" {
		t.Errorf("the second is told %q", got)
	}
	second.ends(t, 3)
	first.end()
	first.ends(t, 0)
	if got := show(); got != "none" {
		t.Errorf("after the end the lock is %q", got)
	}
	other := dial(t, cfg)
	lock(other, "3").says(t, "held")
	other.Close()
	for began := time.Now(); !strings.HasPrefix(show(), "is gone\t"); {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("after its connection's end the lock is %q", show())
		}
	}
	fourth := lock(conn, "4")
	if got := strings.Split(fourth.says(t, "took\t"), "\t"); got[1] != "gone" || got[2] != "run 3" {
		t.Errorf("it is taken over with %q", got)
	}
	fourth.says(t, "held")
	fourth.end()
	fourth.ends(t, 0)
}
