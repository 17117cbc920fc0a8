package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSavedPlan reviews a plan in one call and makes it in another.
func TestSavedPlan(t *testing.T) {
	t.Parallel()
	w := up(t, deployment{name: "embedded"})
	file := filepath.Join(t.TempDir(), "night.plan")
	for _, s := range []struct {
		name string
		run  func(*testing.T, *world, string)
	}{
		{"a plan is saved, shown, and holds no secret", savedShown},
		{"what moved since is named, and nothing is done", savedMoved},
		{"what would change as well is named", savedMore},
		{"another password is another plan", savedPassword},
		{"a file that was changed is refused", savedForged},
		{"on another machine everything but secrets is compared", savedElsewhere},
		{"exactly the saved plan is made", savedApplied},
		{"what is done already is named", savedDone},
		{"secrets in the inventory itself stay there", savedLiteral},
	} {
		if !t.Run(s.name, func(t *testing.T) { s.run(t, w, file) }) {
			t.Fatal("the rest builds on this")
		}
	}
}

// foreignSecret is somebody else's, in a file that the plan changes.
const foreignSecret = "Foreign-Admin-7752"

func savedShown(t *testing.T, w *world, file string) {
	h, n := w.node(t, "store")
	replace(t, h, n.Home+"/"+conf+"user-mgt.xml", "<Password>admin</Password>", "<Password>"+foreignSecret+"</Password>")
	before := w.look(t)
	r := w.want(t, 2, "plan", "--detailed-exitcode", "--out", file)
	w.same(t, before, "plan --out")
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("the file is %v, %v", info, err)
	}
	show := w.command(t, 0, "show", file).out
	if _, plan, _ := strings.Cut(show, "\n\n"); plan != r.out {
		t.Errorf("show differs from what plan showed:\n%s\nand\n%s", show, r.out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(holds(data, "datasources-configuration")) == 0 {
		t.Error("the search does not find what is there")
	}
	scan(t, file, data, []string{w.Database.App.Password, w.Database.Admin.Password, foreignSecret})
	other := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(other, []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := w.want(t, 3, "plan", "--out", other); !strings.Contains(r.err, "is there and is no saved plan") {
		t.Errorf("a file of somebody's is %q", r.err)
	}
	if left, err := filepath.Glob(filepath.Dir(file) + "/.appm-plan-*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// refusedPlan applies the file and insists that nothing was done.
func refusedPlan(t *testing.T, w *world, code int, file string, parts ...string) {
	t.Helper()
	before := w.look(t)
	r := w.command(t, code, "apply", "--yes", file)
	for _, part := range parts {
		if !strings.Contains(r.err, part) {
			t.Errorf("%q is not in %s", part, r.err)
		}
	}
	w.same(t, before, "a plan that was refused")
}

func savedMoved(t *testing.T, w *world, file string) {
	h, n := w.node(t, "gateway")
	path := n.Home + "/" + conf + "user-mgt.xml"
	replace(t, h, path, "</UserManager>", "</UserManager><!-- by hand -->")
	refusedPlan(t, w, 17, file, "this has moved since:\n", "  "+h.Name+": "+path+" has another content than the plan saw\n", "nothing was applied; plan again")
	replace(t, h, path, "</UserManager><!-- by hand -->", "</UserManager>")
}

func savedMore(t *testing.T, w *world, file string) {
	limited := filepath.Join(t.TempDir(), "limited.plan")
	w.want(t, 0, "plan", "--limit", "database", "--out", limited)
	if r := w.command(t, 3, "apply", "--yes", "--limit", "store", limited); !strings.Contains(r.err, "has its own limit") {
		t.Errorf("with another limit it says %q", r.err)
	}
	if show := w.command(t, 0, "show", limited).out; !strings.Contains(show, "limit     database\n") {
		t.Errorf("the limit is not shown:\n%s", show)
	}
}

func savedPassword(t *testing.T, w *world, file string) {
	old, err := os.ReadFile(w.Database.App.PasswordFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.Database.App.PasswordFile, []byte("another-Password-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refusedPlan(t, w, 17, file, "master-datasources.xml would become something else than the plan says")
	if err := os.WriteFile(w.Database.App.PasswordFile, old, 0o600); err != nil {
		t.Fatal(err)
	}
}

func savedForged(t *testing.T, w *world, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	forged := filepath.Join(t.TempDir(), "forged.plan")
	for _, text := range []string{strings.Replace(string(data), "datasources of the shared", "datasources of all shared", 1), string(data[:len(data)-300])} {
		if err := os.WriteFile(forged, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		refusedPlan(t, w, 3, forged, "is not as it was made")
	}
	if err := os.WriteFile(forged, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refusedPlan(t, w, 3, forged, "is no saved plan")
}

func savedElsewhere(t *testing.T, w *world, file string) {
	here := w.state
	w.state = filepath.Join(t.TempDir(), "elsewhere")
	defer func() { w.state = here }()
	h, n := w.node(t, "gateway")
	path := n.Home + "/" + conf + "user-mgt.xml"
	replace(t, h, path, "</UserManager>", "</UserManager><!-- by hand -->")
	refusedPlan(t, w, 17, file, "made with another key", path+" has another content")
	replace(t, h, path, "</UserManager><!-- by hand -->", "</UserManager>")
	if r := w.command(t, 0, "apply", "--dry-run", file); !strings.Contains(r.err, "everything but its secrets was compared") {
		t.Errorf("it says %q", r.err)
	}
	if r := w.command(t, 0, "show", file); !strings.Contains(r.err, "made with another key") {
		t.Errorf("show says %q", r.err)
	}
}

func savedApplied(t *testing.T, w *world, file string) {
	r := w.command(t, 0, "apply", "--yes", file)
	if !strings.Contains(r.out, "Applied and verified") {
		t.Errorf("it says %s", r.out)
	}
	w.want(t, 0, "plan", "--detailed-exitcode")
}

func savedDone(t *testing.T, w *world, file string) {
	refusedPlan(t, w, 17, file, "user-mgt.xml is by now as the plan wants it")
	w.want(t, 0, "plan", "--out", file) // an older plan is replaced
	if r := w.command(t, 0, "apply", "--yes", file); !strings.Contains(r.out, "No changes.") {
		t.Errorf("a plan of nothing says %s", r.out)
	}
	h, n := w.node(t, "gateway")
	path := n.Home + "/" + conf + "user-mgt.xml"
	replace(t, h, path, ">jdbc/WSO2UM_DB<", ">jdbc/WSO2CarbonDB<")
	refusedPlan(t, w, 17, file, path+" would change as well, of which the plan says nothing")
	w.want(t, 0, "apply", "--yes")
}

// savedLiteral has the password in the inventory, beside a comment with an
// older one.
func savedLiteral(t *testing.T, w *world, file string) {
	const older = "Older-Password-3"
	from := `password = { file = "` + w.Database.App.PasswordFile + `" }`
	inventory := w.vary(t, from, `password = "`+w.Database.App.Password+`" # was `+older)
	w.wantOn(t, inventory, 0, "plan", "--out", file)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	scan(t, file, data, []string{w.Database.App.Password, older})
	if r := w.command(t, 0, "apply", "--yes", file); !strings.Contains(r.out, "No changes.") {
		t.Errorf("it says %s", r.out)
	}
	if err := os.Rename(inventory, inventory+".away"); err != nil {
		t.Fatal(err)
	}
	refusedPlan(t, w, 3, file, "the saved plan holds no secret, and those of its inventory stand in it")
	if r := w.command(t, 0, "apply", "--yes", "-i", inventory+".away", file); !strings.Contains(r.out, "No changes.") {
		t.Errorf("with the inventory elsewhere it says %s", r.out)
	}
}

// wantOn is want with another inventory.
func (w *world) wantOn(t *testing.T, inventory string, code int, args ...string) {
	t.Helper()
	if r := w.runOn(t, inventory, args...); r.code != code {
		t.Fatalf("%v ended with %d, want %d\n%s%s", args, r.code, code, r.out, r.err)
	}
}

// planAgain saves a plan and insists that a second one is the same.
func (w *world) planAgain(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "saved.plan")
	planned := w.want(t, 0, "plan", "--out", file).out
	if again := w.command(t, 0, "apply", "--dry-run", file).out; again != planned {
		t.Errorf("the saved plan is shown as\n%s\nplan said\n%s", again, planned)
	}
	return planned
}
