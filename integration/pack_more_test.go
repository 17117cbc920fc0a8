package integration_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/lab"
)

// TestPackAgainstTheOdds goes on hosts that lack what most have: a host without
// gzip, no service user anywhere, and a tool that is killed while it unpacks.
func TestPackAgainstTheOdds(t *testing.T) {
	t.Parallel()
	over(t, packed[1:], func(t *testing.T, w *world) {
		data := bare(t, w)
		w.inventory = w.vary(t, "service_user = \"wso2\"", "service_user = \"appm9\"", "[pack]\n", "[pack]\ncreate_user = true\n")
		gw, _ := w.node(t, "gateway")
		withoutGzip(t, gw)
		planned := plannedFiles(t, w.want(t, 0, "plan", "--json", "-v").out)
		if r := w.want(t, 0, "plan"); strings.Count(r.out, "+ user appm9: the servers run as it") == 0 {
			t.Errorf("the plan does not show the user:\n%s", r.out)
		}
		for _, moment := range []string{".zip 100%", "unpack "} {
			killWhen(t, w, func(line string) bool { return strings.Contains(line, moment) }, "apply", "--yes")
			wholeOrNot(t, w, data)
		}
		w.want(t, 0, "apply", "--yes")
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range w.Hosts {
			for _, n := range h.Nodes {
				w.server(t, h)
				asPlanned(t, h, n, z, planned[h.Name])
				noTraces(t, h, n)
				who, err := h.Exec(t.Context(), "stat", "-c", "%U:%G", n.Home+"/bin", n.Home+"/repository/conf/carbon.xml")
				if err != nil || who != "appm9:appm9\nappm9:appm9\n" {
					t.Errorf("%s: the home belongs to %q (%v)", h.Name, who, err)
				}
			}
		}
		converged(t, w)
	})
}

// withoutGzip hides the program on one real host.
func withoutGzip(t *testing.T, h *lab.Host) {
	t.Helper()
	path, err := exec.LookPath("gzip")
	if err != nil {
		t.Fatal(err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Exec(t.Context(), "mount", "--bind", "/dev/null", path); err != nil {
		t.Fatal(err)
	}
	if out, err := h.Exec(t.Context(), "sh", "-c", "command -v gzip || echo none"); err != nil || out != "none\n" {
		t.Fatalf("%s still has %s (%v)", h.Name, out, err)
	}
}

// wholeOrNot wants each home with all its files, or none: soon, as what runs on a
// host ends when it sees that the connection has.
func wholeOrNot(t *testing.T, w *world, data []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		busy := ""
		for _, h := range w.Hosts {
			for _, n := range h.Nodes {
				beside, err := os.ReadDir(filepath.Dir(h.Path(n.Home)))
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range beside {
					if strings.HasPrefix(e.Name(), ".") {
						busy = h.Name + ": " + e.Name()
					}
				}
			}
		}
		if busy == "" {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("this stays: %s", busy)
		}
	}
	for _, h := range w.Hosts {
		for _, n := range h.Nodes {
			if _, err := os.Stat(h.Path(n.Home)); os.IsNotExist(err) {
				continue
			}
			for _, f := range z.File {
				_, rel, _ := strings.Cut(f.Name, "/")
				if info, err := os.Stat(h.Path(n.Home + "/" + rel)); err != nil || info.Size() != int64(f.UncompressedSize64) && f.Mode().IsRegular() {
					t.Errorf("%s: %s is not whole (%v)", h.Name, rel, err)
				}
			}
		}
	}
}

// TestPackByURL has hosts fetch the pack: one gets something else, and nothing is
// made of that.
func TestPackByURL(t *testing.T) {
	t.Parallel()
	over(t, packed[:1], func(t *testing.T, w *world) {
		data := bare(t, w)
		var mu sync.Mutex
		served := data
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			asked++
			if strings.HasPrefix(r.URL.Path, "/whole/") { // a server that gives no parts
				_, _ = rw.Write(served)
				return
			}
			http.ServeContent(rw, r, "pack.zip", time.Time{}, bytes.NewReader(served))
		}))
		t.Cleanup(server.Close)
		serve := func(file []byte) (before int) {
			mu.Lock()
			defer mu.Unlock()
			before, served, asked = asked, file, 0
			return before
		}
		w.inventory = w.vary(t, "[pack]\n", fmt.Sprintf("[pack]\nurl = %q\nsha256 = \"%x\"\n", server.URL+"/wso2appm-1.2.0.zip", sha256.Sum256(data)))
		r := w.want(t, 0, "plan")
		if n := serve(append(bytes.Clone(data[:len(data)-1]), 'x')); n > 0 || !strings.Contains(r.out, "fetched by the host from "+server.URL) {
			t.Errorf("the plan asked %d times, or does not say where the pack comes from:\n%s", n, r.out)
		}
		before := w.bareFiles(t)
		if r := w.want(t, 23, "apply", "--yes"); !strings.Contains(r.err, "and the inventory says") || !strings.Contains(r.err, "nothing of it was used") {
			t.Errorf("apply does not say that another file came:\n%s", r.err)
		}
		w.unchanged(t, before, "a pack that is another")
		copied := w.inventory
		w.inventory = w.vary(t, "file = \""+packFile(w)+"\"\n", "")
		if r := w.want(t, 3, "plan"); !strings.Contains(r.err, "pack: ") || !strings.Contains(r.err, "is cut off") {
			t.Errorf("the plan does not say that the pack cannot be read from afar:\n%s", r.err)
		}
		serve(data)
		withCopy, without := w.runOn(t, copied, "plan"), w.want(t, 0, "plan")
		if withCopy.code != 0 || withCopy.out != without.out {
			t.Errorf("read from afar the pack gives another plan:\n%s\nand\n%s%s", without.out, withCopy.out, withCopy.err)
		}
		serve(data)
		w.want(t, 0, "apply", "--yes")
		if n := serve(nil); n < len(w.Hosts) || n > len(w.Hosts)+2 {
			t.Errorf("%d hosts and the tool asked %d times", len(w.Hosts), n)
		}
		serve(data)
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range w.Hosts {
			for _, n := range h.Nodes {
				noTraces(t, h, n)
				if left, err := os.ReadDir(filepath.Join(h.Root, "var/lib/appm-provision/packs")); err == nil {
					t.Errorf("%s: what was fetched stays: %v", h.Name, left)
				}
				if info, err := os.Stat(h.Path(n.Home + "/bin/wso2server.sh")); err != nil || info.Mode().Perm() != 0o755 || len(z.File) == 0 {
					t.Errorf("%s: %v", h.Name, err)
				}
			}
		}
		converged(t, w)
		whole := w.vary(t, server.URL+"/", server.URL+"/whole/")
		if r := w.runOn(t, whole, "plan"); r.code != 3 || !strings.Contains(r.err, "asked for a part of the file") || !strings.Contains(r.err, "a copy on this machine") {
			t.Errorf("ended with %d, and does not say that the server gives no parts:\n%s", r.code, r.err)
		}
	})
}
