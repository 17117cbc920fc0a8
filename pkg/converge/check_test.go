package converge

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

func TestAHostsAnswersAreRead(t *testing.T) {
	out := "clock\t1000000000\t1\n" +
		"lacks\tsha256sum|shasum\n" +
		"space\t/opt/a\t/opt/a\trw\t2048\t500\t1000\n" +
		"space\t/home/deploy\t~\tro\t1\t0\t0\n" +
		"space\t/none\t/none\tgone\t?\t?\t?\n" +
		"address\tdb.example.com\t10.0.0.5\n" +
		"address\tno.example.com\tnone\n" +
		"address\twho.example.com\t?\n" +
		"listens\t9443\t1000\t4711\tjava\t/opt/a\n" +
		"listens\t9763\t0\t?\t?\t-\n" +
		"end\n"
	got, err := parseHealth(out, time.Unix(0, 4e8), time.Unix(0, 6e8))
	if err != nil {
		t.Fatal(err)
	}
	want := Health{
		Lacks: []string{"sha256sum|shasum"},
		Space: []Space{
			{Folder: "/opt/a", Asked: "/opt/a", There: true, Writable: true, Free: 2 << 20, FreeNodes: 500},
			{Folder: "/home/deploy", Asked: "~", There: true, Free: 1 << 10, FreeNodes: -1},
			{Folder: "/none", Asked: "/none", Free: -1, FreeNodes: -1},
		},
		Addresses: map[string]string{"db.example.com": "10.0.0.5", "no.example.com": ""},
		Listeners: []Listener{{Port: 9443, UID: 1000, PID: 4711, Command: "java", Home: "/opt/a"}, {Port: 9763}},
		Clock:     Clock{Least: 4e8, Most: 6e8 + 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAnswersThatMakeNoSenseAreErrors(t *testing.T) {
	for _, out := range []string{
		"", "clock\t1\t1\n", "frob\tx\nend\n", "clock\tx\t1\nend\n", "clock\t1\nend\n", "space\t/a\t/a\trw\t-1\t1\t1\nend\n",
		"space\t/a\t/a\trw\tx\t1\t1\nend\n", "listens\tx\t0\t1\ta\t-\nend\n", "listens\t1\t0\tx\ta\t-\nend\n", "listens\t1\nend\n", "\nend\n",
	} {
		if h, err := parseHealth(out, time.Now(), time.Now()); err == nil {
			t.Errorf("%q is taken for %+v", out, h)
		}
	}
}

func FuzzHealth(f *testing.F) {
	f.Add("clock\t1\t1\nspace\t/a\t/a\trw\t1\t1\t1\nlistens\t1\t0\t?\t?\t-\nend\n")
	f.Fuzz(func(t *testing.T, out string) {
		_, _ = parseHealth(out, time.Unix(0, 0), time.Unix(1, 0)) // must not panic
	})
}

func TestTheProbeTellsWhatAHostHas(t *testing.T) {
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		t.Skip("this system has no /proc/net/tcp: the probe says that it is blind, which the table shows")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	dir := t.TempDir()
	q := Inquiry{Folders: []string{dir, filepath.Join(dir, "none"), "~"}, Names: []string{"localhost", "nobody.invalid"}, Ports: []int{port, 1}}
	for _, shell := range shells(t) {
		begin := time.Now()
		// By ss, where there is one, and in /proc.
		withoutSS := strings.Replace(probeHost, "command -v ss", "false", 1)
		listens := func(text string) (lines []string) {
			for _, l := range strings.Split(sh(t, shell, text, Inquiry{Ports: q.Ports}.words()...), "\n") {
				if strings.HasPrefix(l, "listens\t") {
					lines = append(lines, l)
				}
			}
			return lines
		}
		if one, other := listens(probeHost), listens(withoutSS); withoutSS == probeHost || len(one) != 1 || !slices.Equal(one, other) {
			t.Errorf("%s: ss says %q, /proc %q", shell, one, other)
		}
		out := sh(t, shell, probeHost, append(q.words(), "tool=no-such-tool|neither-this", "tool=no-such-tool|cat")...)
		h, err := parseHealth(out, begin, time.Now())
		if err != nil {
			t.Fatalf("%s: %v in %s", shell, err, out)
		}
		if !slices.Equal(h.Lacks, []string{"no-such-tool|neither-this"}) {
			t.Errorf("%s: lacks %q", shell, h.Lacks)
		}
		if h.Clock.Least > 0 || h.Clock.Most < 0 {
			t.Errorf("%s: this machine's clock is %v ahead of itself", shell, h.Clock)
		}
		if len(h.Space) != 3 || !h.Space[0].There || !h.Space[0].Writable || h.Space[0].Free <= 0 || h.Space[1].There || h.Space[2].Asked != "~" || !h.Space[2].There {
			t.Errorf("%s: space %+v", shell, h.Space)
		}
		if len(h.Listeners) != 1 || h.Listeners[0].Port != port || h.Listeners[0].PID != os.Getpid() || h.Listeners[0].Command == "" || h.Listeners[0].Home != "" {
			t.Errorf("%s: listeners %+v, want process %d on %d", shell, h.Listeners, os.Getpid(), port)
		}
		if a, told := h.Addresses["nobody.invalid"]; a != "" || !told || !slices.Contains([]string{"127.0.0.1", "::1"}, h.Addresses["localhost"]) {
			t.Errorf("%s: addresses %v", shell, h.Addresses)
		}
	}
}

func TestAServerIsKnownByItsHome(t *testing.T) {
	home := t.TempDir() + "-Dcarbon.home=x" // a home that looks like an argument
	port, pid := listeningServer(t, home)
	for _, shell := range shells(t) {
		h, err := parseHealth(sh(t, shell, probeHost, "port="+port), time.Now(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if len(h.Listeners) != 1 || h.Listeners[0].Home != home || h.Listeners[0].PID != pid {
			t.Errorf("%s: got %+v, want the server of %s, process %d", shell, h.Listeners, home, pid)
		}
	}
}

func TestAnInquiryRidesInTheGatheringExec(t *testing.T) {
	q := Inquiry{Folders: []string{"/etc"}}
	answer := strings.Join(q.words(), " ")
	h := &fakeHost{files: map[string]string{"/a": "x"}, output: map[string]string{answer: "clock\t0\t1\nlacks\tstat\nend\n"}}
	idle := &fakeHost{output: map[string]string{answer: "clock\t0\t1\nend\n"}}
	ref := plan.Ref{Target: "h", Kind: plan.KindFile, Path: "/a"}
	state, health, err := Look(context.Background(), map[string]Host{"h": h, "idle": idle}, []plan.Need{{Ref: ref}}, map[string]Inquiry{"h": q, "idle": q, "gone": q})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := state.Found(ref); err != nil || string(o.(*plan.File).Data) != "x" {
		t.Errorf("the file is %v, %v", o, err)
	}
	if !slices.Equal(health["h"].Lacks, []string{"stat"}) || len(health) != 2 {
		t.Errorf("got %+v", health)
	}
	if h.gathers != 1 || idle.gathers != 1 {
		t.Errorf("%d and %d round trips, want one each", h.gathers, idle.gathers)
	}
	h.output[answer] = "nonsense"
	if _, _, err := Look(context.Background(), map[string]Host{"h": h}, []plan.Need{{Ref: ref}}, map[string]Inquiry{"h": q}); err == nil || !strings.HasPrefix(err.Error(), "h: the preflight's answer makes no sense") {
		t.Errorf("got %v", err)
	}
}

// listeningServer is a stand-in for a server of the home that listens.
func listeningServer(t *testing.T, home string) (port string, pid int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestListen$", "--", "-Dcarbon.home="+home)
	cmd.Env = append(os.Environ(), "CHECK_TEST_LISTENS=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	if _, err := fmt.Fscanln(out, &port); err != nil {
		t.Fatal(err)
	}
	return port, cmd.Process.Pid
}

// TestListen is no test but the stand-in: it listens until its stdin ends.
func TestListen(t *testing.T) {
	if os.Getenv("CHECK_TEST_LISTENS") == "" {
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// The hosts file is everybody's to see; another file in its place may not be.
func TestTheHostsFileIsLookedAtByTheFirstHome(t *testing.T) {
	for file, want := range map[string][]string{
		"/etc/hosts": {"", "list=/etc/hosts list=/opt/a/x", ""},
		"/srv/hosts": {"list=/srv/hosts", "list=/opt/a/x", ""},
	} {
		q := Inquiry{Homes: map[string][]string{"/opt/b": nil, "/opt/a": nil}, Files: map[string][]string{"": {file}, "/opt/a": {"/opt/a/x"}}}
		for range 2 { // asking changes no question
			for i, r := range q.reads() {
				lists := slices.DeleteFunc(slices.Clone(r.Args), func(a string) bool { return !strings.HasPrefix(a, "list=") })
				if got := strings.Join(lists, " "); got != want[i] {
					t.Errorf("%s: read %d asks %q, want %q", file, i, got, want[i])
				}
			}
		}
	}
}

func TestAHomesFoldersAreLookedAtAsItsOwner(t *testing.T) {
	q := Inquiry{Homes: map[string][]string{"/opt/b": {"/opt/b/conf"}, "/opt/a": {"/opt/a/conf", "/opt/a/lib"}}}
	reads := q.reads()
	if len(reads) != 3 || reads[0].As != "" || reads[1].As != "/opt/a" || !slices.Equal(reads[1].Args, []string{"dir=/opt/a/conf", "dir=/opt/a/lib"}) || reads[2].As != "/opt/b" {
		t.Fatalf("got %+v", reads)
	}
	output := func(text string) []Found { return []Found{{Kind: "output", Data: []byte(text)}} }
	found := [][]Found{output("clock\t5\t1\nend\n"), output("space\t/opt/a/conf\t/opt/a/conf\tro\t1\t1\t1\nlisted\t/opt/a/conf/b\nend\n"), {{Kind: "absent"}}}
	h, err := healthOf("h", reads, found, time.Unix(0, 0), time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Space) != 1 || h.Space[0].Home != "/opt/a" || h.Space[0].Writable || h.Clock.Least != 5 || !slices.Equal(h.Listed, []string{"/opt/a/conf/b"}) {
		t.Errorf("got %+v", h)
	}
	if _, err := healthOf("h", reads, [][]Found{{{Err: "gone"}}, nil, nil}, time.Now(), time.Now()); err == nil {
		t.Error("a host that answers nothing is well")
	}
}
