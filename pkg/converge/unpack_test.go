package converge

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/pack"
	"github.com/appm-provision/appm-provision/pkg/plan"
)

// awkward is a pack whose names a careless script would trip over.
func awkward(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"repository/conf/carbon.xml": `<Server xmlns="http://wso2.org/projects/carbon/carbon.xml"><Version>1.2.0</Version></Server>`,
		"bin/wso2server.sh":          "#!/bin/sh\n",
		"empty":                      "",
		"a b/c  d ":                  "blanks",
		" leads":                     "a blank first",
		"-rf":                        "an option",
		"-d/-m":                      "a folder like one",
		"it's $(id) \"`x`\" *;&":     "quotes",
		"%s%n\u00e4":                 "percent",
		"big":                        squares(300_000),
		"bytes":                      "\x00\xff\r\n\x00",
		"stored":                     "as it is",
	}
}

// squares is a large text that a zip makes not too small.
func squares(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strconv.Itoa(i*i) + "\n")
	}
	return b.String()
}

// zipOf writes the files as a pack, and opens it.
func zipOf(t *testing.T, files map[string]string) (*pack.Pack, []byte) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		head := &zip.FileHeader{Name: "wso2appm-1.2.0/" + name, Method: zip.Deflate}
		if name == "stored" {
			head.Method = zip.Store
		}
		head.SetMode(modeOf(name))
		to, err := w.CreateHeader(head)
		if err == nil {
			_, err = to.Write([]byte(files[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := pack.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return p, b.Bytes()
}

func modeOf(name string) fs.FileMode {
	if strings.HasSuffix(name, ".sh") || strings.HasPrefix(name, "-") {
		return 0o755
	}
	return 0o644
}

// unpacking is one call of the script.
type unpacking struct {
	dir, home, zip string
	args           []string
	list           []byte
	path           string // of programs; "" is this machine's
}

func newUnpacking(t *testing.T, p *pack.Pack, data []byte) *unpacking {
	t.Helper()
	dir := t.TempDir()
	u := &unpacking{dir: dir, home: filepath.Join(dir, "opt", "wso2", "home"), zip: filepath.Join(dir, "pack.zip")}
	if err := os.WriteFile(u.zip, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var lines int
	u.list, lines = manifest(p)
	u.args = []string{u.home, u.zip, sum(string(data)), "", filepath.Join(dir, "state"), "note", "sha256 x\npack y", strconv.Itoa(lines)}
	return u
}

func (u *unpacking) command(shell string) *exec.Cmd {
	words := append(strings.Fields(shell), "-c", unpackScript, "sh")
	cmd := exec.Command(words[0], append(words[1:], u.args...)...)
	cmd.Stdin = bytes.NewReader(u.list)
	if u.path != "" {
		cmd.Env = append(os.Environ(), "PATH="+u.path)
	}
	return cmd
}

func (u *unpacking) run(shell string) (string, int) {
	cmd := u.command(shell)
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}

// beside is what lies where the home is to be.
func (u *unpacking) beside(t *testing.T) string {
	t.Helper()
	list, err := os.ReadDir(filepath.Dir(u.home))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// withBusybox adds a shell whose programs are all busybox's.
func withBusybox(t *testing.T) (shell, path string) {
	t.Helper()
	box, err := exec.LookPath("busybox")
	if err != nil {
		return "", ""
	}
	dir := t.TempDir()
	if out, err := exec.Command(box, "--install", "-s", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return box + " sh", dir
}

func TestAHomeIsUnpackedAsThePackSays(t *testing.T) {
	files := awkward(t)
	p, data := zipOf(t, files)
	ways := map[string]string{}
	for _, shell := range shells(t) {
		ways[shell] = ""
	}
	if shell, path := withBusybox(t); shell != "" {
		ways[shell] = path
	} else {
		t.Log("no busybox: NOT TESTED WITH IT")
	}
	for shell, path := range ways {
		u := newUnpacking(t, p, data)
		u.path = path
		old := filepath.Join(filepath.Dir(u.home), ".home.appm-unpack.0123456789", "home")
		if err := os.MkdirAll(old, 0o755); err != nil {
			t.Fatal(err)
		}
		if out, code := u.run(shell); code != 0 {
			t.Errorf("%s: ended with %d: %s", shell, code, out)
			continue
		}
		if got := u.beside(t); got != "home" {
			t.Errorf("%s: beside the home lies %s", shell, got)
		}
		found := unpacked(t, u.home)
		for name, text := range files {
			if found[name] != modeOf(name).String()+text {
				t.Errorf("%s: %q is %.60q", shell, name, found[name])
			}
			delete(found, name)
		}
		if len(found) > 0 {
			t.Errorf("%s: more than the pack has is there: %v", shell, found)
		}
		noted(t, u)
	}
}

// unpacked are the files of a home, mode and text.
func unpacked(t *testing.T, home string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(home, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && e.IsDir() && info.Mode().Perm() != 0o755 {
			t.Errorf("%s has mode %v", file, info.Mode())
		}
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		rel, _ := filepath.Rel(home, file)
		found[rel] = info.Mode().String() + string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// noted wants a note of the very folder that is there, which nobody else reads.
func noted(t *testing.T, u *unpacking) {
	t.Helper()
	file := filepath.Join(u.dir, "state", "homes", "note")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.Stat(u.home)
	if err != nil {
		t.Fatal(err)
	}
	born, err := exec.Command("stat", "-c", "%W", u.home).Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(string(data), "born unknown\n") { // by a stat that does not tell
		born = []byte("unknown\n")
	}
	want := "sha256 x\npack y\ninode " + strconv.FormatUint(home.Sys().(*syscall.Stat_t).Ino, 10) + "\nborn " + string(born)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || string(data) != want {
		t.Errorf("the note says %q (%v), want %q", data, err, want)
	}
}

// A dd without the flags that make it fast is done without.
func TestUnpackingWithoutTheFlagsOfDD(t *testing.T) {
	files := awkward(t)
	p, data := zipOf(t, files)
	u := newUnpacking(t, p, data)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dd"), []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	u.path = dir + ":" + os.Getenv("PATH")
	if out, code := u.run("sh"); code != 0 {
		t.Fatalf("ended with %d: %s", code, out)
	}
	if found := unpacked(t, u.home); len(found) != len(files) || found["big"] != modeOf("big").String()+files["big"] {
		t.Errorf("%d files of %d are there, or the big one is torn", len(found), len(files))
	}
}

// A pack that was made plain needs no gzip.
func TestUnpackingWithoutGzip(t *testing.T) {
	files := awkward(t)
	p, _ := zipOf(t, files)
	var b bytes.Buffer
	if err := p.Plain(&b); err != nil {
		t.Fatal(err)
	}
	plain, err := pack.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	u := newUnpacking(t, plain, b.Bytes())
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "gzip"), []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	u.path = dir + ":" + os.Getenv("PATH")
	if out, code := u.run("sh"); code != 0 {
		t.Fatalf("ended with %d: %s", code, out)
	}
	if found := unpacked(t, u.home); len(found) != len(files) || found["bytes"] != modeOf("bytes").String()+files["bytes"] {
		t.Errorf("%d files of %d are there, or not as they were", len(found), len(files))
	}
}

// However many nodes a host carries, the pack travels to it once.
func TestAPackIsUploadedOncePerHost(t *testing.T) {
	p, data := zipOf(t, awkward(t))
	hosts := map[string]Host{"a": &fakeHost{}, "b": &fakeHost{}}
	var steps []plan.Step
	for _, home := range []plan.Ref{{Target: "a", Kind: plan.KindHome, Path: "/srv/IDP"}, {Target: "a", Kind: plan.KindHome, Path: "/srv/Store"}, {Target: "b", Kind: plan.KindHome, Path: "/srv/Gateway"}} {
		want := plan.Want{Ref: home, After: &plan.Home{SHA256: sum(string(data)), Packed: int64(len(data)), Size: p.Size}}
		steps = append(steps, plan.Step{Name: "unpack", For: home.Path, Needs: []plan.Need{{Ref: home}},
			Want: func(*plan.State) ([]plan.Want, []plan.Note, error) { return []plan.Want{want}, nil, nil }})
	}
	source := Source{Name: "pack.zip", Size: int64(len(data)), Reader: bytes.NewReader(data)}
	report := Apply(t.Context(), Deployment{Hosts: hosts, Pack: p, Blobs: map[string]Source{sum(string(data)): source}}, planFor(t, hosts, steps...))
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	for name, homes := range map[string]int{"a": 2, "b": 1} {
		h := hosts[name].(*fakeHost)
		if h.uploads != 1 || len(h.dirs) != homes || len(h.staged) != 0 {
			t.Errorf("%s: %d uploads, homes %v, left behind %v; want one upload, %d homes and nothing", name, h.uploads, h.dirs, h.staged, homes)
		}
	}
}

// A pack that was read from afar is cut by the headers that the host reads.
func TestUnpackingByHeaders(t *testing.T) {
	files := awkward(t)
	_, data := zipOf(t, files)
	p, err := pack.OpenRemote(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	u := newUnpacking(t, p, data)
	if out, code := u.run("sh"); code != 0 {
		t.Fatalf("ended with %d: %s", code, out)
	}
	found := unpacked(t, u.home)
	for name, text := range files {
		if found[name] != modeOf(name).String()+text {
			t.Errorf("%q is %.60q", name, found[name])
		}
	}
}

func TestNothingIsLeftOfAHomeThatCannotBeUnpacked(t *testing.T) {
	p, data := zipOf(t, awkward(t))
	for _, c := range []struct {
		what   string
		make   func(*unpacking)
		code   int
		want   string
		beside string
	}{
		{"another zip", func(u *unpacking) { u.args[2] = sum("") }, 1, "not the pack", ""},
		{"a home that is there", func(u *unpacking) { must(t, os.MkdirAll(u.home, 0o755)) }, 21, "is there by now", "home"},
		{"a link that leads nowhere", func(u *unpacking) {
			must(t, os.MkdirAll(filepath.Dir(u.home), 0o755))
			must(t, os.Symlink("/nowhere", u.home))
		}, 21, "is there by now", "home"},
		{"a folder that everybody may write to", func(u *unpacking) {
			must(t, os.MkdirAll(filepath.Dir(u.home), 0o755))
			must(t, os.Chmod(filepath.Dir(u.home), 0o777))
		}, 1, "everybody may write", ""},
		{"a wrong CRC", func(u *unpacking) { u.list = bytes.Replace(u.list, []byte(`\`), []byte(`\1\`), 1) }, 1, "could not be unpacked", ""},
		{"a file that goes on and on", func(u *unpacking) { u.list = shortened(u.list, "big") }, 1, "could not be unpacked", ""},
		{"half a list", func(u *unpacking) { u.list = u.list[:bytes.LastIndexByte(u.list[:len(u.list)-1], '\n')+1] }, 1, "did not arrive whole", ""},
		{"a file twice", func(u *unpacking) { u.list = append(u.list, lineOf(u.list, "big")...) }, 1, "could not be unpacked", ""},
	} {
		u := newUnpacking(t, p, data)
		c.make(u)
		out, code := u.run("sh")
		if code != c.code || !strings.Contains(out, "failed ") || !strings.Contains(out, c.want) {
			t.Errorf("%s: ended with %d: %s", c.what, code, out)
		}
		if got := u.beside(t); got != c.beside {
			t.Errorf("%s: this is left: %s", c.what, got)
		}
		if _, err := os.Stat(filepath.Join(u.home, "big")); err == nil {
			t.Errorf("%s: something was unpacked", c.what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func lineOf(list []byte, name string) []byte {
	for l := range bytes.Lines(list) {
		if bytes.HasSuffix(l, []byte(" ./"+name+"/\n")) {
			return l
		}
	}
	return nil
}

// shortened says that a file is of 100 bytes: a bomb says so too.
func shortened(list []byte, name string) []byte {
	l := lineOf(list, name)
	words := bytes.SplitN(l, []byte(" "), 6)
	words[2] = []byte("100")
	return bytes.Replace(list, l, bytes.Join(words, []byte(" ")), 1)
}

func TestAnInterruptedUnpackingLeavesNothing(t *testing.T) {
	p, data := zipOf(t, awkward(t))
	u := newUnpacking(t, p, data)
	cmd := u.command("sh")
	stdin, err := pipeOf(cmd)
	must(t, err)
	must(t, cmd.Start())
	_, err = stdin.Write(u.list[:len(u.list)/2])
	must(t, err)
	for limit := time.Now().Add(time.Minute); !strings.Contains(u.beside(t), "appm-unpack"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("it does not begin")
		}
	}
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	must(t, stdin.Close())
	if err := cmd.Wait(); err == nil {
		t.Error("it ended well")
	}
	if got := u.beside(t); got != "" {
		t.Errorf("this is left: %s", got)
	}
}

func pipeOf(cmd *exec.Cmd) (interface {
	Write([]byte) (int, error)
	Close() error
}, error) {
	cmd.Stdin = nil
	return cmd.StdinPipe()
}
