package integration_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// TestTornInPlace kills a host's scripts in the middle of a write to a hosts
// file that is a mount, and so cannot be renamed over: half a line is there then.
func TestTornInPlace(t *testing.T) {
	t.Parallel()
	d := deployment{name: "OpenSSH and MariaDB", real: true, kind: mysqld.MariaDB, bound: "gw1"}
	if why := d.left(); why != "" {
		fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s: %s ***\n\n", t.Name(), why)
		t.Skip("LEFT OUT: " + why)
	}
	w := up(t, d)
	h := w.Host("gw1")
	file := h.Path(h.HostsFile)
	const mine = "10.9.9.1\tprinter # of the operator's own\n"
	if err := os.WriteFile(file, append([]byte("127.0.0.1\tlocalhost\n"+mine), keep(t, file)...), 0o644); err != nil {
		t.Fatal(err)
	}
	w.want(t, 0, "apply", "--yes")
	good, whole := w.look(t), keep(t, file)
	for range 2 { // in the second round a torn file is torn again
		replace(t, h, h.HostsFile, "\tpublisher.appm-wso2.com\n", "\tpublisher.appm-wso2.com.old\n")
		for range 2 {
			torn := w.tear(t, h)
			if is := keep(t, file); !bytes.Equal(is, torn) || !bytes.HasPrefix(whole, is) || len(is) == 0 {
				t.Fatalf("the hosts file is not torn: %q", is)
			}
			r := w.want(t, 2, "plan", "--detailed-exitcode")
			if !strings.Contains(r.out, "+ "+mine) {
				t.Errorf("the plan does not bring back what was lost:\n%s", r.out)
			}
			if is := keep(t, file); !bytes.Equal(is, torn) {
				t.Errorf("a plan has written: %q", is)
			}
		}
		w.want(t, 0, "apply", "--yes")
		if is := keep(t, file); !bytes.Equal(is, whole) {
			t.Errorf("the next run makes it\n%s\nwant\n%s", is, whole)
		}
		if left, err := filepath.Glob(h.Path("/etc") + "/.hosts*"); err != nil || len(left) > 0 {
			t.Errorf("left behind: %q, %v", left, err)
		}
		w.want(t, 0, "plan", "--detailed-exitcode")
		w.equal(t, good.withoutLedger(), w.look(t).withoutLedger(), "a torn file and the rerun")
	}
}

// tear applies on a host whose cat writes twenty bytes into the hosts file, and
// then ends everything that the connection runs, as a host does that dies. It
// returns what is in the file.
func (w *world) tear(t *testing.T, h *lab.Host) []byte {
	t.Helper()
	const cat = "#!/tmp/real-sh\ncase $(readlink /proc/$$/fd/1) in\n/etc/hosts) head -c 30 \"$2\"; kill -KILL 0 ;;\nesac\nexec /tmp/real-cat \"$@\"\n"
	if err := os.WriteFile(h.Path("/tmp/cat"), []byte(cat), 0o755); err != nil {
		t.Fatal(err)
	}
	sh(t, h, "cp /bin/cat /tmp/real-cat && cp /bin/sh /tmp/real-sh && mount --bind /tmp/cat $(readlink -f $(command -v cat))")
	r := w.run(t, "apply", "--yes")
	sh(t, h, "umount $(readlink -f $(command -v cat)); rm -f /tmp/cat /tmp/real-cat /tmp/real-sh")
	if r.code < 10 || !strings.Contains(r.err, h.Name+": ") {
		t.Errorf("a run whose host dies ended with %d: %s", r.code, r.err)
	}
	t.Logf("exit code %d: %s", r.code, r.err[max(0, len(r.err)-200):])
	return keep(t, h.Path(h.HostsFile))
}
