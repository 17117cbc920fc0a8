package sshexec

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const storeRun = "lab/20261122T201530Z-4f3a1c/"

// stored is a contract over hosts that have a store of their own.
func stored(t *testing.T, test func(t *testing.T, h host)) {
	contract(t, func(t *testing.T, h host) {
		h.conn.cfg.Store = filepath.Join(openDir(t), "store")
		if err := os.Chown(filepath.Dir(h.conn.cfg.Store), h.uid, h.uid); err != nil && os.Getuid() == 0 {
			t.Fatal(err)
		}
		test(t, h)
	})
}

func TestWhatIsReplacedIsKept(t *testing.T) {
	stored(t, func(t *testing.T, h host) {
		text := "old\x00\n <password>x</password>\n\n"
		changed, gone, fresh := h.owned(t, "carbon.xml", text, 0o640), h.owned(t, "a.jar", "jar", 0o644), filepath.Join(h.dir, "fresh")
		wrote := replace(t, h.conn,
			Replace{Path: changed, Before: sums(text), Data: []byte("new"), SHA256: sums("new"), Keep: storeRun + "000-carbon.xml"},
			Replace{Path: gone, Before: sums("jar"), Remove: true, Keep: storeRun + "001-it's a \"jar\""},
			Replace{Path: fresh, Data: []byte("x"), SHA256: sums("x"), Keep: storeRun + "002-fresh"},
		)
		below := filepath.Join(h.conn.cfg.Store, "lab/20261122T201530Z-4f3a1c", strconv.Itoa(h.uid))
		for i, want := range []string{below + "/000-carbon.xml", below + "/001-it's a \"jar\"", ""} {
			if w := wrote[i]; !w.Done || w.Kept != want {
				t.Errorf("got %+v, want kept at %q", w, want)
			}
		}
		h.isPrivate(t, below, 0o700)
		h.isPrivate(t, below+"/000-carbon.xml", 0o600)
		found := gather(t, h.conn, Read{Kind: "kept", Name: storeRun + "000-carbon.xml"},
			Read{Kind: "kept", Name: storeRun + "001-it's a \"jar\"", Args: []string{"sum"}}, Read{Kind: "kept", Name: storeRun + "002-fresh"})
		if f := found[0][0]; f.Kind != "file" || string(f.Data) != text || f.SHA256 != sums(text) || f.Real != below+"/000-carbon.xml" {
			t.Errorf("got %+v", f)
		}
		if f := found[1][0]; f.Kind != "file" || f.Data != nil || f.SHA256 != sums("jar") || f.Size != 3 {
			t.Errorf("got %+v", f)
		}
		if f := found[2][0]; f.Kind != "absent" {
			t.Errorf("got %+v, want absent", f)
		}
		back := replace(t, h.conn, Replace{Path: gone, From: storeRun + "001-it's a \"jar\"", SHA256: sums("jar"), Mode: 0o644})
		if data, err := os.ReadFile(gone); !back[0].Done || string(data) != "jar" {
			t.Errorf("got %+v, %q, %v, want it back", back[0], data, err)
		}
		if w := replace(t, h.conn, Replace{Path: gone, Before: sums("jar"), From: storeRun + "009-none", SHA256: sums("jar")})[0]; w.Done || !strings.Contains(w.Err, "not in the store") {
			t.Errorf("got %+v", w)
		}
		h.leavesNothing(t)
	})
}

func (h host) isPrivate(t *testing.T, file string, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != mode {
		t.Errorf("%s: got %v %v, want mode %o", file, info, err, mode)
	}
}

func TestNothingIsReplacedThatCannotBeKept(t *testing.T) {
	stored(t, func(t *testing.T, h host) {
		file := h.owned(t, "carbon.xml", "old", 0o644)
		write(t, h.conn.cfg.Store, "no folder", 0o644)
		w := replace(t, h.conn, Replace{Path: file, Before: sums("old"), Data: []byte("new"), SHA256: sums("new"), Keep: storeRun + "000-carbon.xml"})[0]
		if data, _ := os.ReadFile(file); w.Done || string(data) != "old" || !strings.Contains(w.Err, "cannot be kept") {
			t.Errorf("got %+v, %q", w, data)
		}
		for _, keep := range []string{"../x/0", "lab/x/0", "lab/2/x", "a/2/../0", "/a/2/0", "a b/2/0"} {
			if _, err := h.conn.Replace(t.Context(), []Replace{{Path: file, Keep: keep, SHA256: sums("")}}); err == nil {
				t.Errorf("%q is a place in the store", keep)
			}
		}
		h.leavesNothing(t)
	})
}

