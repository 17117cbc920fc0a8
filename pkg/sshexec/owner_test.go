package sshexec

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each way to become an owner is taken when those before it are missing.
func TestBecome(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("LEFT OUT: only root can become somebody else")
	}
	dir := openDir(t)
	must(t, exec.Command("chown", "nobody", dir))
	hidden := ""
	for _, c := range []struct{ how, hides string }{
		{"setpriv", "setpriv"}, {"chroot", "chroot"}, {"su", "su"}, {"sudo", "sudo"}, {"none", ""},
	} {
		for _, shell := range []string{"dash", "bash"} {
			script := "N=M\n" + commonScript + hidden + ownerScript +
				"owner 3 " + quote(dir) + " && become sh -c 'id -u; echo \"$1\"' sh 'a  b'; echo $how"
			out, err := exec.Command(shell, "-c", script).Output()
			want := "65534\na  b\n" + c.how + "\n"
			if c.how == "none" {
				want = "M m 3 t\nsudo\n"
			}
			if err != nil || string(out) != want {
				t.Errorf("%s in %s: got %q %v, want %q", c.how, shell, out, err, want)
			}
		}
		hidden += strings.ReplaceAll("X() { return 127; }\n", "X", c.hides)
	}
}

// An owner whose id has no name is nobody's member.
func TestBecomeWithoutAName(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("LEFT OUT: only root can become somebody else")
	}
	dir := openDir(t)
	must(t, exec.Command("chown", "43210:43211", dir))
	script := "N=M\n" + commonScript + ownerScript + "owner 0 " + quote(dir) + " && become sh -c 'id -u; id -G'"
	out, err := exec.Command("sh", "-c", script).Output()
	if err != nil || string(out) != "43210\n43211\n" {
		t.Errorf("got %q %v", out, err)
	}
}

// appHome makes a home of the user app, which nobody else may look into.
func appHome(t *testing.T, h host) string {
	t.Helper()
	home := filepath.Join(h.dir, "home")
	must(t, exec.Command("install", "-d", "-m", "700", "-o", "3004", "-g", "3004", home))
	return home
}

func TestAsOwner(t *testing.T) { contract(t, testAsOwner) }

