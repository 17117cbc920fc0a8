package converge

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestLinksAreReadAsTheKernelWritesThem(t *testing.T) {
	got, is := parseLinks("0A01A8C0:0FA0 0B01A8C0:C350\n0000000000000000FFFF00000100007F:0FA1 0000000000000000FFFF00000100007F:0FA0\nend\n")
	want := []Link{
		{netip.MustParseAddrPort("192.168.1.10:4000"), netip.MustParseAddrPort("192.168.1.11:50000")},
		{netip.MustParseAddrPort("127.0.0.1:4001"), netip.MustParseAddrPort("127.0.0.1:4000")},
	}
	if !is || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, is, want)
	}
	for _, out := range []string{"", "0A01A8C0:0FA0 0B01A8C0:C350\n", "nonsense\nend\n", "0A01A8C0:0FA0 0B01A8C0:ZZZZ\nend\n", "0A01:0FA0 0B01A8C0:C350\nend\n"} {
		if got, is := parseLinks(out); is {
			t.Errorf("%q: got %v, want that it cannot be told", out, got)
		}
	}
	if got, is := parseLinks("end\n"); !is || len(got) != 0 {
		t.Errorf("no connection: got %v, %v", got, is)
	}
}

// A pid file outlives its server: what another process that has the number by
// now is connected with is nobody's business here. What a server's connections
// look like is tested over real ones in integration.
func TestLinksAreNobodyElses(t *testing.T) {
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		t.Skip("there is no /proc/net/tcp here")
	}
	home := t.TempDir()
	port := connected(t)
	probe := func(shell string) string { return sh(t, shell, probeLinks, home, fmt.Sprintf("%04X", port)) }
	for _, shell := range shells(t) {
		if got, is := parseLinks(probe(shell)); !is || len(got) != 0 {
			t.Errorf("%s: no pid file: got %v, %v", shell, got, is)
		}
	}
	pid := standIn(t, home)
	for _, id := range []int{os.Getpid(), pid} { // neither a stranger's number nor a server without connections
		if err := os.WriteFile(filepath.Join(home, "wso2carbon.pid"), append([]byte(fmt.Sprintln(id)), make([]byte, 80)...), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, is := parseLinks(probe("sh")); !is || len(got) != 0 {
			t.Errorf("process %d: got %v, %v", id, got, is)
		}
	}
}

// connected connects this process with itself, and returns the port.
func connected(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return l.Addr().(*net.TCPAddr).Port
}
