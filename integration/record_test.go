package integration_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/appm-provision/appm-provision/pkg/run"
)

// TestRecord is what runs leave behind on the operator's machine.
func TestRecord(t *testing.T) {
	t.Parallel()
	w := up(t, deployment{name: "embedded"})
	for _, s := range []struct {
		name string
		run  func(*testing.T, *world, string)
	}{
		{"what cannot be recorded is not begun", unrecorded},
		{"plans leave nothing", planRecordsNothing},
		{"a full apply is recorded, with no secret in it", fullRecord},
		{"a record that cannot be written on is said once, and the run goes on", recordFull},
		{"a run is under way, and broken off when it is killed", recordKilled},
		{"an interrupted run is closed", recordInterrupted},
		{"old records go when a run ends", recordsPruned},
	} {
		if !t.Run(s.name, func(t *testing.T) { s.run(t, w, w.state) }) {
			t.Fatal("the rest builds on this")
		}
	}
}

func unrecorded(t *testing.T, w *world, state string) {
	before := w.look(t)
	if err := os.WriteFile(state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := w.want(t, 1, "apply", "--yes")
	if !strings.Contains(r.err, state) || !strings.Contains(r.err, "nothing was begun") {
		t.Errorf("the error is %q", r.err)
	}
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	if r = w.limited(t, 2); r.code != 1 || !strings.Contains(r.err, "nothing was begun") || !strings.Contains(r.err, "file too large") {
		t.Errorf("with room for the beginning only it ended with %d: %s", r.code, r.err)
	}
	if files := recordsOf(t, state); len(files) > 0 {
		t.Errorf("there are records: %v", files)
	}
	w.same(t, before, "a run that could not be recorded")
	if err := os.RemoveAll(state); err != nil {
		t.Fatal(err)
	}
}

// limited applies with no room for files of more than so many 512 bytes.
func (w *world) limited(t *testing.T, blocks int) result {
	t.Helper()
	cmd := exec.Command("sh", "-c", `ulimit -f "$1"; shift; exec "$@"`, "sh", strconv.Itoa(blocks), w.tool, "apply", "--yes", "-i", w.inventory)
	cmd.Env = w.environ()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	_ = cmd.Run() // the exit code says how it went
	return result{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func planRecordsNothing(t *testing.T, w *world, state string) {
	w.want(t, 2, "plan", "--detailed-exitcode")
	w.want(t, 0, "apply", "--dry-run")
	if _, err := os.Stat(state); !os.IsNotExist(err) {
		t.Errorf("a plan made the state folder: %v", err)
	}
}

// fullRecord applies everything, then a new password, among foreign secrets.
func fullRecord(t *testing.T, w *world, state string) {
	const foreign, awkward = "Foreign-Admin-7751", "p&<w>\"'\\;#%$(x)`|*? ]]>--/é"
	h, n := w.node(t, "store")
	replace(t, h, n.Home+"/"+conf+"user-mgt.xml", "<Password>admin</Password>", "<Password>"+foreign+"</Password>")
	w.want(t, 0, "apply", "--yes")
	old := w.Database.App.Password
	if err := os.WriteFile(w.Database.App.PasswordFile, []byte(awkward+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Database.App.Password = awkward
	progress := w.want(t, 0, "apply", "--yes").err
	w.want(t, 0, "apply", "--yes") // nothing to do is no run

	files := recordsOf(t, state)
	if len(files) != 2 {
		t.Fatalf("records are %v, want two", files)
	}
	if id := idOf(files[1]); !strings.Contains(progress, "run       "+id+"\n") {
		t.Errorf("apply does not say that it is run %s:\n%s", id, progress)
	}
	for _, file := range files {
		p := readRecord(t, file)
		if p.End == nil || p.End.Exit != 0 || len(p.Made) != len(p.Plan.Changes) || len(p.Wire) != 4 {
			t.Errorf("%d of %d made, wire %+v, end %+v", len(p.Made), len(p.Plan.Changes), p.Wire, p.End)
		}
	}
	show := w.command(t, 0, "runs", "show", idOf(files[1])).out
	passwords := map[string]bool{}
	for l := range strings.Lines(show) {
		if _, fingerprint, is := strings.Cut(l, "<password>(secret "); is {
			passwords[fingerprint] = true
		}
	}
	if len(passwords) != 2 {
		t.Errorf("the record does not show that one password became another: %v", passwords)
	}
	if list := w.command(t, 0, "runs").out; strings.Count(list, " done\n") != 2 || strings.Index(list, idOf(files[1])) > strings.Index(list, idOf(files[0])) {
		t.Errorf("the runs are listed as\n%s", list)
	}
	if data, err := os.ReadFile(files[0]); err != nil || len(holds(data, `<mount path="/_system/config" overwrite="true">`)) == 0 {
		t.Errorf("the search does not find what is there: %v", err)
	}
	secrets := []string{old, awkward, foreign, w.Database.Admin.Password}
	scanState(t, state, secrets)
	scan(t, "runs show", []byte(show), secrets)
	writtenAsPages(t, w, idOf(files[1]), secrets)
}

// writtenAsPages is that pages are their owner's, show what the text shows, and
// hold no secret either.
func writtenAsPages(t *testing.T, w *world, id string, secrets []string) {
	t.Helper()
	dir := t.TempDir()
	h, n := w.node(t, "store")
	replace(t, h, n.Home+"/"+conf+"datasources/master-datasources.xml", "/UM_DB", "/OTHER_DB")
	w.want(t, 0, "plan", "--html", filepath.Join(dir, "plan.html"), "--out", filepath.Join(dir, "plan"))
	w.command(t, 0, "show", filepath.Join(dir, "plan"), "--html", filepath.Join(dir, "saved.html"))
	replace(t, h, n.Home+"/"+conf+"datasources/master-datasources.xml", "/OTHER_DB", "/UM_DB")
	w.command(t, 0, "runs", "show", id, "--html", filepath.Join(dir, "run.html"))
	for name, wants := range map[string][]string{
		"plan.html":  {"master-datasources.xml", "<b>OTHER</b>_DB", "(secret)", "member of the cluster"},
		"saved.html": {"master-datasources.xml", "<b>OTHER</b>_DB", "(secret)", "member of the cluster"},
		"run.html":   {id, "master-datasources.xml", "(secret ", "<h2 id=\"timeline\">", "✓ made after", "member of the cluster"},
	} {
		page, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
		for _, want := range wants {
			if !strings.Contains(string(page), want) {
				t.Errorf("%s does not say %s", name, want)
			}
		}
		scan(t, name, page, secrets)
	}
}

func scanState(t *testing.T, state string, secrets []string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		if d.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		seen++
		scan(t, path, data, secrets)
		return err
	})
	if err != nil || seen < 3 { // the key and two records
		t.Errorf("%d files were searched, %v", seen, err)
	}
}

// scan fails where data holds a secret.
func scan(t *testing.T, where string, data []byte, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if found := holds(data, secret); len(found) > 0 {
			t.Errorf("%s holds a secret: %v", where, found)
		}
	}
}

// holds are the forms in which data, or a text in its JSON, holds a text.
func holds(data []byte, text string) []string {
	texts := []string{string(data)}
	for l := range bytes.Lines(data) {
		var v any
		if json.Unmarshal(l, &v) == nil {
			texts = append(texts, jsonTexts(v)...)
		}
	}
	var found []string
	for how, form := range printed(text) {
		if slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, form) }) {
			found = append(found, how+": "+form)
		}
	}
	return found
}

