package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/appm-provision/appm-provision/integration/lab"
	"github.com/appm-provision/appm-provision/pkg/converge"
)

// TestDestroy takes deployments away, down to what was there before them.
func TestDestroy(t *testing.T) {
	t.Parallel()
	over(t, deployments[:2], func(t *testing.T, w *world) {
		before := w.trees(t)
		for _, s := range []struct {
			name string
			run  func(*testing.T, *world)
		}{
			{"of a deployment that was never there nothing goes", nothingThere},
			{"a plan says what goes and what stays, and nothing changes", plannedOut},
			{"databases are dropped by the name of the deployment alone", notDropped},
			{"a limit is kept", limitedOut},
			{"servers, host entries and databases go, homes of somebody else stay", takenOut},
			{"the hosts are as they were, but for the homes", func(t *testing.T, w *world) { w.asBefore(t, before) }},
			{"it comes up again, and a home of ours goes", homesOut},
		} {
			if !t.Run(s.name, func(t *testing.T) { s.run(t, w) }) {
				t.Fatal("the rest builds on this")
			}
		}
	})
}

func nothingThere(t *testing.T, w *world) {
	sees := w.look(t)
	r := w.want(t, 0, "destroy", "--databases", "lab", "--yes")
	w.says(t, r.out, "No changes.", "no note on the host says that this tool unpacked it")
	w.same(t, sees, "destroy of nothing")
}

func plannedOut(t *testing.T, w *world) {
	w.want(t, 0, "apply", "--yes")
	sees := w.look(t)
	r := w.want(t, 0, "destroy", "--dry-run")
	w.says(t, r.out, "databases and accounts stay; --databases lab drops them", "> stop ", "hosts: the deployment is taken away",
		"- # appm-provision lab: begin", "4 to stop")
	if again := w.want(t, 0, "destroy", "--dry-run"); again.out != r.out {
		t.Error("two plans of the same differ")
	}
	r = w.want(t, 0, "destroy", "--dry-run", "--databases", "lab")
	w.says(t, r.out, "- database AM_DB: the deployment is taken away; with all that is in it, ", "DROP USER 'appm'@'")
	var plan struct {
		Changes []struct{ Kind, Stage, Action string }
	}
	w.asked(t, 0, "plan", &plan, "destroy", "--dry-run", "--databases", "lab")
	for _, c := range plan.Changes {
		if want := map[string]string{"server": "stop"}[c.Kind]; want != "" && c.Action != want || c.Stage != "remove" && c.Stage != "stop" {
			t.Errorf("the plan as data has %+v", c)
		}
	}
	w.same(t, sees, "dry-runs of destroy")
}

func notDropped(t *testing.T, w *world) {
	sees := w.look(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--databases", "production"}, `--databases is "production", but`},
		{[]string{"--databases", ""}, `--databases is "", but`},
		{[]string{"--databases", "lab", "--limit", "idp1"}, "--databases belongs to the whole deployment"},
		{[]string{"--databases", "lab"}, "there is no terminal to ask on"}, // without --yes
	} {
		r := w.run(t, append([]string{"destroy"}, c.args...)...)
		if r.code != 3 || !strings.Contains(r.err, c.want) {
			t.Errorf("%q ended with %d, want 3 and %q\n%s", c.args, r.code, c.want, r.err)
		}
	}
	w.same(t, sees, "refused commands")
}

func limitedOut(t *testing.T, w *world) {
	h, _ := w.node(t, "store")
	r := w.want(t, 0, "destroy", "--limit", h.Name, "--yes")
	w.says(t, r.err, "stop      "+h.Name)
	for _, other := range w.Hosts {
		list, err := other.Servers()
		if want := len(other.Nodes); err != nil || (other == h) != (len(list) == 0 && want > 0) {
			t.Errorf("%s runs %v, %v", other.Name, list, err)
		}
	}
	w.says(t, w.want(t, 0, "destroy", "--limit", h.Name, "--yes").out, "No changes.")
	w.want(t, 0, "rollback", w.lastRun(t), "--yes")
	w.says(t, w.want(t, 0, "plan").out, "No changes.")
}

func takenOut(t *testing.T, w *world) {
	planned := w.want(t, 0, "destroy", "--dry-run", "--databases", "lab")
	r := w.want(t, 0, "destroy", "--databases", "lab", "--yes")
	if !strings.HasPrefix(r.out, planned.out) {
		t.Error("destroy shows another plan than its dry-run")
	}
	stops := slices.Collect(func(yield func(string) bool) {
		for l := range strings.Lines(r.err) {
			if word, rest, _ := strings.Cut(unstamped(l), " "); word == "stop" && strings.Contains(rest, "stopping process") && !yield(strings.Fields(rest)[0]) {
				return
			}
		}
	})
	if want := []string{"store1", "pub1", "gw1", "idp1"}; !slices.EqualFunc(stops, want, func(a, b string) bool { return strings.HasPrefix(a, b) }) {
		t.Errorf("servers stopped in the order %q, want %q", stops, want)
	}
	w.says(t, w.want(t, 0, "destroy", "--databases", "lab", "--yes").out, "No changes.")
	w.says(t, w.command(t, 0, "runs", "show", w.lastRun(t)).out, "destroy --databases lab --yes", "stop      store1", "remove    database: schema AM_DB")
}

