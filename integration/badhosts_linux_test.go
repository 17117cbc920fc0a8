package integration_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/integration/mysqld"
)

// badHost is what becomes of pub1 in the middle of a run: after the plan and
// its preflight, when the operator has been asked, or at a line of progress.
type badHost struct {
	name  string
	drift func(t *testing.T, w *world, h *lab.Host, n lab.Node) // there from the beginning
	stage string                                                // the line of progress; "" is the question
	harm  func(t *testing.T, w *world, h *lab.Host, n lab.Node) (undo func())
	codes map[int]string // by exit code, what the error says
	left  bool           // the file that drifted stays as it was
}

const axis2 = conf + "axis2/axis2.xml"

var otherDomain = swap(axis2, "wso2.pub.store.domain", "wso2.other.domain")

func lostDriver(t *testing.T, _ *world, h *lab.Host, n lab.Node) {
	if err := os.Truncate(h.Path(n.Home+"/repository/components/lib/mysql-connector-java-5.1.49-bin.jar"), 100); err != nil {
		t.Fatal(err)
	}
}

var badHosts = []badHost{
	{name: "the disk is full", drift: otherDomain, harm: filled("mode=755,size=32m", "cat /dev/zero >CONF/filler 2>/dev/null || :"),
		codes: map[int]string{18: "axis2.xml was not written: .*No space left on device"}, left: true},
	{name: "there are no inodes left", drift: otherDomain, harm: filled("mode=755,nr_inodes=3000", "mkdir CONF/filler; seq 4000 | (cd CONF/filler && xargs touch) 2>/dev/null || :"),
		codes: map[int]string{18: "axis2.xml was not written: .*No space left on device"}, left: true},
	{name: "the file system is mounted read-only", drift: otherDomain, harm: onHost("mount --bind CONF CONF && mount -o remount,bind,ro CONF", "umount CONF"),
		codes: map[int]string{18: "axis2.xml was not written: .*Read-only file system"}, left: true},
	{name: "the home's owner may not write there any more", drift: otherDomain, harm: onHost("chown root:root CONF/axis2", "chown wso2:wso2 CONF/axis2"),
		codes: map[int]string{18: "axis2.xml was not written: .*Permission denied"}, left: true},
	{name: "sudo does not let the user any more", drift: otherDomain, harm: onHost("mkdir /tmp/rules && mv /etc/sudoers.d/* /tmp/rules/", "mv /tmp/rules/* /etc/sudoers.d/ && rmdir /tmp/rules"),
		codes: map[int]string{13: "sudo"}, left: true},
	{name: "the disk for uploads is full", drift: lostDriver, harm: onHost("mount -t tmpfs -o size=64k,uid=2001,mode=700 tmpfs /home/deploy && cat /dev/zero >/home/deploy/filler 2>/dev/null || :", "umount /home/deploy"),
		codes: map[int]string{18: "No space left on device|no space for the upload"}, left: true},
	{name: "the host is rebooted before anything is written", drift: otherDomain, harm: rebooted, codes: map[int]string{10: "connection|reset|closed"}, left: true},
	{name: "the host is rebooted while its server starts", drift: slowStart, stage: "restart   pub1: starting", harm: rebooted, codes: map[int]string{10: "connection|reset|closed"}},
	{name: "the clock jumps while the server starts", drift: slowStart, stage: "restart   pub1: log:", harm: jumped("3600"), codes: map[int]string{0: "pub1: up"}},
	{name: "the clock jumps back while the server starts", drift: slowStart, stage: "restart   pub1: log:", harm: jumped("-3600"), codes: map[int]string{20: "ahead of the host's clock, which was set back"}},
}

