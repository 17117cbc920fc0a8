package integration_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appm-provision/appm-provision/integration/schema"
	"github.com/appm-provision/appm-provision/pkg/plan"
	"github.com/appm-provision/appm-provision/pkg/report"
	"github.com/appm-provision/appm-provision/pkg/run"
)

// TestJSON goes through the life of a deployment with --json: each answer is
// what its schema allows, says what happened, and holds no secret.
func TestJSON(t *testing.T) {
	t.Parallel()
	w := up(t, deployment{name: "embedded"})
	for _, s := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"before anything is there", jsonBefore},
		{"a saved plan", jsonSaved},
		{"an apply, a line for each thing", jsonApply},
		{"what there is to see afterwards", jsonAfter},
		{"the commands of the page", jsonOfThePage},
		{"a rollback", jsonRollback},
		{"a node that does not come up is put back: two runs", jsonPutBack},
		{"Ctrl-C", jsonInterrupted},
		{"killed in the middle", jsonKilled},
		{"errors say where, what and what to do", jsonErrors},
	} {
		if !t.Run(s.name, func(t *testing.T) { s.run(t, w) }) {
			t.Fatal("the rest builds on this")
		}
	}
}

// asked calls the tool with --json and checks that the answer is of the type.
// Nothing may be on stderr but warnings.
func (w *world) asked(t *testing.T, code int, kind string, into any, args ...string) string {
	t.Helper()
	r := w.want(t, code, append(args, "--json")...)
	got, err := schema.Document([]byte(r.out))
	if err != nil || got != kind {
		t.Fatalf("%v answers with %q, want %q: %v\n%s", args, got, kind, err, r.out)
	}
	w.holdsNothing(t, r)
	if into != nil {
		if err := json.Unmarshal([]byte(r.out), into); err != nil {
			t.Fatal(err)
		}
	}
	return r.out
}

// holdsNothing looks for secrets, and for progress where it does not belong.
func (w *world) holdsNothing(t *testing.T, r result) {
	t.Helper()
	scan(t, "an answer", []byte(r.out), []string{w.Database.App.Password, w.Database.Admin.Password, foreignSecret})
	for l := range strings.Lines(r.err) {
		if !strings.HasPrefix(l, "warning: ") && !strings.HasPrefix(l, "saved ") {
			t.Errorf("stderr has %s", l)
		}
	}
}

// story is what the lines of a run say.
type story struct {
	types []string
	plan  report.PlanDocument
	made  []report.MadeDocument
	ends  []report.EndDocument
}

func (w *world) told(t *testing.T, code int, args ...string) story {
	t.Helper()
	r := w.want(t, code, append(args, "--json")...)
	w.holdsNothing(t, r)
	return readStory(t, r.out)
}

