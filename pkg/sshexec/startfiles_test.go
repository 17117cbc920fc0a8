package sshexec

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startFile gives the user bash of a cell a start file, until the test ends.
func startFile(t *testing.T, c *cell, text string) {
	t.Helper()
	file := filepath.Join(c.dir, "home/bash/.bashrc")
	write(t, file, text, 0o644)
	t.Cleanup(func() {
		write(t, file, "echo 'Welcome!'\necho 'to the jungle' >&2\nprintf 'no end of line'\n", 0o644)
	})
}

// Whatever a start file does that lets our line run at all does no harm.
func TestStartFilesThatAreOdd(t *testing.T) {
	c := vaultCell(t)
	for name, text := range map[string]string{
		"1 MB on stdout and stderr": `head -c 1000000 /dev/zero | tr '\0' x; head -c 1000000 /dev/zero | tr '\0' 'y' >&2`,
		"1 MB of lines":             `yes appm | head -n 200000; yes 'Password: ' | head -n 100000 >&2`,
		"slow":                      `sleep 2`,
		"a prompt of its own":       `printf 'Password: '; printf 'Password: ' >&2`,
		"odd settings":              `set -u -f; IFS=x; alias sh=false cat=false printf=false; LC_ALL=tr_TR.UTF-8; export LC_ALL IFS; umask 777; cd /tmp; ulimit -c 0; exec 3</dev/null`,
		"waits a moment for input":  `read -t 1 x`,
	} {
		t.Run(name, func(t *testing.T) {
			startFile(t, c, text)
			conn := dial(t, c.through(t, "bash", "su", vaultPassword))
			dir := openDir(t)
			for range 2 {
				found := gather(t, conn, Read{Kind: "file", Name: "/etc/group"}, Read{Kind: "run", Name: "id -u"})
				if f := found[1][0]; found[0][0].Kind != "file" || string(f.Data) != "0\n" {
					t.Errorf("got %+v", found)
				}
			}
			if w := replace(t, conn, Replace{Path: dir + "/ümläut", Data: []byte("x"), SHA256: sums("x")})[0]; !w.Done {
				t.Errorf("got %+v", w)
			}
		})
	}
}

// A start file that reads stdin gets nothing that was meant for others: neither
// the password nor a script reaches it, and what it ate is noticed.
func TestStartFileThatEats(t *testing.T) {
	c := vaultCell(t)
	for name, text := range map[string]string{
		"all":           `cat >/tmp/appm-eaten-$$ ; cat /tmp/appm-eaten-$$ >&2; rm /tmp/appm-eaten-$$`,
		"a line":        `read x; echo "eaten: $x" >&2`,
		"another shell": `exec sh`,
	} {
		t.Run(name, func(t *testing.T) {
			startFile(t, c, text)
			cfg := c.through(t, "bash", "su", vaultPassword)
			cfg.LoginTimeout = 2 * time.Second
			conn := dial(t, cfg)
			for range 2 {
				_, err := conn.Replace(t.Context(), []Replace{{Path: "/tmp/never", Data: []byte("x"), SHA256: sums("x")}})
				if !IsKind(err, Shell) || !strings.Contains(err.Error(), "start file") || strings.Contains(err.Error(), "eaten") {
					t.Errorf("got %v, want an error about a start file", err)
				}
			}
		})
	}
}

// A shell that lets nobody in, one that ends, and a command that sshd forces on
// everybody are told as what they are.
func TestNoShell(t *testing.T) {
	c := vaultCell(t)
	for name, text := range map[string]string{"ends": "echo closed for today >&2; exit 4", "another program": "exec true"} {
		t.Run(name, func(t *testing.T) {
			startFile(t, c, text)
			_, err := dial(t, c.through(t, "bash", "", "")).Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/group"}})
			if !IsKind(err, Shell) || !strings.Contains(err.Error(), "the login shell of bash") {
				t.Errorf("got %v, want an error about the login shell", err)
			}
			if name == "ends" && !(strings.Contains(err.Error(), "code 4") && strings.Contains(err.Error(), "closed for today")) {
				t.Errorf("got %v, want what it said", err)
			}
		})
	}
	t.Run("nologin", func(t *testing.T) {
		_, err := dial(t, c.through(t, "nologin", "", "")).Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/group"}})
		if !IsKind(err, Shell) || !strings.Contains(err.Error(), "the login shell of nologin") {
			t.Errorf("got %v, want an error about the login shell", err)
		}
	})
	t.Run("ForceCommand", func(t *testing.T) {
		forced := startCell(t, sharedKey(t).PublicKey(), "ForceCommand echo only backups are made here")
		_, err := dial(t, forced.config("plain", false, sharedKey(t))).Gather(t.Context(), []Read{{Kind: "file", Name: "/etc/group"}})
		if !IsKind(err, Shell) || !strings.Contains(err.Error(), "only backups are made here") {
			t.Errorf("got %v, want an error about the login shell", err)
		}
	})
	t.Run("ForceCommand that runs what was asked", func(t *testing.T) {
		forced := startCell(t, sharedKey(t).PublicKey(), `ForceCommand sh -c "$SSH_ORIGINAL_COMMAND"`)
		gather(t, dial(t, forced.config("plain", false, sharedKey(t))), Read{Kind: "run", Name: "true"})
	})
}

// A script that is killed is not taken for one that ended.
func TestExitStatusIsLost(t *testing.T) {
	c := vaultCell(t)
	conn := dial(t, c.through(t, "plain", "", ""))
	_, _, err := conn.Run(t.Context(), "", `kill -9 0`, nil, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "plain: ") || IsKind(err, Lost) {
		t.Errorf("got %v, want an error about the script", err)
	}
	t.Log(err)
	if exit, _, err := conn.Run(t.Context(), "", `kill -9 $$`, nil, nil, nil); err == nil && exit != 137 {
		t.Errorf("a script that ends itself: got %d, %v", exit, err)
	}
	gather(t, conn, Read{Kind: "run", Name: "true"})
}

// One session at a time is enough.
func TestOneSessionIsEnough(t *testing.T) {
	one := startCell(t, sharedKey(t).PublicKey(), "MaxSessions 1", "MaxStartups 1")
	one.addUsers(t)
	cfg := one.through(t, "never", "sudo", vaultPassword)
	conn := dial(t, cfg)
	for range 20 {
		gather(t, conn, Read{Kind: "run", Name: "true"})
		if _, _, err := conn.Run(t.Context(), "", "true", nil, []byte("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// The budget: a gather costs three round trips at most, the channel included, and
// a password one more.
func TestRoundTripsWithAPassword(t *testing.T) {
	c := vaultCell(t)
	for _, way := range []struct {
		method, password string
		want             int
	}{
		{"", "", 3}, {"sudo", vaultPassword, 4}, {"su", vaultPassword, 4},
	} {
		p := listenWire(t, c.port, 20*time.Millisecond)
		cfg := c.through(t, "never", way.method, way.password)
		cfg.Port, cfg.BecomeTrial = portOf(t, p), new(Trial)
		conn := dial(t, cfg)
		for i := range 2 {
			before := p.Count()
			gather(t, conn, Read{Kind: "file", Name: "/etc/services"}, Read{Kind: "run", Name: "true"})
			if got := p.Count().Sub(before); got.Trips > way.want || got.Trips == 0 {
				t.Errorf("%q, gather %d: got %d round trips, want %d", way.method, i+1, got.Trips, way.want)
			} else {
				t.Logf("%q, gather %d: %d round trips", way.method, i+1, got.Trips)
			}
		}
	}
}
