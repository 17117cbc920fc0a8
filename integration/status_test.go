package integration_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
)

// TestStatusTable shows one deployment in each state that the table has a word
// for.
func TestStatusTable(t *testing.T) {
	t.Parallel()
	for _, d := range deployments[:2] {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if why := d.left(); why != "" {
				t.Skip("LEFT OUT: " + why)
			}
			w := up(t, d)
			w.want(t, 0, "apply", "--yes")
			w.row(t, "gw1", "gateway", "1.2.0", "process ", "current", "ok", "none", "Z done")
			w.row(t, "pub1", "publisher", "current", "all 2")
			w.row(t, "store1", "store", "current", "all 2")
			w.row(t, "database", "MariaDB", "none", "Z done")

			gateway, n := w.node(t, "gateway")
			file := n.Home + "/" + conf + "user-mgt.xml"
			other := w.vary(t, "[cluster]", "[database.pool]\nmax_active = 40\n\n[cluster]")
			if r := w.runOn(t, other, "apply", "--yes", "--limit", "gw1"); r.code != 0 {
				t.Fatal(r.err)
			}
			w.row(t, "gw1", "foreign", "master-datasources.xml")
			w.want(t, 0, "apply", "--yes")
			w.row(t, "gw1", "current")
			replace(t, gateway, file, ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<")
			w.row(t, "gw1", "older", "user-mgt.xml")
			replace(t, gateway, file, ">jdbc/WSO2CarbonDB<", ">jdbc/WSO2UM_DB<")
			w.row(t, "gw1", "older", "none")

			store, _ := w.node(t, "store")
			if err := store.KillServers(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.row(t, "store1", "stopped")
			w.row(t, "pub1", "1 of 2, not store1")
			if d.real {
				return
			}
			away := w.runOn(t, w.vary(t, fmt.Sprintf("port = %d }", gateway.SSH.Port), "port = 1 }"), "status")
			if away.code != 10 || !strings.Contains(away.err, "gw1: ") || !strings.Contains(away.out, "unreachable") || strings.Count(away.out, " current ") != 2 {
				t.Errorf("with a host that is away, status ended with %d:\n%s%s", away.code, away.out, away.err)
			}
			w.watched(t, gateway)
		})
	}
}

// row insists that a row of the table holds words.
func (w *world) row(t *testing.T, name string, words ...string) {
	t.Helper()
	table := w.want(t, 0, "status").out
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, name+" ") {
			continue
		}
		for _, word := range words {
			if !strings.Contains(line, word) {
				t.Errorf("%s: no %q in %s\n%s", name, word, line, table)
			}
		}
		return
	}
	t.Errorf("%s has no row:\n%s", name, table)
}

// watched reads a watch in a pipe: a table at the beginning and another when
// something changed, all over one connection.
func (w *world) watched(t *testing.T, h *lab.Host) {
	before := stats(t, h)
	cmd := exec.CommandContext(t.Context(), w.tool, "status", "--watch=1s", "-i", w.inventory)
	cmd.Env = w.environ()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tables := tablesOf(out)
	if first := <-tables; !strings.Contains(first, "older") {
		t.Errorf("the first table says nothing of the gateway:\n%s", first)
	}
	for sessions := stats(t, h).Sessions; stats(t, h).Sessions < sessions+3; { // some rounds on which nothing changes
		time.Sleep(100 * time.Millisecond)
	}
	select {
	case again := <-tables:
		t.Errorf("nothing changed, and it was written again:\n%s", again)
	default:
	}
	if err := h.KillServers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if second := <-tables; strings.Contains(second, "older") || !strings.Contains(second, "gw1: not running") {
		t.Errorf("the second table is\n%s", second)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for range tables { // until it ends
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("a watch that is interrupted ended with %v", err)
	}
	if n := stats(t, h).Connections - before.Connections; n != 1 {
		t.Errorf("the watch made %d connections to the host, want 1", n)
	}
}

// tablesOf cuts what a watch writes into its tables: a blank line and a date
// begin the next one.
func tablesOf(out io.Reader) <-chan string {
	tables := make(chan string)
	go func() {
		defer close(tables)
		var table strings.Builder
		for lines := bufio.NewScanner(out); lines.Scan(); {
			table.WriteString(lines.Text() + "\n")
			if strings.HasPrefix(lines.Text(), "store1: ") { // the last line of each
				tables <- table.String()
				table.Reset()
			}
		}
	}()
	return tables
}