// jsonTexts are all strings of a value.
func jsonTexts(v any) []string {
	var list []string
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			list = append(list, jsonTexts(x)...)
		}
	case map[string]any:
		for k, x := range v {
			list = append(append(list, k), jsonTexts(x)...)
		}
	}
	return list
}

// printed are the forms a secret may take.
func printed(secret string) map[string]string {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(secret)) // a Buffer takes everything
	quoted := strconv.Quote(secret)
	return map[string]string{
		"as it is": secret, "quoted": quoted[1 : len(quoted)-1], "in XML": escaped.String(),
		"with entities": strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(secret),
		"in SQL":        strings.NewReplacer(`\`, `\\`, "'", `''`).Replace(secret),
		"in base64":     strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "=")[:4*(len(secret)/3)],
		"in JSON":       jsonText(secret, false), "in JSON for HTML": jsonText(secret, true), "in HTML": html.EscapeString(secret), "in a URL": url.QueryEscape(secret),
		"in hex": hex.EncodeToString([]byte(secret)), "in HEX": fmt.Sprintf("%X", secret),
	}
}

// jsonText is a text as it stands between the quotes of JSON.
func jsonText(text string, escaped bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(escaped)
	_ = e.Encode(text) // a string always can be
	return strings.Trim(strings.TrimSpace(b.String()), `"`)
}

// recordFull: the record gets room for the plan and little more. How much that
// is, the record of the same run with enough room says.
func recordFull(t *testing.T, w *world, state string) {
	h, n := w.node(t, "gateway")
	drift := func() {
		replace(t, h, n.Home+"/"+conf+"user-mgt.xml", ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<")
	}
	drift()
	w.want(t, 0, "apply", "--yes")
	files := recordsOf(t, state)
	data, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfterN(data, []byte("\n"), 3)
	drift()
	r := w.limited(t, (len(lines[0])+len(lines[1])+511)/512)
	if r.code != 0 || strings.Count(r.err, "warning: ") != 1 || !strings.Contains(r.err, "file too large; the run goes on, its record has a gap") {
		t.Errorf("ended with %d:\n%s", r.code, r.err)
	}
	now := recordsOf(t, state)
	if len(now) != len(files)+1 {
		t.Fatalf("records are %v", now)
	}
	if p := readRecord(t, now[len(files)]); p.Plan == nil || p.End != nil || !p.Broken() {
		t.Errorf("the record is %+v", p)
	}
	w.want(t, 0, "plan", "--detailed-exitcode")
}

func recordKilled(t *testing.T, w *world, state string) {
	during := ""
	file := w.atFirstFile(t, func(tool *os.Process) {
		if err := tool.Signal(syscall.SIGSTOP); err != nil { // so that it cannot end meanwhile
			t.Fatal(err)
		}
		during = w.command(t, 0, "runs").out
		if err := tool.Kill(); err != nil {
			t.Fatal(err)
		}
	})
	files := recordsOf(t, state)
	id := idOf(files[len(files)-1])
	if !lineHas(during, id, "under way") {
		t.Errorf("while it runs, the runs are\n%s", during)
	}
	if list := w.command(t, 0, "runs").out; !lineHas(list, id, "broken off") {
		t.Errorf("after the kill, the runs are\n%s", list)
	}
	p := readRecord(t, files[len(files)-1])
	if len(p.Plan.Changes) != 2 || len(p.Made) != 1 || p.Plan.Changes[0].Path != file || !p.Broken() {
		t.Errorf("the record says: %d made of %+v", len(p.Made), p.Plan)
	}
	if show := w.command(t, 0, "runs", "show", id).out; !strings.Contains(show, "(not made)") || !strings.Contains(show, "broken off") {
		t.Errorf("the run is shown as\n%s", show)
	}
	w.want(t, 0, "apply", "--yes")
}

func recordInterrupted(t *testing.T, w *world, state string) {
	w.atFirstFile(t, func(tool *os.Process) {
		if err := tool.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	})
	files := recordsOf(t, state)
	if p := readRecord(t, files[len(files)-1]); p.End == nil || p.End.Exit != 130 || len(p.Made) == 0 {
		t.Errorf("an interrupted run ends with %+v, %d changes made", p.End, len(p.Made))
	}
	w.want(t, 0, "apply", "--yes")
}

// atFirstFile applies a drift of one file, which it returns, and acts when the
// tool says that it has written it.
func (w *world) atFirstFile(t *testing.T, act func(*os.Process)) string {
	t.Helper()
	h, n := w.node(t, "gateway")
	file := n.Home + "/" + conf + "user-mgt.xml"
	replace(t, h, file, ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<")
	cmd := exec.Command(w.tool, "apply", "--yes", "-i", w.inventory)
	cmd.Env = w.environ()
	progress, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(progress); lines.Scan(); {
		if strings.HasPrefix(unstamped(lines.Text()), "files ") {
			act(cmd.Process)
		}
	}
	_ = cmd.Wait() // the record says how it ended
	return file
}

func lineHas(text, a, b string) bool {
	for l := range strings.Lines(text) {
		if strings.Contains(l, a) {
			return strings.Contains(l, b)
		}
	}
	return false
}

// recordsPruned puts old records beside those that are there.
func recordsPruned(t *testing.T, w *world, state string) {
	files := recordsOf(t, state)
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(files[0])
	for i := range 60 {
		name := fmt.Sprintf("20200101T0000%02dZ-abcdef.jsonl", i)
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	would := w.command(t, 0, "runs", "prune", "--dry-run").out
	if got := strings.Count(would, "would remove "); got != 60 || len(recordsOf(t, state)) != len(files)+60 {
		t.Errorf("prune --dry-run would remove %d of %d records", got, len(files)+60)
	}
	h, n := w.node(t, "gateway")
	replace(t, h, n.Home+"/"+conf+"user-mgt.xml", ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<")
	w.want(t, 0, "apply", "--yes")
	if got := len(recordsOf(t, state)); got != len(files)+1 {
		t.Errorf("%d records stay, want %d", got, len(files)+1)
	}
	w.command(t, 0, "runs", "prune", "--keep", "1")
	if got := recordsOf(t, state); len(got) != 3 { // the newest, and two without an end, which are young
		t.Errorf("after prune --keep 1: %v", got)
	}
}

func readRecord(t *testing.T, file string) *run.Past {
	t.Helper()
	p, err := run.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func idOf(file string) string { return strings.TrimSuffix(filepath.Base(file), ".jsonl") }

// newestRecord is the file of the last run. How many there are does not grow
// for ever.
func (w *world) newestRecord(t *testing.T) string {
	t.Helper()
	files := recordsOf(t, w.state)
	if len(files) == 0 {
		t.Fatal("no run is recorded")
	}
	return files[len(files)-1]
}

// recordsOf are the files of the records, the oldest first.
func recordsOf(t *testing.T, state string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(state, "appm-provision", "*", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// command calls the tool without an inventory.
func (w *world) command(t *testing.T, code int, args ...string) result {
	t.Helper()
	cmd := exec.Command(w.tool, args...)
	cmd.Env = w.environ()
	var out, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("%v: %v, want exit code %d\n%s%s", args, err, code, out.String(), stderr.String())
	}
	return result{out.String(), stderr.String(), code}
}
