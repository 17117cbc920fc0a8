// Package hosttest is the contract that everything keeps which converge takes for
// a host: the fakes of tests as well as real machines behind any sshd, any login
// shell and any way to become root.
package hosttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The types are spelled as in pkg/converge and pkg/sshexec, of which this
// package imports neither: the tests of both import it.
type (
	Read = struct {
		Kind string
		Name string
		Args []string
		As   string
	}
	Found = struct {
		Path         string
		Real         string
		Kind         string
		Data         []byte
		Size         int64
		SHA256       string
		Mode         uint32
		Owner, Group string
		UID, GID     int
		Links        int
		MTime, CTime time.Time
		Exit         int
		Err          string
	}
	Replace = struct {
		Path         string
		As           string
		Before       string
		Data         []byte
		From         string
		Keep         string
		SHA256       string
		Remove       bool
		Mode         uint32
		Owner, Group string
	}
	Wrote = struct {
		Path    string
		Done    bool
		Kept    string
		InPlace bool
		Moved   bool
		Err     string
	}
)

// Host is converge's Host, without the network behind it.
type Host interface {
	Ahead(n int)
	Gather(ctx context.Context, reads []Read) ([][]Found, error)
	Replace(ctx context.Context, files []Replace) ([]Wrote, error)
	Run(ctx context.Context, as, script string, args []string, stdin []byte, line func(string)) (exit int, stderr string, err error)
	Upload(ctx context.Context, name string, src io.ReaderAt, size int64, progress func(int64)) (string, error)
	Unstage(ctx context.Context, paths ...string) error
}

// Place is a host and what the suite may do there.
type Place struct {
	Host Host
	Dir  string // a folder of whom scripts run as, where the suite does what it likes
	Fake bool   // files have no modes and no owners, and scripts are not run
	Root bool   // scripts run as root
}

// Contract runs the suite, each test on a place of its own.
func Contract(t *testing.T, open func(t *testing.T) Place) {
	for _, test := range []struct {
		name string
		real bool // a fake need not know it
		run  func(*testing.T, Place)
	}{
		{"absent is not empty", false, absent},
		{"bytes come back as they went", false, bytesStay},
		{"a write is refused where something else is", false, guarded},
		{"writes stop at the first that cannot be done", false, stops},
		{"removed is absent", false, removed},
		{"an upload is written and forgotten", false, uploaded},
		{"what is opened ahead is for any call", false, ahead},
		{"a pattern finds what matches", false, patterns},
		{"modes are what was asked for", true, modes},
		{"names are taken as they are", true, names},
		{"links are followed and stay", true, links},
		{"reads that are scripts", true, scriptsRead},
		{"scripts get arguments and stdin", true, scripts},
		{"scripts become the owner of a path", true, owners},
		{"a large batch", true, large},
		{"a script ends with its context", true, interrupted},
	} {
		t.Run(test.name, func(t *testing.T) {
			place := open(t)
			if place.Fake && test.real {
				return // said by Fake
			}
			test.run(t, place)
		})
	}
}

// Sum is what the suite calls the hash of a text.
func Sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

func (p Place) path(name string) string { return path.Join(p.Dir, name) }

func (p Place) gather(t *testing.T, reads ...Read) [][]Found {
	t.Helper()
	found, err := p.Host.Gather(t.Context(), reads)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(reads) {
		t.Fatalf("got %d answers to %d reads", len(found), len(reads))
	}
	return found
}

// one reads one thing that is one thing.
func (p Place) one(t *testing.T, kind, name string) Found {
	t.Helper()
	found := p.gather(t, Read{Kind: kind, Name: name})[0]
	if len(found) != 1 {
		t.Fatalf("%s %s: got %d answers, want 1", kind, name, len(found))
	}
	return found[0]
}

