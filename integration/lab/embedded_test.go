package lab

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func embedded(t *testing.T, o Options) *Lab {
	t.Helper()
	l, err := Embedded(t.Context(), filepath.Join(t.TempDir(), "lab"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// sshTo runs a command through the system's own client, which trusts only the
// lab's known_hosts.
func sshTo(ctx context.Context, l *Lab, h *Host, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "ssh", "-F", "none", "-i", l.KeyFile, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
		"-o", "UserKnownHostsFile="+l.KnownHosts, "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes",
		"-o", "BatchMode=yes", "-p", itoa(h.SSH.Port), l.User+"@"+h.SSH.Host, command)
}

func run(t *testing.T, l *Lab, h *Host, command string) string {
	t.Helper()
	cmd := sshTo(t.Context(), l, h, command)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ssh %s %s: %v\n%s", h.Name, command, err, stderr.String())
	}
	return string(out)
}

func TestEmbeddedHostsAnswerTheSystemsClient(t *testing.T) {
	l := embedded(t, Options{Java: os.Getenv("LABJAVA")})
	for _, h := range l.Hosts {
		got := run(t, l, h, `echo "$HOME"; cat "$CARBON_HOSTS_FILE"; exec 3>&2; cat <&-; ls `+h.Nodes[0].Home+`/bin`)
		for _, want := range []string{h.Root + "/home\n", h.Name + "\n", "wso2server.sh\n"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %q in it", h.Name, got, want)
			}
		}
		if s, err := h.Stats(); err != nil || s != (Stats{Connections: 1, Sessions: 1}) {
			t.Errorf("%s: stats %+v, %v; want one connection, one session", h.Name, s, err)
		}
	}
	fmt.Fprintln(os.Stderr, l.Inventory(InventoryOptions{}))
	dump, err := l.DumpDatabases(t.Context())
	if err != nil || !strings.Contains(dump, "root") {
		t.Errorf("dump %q, %v", dump, err)
	}
	_ = net.Dial
	_ = time.Now
}
