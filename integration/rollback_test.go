package integration_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/run"
)

// TestRollback takes runs back, whole and broken ones.
func TestRollback(t *testing.T) {
	t.Parallel()
	over(t, deployments[:2], func(t *testing.T, w *world) {
		for _, s := range []struct {
			name string
			run  func(*testing.T, *world)
		}{
			{"a first apply that was broken off is taken back", brokenBack},
			{"a full apply is taken back to the byte, mode and owner", wholeBack},
			{"and a removed driver", driverBack},
			{"a file that somebody has changed since is named, and nothing is touched", foreignEdit},
			{"a node that does not come up is named with the way back", wayIsNamed},
			{"or put back by itself", putBackByItself},
		} {
			if !t.Run(s.name, func(t *testing.T) { s.run(t, w) }) {
				t.Fatal("the rest builds on this")
			}
		}
	})
}

// ids are the runs, the newest first.
func (w *world) ids(t *testing.T) []string {
	t.Helper()
	var ids []string
	for l := range strings.Lines(w.command(t, 0, "runs").out) {
		if word, _, _ := strings.Cut(l, " "); run.IsID(word) {
			ids = append(ids, word)
		}
	}
	return ids
}

// lastRun is the id of the newest run.
func (w *world) lastRun(t *testing.T) string {
	t.Helper()
	ids := w.ids(t)
	if len(ids) == 0 {
		t.Fatal("no run is recorded")
	}
	return ids[0]
}

// files are every file of every host, without the databases.
func (w *world) trees(t *testing.T) sight {
	t.Helper()
	s := w.look(t)
	s.dump = ""
	return s
}