// asBefore: servers, block and databases are gone; what was edited in homes that
// stay is told, and is all that differs.
func (w *world) asBefore(t *testing.T, before sight) {
	t.Helper()
	now := w.trees(t)
	for _, h := range w.Hosts {
		if list, err := h.Servers(); err != nil || len(list) > 0 {
			t.Errorf("%s runs %v, %v", h.Name, list, err)
		}
		for _, d := range before.trees[h.Name].Diff(now.trees[h.Name]) {
			if len(h.Nodes) == 0 || !strings.Contains(d, "/"+filepath.Base(h.Nodes[0].Home)+"/") {
				t.Errorf("%s: %s", h.Name, d)
			}
		}
	}
	db, err := w.OpenDatabase()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var schemas, accounts int
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ('AM_DB', 'UM_DB', 'REG_DB', 'ES_STORAGE_DB')").Scan(&schemas); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM mysql.user WHERE User = 'appm'").Scan(&accounts); err != nil {
		t.Fatal(err)
	}
	if schemas != 0 || accounts != 0 {
		t.Errorf("%d schemas and %d accounts are left", schemas, accounts)
	}
}

// homesOut: a home of which a note says that this tool unpacked it goes whole,
// and one that somebody has put in its place since does not.
func homesOut(t *testing.T, w *world) {
	w.want(t, 0, "apply", "--yes")
	h, n := w.node(t, "gateway")
	other, m := w.node(t, "idp")
	note(t, w, h, n, 0)
	note(t, w, other, m, 1)
	r := w.want(t, 0, "destroy", "--databases", "lab", "--yes")
	w.says(t, r.out, "- home "+n.Home+": the deployment is taken away; with all that is in it, unpacked by this tool from wso2appm-1.2.0.zip (1.2.0)")
	if _, err := os.Lstat(h.Path(n.Home)); err == nil {
		t.Errorf("%s: the home is still there", h.Name)
	}
	if left, err := filepath.Glob(h.Path(filepath.Dir(n.Home)) + "/.*appm-remove*"); err != nil || len(left) > 0 {
		t.Errorf("%s: %q is left, %v", h.Name, left, err)
	}
	if _, err := os.Lstat(other.Path(m.Home)); err != nil {
		t.Errorf("%s: a home of somebody else is gone", other.Name)
	}
	w.says(t, w.want(t, 0, "destroy", "--yes").out, "No changes.")
	back := w.want(t, 0, "rollback", w.lastRun(t), "--dry-run")
	w.says(t, back.out, "not taken back: home "+n.Home+" stays removed", "not taken back: database AM_DB stays removed", "not taken back: account appm stays removed", "> start ")
	if strings.Contains(back.out, "start "+h.Name) {
		t.Errorf("a server without a home is to be started:\n%s", back.out)
	}
}

// TestDestroyOfTwo: two deployments on the same hosts, from bare ones. One goes
// and the other does not notice; then that goes too, and the hosts are bare.
func TestDestroyOfTwo(t *testing.T) {
	t.Parallel()
	hosts := []lab.HostSpec{
		{Name: "h1", Nodes: append(nodesOf("", "idp", "gateway"), nodesOf("second", "store", "publisher")...)},
		{Name: "h2", Nodes: append(nodesOf("", "publisher", "store"), nodesOf("second", "gateway", "idp")...)},
	}
	over(t, []deployment{{name: "embedded", hosts: hosts, pack: true}, {name: "OpenSSH and MariaDB", real: true, hosts: hosts, pack: true}}, func(t *testing.T, w *world) {
		before, second := w.bareTrees(t), w.another(t, "second")
		for _, file := range []string{w.inventory, second} {
			w.wantOn(t, file, 0, "apply", "--yes")
		}
		r := w.runOn(t, second, "destroy", "--databases", "second", "--yes")
		if r.code != 0 {
			t.Fatalf("destroy ended with %d\n%s%s", r.code, r.out, r.err)
		}
		if strings.Contains(r.out, "stays") {
			t.Errorf("a home of ours stays:\n%s", r.out)
		}
		w.says(t, w.runOn(t, second, "destroy", "--databases", "second", "--yes").out, "No changes.")
		w.says(t, w.want(t, 0, "plan").out, "No changes.")
		for _, at := range []string{"stop ", "remove    h", "remove    database"} { // the first of each
			killWhen(t, w, func(line string) bool { return strings.HasPrefix(line, at) }, "destroy", "--databases", "lab", "--yes")
		}
		w.want(t, 0, "destroy", "--databases", "lab", "--yes")
		w.says(t, w.want(t, 0, "destroy", "--databases", "lab", "--yes").out, "No changes.")
		now := w.bareTrees(t)
		w.equal(t, before, now, "two deployments that came and went")
		w.wantOn(t, second, 0, "apply", "--yes")
	})
}

// bareTrees are every file of every host, of which there may be few.
func (w *world) bareTrees(t *testing.T) sight {
	t.Helper()
	s := sight{trees: map[string]lab.Tree{}}
	for _, h := range w.Hosts {
		tree, err := h.HashTree(lab.Volatile...)
		if err != nil {
			t.Fatal(err)
		}
		s.trees[h.Name] = tree
	}
	return s
}

// note writes what unpacking a home writes, with an inode that is off by so much.
func note(t *testing.T, w *world, h *lab.Host, n lab.Node, off uint64) {
	t.Helper()
	store := "/var/lib/appm-provision"
	if w.Form != "real" {
		store = filepath.Join(h.Root, store)
	}
	out, err := h.Exec(t.Context(), "sh", "-c", `stat -c %i "$1" 2>/dev/null || stat -f %i "$1"`, "sh", n.Home)
	if err != nil {
		t.Fatal(err)
	}
	inode, err := strconv.ParseUint(strings.TrimSpace(out), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("home %s\nsha256 00\nversion 1.2.0\npack wso2appm-1.2.0.zip\ninode %d\n", n.Home, inode+off)
	file := filepath.Join(h.Path(store), "homes", converge.NoteName(n.Home))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