func testAsOwner(t *testing.T, h host) {
	if !h.root {
		return // only root can become the owner of a path
	}
	home := appHome(t, h)
	conf := filepath.Join(home, "conf.xml")
	write(t, conf, "old", 0o600)
	if err := os.Chown(conf, 3004, 3004); err != nil {
		t.Fatal(err)
	}
	trap := filepath.Join(home, "trap")
	if err := os.Symlink("/etc/shadow", trap); err != nil {
		t.Fatal(err)
	}
	found := gather(t, h.conn,
		Read{Kind: "file", Name: conf, As: home},
		Read{Kind: "run", Name: "id -u", As: home},
		Read{Kind: "run", Name: "id -u"},
		Read{Kind: "file", Name: trap, As: home},
		Read{Kind: "file", Name: home + "/gone/file", As: home + "/gone"},
		Read{Kind: "run", Name: "id -u", As: home + "/gone"},
		Read{Kind: "hash", Name: home + "/gone/*.jar", As: home + "/gone"},
	)
	if f := found[0][0]; string(f.Data) != "old" || f.UID != 3004 {
		t.Errorf("as the owner: got %+v", f)
	}
	if got := string(found[1][0].Data) + string(found[2][0].Data); got != "3004\n0\n" {
		t.Errorf("ids: got %q", got)
	}
	if f := found[3][0]; f.Data != nil || f.Err != "permission denied" {
		t.Errorf("a symlink to what the owner may not read: got %+v", f)
	}
	if f := found[4][0]; f.Kind != "absent" || f.Err != "" {
		t.Errorf("below an owner that is absent: got %+v", f)
	}
	if f := found[5][0]; f.Kind != "absent" || f.Err == "" {
		t.Errorf("a script as an owner that is absent: got %+v", f)
	}
	if len(found[6]) != 0 {
		t.Errorf("a pattern below an owner that is absent: got %+v", found[6])
	}
	driver := "driver"
	staged, err := h.conn.Upload(t.Context(), "d", strings.NewReader(driver), int64(len(driver)), nil)
	if err != nil {
		t.Fatal(err)
	}
	wrote := replace(t, h.conn,
		Replace{Path: conf, As: home, Before: sums("old"), Data: []byte("new"), SHA256: sums("new")},
		Replace{Path: home + "/lib.jar", As: home, From: staged, SHA256: sums(driver), Mode: 0o644},
		Replace{Path: h.dir + "/mine", Data: []byte("x"), SHA256: sums("x"), Mode: 0o644, Owner: "3004", Group: "4000"},
		Replace{Path: trap, As: home, Before: sums("?"), Data: []byte("x"), SHA256: sums("x")},
	)
	if !wrote[0].Done || !wrote[1].Done || !wrote[2].Done || wrote[3].Done {
		t.Errorf("got %+v", wrote)
	}
	found = gather(t, h.conn, Read{Kind: "file", Name: conf}, Read{Kind: "hash", Name: home + "/lib.jar"}, Read{Kind: "stat", Name: h.dir + "/mine"})
	if f := found[0][0]; string(f.Data) != "new" || f.UID != 3004 || f.Mode != 0o600 {
		t.Errorf("conf.xml: got %+v", f)
	}
	if f := found[1][0]; f.SHA256 != sums(driver) || f.UID != 3004 || f.GID != 3004 {
		t.Errorf("lib.jar: got %+v", f)
	}
	if f := found[2][0]; f.UID != 3004 || f.GID != 4000 {
		t.Errorf("mine: got %+v", f)
	}
	var out []string
	exit, stderr, err := h.conn.Run(t.Context(), home, `id -u; cat; cat /etc/shadow`, nil, []byte("in\n"), func(l string) { out = append(out, l) })
	if err != nil || exit == 0 || strings.Join(out, " ") != "3004 in" || !strings.Contains(stderr, "ermission") {
		t.Errorf("run: got exit %d, %q, %q, %v", exit, out, stderr, err)
	}
	if _, _, err := h.conn.Run(t.Context(), home+"/gone", "true", nil, nil, nil); !IsKind(err, Request) {
		t.Errorf("run as an absent owner: got %v", err)
	}
}

// A server that a script starts shall see the environment of a login, and not
// the language and time zone that suit us.
func TestEnvironment(t *testing.T) {
	for tz, lang := range map[string]string{"": "", "Europe/Oslo": "nb_NO.UTF-8"} {
		for name, value := range map[string]string{"TZ": tz, "LC_ALL": lang} {
			t.Setenv(name, value)
			if value == "" {
				os.Unsetenv(name)
			}
		}
		key := newKey(t)
		conn := dial(t, listen(t, key.PublicKey()).config(key))
		var lines []string
		if _, _, err := conn.Run(t.Context(), "", `echo "${TZ-unset} ${LC_ALL-unset} ${L-unset}${Z-unset}"`, nil, nil, func(l string) { lines = append(lines, l) }); err != nil {
			t.Fatal(err)
		}
		want := "unset unset unsetunset"
		if tz != "" {
			want = tz + " " + lang + " unsetunset"
		}
		if got := strings.Join(lines, "|"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		found := gather(t, conn, Read{Kind: "run", Name: `printf %s "$TZ $LC_ALL ${L-unset}"`})
		if got := string(found[0][0].Data); got != "UTC0 C unset" {
			t.Errorf("a read: got %q", got)
		}
	}
	t.Run("sudo", func(t *testing.T) {
		c := sharedCell(t)
		conn := dial(t, c.config("deploy", true, sharedKey(t)))
		var line string
		if _, _, err := conn.Run(t.Context(), "/home/app", `echo "${TZ-unset} ${LC_ALL-unset} $HOME $USER $(id -un) ${L-unset}"`, nil, nil, func(l string) { line = l }); err != nil {
			t.Fatal(err)
		}
		if want := "unset unset /home/app app app unset"; line != want {
			t.Errorf("got %q, want %q", line, want)
		}
	})
}
