package integration_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/wire"
	"github.com/appm-provision/appm-provision/pkg/sshexec"
)

// The wire budget of docs/architecture.md, for each host, however many steps
// there are.
const (
	lookTrips     = 3 // after login, of a run that changes nothing
	writeTrips    = 6 // more, of a run that writes XML and host entries, its lock included
	lookChannels  = 2
	writeChannels = lookChannels + 2
)

// lookForks is what a run that changes nothing may have a host start: processes,
// its sshd's four and sudo's two among them, where plain hashing and reading of
// the same files takes 7. Each costs a host about 0.3 ms, and a program 0.7 more.
const lookForks = 40

// TestWireBudget counts whole runs of the tool: everything that passes on the
// connection to a host, whichever channel it belongs to. The servers stay
// stopped, and the database is reached past the hosts, so that there are no
// tunnels.
func TestWireBudget(t *testing.T) {
	t.Parallel()
	for _, d := range deployments[:2] {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if why := d.left(); why != "" {
				t.Skip("LEFT OUT: " + why)
			}
			b := slowly(t, up(t, d))
			b.keep(t)
			b.spends(t, "dry-run on fresh hosts", lookTrips, lookChannels, 2, "plan", "--detailed-exitcode")
			b.spends(t, "first apply, the driver and the databases with it", 1000, 1000, 0, "apply", "--yes")
			b.forks(t, "dry-run with nothing to do", func() {
				b.spends(t, "dry-run with nothing to do", lookTrips, lookChannels, 0, "plan", "--detailed-exitcode")
			})
			b.forks(t, "converged rerun", func() {
				b.spends(t, "converged rerun", lookTrips, lookChannels, 0, "apply", "--yes")
			})
			b.restore(t)
			b.spends(t, "dry-run with all XML and host entries to write", lookTrips, lookChannels, 2, "plan", "--detailed-exitcode")
			b.spends(t, "apply of all XML and host entries", lookTrips+writeTrips, writeChannels, 0, "apply", "--yes")
			b.spends(t, "rerun after it", lookTrips, lookChannels, 0, "apply", "--yes")
		})
	}
}

// budget is a world whose hosts are reached over lines that count.
type budget struct {
	*world
	lines map[*lab.Host]*wire.Proxy
	login map[*lab.Host]int // the round trips of a login alone
	kept  map[string]string // where what the hosts began with is kept
}

func slowly(t *testing.T, w *world) *budget {
	t.Helper()
	b := &budget{world: w, lines: map[*lab.Host]*wire.Proxy{}, login: map[*lab.Host]int{}, kept: map[string]string{}}
	for _, h := range w.Hosts {
		p, err := wire.Listen(wire.Options{Target: h.SSH.String(), Delay: 20 * time.Millisecond, Small: wire.SSH})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		if err := h.ReachThrough(p.Address); err != nil {
			t.Fatal(err)
		}
		b.lines[h] = p
	}
	text := w.Lab.Inventory(lab.InventoryOptions{Via: "-"})
	text = strings.ReplaceAll(text, "{ role =", "{ running = false, role =")
	if err := os.WriteFile(w.inventory, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for h, p := range b.lines {
		conn, err := sshexec.Dial(t.Context(), sshexec.Config{
			Host: h.Name, Address: h.SSH.Host, Port: h.SSH.Port, User: w.User, KeyFiles: []string{w.KeyFile}, KnownHosts: []string{w.KnownHosts},
		})
		if err != nil {
			t.Fatal(err)
		}
		b.login[h] = p.Count().Trips
		conn.Close()
	}
	return b
}

// forks checks what a run that changes nothing has each host start. Only real
// hosts have processes of their own to count.
func (b *budget) forks(t *testing.T, what string, run func()) {
	t.Helper()
	if b.Form != "real" {
		run()
		return
	}
	before := map[*lab.Host]lab.Spent{}
	for _, h := range b.Hosts {
		before[h] = spent(t, h)
	}
	run()
	for _, h := range b.Hosts {
		n := spent(t, h).Sub(before[h]).Forks - 1 // the one that counting takes
		t.Logf("%s, %s: %d forks", what, h.Name, n)
		if len(h.Nodes) > 0 && (n < 5 || n > lookForks) {
			t.Errorf("%s, %s: the host started %d processes, want at most %d", what, h.Name, n, lookForks)
		}
	}
}

func spent(t *testing.T, h *lab.Host) lab.Spent {
	t.Helper()
	s, err := h.Spent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// keep puts aside what the hosts have before the first apply, restore puts it
// back. The driver is no part of it.
func (b *budget) keep(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, h := range b.Hosts {
		files := []string{h.Path(h.HostsFile)}
		for _, n := range h.Nodes {
			files = append(files, h.Path(n.Home+"/repository/conf"))
		}
		for i, file := range files {
			b.kept[file] = filepath.Join(dir, h.Name+string(rune('a'+i)))
			copied(t, file, b.kept[file])
		}
	}
}

func (b *budget) restore(t *testing.T) {
	t.Helper()
	for file, kept := range b.kept {
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		copied(t, kept, file)
	}
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// spends runs the tool and checks what that cost on each host's line.
func (b *budget) spends(t *testing.T, what string, trips, channels, code int, args ...string) {
	t.Helper()
	before, begun := map[*lab.Host]wire.Count{}, map[*lab.Host]lab.Stats{}
	for h, p := range b.lines {
		before[h], begun[h] = p.Count(), stats(t, h)
	}
	b.want(t, code, args...)
	for _, h := range b.Hosts {
		if len(h.Nodes) == 0 {
			continue // of the database, which is reached past the hosts
		}
		spent, on := b.lines[h].Count().Sub(before[h]), stats(t, h).Sub(begun[h])
		after := spent.Trips - b.login[h]
		t.Logf("%s, %s: %d connection, %d channels, %d round trips after the %d of the login", what, h.Name, spent.Connections, on.Sessions, after, b.login[h])
		if spent.Connections != 1 || on.Sessions < 1 || on.Sessions > channels || after < 1 || after > trips {
			t.Errorf("%s, %s: got %d connections, %d channels, %d round trips; want 1, at most %d and %d", what, h.Name, spent.Connections, on.Sessions, after, channels, trips)
		}
	}
}