// TestTheStoreOfRootHoldsFoldersOfOthers: root's scripts write as the owner of a
// home, who gets a folder that no third user can look into.
func TestTheStoreOfRootHoldsFoldersOfOthers(t *testing.T) {
	stored(t, func(t *testing.T, h host) {
		if !h.root {
			return // becomes nobody
		}
		home := filepath.Join(h.dir, "home")
		if err := os.Mkdir(home, 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(home, "conf")
		write(t, file, "old", 0o640)
		for _, path := range []string{home, file} {
			if err := os.Chown(path, 3004, 3004); err != nil {
				t.Fatal(err)
			}
		}
		keep := storeRun + "000-conf"
		w := replace(t, h.conn, Replace{Path: file, As: home, Before: sums("old"), Data: []byte("new"), SHA256: sums("new"), Keep: keep})[0]
		want := filepath.Join(h.conn.cfg.Store, "lab/20261122T201530Z-4f3a1c/3004/000-conf")
		if !w.Done || w.Kept != want {
			t.Fatalf("got %+v, want kept at %s", w, want)
		}
		found := gather(t, h.conn, Read{Kind: "kept", Name: keep, As: home}, Read{Kind: "stat", Name: want}, Read{Kind: "stat", Name: filepath.Dir(want)})
		if f := found[0][0]; string(f.Data) != "old" {
			t.Errorf("got %+v", f)
		}
		if f, d := found[1][0], found[2][0]; f.UID != 3004 || f.Mode != 0o600 || d.UID != 3004 || d.Mode != 0o700 {
			t.Errorf("got %+v in %+v", f, d)
		}
	})
}

func TestTheStoreForgets(t *testing.T) {
	stored(t, func(t *testing.T, h host) {
		keepOne := func(i int, run string) {
			file := h.owned(t, "f"+strconv.Itoa(i), "old", 0o644)
			w := replace(t, h.conn, Replace{Path: file, Before: sums("old"), Data: []byte("new"), SHA256: sums("new"), Keep: "lab/" + run + "/000-f"})[0]
			if !w.Done {
				t.Fatalf("got %+v", w)
			}
		}
		keepOne(0, "20010101T000000Z-000000")
		for i := range 3 {
			keepOne(1+i, "29991231T00000"+strconv.Itoa(i)+"Z-000000")
		}
		var list []string
		for i := range keepRuns {
			list = append(list, filepath.Join(h.conn.cfg.Store, "lab", "2999124"+strconv.Itoa(i/10)+"T1"+strconv.Itoa(i%10)+"0000Z-111111"))
		}
		for _, dir := range list[:keepRuns-3] {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		keepOne(9, "29991259T000000Z-222222")
		left, err := filepath.Glob(filepath.Join(h.conn.cfg.Store, "lab", "*"))
		if err != nil || len(left) != keepRuns {
			t.Errorf("%d runs are left, want %d: %v", len(left), keepRuns, left)
		}
		for _, gone := range []string{"20010101T000000Z-000000", "29991231T000000Z-000000"} {
			if _, err := os.Stat(filepath.Join(h.conn.cfg.Store, "lab", gone)); err == nil {
				t.Errorf("%s is still there", gone)
			}
		}
	})
}

// TestTheStoreOfAnotherUser: where scripts do not run as root, it is in the home
// of whom they run as.
func TestTheStoreOfAnotherUser(t *testing.T) {
	c := sharedCell(t)
	conn := dial(t, c.config("plain", false, sharedKey(t)))
	dir := openDir(t)
	if err := os.Chown(dir, 3002, 3002); err != nil {
		t.Fatal(err)
	}
	h := host{"plain", conn, false, dir, 3002}
	file := h.owned(t, "conf", "old", 0o640)
	w := replace(t, conn, Replace{Path: file, Before: sums("old"), Data: []byte("new"), SHA256: sums("new"), Keep: storeRun + "000-conf"})[0]
	below := "/home/plain/.local/state/appm-provision/"
	if want := below + "lab/20261122T201530Z-4f3a1c/3002/000-conf"; !w.Done || w.Kept != want {
		t.Fatalf("got %+v, want kept at %s", w, want)
	}
	found := gather(t, conn, Read{Kind: "kept", Name: storeRun + "000-conf"}, Read{Kind: "stat", Name: w.Kept}, Read{Kind: "stat", Name: strings.TrimSuffix(below, "/")})
	if f := found[0][0]; string(f.Data) != "old" {
		t.Errorf("got %+v", f)
	}
	if f, d := found[1][0], found[2][0]; f.Mode != 0o600 || f.UID != 3002 || d.Mode != 0o700 {
		t.Errorf("got %+v in %+v", f, d)
	}
}
