package integration_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestVerbosity is what -q, -v, -vv and -vvv add and leave out.
func TestVerbosity(t *testing.T) {
	t.Parallel()
	w := up(t, deployment{name: "embedded"})
	plain := w.want(t, 0, "plan")
	if plain.err != "" {
		t.Errorf("a plan says on stderr: %s", plain.err)
	}
	quiet := w.want(t, 0, "plan", "-q")
	if quiet.err != "" || strings.Count(quiet.out, "\n") != 1 || !strings.HasSuffix(plain.out, "\n"+quiet.out) {
		t.Errorf("with -q it is %q, want the last line alone", quiet.out)
	}
	w.says(t, w.want(t, 3, "plan", "-q", "-v").err, "--quiet and --verbose contradict each other")

	timings := w.want(t, 0, "plan", "-vv")
	w.traced(t, timings.err, false, `idp1: connect: \d`, `idp1: gather of \d+ reads: \d`, `database: inspection: \d`, `plan of \d+ steps: \d`)
	traffic := w.want(t, 0, "plan", "-vvv")
	w.traced(t, traffic.err, true, `idp1: wire: login: \d+ bytes sent, \d+ received, round trips \d+, \d`,
		`idp1: wire: gather, \d+ reads: \d+ bytes sent, \d+ received, round trips 2, \d`,
		`database: wire: SQL batch 1: \d+ bytes, round trips 1, \d`)
	if timings.out != traffic.out {
		t.Error("-vv and -vvv show different plans")
	}

	// The session that writes is opened ahead: whether its round trip is still waited for depends on what else goes on.
	apply := w.want(t, 0, "apply", "--yes", "-vvv")
	w.traced(t, lines(apply.err, " wire: | stage |: replace of |: script: "), true, `stage (upload|databases|files|restart): \d`, `idp1: replace of \d+ files: \d`,
		`idp1: script: Stops and starts the server`, `idp1: wire: replace, \d+ files: .* round trips [23],`, `idp1: wire: upload by SFTP: \d+ bytes sent`,
		`idp1: wire: kept script: The lock of this host`, `idp1: wire: tunnel to \S+: round trips 1, \d`)
	done := w.want(t, 0, "apply", "--yes", "-q")
	if done.err != "" || strings.Count(done.out, "\n") != 1 || !strings.HasPrefix(done.out, "No changes.") {
		t.Errorf("with -q it is %q and %q, want one line", done.out, done.err)
	}
	w.says(t, w.want(t, 0, "plan", "-v").out, "= server idp1: ", "= database AM_DB: ")
}

// lines are those of a text that match.
func lines(text, expression string) string {
	var list []string
	match := regexp.MustCompile(expression)
	for l := range strings.Lines(text) {
		if match.MatchString(l) {
			list = append(list, l)
		}
	}
	return strings.Join(list, "")
}

// traced wants lines that begin with their time, one at least of each form, and
// no secret in any.
func (w *world) traced(t *testing.T, text string, wire bool, forms ...string) {
	t.Helper()
	timed := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z `)
	for l := range strings.Lines(text) {
		if !timed.MatchString(l) {
			t.Errorf("a line has no time: %s", l)
		}
	}
	if !wire && strings.Contains(text, " wire: ") {
		t.Errorf("-vv tells of the wire:\n%s", text)
	}
	for _, form := range forms {
		if !regexp.MustCompile(form).MatchString(text) {
			t.Errorf("no line is like %s in\n%s", form, text)
		}
	}
	password, err := os.ReadFile(w.Database.App.PasswordFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{strings.TrimSpace(string(password)), w.Database.Admin.Password, "INSERT INTO", "<Server"} {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("the trace holds %q", secret)
		}
	}
}