// slowStart is a drift on a node whose server takes its time.
func slowStart(t *testing.T, w *world, h *lab.Host, n lab.Node) {
	otherDomain(t, w, h, n)
	file := h.Path(n.Home + "/" + conf + "standin.properties")
	data := keep(t, file)
	if err := os.WriteFile(file, append(data, "\nstart_ms=3000\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestBadHosts spoils a host in the middle of a run: one clear error, nothing
// torn, and when the trouble is over, the next run converges.
func TestBadHosts(t *testing.T) {
	t.Parallel()
	d := deployment{name: "OpenSSH and MariaDB", real: true, kind: mysqld.MariaDB}
	if why := d.left(); why != "" {
		fmt.Fprintf(os.Stderr, "\n*** LEFT OUT: %s: %s ***\n\n", t.Name(), why)
		t.Skip(why)
	}
	w := up(t, d)
	w.want(t, 0, "apply", "--yes")
	good := w.look(t)
	for _, b := range badHosts {
		t.Run(b.name, func(t *testing.T) { spoilt(t, w, good, b) })
	}
}

func spoilt(t *testing.T, w *world, good sight, b badHost) {
	h, n := w.node(t, "publisher")
	t.Run("the run", func(t *testing.T) { // an end of its own: what it changed for the run is put back
		b.drift(t, w, h, n)
		drifted := w.look(t)
		undo := func() {}
		r := w.applyDuring(t, b.stage, func() { undo = b.harm(t, w, h, n) })
		undo()
		now := w.look(t)
		text, known := b.codes[r.code]
		if !known || !regexp.MustCompile(text).MatchString(r.err) {
			t.Errorf("ended with %d, want %v:\n%s", r.code, b.codes, r.err)
		}
		if r.code != 0 {
			oneError(t, r)
		}
		for path, is := range now.trees[h.Name] {
			if was, will := drifted.trees[h.Name][path], good.trees[h.Name][path]; is != was && is != will && !ofTool.MatchString(path) {
				t.Errorf("%s is torn: %s, was %s, shall be %s", path, is, was, will)
			}
		}
		if b.left && len(drifted.trees[h.Name].Diff(now.trees[h.Name])) > 0 {
			t.Errorf("it changed %q", drifted.trees[h.Name].Diff(now.trees[h.Name]))
		}
		if d := good.trees["idp1"].Diff(now.trees["idp1"]); len(d) > 0 {
			t.Errorf("another host changed: %q", d)
		}
	})
	w.want(t, 0, "apply", "--yes")
	w.want(t, 0, "plan", "--detailed-exitcode")
	w.same(t, good, "the trouble and the rerun")
	w.server(t, h)
}

// oneError: the tool's last words name the host, once, and no other host.
func oneError(t *testing.T, r result) {
	t.Helper()
	_, last, found := strings.Cut(r.err, "\nerror: ")
	if !found {
		lines := strings.Split(strings.TrimSpace(r.err), "\n")
		last = lines[len(lines)-1]
	}
	t.Logf("exit code %d: %s", r.code, strings.TrimSpace(last))
	if strings.Count(last, "pub1: ") != 1 {
		t.Errorf("the host is not named once: %s", last)
	}
	for _, other := range []string{"idp1: ", "gw1: ", "store1: "} {
		if strings.Contains(last, other) {
			t.Errorf("%q is named: %s", other, last)
		}
	}
}

// applyDuring applies at a terminal and acts at a line of progress, or at the
// question, before it is answered.
func (w *world) applyDuring(t *testing.T, stage string, act func()) result {
	t.Helper()
	near, far := terminal(t)
	cmd := exec.CommandContext(t.Context(), w.tool, "apply", "-i", w.inventory)
	acted := false
	said := &listener{heard: func(line string) {
		question := strings.HasSuffix(line, `Only "yes" does: `)
		if !acted && (question && stage == "" || stage != "" && strings.HasPrefix(unstamped(line), stage)) {
			acted = true
			act()
		}
		if question {
			_, _ = near.WriteString("yes\n")
		}
	}}
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = far, &out, said
	cmd.Env = w.environ()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code tells
	if !acted {
		t.Fatalf("it never came to %q:\n%s%s", stage, out.String(), said.all.String())
	}
	return result{out.String(), said.all.String(), cmd.ProcessState.ExitCode()}
}

// listener is told each line, and what is left of one where the tool waits.
type listener struct {
	all   bytes.Buffer
	line  string
	heard func(string)
}

func (l *listener) Write(text []byte) (int, error) {
	l.all.Write(text)
	l.line += string(text)
	for {
		line, rest, whole := strings.Cut(l.line, "\n")
		if !whole {
			break
		}
		l.heard(line)
		l.line = rest
	}
	if strings.HasSuffix(l.line, ": ") {
		l.heard(l.line)
	}
	return len(text), nil
}

type harm = func(*testing.T, *world, *lab.Host, lab.Node) func()

// onHost runs a line of shell, in which CONF is the folder of the
// configuration, and later another.
func onHost(now, later string) harm {
	return func(t *testing.T, _ *world, h *lab.Host, n lab.Node) func() {
		folder := strings.NewReplacer("CONF", n.Home+"/"+strings.TrimSuffix(conf, "/"))
		sh(t, h, folder.Replace(now))
		return func() { sh(t, h, folder.Replace(later)) }
	}
}

func sh(t *testing.T, h *lab.Host, line string) {
	t.Helper()
	if out, err := h.Exec(context.Background(), "sh", "-c", line); err != nil {
		t.Errorf("%s\n%s", err, out)
	}
}

// filled puts a small file system in the folder's place, with what the folder
// holds, and fills it up.
func filled(options, fill string) harm {
	begin := "cp -a CONF /dev/shm/copy && mount -t tmpfs -o " + options + " tmpfs CONF && cp -a /dev/shm/copy/. CONF/ && rm -rf /dev/shm/copy; "
	return onHost(begin+fill, "rm -rf CONF/filler && cp -a CONF /dev/shm/copy && umount CONF && cp -a /dev/shm/copy/. CONF/ && rm -rf /dev/shm/copy")
}

func rebooted(t *testing.T, _ *world, h *lab.Host, _ lab.Node) func() {
	if err := h.Reboot(context.Background()); err != nil {
		t.Error(err)
	}
	return func() {}
}

// jumped gives the host another date. The kernel's clock is the machine's own.
func jumped(seconds string) harm {
	return func(t *testing.T, _ *world, h *lab.Host, _ lab.Node) func() {
		script := filepath.Join(h.Path("/tmp"), "date")
		text := "#!/bin/sh\nn=$(/tmp/real-date \"$@\") || exit\ncase $* in +%s) echo $((n + " + seconds + ")) ;; +%s%N) echo $((n + " + seconds + "000000000)) ;; *) echo \"$n\" ;; esac\n"
		if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
			t.Error(err)
		}
		sh(t, h, "cp /bin/date /tmp/real-date && d=$(command -v date) && mount --bind /tmp/date $(readlink -f $d)")
		return func() { sh(t, h, "umount $(readlink -f $(command -v date)); rm -f /tmp/date /tmp/real-date") }
	}
}
