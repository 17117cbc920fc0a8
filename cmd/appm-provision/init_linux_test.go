package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Write lets a person hear what is written.
func (p *person) Write(text []byte) (int, error) {
	p.ask(string(text))
	return len(text), nil
}

// The interview: an answer that makes no inventory is told at once and asked for
// again, an empty one is the default, and what a flag has said is not asked.
func TestInitAsksOnATerminal(t *testing.T) {
	near, far := terminal(t)
	p := &person{near: near, answers: []string{
		"Shop One", "shop", // a name that is none first
		"10.0.0.1", "gw.example.com", "10.0.0.2", "10.0.0.3", "10.0.0.3", "10.0.0.5",
		"deploy", "perhaps", "yes", "", "drivers/connector.jar", "", "hunter2", "file:secrets/app", "", "prompt",
	}}
	file := filepath.Join(t.TempDir(), "inventory.toml")
	var out bytes.Buffer
	app := &app{stdin: far, stdout: &out, stderr: p}
	root := app.root()
	root.SetArgs([]string{"init", "-i", file, "--home", "/srv/appm"})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v after\n%s", err, p.heard.String())
	}
	heard := p.heard.String()
	for _, want := range []string{
		"Name of the deployment [production]: ", `name "Shop One" `, "IP address of the Gateway (several: with commas): ",
		`"gw.example.com" is neither an IP address nor NAME=ADDRESS`, "want yes or no", "want env:NAME, file:PATH or prompt",
	} {
		if !strings.Contains(heard, want) {
			t.Errorf("nobody says %q:\n%s", want, heard)
		}
	}
	if strings.Contains(heard, "Folder of the product") || strings.Contains(heard, "hunter2") || len(p.answers) > 0 {
		t.Errorf("%d answers are left after\n%s", len(p.answers), heard)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`name = "shop"`, `user = "deploy"`, "sudo = true", `home = "/srv/appm"`, `{ file = "secrets/app" }`, "prompt = true", `role = "store", home = "/srv/appm/store"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the inventory does not say %s:\n%s", want, text)
		}
	}
}

// A terminal that is gone answers nothing, for ever.
func TestInitEndsWhereNobodyAnswers(t *testing.T) {
	near, far := terminal(t)
	p := &person{near: near, answers: []string{"shop", "", "", "", "", "", "", ""}}
	file := filepath.Join(t.TempDir(), "inventory.toml")
	root := (&app{stdin: far, stdout: &bytes.Buffer{}, stderr: p}).root()
	root.SetArgs([]string{"init", "-i", file})
	err := root.ExecuteContext(t.Context())
	if err == nil || !strings.Contains(err.Error(), "nothing was written: no answer to") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("something was written")
	}
}

// On a terminal a round takes the place of the one before: nothing is cleared
// that is not left over, a line that would wrap is cut, and at the end the
// terminal is what it was, with the last round on it.
func TestAWatchRedraws(t *testing.T) {
	near, far := terminal(t)
	w := &watch{session: &session{app: &app{}}, screen: far}
	long := strings.Repeat("x", 100)
	for _, text := range []string{"one\n" + long + "\n", "two\n"} {
		if err := w.redraw(text); err != nil {
			t.Fatal(err)
		}
	}
	w.leave()
	const end = "END"
	if _, err := far.WriteString(end); err != nil {
		t.Fatal(err)
	}
	got := ""
	for buf := make([]byte, 1<<16); !strings.HasSuffix(got, end); { // a terminal gives what has come by now
		n, err := near.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got += string(buf[:n])
	}
	want := enterScreen + toTheTop + "one" + clearLine + "\r\n" + long[:79] + "…" + clearLine + "\r\n" + clearBelow +
		toTheTop + "two" + clearLine + "\r\n" + clearBelow + leaveScreen + "two\r\n"
	if text := strings.ReplaceAll(strings.TrimSuffix(got, end), "\r\r\n", "\r\n"); text != want {
		t.Errorf("got\n%q\nwant\n%q", text, want)
	}
}