func readStory(t *testing.T, out string) (s story) {
	t.Helper()
	var err error
	if s.types, err = schema.Lines([]byte(out)); err != nil {
		t.Fatal(err)
	}
	for i, l := range strings.SplitN(out, "\n", len(s.types)+1)[:len(s.types)] {
		var into any
		switch s.types[i] {
		case "plan":
			into = &s.plan
		case "made":
			s.made = append(s.made, report.MadeDocument{})
			into = &s.made[len(s.made)-1]
		case "end":
			s.ends = append(s.ends, report.EndDocument{})
			into = &s.ends[len(s.ends)-1]
		default:
			continue
		}
		if err := json.Unmarshal([]byte(l), into); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// shape is the types of the lines, those that repeat once.
func (s story) shape() string {
	list := slices.DeleteFunc(slices.Clone(s.types), func(t string) bool { return t == "made" })
	return strings.Join(slices.Compact(list), " ")
}

func jsonBefore(t *testing.T, w *world) {
	h, n := w.node(t, "store")
	replace(t, h, n.Home+"/"+conf+"user-mgt.xml", "<Password>admin</Password>", "<Password>"+foreignSecret+"</Password>")
	before := w.look(t)
	w.asked(t, 0, "validate", nil, "validate")
	var check report.CheckDocument
	w.asked(t, 0, "check", &check, "check")
	if !check.Ready || len(check.Findings) < 20 {
		t.Errorf("check says ready: %v, with %d findings", check.Ready, len(check.Findings))
	}
	var status report.StatusDocument
	w.asked(t, 16, "status", &status, "status")
	if len(status.Rows) != 5 || len(status.Error.Parts) != 4 || status.Error.Parts[0].Target != w.Hosts[0].Name {
		t.Errorf("status says %+v, %+v", status.Rows, status.Error)
	}
	w.asked(t, 0, "unlock", nil, "unlock")
	one, two := w.asked(t, 2, "plan", nil, "plan", "-v", "--detailed-exitcode"), w.asked(t, 0, "plan", nil, "apply", "--dry-run", "-v")
	if one != two {
		t.Error("two plans of the same things are not the same bytes")
	}
	w.same(t, before, "what only looks")
	w.asked(t, 3, "error", nil, "apply") // there is nobody to ask
	w.same(t, before, "an apply without --yes")
}

// jsonSaved also compares: show gives what plan gave, but for whose it is.
func jsonSaved(t *testing.T, w *world) {
	file := filepath.Join(t.TempDir(), "night.plan")
	var made, shown report.PlanDocument
	w.asked(t, 0, "plan", &made, "plan", "--out", file)
	r := w.command(t, 0, "show", file, "--json")
	if kind, err := schema.Document([]byte(r.out)); err != nil || kind != "plan" {
		t.Fatalf("show answers with a %q: %v", kind, err)
	}
	w.holdsNothing(t, r)
	if err := json.Unmarshal([]byte(r.out), &shown); err != nil {
		t.Fatal(err)
	}
	if shown.Saved == nil || !shown.Saved.Sealed || made.Saved != nil {
		t.Errorf("whose the plan is: %+v and %+v", shown.Saved, made.Saved)
	}
	for _, c := range made.Changes {
		if got := shown.Changes[c.Index]; got.Path != c.Path || len(got.Diff) != len(c.Diff) || got.Action != c.Action {
			t.Errorf("change %d is saved as %+v, and was %+v", c.Index, got, c)
		}
	}
}

func jsonApply(t *testing.T, w *world) {
	s := w.told(t, 0, "apply", "--yes")
	if want := "plan begin event end"; s.shape() != want {
		t.Errorf("the lines are %s, want %s", s.shape(), want)
	}
	count := map[int]int{}
	for _, m := range s.made {
		count[m.Change]++
		if c := s.plan.Changes[m.Change]; c.Target != m.Target || c.Path != m.Path || c.Kind != m.Kind {
			t.Errorf("change %d is %+v, and made as %+v", m.Change, c, m)
		}
	}
	if len(count) != len(s.plan.Changes) || len(s.made) != len(count) {
		t.Errorf("%d lines for %d changes of %d", len(s.made), len(count), len(s.plan.Changes))
	}
	end := s.ends[0]
	if end.Result != report.EndingDone || end.Exit != 0 || end.Error != nil || len(end.Wire) == 0 || end.Took <= 0 {
		t.Errorf("it ended with %+v", end)
	}
	for _, o := range end.Outcomes {
		if o.Made != o.Planned || o.Result != run.Done && o.Result != run.Unchanged {
			t.Errorf("outcome %+v", o)
		}
	}
	if s := w.told(t, 0, "apply", "--yes"); s.shape() != "plan end" || s.ends[0].Result != report.EndingNothing {
		t.Errorf("with nothing to do the lines are %s, %+v", s.shape(), s.ends)
	}
}

// jsonAfter also looks that of no file that holds a secret there is a digest.
func jsonAfter(t *testing.T, w *world) {
	var plan report.PlanDocument
	all := w.asked(t, 0, "plan", &plan, "plan", "-v")
	if len(plan.Changes) > 0 || len(plan.Kept) < 20 {
		t.Errorf("%d changes, %d kept", len(plan.Changes), len(plan.Kept))
	}
	var status report.StatusDocument
	all += w.asked(t, 0, "status", &status, "status")
	if len(status.Rows) != 5 || status.Rows[0].Database != "ok" || status.Rows[0].Up == 0 {
		t.Errorf("status says %+v", status.Rows)
	}
	all += w.asked(t, 0, "check", nil, "check", "-v")
	var runs report.RunsDocument
	r := w.command(t, 0, "runs", "--json")
	if err := json.Unmarshal([]byte(r.out), &runs); err != nil || len(runs.Runs) != 1 || runs.Runs[0].State != report.RunDone {
		t.Fatalf("runs are %s, %v", r.out, err)
	}
	for _, args := range [][]string{{"runs"}, {"runs", "show", runs.Runs[0].ID}, {"runs", "prune", "--dry-run"}, {"version"}} {
		r := w.command(t, 0, append(args, "--json")...)
		if _, err := schema.Document([]byte(r.out)); err != nil {
			t.Errorf("%v: %v", args, err)
		}
		w.holdsNothing(t, r)
		all += r.out
	}
	h, n := w.node(t, "store")
	drift := w.drifted(t, "store")
	all += drift
	for _, name := range []string{"user-mgt.xml", "datasources/master-datasources.xml"} {
		data, err := os.ReadFile(h.Path(n.Home + "/" + conf + name))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if digest := hex.EncodeToString(sum[:]); strings.Contains(all, digest) {
			t.Errorf("the digest of %s, which holds a password, is in an answer", name)
		}
	}
	w.told(t, 0, "apply", "--yes")
}

// drifted changes a file of a node, and returns the plan that mends it.
func (w *world) drifted(t *testing.T, role string) string {
	t.Helper()
	w.drift(t, role)
	var p report.PlanDocument
	out := w.asked(t, 0, "plan", &p, "plan", "-v")
	if len(p.Changes) != 2 || p.Counts.Change != 1 || p.Counts.Restart != 1 || len(p.Changes[0].Diff) != 1 {
		t.Errorf("the plan is %s", out)
	}
	for _, l := range p.Changes[0].Diff[0].Lines {
		if l.Op == report.OpAdded && !strings.Contains(l.Text, "jdbc/WSO2UM_DB") {
			t.Errorf("line %+v", l)
		}
	}
	return out
}

func jsonRollback(t *testing.T, w *world) {
	w.drift(t, "store")
	w.told(t, 0, "apply", "--yes")
	id := w.lastRun(t)
	w.asked(t, 0, "plan", nil, "rollback", id, "--dry-run")
	w.asked(t, 3, "error", nil, "rollback", id)
	s := w.told(t, 0, "rollback", id, "--yes")
	if s.shape() != "plan begin event end" || s.ends[0].Result != report.EndingDone {
		t.Errorf("the lines are %s, %+v", s.shape(), s.ends)
	}
	w.told(t, 0, "apply", "--yes")
}

func jsonPutBack(t *testing.T, w *world) {
	r := w.runOn(t, w.faulty(t), "apply", "--yes", "--json", "--rollback-on-failure")
	s := readStory(t, r.out)
	if want := "plan begin event plan begin event end end"; s.shape() != "plan begin event plan begin event end" || len(s.ends) != 2 || r.code != 19 {
		t.Fatalf("it ended with %d, the lines are %s, want %s", r.code, s.shape(), want)
	}
	back, end := s.ends[0], s.ends[1]
	if back.Result != report.EndingDone || end.Result != report.EndingFailed || end.Exit != 19 || back.Run == end.Run || end.Error.Cause != "server" {
		t.Errorf("the ends are %+v and %+v", back, end)
	}
	if p := end.Error.Parts[0]; p.Node == "" || p.Target == "" || p.What == "" || p.ToDo == "" || len(p.Log) == 0 {
		t.Errorf("the first part is %+v", p)
	}
	w.told(t, 0, "apply", "--yes")
}

// streaming calls apply, and acts at the first line that says a text.
func (w *world) streaming(t *testing.T, at string, act func(*os.Process)) (story, int, string) {
	t.Helper()
	cmd := exec.Command(w.tool, "apply", "--yes", "--json", "-i", w.inventory)
	cmd.Env = w.environ()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	acted := false
	for buf := make([]byte, 512); err != io.EOF; {
		var n int
		n, err = out.Read(buf)
		got.Write(buf[:n])
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if !acted && strings.Contains(got.String(), at) {
			acted = true
			act(cmd.Process)
		}
	}
	_ = cmd.Wait() // its exit code says how it went
	if !acted {
		t.Fatalf("it never said %s:\n%s", at, got.String())
	}
	return readStory(t, got.String()), cmd.ProcessState.ExitCode(), got.String()
}

func jsonInterrupted(t *testing.T, w *world) {
	w.drift(t, "gateway")
	w.drift(t, "store")
	w.standin(t, "gateway", waiting)
	s, code, out := w.streaming(t, "starting with JAVA_HOME", func(p *os.Process) {
		if err := p.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		time.AfterFunc(time.Second, func() { w.standin(t, "gateway", quick) }) // by then the signal is there
	})
	if code != 130 || len(s.ends) != 1 || s.ends[0].Result != report.EndingInterrupted || s.ends[0].Exit != 130 || s.ends[0].Error.Cause != "interrupted" {
		t.Errorf("it ended with %d, and says %+v", code, s.ends)
	}
	if !strings.HasSuffix(out, "\n") || s.types[len(s.types)-1] != "end" || len(s.made) != 3 {
		t.Errorf("%d changes are made, the lines are %s", len(s.made), s.shape())
	}
	w.standin(t, "gateway", quick)
	w.told(t, 0, "apply", "--yes")
}

func jsonKilled(t *testing.T, w *world) {
	w.drift(t, "gateway")
	w.standin(t, "gateway", waiting)
	s, _, _ := w.streaming(t, "starting with JAVA_HOME", func(p *os.Process) {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	if s.shape() != "plan begin event" || len(s.made) != 1 {
		t.Errorf("%d changes are made, the lines are %s", len(s.made), s.shape())
	}
	w.standin(t, "gateway", quick)
	w.told(t, 0, "apply", "--yes")
	var d report.RunsDocument
	if err := json.Unmarshal([]byte(w.command(t, 0, "runs", "--json").out), &d); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(d.Runs, func(r report.RunHead) bool { return r.State == report.RunBrokenOff }) {
		t.Errorf("no run is broken off: %+v", d.Runs)
	}
}

// jsonErrors has one of each way an error comes by.
func jsonErrors(t *testing.T, w *world) {
	file := filepath.Join(t.TempDir(), "night.plan")
	w.drift(t, "store")
	w.asked(t, 0, "plan", nil, "plan", "--out", file)
	w.told(t, 0, "apply", "--yes")
	h, n := w.node(t, "gateway")
	cases := []struct {
		name  string
		code  int
		cause string
		args  []string
		want  report.Problem
	}{
		{"a plan that has moved", 17, "drift", []string{"apply", "--yes", file}, report.Problem{}},
		{"a limit that is none", 3, "input", []string{"plan", "--limit", "nowhere"}, report.Problem{}},
		{"a home that is not there", 14, "missing", []string{"plan", "-i", w.vary(t, n.Home, n.Home+"-not")}, report.Problem{Target: h.Name}},
		{"a database that is not there", 16, "database", []string{"plan", "-i", w.vary(t, fmt.Sprintf("port = %d\n", w.Database.Port), fmt.Sprintf("port = %d\n", closedPort(t)))}, report.Problem{Target: plan.Deployment}},
	}
	for _, c := range cases {
		args := append(c.args, "--json")
		var r result
		if i := slices.Index(args, "-i"); i >= 0 {
			r = w.runOn(t, args[i+1], append(slices.Clone(args[:i]), args[i+2:]...)...)
		} else {
			r = w.run(t, args...)
		}
		w.holdsNothing(t, r)
		var d report.ErrorDocument
		types, err := schema.Lines([]byte(compact(t, r.out)))
		if err == nil {
			err = json.Unmarshal([]byte(r.out), &d)
		}
		if err != nil || !slices.Equal(types, []string{"error"}) || r.code != c.code || d.Error.Exit != c.code || d.Error.Cause != c.cause {
			t.Errorf("%s: %d, want %d; %v, %v: %s", c.name, r.code, c.code, types, err, r.out)
			continue
		}
		if p := d.Error.Parts[0]; p.What == "" || p.ToDo == "" || c.want.Target != "" && p.Target != c.want.Target || p.Cause != c.cause {
			t.Errorf("%s: the first part is %+v", c.name, p)
		}
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return b.String() + "\n"
}

// jsonOfThePage runs the examples of docs/json.md as they stand there.
func jsonOfThePage(t *testing.T, w *world) {
	doc, err := os.ReadFile("../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	_, examples, _ := strings.Cut(string(doc), "## Examples")
	commands := regexp.MustCompile(`(?m)^(appm-provision .*)$`).FindAllStringSubmatch(examples, -1)
	if len(commands) != 3 {
		t.Fatalf("%d examples, want 3", len(commands))
	}
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("LEFT OUT: the examples of docs/json.md need jq")
	}
	dir := t.TempDir()
	for name, to := range map[string]string{"appm-provision": w.tool, "inventory.toml": w.inventory} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	w.drift(t, "store")
	w.want(t, 0, "plan", "--out", filepath.Join(dir, "night.plan"))
	h, n := w.node(t, "store")
	for i, want := range []string{h.Name + " " + n.Home + "/" + conf + "user-mgt.xml\n", "", ""} {
		cmd := exec.Command("sh", "-c", commands[i][1])
		cmd.Dir = dir
		cmd.Env = append(w.environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		got, err := cmd.Output()
		if err != nil || string(got) != want {
			t.Errorf("%s\n%s, %v %s, want %s", commands[i][1], got, err, stderr.String(), want)
		}
	}
}
