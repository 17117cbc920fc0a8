package run

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func mode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s is %04o, want %04o", path, got, want)
	}
}

func TestTheStateFolderIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "state")
	if _, err := Key(dir); err != nil {
		t.Fatal(err)
	}
	whole(t, dir)
	mode(t, dir, 0o700)
	mode(t, filepath.Join(dir, "shop"), 0o700)
	mode(t, filepath.Join(dir, "key"), 0o600)
}

func TestWhatOthersCanReadIsClosedToThem(t *testing.T) {
	dir := t.TempDir()
	whole(t, dir)
	if _, err := Key(dir); err != nil {
		t.Fatal(err)
	}
	for path, m := range map[string]os.FileMode{dir: 0o755, filepath.Join(dir, "shop"): 0o750, filepath.Join(dir, "key"): 0o644} {
		if err := os.Chmod(path, m); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Key(dir); err != nil {
		t.Fatal(err)
	}
	whole(t, dir)
	mode(t, dir, 0o700)
	mode(t, filepath.Join(dir, "shop"), 0o700)
	mode(t, filepath.Join(dir, "key"), 0o600)
}

// everyUse is all that is done with a state folder.
var everyUse = map[string]func(dir string) error{
	"key":    func(dir string) error { _, err := Key(dir); return err },
	"create": func(dir string) error { r, err := Create(dir, begin, Options{}); closed(r); return err },
	"list":   func(dir string) error { _, err := List(dir, ""); return err },
	"find":   func(dir string) error { _, err := Find(dir, "2"); return err },
	"prune":  func(dir string) error { _, err := Prune(dir, "", Limits{}); return err },
}

func closed(r *Record) {
	if r != nil {
		r.End(End{})
	}
}

func TestWhatOthersCanWriteIsRefused(t *testing.T) {
	for name, use := range everyUse {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := use(dir); err == nil || !strings.Contains(err.Error(), "others may write to it (mode 0777)") {
			t.Errorf("%s: %v", name, err)
		}
		mode(t, dir, 0o777)
	}
}

func TestWhatBelongsToSomebodyElseIsRefused(t *testing.T) {
	for name, use := range everyUse {
		dir := "/" // root's, for everybody but root
		if os.Geteuid() == 0 {
			dir = t.TempDir()
			if err := os.Chown(dir, 4321, -1); err != nil {
				t.Fatal(err)
			}
		}
		if err := use(dir); err == nil || !strings.Contains(err.Error(), "belongs to user ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFolderThatIsAFileIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, use := range everyUse {
		if err := use(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADeploymentCannotLeaveTheFolder(t *testing.T) {
	for _, name := range []string{"", "..", "../x", "a/b", ".hidden", `a\b`, "*", "a\x00"} {
		b := begin
		b.Deployment = name
		if _, err := Create(t.TempDir(), b, Options{}); err == nil {
			t.Errorf("%q is taken as a folder", name)
		}
		if name != "" {
			if _, err := List(t.TempDir(), name); err == nil {
				t.Errorf("%q is listed", name)
			}
		}
	}
}

func TestAKeyThatIsNotOneIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Key(dir); err == nil || !strings.Contains(err.Error(), "5 bytes, want 32") {
		t.Errorf("got %v", err)
	}
}

func TestFingerprintsDependOnTheKey(t *testing.T) {
	a, b := make([]byte, 32), []byte(strings.Repeat("k", 32))
	one := Fingerprint(a, []byte("hush"))
	if len(one) != 16 || one == Fingerprint(b, []byte("hush")) || one == Fingerprint(a, []byte("other")) || one != Fingerprint(a, []byte("hush")) {
		t.Errorf("fingerprints are %s %s", one, Fingerprint(b, []byte("hush")))
	}
	sum := sha256.Sum256([]byte("hush"))
	if got := FingerprintOf(a, hex.EncodeToString(sum[:])); got != one || strings.Contains(hex.EncodeToString(sum[:]), one) {
		t.Errorf("of the digest %s, of the bytes %s", got, one)
	}
}

func TestNothingRecordedIsNoError(t *testing.T) {
	list, err := List(filepath.Join(t.TempDir(), "none"), "")
	if err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	one, _ := whole(t, dir), whole(t, dir)
	for _, text := range []string{one.ID, one.ID[:len(one.ID)-1]} {
		if p, err := Find(dir, text); err != nil || p.ID != one.ID {
			t.Errorf("%s: %v %v", text, p, err)
		}
	}
	if _, err := Find(dir, "2"); err == nil || !strings.Contains(err.Error(), "2 runs begin with that") {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{"", "19990101T000000Z-000000", "../" + one.ID, "shop/" + one.ID} {
		if _, err := Find(dir, text); err == nil || !strings.Contains(err.Error(), "no record of it") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestWhatIsNoRecord(t *testing.T) {
	dir := t.TempDir()
	r := whole(t, dir)
	for text, want := range map[string]string{
		"{}\nnonsense\n": ":2: not a line of a record",
		`{"at":"2026-01-01T00:00:00Z","begin":{"format":99,"version":"v9"}}` + "\n":      "v9 in format 99, this one reads up to 1",
		`{"at":"2026-01-01T00:00:00Z","made":{"change":3}}` + "\n":                       ":1: change 3 was made",
		`{"plan":{"changes":[{"before":{"mode":"rwx"}}]}}` + "\n":                        "not octal",
		`{"at":"2026-01-01T00:00:00Z","made":{"change":-1}}` + "\n":                      "change -1",
		`{"at":"2026-01-01T00:00:00Z","plan":{"changes":[]},"made":{"change":0}}` + "\n": "",
		`{"at":"2026-01-01T00:00:00Z","novelty":{"x":1}}` + "\n":                         "",
	} {
		if err := os.WriteFile(r.File, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		switch _, err := Read(r.File); {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	if err := os.WriteFile(r.File, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := List(dir, "shop")
	if err != nil || len(list) != 1 || list[0].Err == nil || list[0].ID != r.ID || list[0].Begin.Deployment != "shop" {
		t.Errorf("listed as %+v, %v", list, err)
	}
}

// aged puts a record of an id there; ended or not.
func aged(t *testing.T, dir, deployment string, at time.Time, tail string, ends bool) string {
	t.Helper()
	below := filepath.Join(dir, deployment)
	if err := folder(below); err != nil {
		t.Fatal(err)
	}
	text := "{}\n"
	if ends {
		text += `{"end":{"exit":0}}` + "\n"
	}
	file := filepath.Join(below, at.UTC().Format(idTime)+"-0000"+tail+ending)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPrune(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	ago := func(days int) time.Time { return now.Add(-time.Duration(days) * 24 * time.Hour) }
	stay := []string{
		aged(t, dir, "a", ago(0), "01", true),
		aged(t, dir, "a", ago(1).Add(time.Hour), "02", false), // beyond the count, but it may be under way
		aged(t, dir, "a", ago(0), "03", true),
		aged(t, dir, "b", ago(500), "04", true), // the newest of its deployment
	}
	go1 := []string{
		aged(t, dir, "a", ago(3), "05", false),
		aged(t, dir, "a", ago(2), "06", true),
		aged(t, dir, "b", ago(501), "07", true),
	}
	other := filepath.Join(dir, "a", "notes.txt")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	limits := Limits{Keep: 2, Age: 180 * 24 * time.Hour, Now: now}
	would, err := Outgrown(dir, "", limits)
	if err != nil || len(would) != len(go1) {
		t.Fatalf("would remove %v, %v", would, err)
	}
	removed, err := Prune(dir, "a", limits)
	if err != nil || len(removed) != 2 {
		t.Fatalf("of a, removed %v, %v", removed, err)
	}
	if removed, err = Prune(dir, "", limits); err != nil || len(removed) != 1 {
		t.Fatalf("of all, removed %v, %v", removed, err)
	}
	for _, file := range append(stay, other) {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
	for _, file := range go1 {
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", file, err)
		}
	}
}

func TestARunUnderWayIsNotPruned(t *testing.T) {
	dir := t.TempDir()
	r := started(t, dir, Options{})
	later := whole(t, dir)
	for range 10 { // ids of one second are in the order of their random tails
		if later.ID > r.ID {
			break
		}
		later = whole(t, dir)
	}
	removed, err := Prune(dir, "", Limits{Keep: 1, Age: time.Hour, Now: time.Now().Add(1000 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range removed {
		if file == r.File {
			t.Error("the record of a run under way was removed")
		}
	}
	r.End(End{})
	if _, err := Prune(dir, "", Limits{Keep: 1, Age: time.Hour, Now: time.Now().Add(1000 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if list, _ := List(dir, ""); len(list) != 1 {
		t.Errorf("%d records stay, want the newest", len(list))
	}
}

// FuzzRead: whatever a file holds, reading it gives a record or an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"plan":{"changes":[{"before":null}]}}` + "\n" + `{"made":{"change":0}}` + "\n" + `{"end":{"exit":1}}` + "\n{"))
	f.Add([]byte("\x00\n[]\nnull\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &Past{Made: map[int]Made{}, MadeAt: map[int]time.Time{}}
		if err := p.parse(data); err == nil && p.Plan == nil && len(p.Made) > 0 {
			t.Error("changes of no plan were made")
		}
	})
}