// brokenBack kills the tool when it says that a file is written: what the other
// hosts have got by then is not in the record. In a second one not even that
// file is.
func brokenBack(t *testing.T, w *world) {
	h, n := w.node(t, "idp")
	before := w.trees(t)
	for _, forget := range []bool{false, true} {
		killAfterWrite(t, w, n.Home+"/"+conf+"user-mgt.xml")
		id := w.lastRun(t)
		file := filepath.Join(w.state, "appm-provision", "lab", id+".jsonl")
		if forget {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if at := bytes.Index(data, []byte(`"made":`)); at >= 0 { // cut off in the line of the first change
				if err := os.WriteFile(file, data[:at], 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if left := before.trees[h.Name].Diff(w.trees(t).trees[h.Name]); len(left) == 0 {
			t.Error("the broken run has changed nothing")
		}
		r := w.want(t, 0, "rollback", id, "--yes")
		for _, stays := range []string{"not taken back: database UM_DB stays", "not taken back: account appm stays"} {
			if !forget && !strings.Contains(r.out, stays) { // the second run found them there
				t.Errorf("the way back does not say %q:\n%s", stays, r.out)
			}
		}
		w.equal(t, before, w.trees(t), "a broken run and its rollback")
	}
}

func wholeBack(t *testing.T, w *world) {
	// What is there is not as the product came: other modes, an older driver.
	h, n := w.node(t, "publisher")
	if err := os.Chmod(h.Path(n.Home+"/repository/conf/registry.xml"), 0o640); err != nil {
		t.Fatal(err)
	}
	before := w.trees(t)
	w.want(t, 0, "apply", "--yes")
	id := w.lastRun(t)
	w.keptPrivately(t, id)
	dry := w.want(t, 0, "rollback", id, "--dry-run")
	for _, want := range []string{"> stop ", "user-mgt.xml", "(secret)"} {
		if !strings.Contains(dry.out, want) {
			t.Errorf("the way back does not say %q:\n%s", want, dry.out)
		}
	}
	w.want(t, 0, "rollback", id, "--yes")
	now := w.trees(t)
	w.equal(t, before, now, "apply and rollback")
	if again := w.want(t, 0, "rollback", id, "--dry-run"); !strings.Contains(again.out, "No changes.") {
		t.Errorf("there is still something to take back:\n%s", again.out)
	}
	// A rollback is a run: taken back, it is as after the apply.
	w.want(t, 0, "rollback", w.lastRun(t), "--yes")
	w.want(t, 0, "apply", "--yes")
	w.want(t, 0, "plan", "--detailed-exitcode")
}

// keptPrivately looks at what the hosts keep of a run: closed to all but who
// owned the original, and nothing of it is on this machine.
func (w *world) keptPrivately(t *testing.T, id string) {
	t.Helper()
	for _, h := range w.Hosts {
		if len(h.Nodes) == 0 {
			continue
		}
		files := 0
		store := filepath.Join(h.Root, "var/lib/appm-provision/lab", id)
		err := filepath.WalkDir(store, func(file string, d fs.DirEntry, err error) error {
			if err != nil || file == store {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			want := fs.FileMode(0o600)
			if d.IsDir() {
				want = 0o700
			} else {
				files++
			}
			if info.Mode().Perm() != want {
				t.Errorf("%s: mode %o, want %o", file, info.Mode().Perm(), want)
			}
			return nil
		})
		if err != nil || files < 3 {
			t.Errorf("%s keeps %d files of run %s, %v", h.Name, files, id, err)
		}
	}
}

// driverBack has the tool put its driver in the place of an older one.
func driverBack(t *testing.T, w *world) {
	h, n := w.node(t, "store")
	lib := h.Path(n.Home + "/repository/components/lib/")
	old := filepath.Join(lib, "mysql-connector-java-5.1.40-bin.jar")
	jar := filepath.Join(lib, "mysql-connector-java-5.1.49-bin.jar")
	bundle := h.Path(n.Home + "/repository/components/dropins/mysql_connector_java_5.1.4")
	if err := errors.Join(os.Rename(jar, old), os.Rename(bundle+"9_bin_1.0.0.jar", bundle+"0_bin_1.0.0.jar")); err != nil {
		t.Fatal(err)
	}
	before := w.trees(t)
	w.want(t, 0, "apply", "--yes")
	if _, err := os.Stat(old); err == nil {
		t.Fatal("the older driver is still there")
	}
	id := w.lastRun(t)
	w.want(t, 0, "rollback", id, "--yes")
	w.equal(t, before, w.trees(t), "apply and rollback of a driver")
	w.server(t, h) // which refuses to start with two bundles of a driver
	w.want(t, 0, "rollback", id, "--yes")
	w.want(t, 0, "apply", "--yes")
	// The server makes the bundle of this one anew.
	if err := os.Truncate(jar, 100); err != nil {
		t.Fatal(err)
	}
	before = w.trees(t)
	w.want(t, 0, "apply", "--yes")
	w.want(t, 0, "rollback", w.lastRun(t), "--yes")
	w.equal(t, before, w.trees(t), "apply and rollback of a broken driver")
	w.want(t, 0, "apply", "--yes")
}

func foreignEdit(t *testing.T, w *world) {
	h, n := w.node(t, "publisher")
	other, m := w.node(t, "idp")
	const file = "/repository/conf/user-mgt.xml"
	replace(t, h, n.Home+file, ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<")
	replace(t, other, m.Home+file, ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<")
	w.want(t, 0, "apply", "--yes")
	id := w.lastRun(t)
	replace(t, h, n.Home+file, "</UserManager>", "<!-- mine --></UserManager>")
	before := w.trees(t)
	r := w.want(t, 15, "rollback", id, "--yes")
	if !strings.Contains(r.err, h.Name) || !strings.Contains(r.err, n.Home+file) || !strings.Contains(r.err, "somebody has changed it since") {
		t.Errorf("the message is %q", r.err)
	}
	w.equal(t, before, w.trees(t), "a refused rollback")
	// The other node can be taken back alone.
	w.want(t, 0, "rollback", id, "--yes", "--limit", "idp")
	replace(t, h, n.Home+file, "<!-- mine --></UserManager>", "</UserManager>")
	w.want(t, 0, "rollback", id, "--yes")
	w.want(t, 0, "apply", "--yes")
}

// faulty is an inventory whose servers do not come up: the driver takes no such
// value, and nobody else looks at what the driver is told.
func (w *world) faulty(t *testing.T) string {
	t.Helper()
	return w.vary(t, "[database]\n", "[database]\noptions = \"autoReconnect=perhaps\"\n")
}

func wayIsNamed(t *testing.T, w *world) {
	h, n := w.node(t, "idp") // slow to die, so that its death is seen
	replace(t, h, n.Home+"/"+conf+"standin.properties", "start_ms", "pid_ms=800\nstart_ms")
	before := w.trees(t)
	r := w.runOn(t, w.faulty(t), "apply", "--yes")
	id := w.lastRun(t)
	if r.code != 19 || !strings.Contains(r.err, "appm-provision rollback "+id) {
		t.Fatalf("ended with %d, and does not name the way back from %s: %s", r.code, id, r.err)
	}
	// The inventory of the run is the one that was changed.
	w.command(t, 0, "rollback", id, "--yes")
	w.equal(t, before, w.trees(t), "a failed run and its rollback")
	w.allUp(t)
	w.want(t, 0, "plan", "--detailed-exitcode")
}

func putBackByItself(t *testing.T, w *world) {
	h, n := w.node(t, "idp")
	before := w.trees(t)
	faulty := w.faulty(t)
	r := w.runOn(t, faulty, "apply", "--yes", "--rollback-on-failure")
	if r.code != 19 || !strings.Contains(r.err, "node "+h.Name+" was put back as it was") || !strings.Contains(r.err, "did not restart") {
		t.Fatalf("ended with %d: %s", r.code, r.err)
	}
	w.allUp(t)
	after := w.trees(t)
	home := strings.TrimPrefix(h.Path(n.Home), h.Root)
	for _, d := range before.trees[h.Name].Diff(after.trees[h.Name]) {
		if strings.Contains(d, home+"/") {
			t.Errorf("the node is not as it was: %s", d)
		}
	}
	ids := w.ids(t)
	w.command(t, 0, "rollback", ids[1], "--yes") // the rest of it
	w.equal(t, before, w.trees(t), "a run that was taken back in two parts")
	w.want(t, 0, "plan", "--detailed-exitcode")
	w.allUp(t)
}

// allUp fails unless one server runs for each node.
func (w *world) allUp(t *testing.T) {
	t.Helper()
	for _, h := range w.Hosts {
		if len(h.Nodes) > 0 {
			w.server(t, h)
		}
	}
}
