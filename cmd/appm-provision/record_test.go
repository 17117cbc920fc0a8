package main

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/inventory"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/run"
)

func TestCleanerTakesSecretsOutInEveryForm(t *testing.T) {
	const secret = "p&<w>\"'\\;é"
	clean := cleaner(inventory.NewSecret(secret), inventory.Secret{}, inventory.NewSecret("usr"))
	for _, text := range []string{
		"log: " + secret + " end",
		fmt.Sprintf("%q", secret),
		"jdbc:mysql://h/db?user=u&password=" + url.QueryEscape(secret),
		"<password>p&amp;&lt;w&gt;\"'\\;é</password>",
		"<a b=\"p&amp;&lt;w&gt;&quot;&apos;\\;é\"/>", "<a b=\"p&amp;&lt;w&gt;&#34;&#39;\\;é\"/>",
		`IDENTIFIED BY 'p&<w>"''\;é'`, `IDENTIFIED BY 'p&<w>"\'\\;é'`,
		fmt.Sprintf("%x and %X", secret, secret),
	} {
		got := clean(text)
		for _, part := range []string{"w>", "w&gt;", "%3Cw", "3c773e", "3C773E"} {
			if strings.Contains(got, part) || !strings.Contains(got, "(secret)") {
				t.Errorf("%s is cleaned to %s", text, got)
			}
		}
	}
	for before := range 5 {
		in := strings.Repeat("x", before) + secret + "tail"
		if got := clean(base64.StdEncoding.EncodeToString([]byte(in))); !strings.Contains(got, "(secret)") || strings.Contains(got, base64.StdEncoding.EncodeToString([]byte(in))[8:16]) {
			t.Errorf("after %d bytes in base64 it is cleaned to %s", before, got)
		}
	}
	if got := clean("usr is no secret\nsecond\tline \x1b[2J\u202e"); got != "usr is no secret\nsecond\tline \\x1b[2J\uFFFD" {
		t.Errorf("got %q", got)
	}
}

func TestWhereTheStateIs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Setenv("LocalAppData", `C:\data`)
	}
	home, state := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_STATE_HOME", state)
	if got, err := stateDir(); err != nil || got != filepath.Join(state, "appm-provision") {
		t.Errorf("got %s, %v", got, err)
	}
	want := map[string]string{
		"darwin": filepath.Join(home, "Library", "Application Support", "appm-provision"), "windows": `C:\data\appm-provision`,
	}[runtime.GOOS]
	if want == "" {
		want = filepath.Join(home, ".local", "state", "appm-provision")
	}
	for _, ignored := range []string{"", "relative/path"} {
		t.Setenv("XDG_STATE_HOME", ignored)
		if got, err := stateDir(); err != nil || got != want {
			t.Errorf("with XDG_STATE_HOME=%q: got %s, %v, want %s", ignored, got, err, want)
		}
	}
}

func TestRecordedPlan(t *testing.T) {
	key := make([]byte, 32)
	r := plan.Ref{Target: "h", Kind: plan.KindFile, Path: "/a"}
	before := &plan.File{Meta: plan.Meta{Mode: 0o755, Owner: "u", Group: "g", Real: "/real"}, Data: []byte("p=OLDPASS\n")}
	after := &plan.File{Data: []byte("p=NEWPASS\n")}
	p := &plan.Plan{Name: "x", Targets: []string{"h"}, Changes: []plan.Change{
		{Want: plan.Want{Ref: r, As: "/home", Node: "n", After: after, Why: "why \x1b[m", Hidden: []plan.Span{{Start: 2, End: 9}},
			HiddenBefore: []plan.Span{{Start: 2, End: 9}}}, Step: "one", Before: before},
		{Want: plan.Want{Ref: plan.Ref{Target: "h", Kind: plan.KindBlob, Path: "/j"}}, Step: "two", Before: &plan.Blob{Meta: plan.Meta{Mode: 0o600}, Size: 9, SHA256: "abc"}},
		{Want: plan.Want{Ref: plan.Ref{Target: "h", Kind: plan.KindServer, Path: "/home"}, Node: "n", After: &plan.Server{Running: true}}, Step: "three", Before: &plan.Server{}},
	}}
	got, err := recorded(p, key)
	if err != nil {
		t.Fatal(err)
	}
	c := got.Changes[0]
	if c.Path != "/a" || c.As != "/home" || c.Stage != "files" || c.Why != `why \x1b[m` {
		t.Errorf("recorded as %+v", c)
	}
	if want := (run.Thing{Fingerprint: run.Fingerprint(key, before.Data), Size: 10, Mode: 0o755, Owner: "u", Group: "g", Real: "/real"}); *c.Before != want {
		t.Errorf("before is %+v, want %+v", *c.Before, want)
	}
	if want := (run.Thing{Fingerprint: run.Fingerprint(key, after.Data), Size: 10, Mode: 0o755, Owner: "u", Group: "g", Real: "/real"}); *c.After != want {
		t.Errorf("after is %+v, want %+v", *c.After, want)
	}
	for _, word := range []string{"OLDPASS", "NEWPASS"} {
		fingerprint := run.Fingerprint(key, []byte(word))
		if strings.Contains(c.Text, word) || !strings.Contains(c.Text, "p=(secret "+fingerprint+")") {
			t.Errorf("shown as %s", c.Text)
		}
	}
	parts := &run.Shown{Sign: "~", Head: `/a: why \x1b[m`, Diff: fmt.Sprintf("@@ -1 +1 @@\n-p=(secret %s)\n+p=(secret %s)\n",
		run.Fingerprint(key, []byte("OLDPASS")), run.Fingerprint(key, []byte("NEWPASS")))}
	if !reflect.DeepEqual(c.Shown, parts) {
		t.Errorf("its parts are %+v, want %+v", c.Shown, parts)
	}
	if jar := got.Changes[1]; jar.After != nil || jar.Before.SHA256 != "abc" || jar.Before.Fingerprint != run.FingerprintOf(key, "abc") {
		t.Errorf("a jar is recorded as %+v", jar)
	}
	if server := got.Changes[2]; server.Before.Running || !server.After.Running {
		t.Errorf("a server is recorded as %+v", server)
	}
}