func (p Place) replace(t *testing.T, files ...Replace) []Wrote {
	t.Helper()
	wrote, err := p.Host.Replace(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	if len(wrote) != len(files) {
		t.Fatalf("got %d answers to %d writes", len(wrote), len(files))
	}
	return wrote
}

// put writes a file that is not there yet.
func (p Place) put(t *testing.T, name, text string) string {
	t.Helper()
	file := p.path(name)
	if w := p.replace(t, Replace{Path: file, Data: []byte(text), SHA256: Sum(text), Mode: 0o644})[0]; !w.Done {
		t.Fatalf("%s: got %+v, want done", file, w)
	}
	return file
}

func (p Place) holds(t *testing.T, file, text string) {
	t.Helper()
	f := p.one(t, "file", file)
	if f.Kind != "file" || string(f.Data) != text || f.SHA256 != Sum(text) || f.Path != file || f.Err != "" {
		t.Errorf("%s: got %.300q of kind %q, %q, want %.300q", file, f.Data, f.Kind, f.Err, text)
	}
}

func (p Place) isAbsent(t *testing.T, file string) {
	t.Helper()
	if f := p.one(t, "file", file); f.Kind != "absent" || f.Data != nil || f.Err != "" {
		t.Errorf("%s: got %+v, want absent", file, f)
	}
}

func (p Place) run(t *testing.T, as, script string, args []string, stdin string) (lines []string, exit int, stderr string) {
	t.Helper()
	exit, stderr, err := p.Host.Run(t.Context(), as, script, args, []byte(stdin), func(l string) { lines = append(lines, l) })
	if err != nil {
		t.Fatal(err)
	}
	return lines, exit, stderr
}

func absent(t *testing.T, p Place) {
	p.isAbsent(t, p.path("none"))
	p.holds(t, p.put(t, "empty", ""), "")
}

func bytesStay(t *testing.T, p Place) {
	p.holds(t, p.put(t, "text", "one\ntwo"), "one\ntwo")
	var all strings.Builder
	for b := range 256 {
		all.WriteByte(byte(b))
	}
	p.holds(t, p.put(t, "binary", all.String()+"\n\n"), all.String()+"\n\n")
}

func guarded(t *testing.T, p Place) {
	file := p.put(t, "file", "old")
	for _, r := range []Replace{
		{Path: file, Before: Sum("older"), Data: []byte("new"), SHA256: Sum("new")},
		{Path: file, Data: []byte("new"), SHA256: Sum("new")},
		{Path: file, Before: Sum("older"), Remove: true},
		{Path: p.path("none"), Before: Sum("old"), Data: []byte("new"), SHA256: Sum("new")},
	} {
		if w := p.replace(t, r)[0]; w.Done || !w.Moved || w.Path != r.Path {
			t.Errorf("%s over %q: got %+v, want moved", r.Path, r.Before, w)
		}
	}
	p.holds(t, file, "old")
	p.isAbsent(t, p.path("none"))
	if w := p.replace(t, Replace{Path: file, Before: Sum("old"), Data: []byte("new"), SHA256: Sum("new")})[0]; !w.Done || w.Moved || w.Err != "" {
		t.Errorf("got %+v, want done", w)
	}
	p.holds(t, file, "new")
}

func stops(t *testing.T, p Place) {
	a, b, c := p.put(t, "a", "a"), p.put(t, "b", "b"), p.put(t, "c", "c")
	wrote := p.replace(t, Replace{Path: a, Before: Sum("a"), Data: []byte("A"), SHA256: Sum("A")},
		Replace{Path: b, Before: Sum("x"), Data: []byte("B"), SHA256: Sum("B")},
		Replace{Path: c, Before: Sum("c"), Data: []byte("C"), SHA256: Sum("C")})
	if !wrote[0].Done || !wrote[1].Moved || wrote[1].Done || wrote[2].Done || wrote[2].Moved || wrote[2].Err != "" || wrote[2].Path != c {
		t.Errorf("got %+v, want done, moved, never tried", wrote)
	}
	p.holds(t, a, "A")
	p.holds(t, b, "b")
	p.holds(t, c, "c")
}

func removed(t *testing.T, p Place) {
	file := p.put(t, "file", "old")
	if w := p.replace(t, Replace{Path: file, Before: Sum("old"), Remove: true})[0]; !w.Done {
		t.Errorf("got %+v, want done", w)
	}
	p.isAbsent(t, file)
}

func uploaded(t *testing.T, p Place) {
	text := strings.Repeat("0123456789abcde\n", 10_000) + "\x00"
	told := int64(0)
	staged, err := p.Host.Upload(t.Context(), "driver.jar", strings.NewReader(text), int64(len(text)), func(n int64) { told = n })
	if err != nil {
		t.Fatal(err)
	}
	if told != int64(len(text)) {
		t.Errorf("progress ended at %d, want %d", told, len(text))
	}
	one, two := p.path("one.jar"), p.path("two.jar")
	for _, file := range []string{one, two} {
		if w := p.replace(t, Replace{Path: file, From: staged, SHA256: Sum(text), Mode: 0o644})[0]; !w.Done {
			t.Errorf("got %+v, want done", w)
		}
		if f := p.one(t, "hash", file); f.SHA256 != Sum(text) {
			t.Errorf("%s: got %+v", file, f)
		}
	}
	if err := p.Host.Unstage(t.Context(), staged); err != nil {
		t.Error(err)
	}
	if err := p.Host.Unstage(t.Context(), staged); err != nil {
		t.Errorf("once more: %v", err)
	}
	p.holds(t, two, text)
}

func ahead(t *testing.T, p Place) {
	p.Host.Ahead(3)
	p.holds(t, p.put(t, "one", "1"), "1")
	p.Host.Ahead(1)
	uploaded(t, p)
}

func patterns(t *testing.T, p Place) {
	p.put(t, "b.jar", "B")
	p.put(t, "a.jar", "A")
	p.put(t, "c.txt", "C")
	found := p.gather(t, Read{Kind: "hash", Name: p.path("*.jar")}, Read{Kind: "hash", Name: p.path("*.zip")})
	var got []string
	for _, f := range found[0] {
		got = append(got, path.Base(f.Path)+" "+f.SHA256[:8])
	}
	if want := "a.jar " + Sum("A")[:8] + ", b.jar " + Sum("B")[:8]; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(found[1]) != 0 {
		t.Errorf("nothing matches, got %+v", found[1])
	}
}

func modes(t *testing.T, p Place) {
	kept, set, plain := p.path("kept"), p.path("set"), p.path("plain")
	p.replace(t, Replace{Path: kept, SHA256: Sum(""), Mode: 0o604}, Replace{Path: set, SHA256: Sum(""), Mode: 0o600}, Replace{Path: plain, SHA256: Sum("")})
	p.replace(t, Replace{Path: kept, Before: Sum(""), Data: []byte("x"), SHA256: Sum("x")}, Replace{Path: set, Before: Sum(""), Data: []byte("x"), SHA256: Sum("x"), Mode: 0o751})
	for file, want := range map[string]uint32{kept: 0o604, set: 0o751, plain: 0o600} {
		if f := p.one(t, "stat", file); f.Mode != want || f.Data != nil || f.Kind != "file" || f.MTime.IsZero() || f.CTime.IsZero() || f.Links != 1 {
			t.Errorf("%s: got %+v, want mode %o", file, f, want)
		}
	}
	if f := p.one(t, "stat", p.Dir); f.Kind != "dir" {
		t.Errorf("the folder: got %+v", f)
	}
	p.nothingLeft(t)
}

func (p Place) nothingLeft(t *testing.T) {
	t.Helper()
	if left, _, _ := p.run(t, "", `ls -A "$1" | grep '^[.]'`, []string{p.Dir}, ""); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func names(t *testing.T, p Place) {
	var files []Replace
	var reads []Read
	for _, name := range []string{"two  words ", "it's", `say "x"`, `back\slash`, "$HOME `id` $(id)", "line\nend", "*?[a]", "ümläut 日本", "-n", "~", "#x", "!!", "\xff\xfe", "trailing\n"} {
		files = append(files, Replace{Path: p.path(name), Data: []byte(name), SHA256: Sum(name), Mode: 0o644})
		reads = append(reads, Read{Kind: "file", Name: p.path(name)}, Read{Kind: "stat", Name: p.path(name)})
	}
	for _, w := range p.replace(t, files...) {
		if !w.Done {
			t.Errorf("got %+v, want done", w)
		}
	}
	for i, found := range p.gather(t, reads...) {
		want := string(files[i/2].Data)
		if f := found[0]; f.Kind != "file" || f.Size != int64(len(want)) || i%2 == 0 && string(f.Data) != want {
			t.Errorf("%q: got %+v", want, f)
		}
	}
	odd := p.path("!odd 'folder'\n")
	p.run(t, "", `mkdir "$1" && echo x >"$1/a.jar"`, []string{odd}, "")
	if found := p.gather(t, Read{Kind: "hash", Name: odd + "/*.jar"})[0]; len(found) != 1 || found[0].Path != odd+"/a.jar" {
		t.Errorf("got %+v", found)
	}
}

func links(t *testing.T, p Place) {
	real := p.put(t, "real", "old")
	link, dead := p.path("link"), p.path("dead")
	p.run(t, "", `ln -s real "$1"; ln -s nowhere "$2"`, []string{link, dead}, "")
	if f := p.one(t, "file", link); string(f.Data) != "old" || path.Base(f.Real) != "real" {
		t.Errorf("got %+v", f)
	}
	if f := p.one(t, "file", dead); f.Kind != "other" || f.Err == "" {
		t.Errorf("a link that leads nowhere: got %+v", f)
	}
	if w := p.replace(t, Replace{Path: link, Before: Sum("old"), Data: []byte("new"), SHA256: Sum("new")})[0]; !w.Done {
		t.Errorf("got %+v, want done", w)
	}
	p.holds(t, real, "new")
	if lines, _, _ := p.run(t, "", `readlink "$1"`, []string{link}, ""); strings.Join(lines, "|") != "real" {
		t.Errorf("the link leads to %q", lines)
	}
	if w := p.replace(t, Replace{Path: dead, Data: []byte("x"), SHA256: Sum("x")})[0]; w.Done || w.Err == "" {
		t.Errorf("a link that leads nowhere: got %+v", w)
	}
}

func scriptsRead(t *testing.T, p Place) {
	odd := "it's !odd \\ `$HOME` $(id)\n*?[a]~#;&|<>\"é\x01\xff"
	found := p.gather(t, Read{Kind: "run", Name: `printf %s "$1"`, Args: []string{odd}},
		Read{Kind: "run", Name: `printf 'x\000y\n\n'; echo bad >&2; exit 7`},
		Read{Kind: "run", Name: `cat; echo "$#"`})
	if f := found[0][0]; string(f.Data) != odd || f.Exit != 0 || f.Kind != "output" {
		t.Errorf("got %+v, want %q", f, odd)
	}
	if f := found[1][0]; string(f.Data) != "x\x00y\n\n" || f.Exit != 7 {
		t.Errorf("got %q, exit %d", f.Data, f.Exit)
	}
	if f := found[2][0]; string(f.Data) != "0\n" {
		t.Errorf("a read has something on stdin: got %q", f.Data)
	}
}

func scripts(t *testing.T, p Place) {
	lines, exit, stderr := p.run(t, "", `cat; echo "$1|$2|$#"; echo; echo "bad luck" >&2; printf end; exit 3`, []string{"a  b", "c'd!"}, "in\x00\xff\n\n")
	if got, want := strings.Join(lines, "\n"), "in\x00\xff\n\na  b|c'd!|2\n\nend"; got != want || exit != 3 || stderr != "bad luck" {
		t.Errorf("got %q, exit %d, %q, want %q, 3, bad luck", got, exit, stderr, want)
	}
	lines, _, _ = p.run(t, "", "cat", nil, "")
	if len(lines) != 0 {
		t.Errorf("no stdin: got %q", lines)
	}
}

func owners(t *testing.T, p Place) {
	home := p.path("home")
	p.run(t, "", `mkdir -m 700 "$1" && echo old >"$1/conf" && chmod 600 "$1/conf" && { [ "$(id -u)" != 0 ] || chown -R 3004:3004 "$1"; }`, []string{home}, "")
	uid := p.one(t, "stat", home).UID
	if p.Root && uid != 3004 {
		t.Fatalf("the folder belongs to %d", uid)
	}
	found := p.gather(t, Read{Kind: "run", Name: "id -u", As: home}, Read{Kind: "file", Name: home + "/conf", As: home}, Read{Kind: "file", Name: home + "/gone/x", As: home + "/gone"})
	if got, want := strings.TrimSpace(string(found[0][0].Data)), itoa(uid); got != want {
		t.Errorf("reads as %s, want %s", got, want)
	}
	if f := found[1][0]; string(f.Data) != "old\n" {
		t.Errorf("got %+v", f)
	}
	if f := found[2][0]; f.Kind != "absent" || f.Err != "" {
		t.Errorf("below an owner that is absent: got %+v", f)
	}
	wrote := p.replace(t, Replace{Path: home + "/conf", As: home, Before: Sum("old\n"), Data: []byte("new"), SHA256: Sum("new")},
		Replace{Path: home + "/fresh", As: home, Data: []byte("new"), SHA256: Sum("new"), Mode: 0o640})
	if !wrote[0].Done || !wrote[1].Done {
		t.Errorf("got %+v", wrote)
	}
	for name, mode := range map[string]uint32{"/conf": 0o600, "/fresh": 0o640} {
		if f := p.one(t, "stat", home+name); f.UID != uid || f.Mode != mode {
			t.Errorf("%s: got %+v, want user %d, mode %o", name, f, uid, mode)
		}
	}
	if lines, exit, _ := p.run(t, home, "id -u; cat", nil, "in"); strings.Join(lines, " ") != itoa(uid)+" in" || exit != 0 {
		t.Errorf("scripts as the owner: got %q, %d", lines, exit)
	}
}

func large(t *testing.T, p Place) {
	var files []Replace
	var reads []Read
	text := func(i int) string { return strings.Repeat(itoa(i)+" is a line of it\n", 2000) }
	for i := range 40 {
		file := p.path("f" + itoa(i))
		files = append(files, Replace{Path: file, Data: []byte(text(i)), SHA256: Sum(text(i)), Mode: 0o644})
		reads = append(reads, Read{Kind: "file", Name: file}, Read{Kind: "run", Name: "echo $1", Args: []string{itoa(i)}})
	}
	for _, w := range p.replace(t, files...) {
		if !w.Done {
			t.Fatalf("got %+v, want done", w)
		}
	}
	found := p.gather(t, reads...)
	for i := range 40 {
		if !bytes.Equal(found[2*i][0].Data, []byte(text(i))) || string(found[2*i+1][0].Data) != itoa(i)+"\n" {
			t.Errorf("number %d: got %d bytes, %q", i, len(found[2*i][0].Data), found[2*i+1][0].Data)
		}
	}
}

func interrupted(t *testing.T, p Place) {
	ctx, cancel := context.WithCancel(t.Context())
	pid := ""
	if _, _, err := p.Host.Run(ctx, "", `echo $$; sleep 600 & wait`, nil, nil, func(l string) { pid = l; cancel() }); err == nil {
		t.Error("got no error, want one that says interrupted")
	}
	for i := 0; p.gather(t, Read{Kind: "run", Name: `kill -0 "$1"`, Args: []string{pid}})[0][0].Exit == 0; i++ {
		if i == 50 {
			t.Fatalf("process %s lives on", pid)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
